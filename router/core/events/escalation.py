"""Events about what went to specialists: back from them, followed, not resolved in time."""

from router.core.commands.escalation import ReturnKind
from router.core.events.base import BaseEvent


class ItemReturned(BaseEvent, frozen=True):
    """The specialists gave it back to where it was escalated from: with an answer, or as none of theirs.

    `prefers` is who escalated it, who may get it again.
    """

    item: str
    agent: str
    from_queue: str
    to_queue: str
    kind: ReturnKind
    reason: str = ""
    note: str = ""
    prefers: str = ""


class ItemFollowed(BaseEvent, frozen=True):
    """An agent wants to hear of the item until it is closed, or not any more."""

    item: str
    agent: str
    follow: bool = True


class ItemOverdue(BaseEvent, frozen=True):
    """The time in which it was to be resolved is over while `agent` has it: it stays with them ('' for nobody)."""

    item: str
    agent: str
    queue: str
