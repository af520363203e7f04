"""Presence: what an agent says of themselves, which clients prove that they are there, how long they idle."""

from typing import Final, Literal, TypeAlias

import msgspec

PresenceState: TypeAlias = Literal["offline", "available", "not_ready"]
Activity: TypeAlias = Literal["idle", "reserved", "handling", "wrapping"]

SIGNED_OUT: Final = "signed_out"
"""The reason of an agent who is offline and has said what becomes of their items: nobody takes these back."""


class FollowedEnd(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an item ended that an agent followed."""

    item: str
    conversation: str = ""
    reference: str = ""
    channel: str = ""
    queue: str = ""
    customer: str = ""
    outcome: str = ""
    disposition: str = ""
    first_entered_at: int = 0
    entered_at: int = 0
    closed_at: int = 0


class Presence(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The live side of an agent. Changed only by `evolve`.

    `clients` maps each connected client to its gateway. While it is empty the agent is not routable;
    `next` is the reason for which they will be not ready once they hold nothing; until then they get nothing new.
    `returned` are items that were taken back from them while they were away, until they are available again.
    `asked` are the items of which a question waits for their answer.
    `ended` are the ends of items they followed, until they have read them.
    `lost_at` is when the last one went, until it is dealt with: after the grace period the agent is signed off.
    `idle_since` is what longest idle counts from: the end of the last item, or becoming available first.
    `handled` counts the items they accepted since they signed on; `busy` is how long they held one they had accepted
    since then, up to `busy_since` if they hold one now.
    """

    agent: str
    state: PresenceState = "offline"
    reason: str = ""
    since: int = 0
    clients: dict[str, str] = {}
    next: str = ""
    returned: tuple[str, ...] = ()
    ended: tuple[FollowedEnd, ...] = ()
    lost_at: int | None = None
    asked: tuple[str, ...] = ()
    idle_since: int = 0
    idle_seq: int = 0
    handled: int = 0
    busy: int = 0
    busy_since: int | None = None
    worked_at: int = 0
    worked_seq: int = 0
    turn: int = 0

    @property
    def went_home(self) -> bool:
        """Whether the agent is offline and said what becomes of their items."""
        return self.state == "offline" and self.reason == SIGNED_OUT

    def busy_ticks(self, now: int) -> int:
        """How long they have been busy since they signed on."""
        return self.busy + (now - self.busy_since if self.busy_since is not None else 0)
