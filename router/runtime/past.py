"""The port of the time machine: questions about the domain as it was at an event or an instant, and their answers."""

from typing import Literal, Protocol, TypeAlias

import msgspec

from router.gateway import StoreError

What: TypeAlias = Literal["board", "queue", "item", "explain", "preview"]
"""The board; one queue of it with what waits there; an item; why an item waits; what commands would do."""

Fault: TypeAlias = Literal["", "before_history", "in_the_future", "not_archived", "not_there"]
"""Why there is no answer: older than the archive, not yet, not archived yet, or nothing of that id was there then."""


class PastAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A question about the state after event `position`, or (None) after all events up to the instant `at_ms`.

    `known` is the last event that the asker knows of. `teams` are those whose queues and agents a board shows (None:
    all); `me` is the agent who asks, of whom it is said whether an item concerns them. `commands` are those of a
    preview, as they lie in the log, and `most` is how many items it lists; there `at_ms` is now, whatever the position.
    """

    what: What
    id: str = ""
    position: int | None = None
    at_ms: int = 0
    known: int = 0
    teams: frozenset[str] | None = None
    me: str = ""
    commands: tuple[bytes, ...] = ()
    most: int = 0


class PastTold(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: `body` (JSON) as it was after event `position`, at the instant `at_ms`; or a fault.

    `teams` and `agents` are whose business it was.
    """

    fault: Fault = ""
    position: int = 0
    at_ms: int = 0
    teams: frozenset[str] = frozenset()
    agents: tuple[str, ...] = ()
    body: bytes = b""


class PastBusy(StoreError):
    """Too many ask about the past at once, or the answer took too long: try again later."""


class Past(Protocol):
    """Who answers. One state of the past is made at a time; it may take seconds, and never holds up the present."""

    async def ask(self, asked: PastAsked) -> PastTold:
        """The answer. Raises PastBusy, and StoreError when the archive is away."""
        ...
