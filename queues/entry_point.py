"""Entry points: the numbers, mailboxes and chat sites through which contacts come in."""

from typing import Literal, TypeAlias

import msgspec

from queues.queue import ChannelName
from skills import Requirement

Override: TypeAlias = Literal["queue", "skills", "language", "priority", "category"]


class EntryPoint(msgspec.Struct, frozen=True, kw_only=True, tag="entry_point"):
    """A door: what was dialled, written to or visited, and what that says of the item.

    `overrides` names what an event that comes in through this door may add or replace.
    """

    id: str
    channel: ChannelName
    address: str
    queue: str
    requirement: Requirement = ()
    language: str = ""
    priority: int = 0
    category: str = ""
    overrides: tuple[Override, ...] = ()
    origins: tuple[str, ...] = ()
    revision: int = 0
