"""The players' journal: what they sent, what was promised to them, what they saw. One JSON line each.

It is written by the players only and read by the checker only, so that what the server says of itself is never
the evidence. Instants are nanoseconds of one monotonic clock: the lines of one run compare.
"""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic_ns
from types import TracebackType
from typing import TypeAlias

import msgspec


class _Line(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    at_ns: int = msgspec.field(default_factory=monotonic_ns)


class Sent(_Line, frozen=True):
    """Something was handed to the server. `mark` is the player's own id of it: the call, the Message-ID of the
    mail, or the mark at the end of a chat text."""

    channel: str
    mark: str


class Promised(_Line, frozen=True):
    """The server took it: a 2xx, a 250, or an acknowledgement. `receipt` is the key it promised under, if it
    named one."""

    channel: str
    mark: str
    receipt: str = ""


class Pushed(_Line, frozen=True):
    """An agent's client was told of a reservation."""

    agent: str
    item: str
    reservation: str


class Acted(_Line, frozen=True):
    """An agent's action was acknowledged: accept, decline, reply, escalate, complete. `mark` is that of a reply."""

    agent: str
    item: str
    action: str
    reservation: str = ""
    mark: str = ""


class Received(_Line, frozen=True):
    """A customer got an answer of ours: a mail, or a chat message."""

    channel: str
    mark: str


class Missed(_Line, frozen=True):
    """A customer's screen was shown message `seq` after message `after`: what lies between is lost."""

    channel: str
    after: int
    seq: int


Line: TypeAlias = Sent | Promised | Pushed | Acted | Received | Missed

_decode = msgspec.json.Decoder(Line).decode
_encode = msgspec.json.Encoder().encode


class Journal:
    """Appends lines to a file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def note(self, line: Line) -> None:
        """Keep a line. The file is complete once the journal is closed."""
        self._file.write(_encode(line) + b"\n")

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read(path: Path) -> Iterator[Line]:
    """The lines of a journal. Raises msgspec.ValidationError for one that is none of ours."""
    with path.open("rb") as file:
        for line in file:
            yield _decode(line)
