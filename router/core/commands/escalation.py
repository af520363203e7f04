"""Commands about what went to the specialists: giving it back, following it."""

from typing import Literal, TypeAlias

from router.core.commands.base import BaseCommand

ReturnKind: TypeAlias = Literal["answered", "wrongly_routed"]


class ReturnItem(BaseCommand, frozen=True):
    """A specialist gives it back to where it was escalated from: with the answer (the note), or because it was none of
    theirs (with a reason code)."""

    item: str
    agent: str
    kind: ReturnKind
    reason: str = ""
    note: str = ""


class FollowItem(BaseCommand, frozen=True):
    """Hear of an item until it is closed, or not any more. The end of one that was followed is put aside by it too."""

    item: str
    agent: str
    follow: bool = True
