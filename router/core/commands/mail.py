"""Commands about mail work: one mail that is several matters, several conversations that are one, mail to close."""

import msgspec

from router.core.commands.base import BaseCommand
from skills import Requirement


class SplitPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the matters of a mail: the ids of its new item and conversation, and where it goes.

    Its queue is the one named, else that of its category, else that of the item it comes from. `requirement` None: what
    the category asks, with the languages that the item asks. `note` is where a text for whoever gets it lies.
    """

    item: str
    conversation: str
    queue: str = ""
    category: str = ""
    requirement: Requirement | None = None
    priority: int = 0
    note: str = ""


class SplitItem(BaseCommand, frozen=True):
    """What one mail asks is several matters: each part gets an item of its own; the item itself stays. `seq` is the
    message that it is about (0: all of them)."""

    item: str
    agent: str
    parts: tuple[SplitPart, ...]
    seq: int = 0


class MergeConversation(BaseCommand, frozen=True):
    """The mails of `item` are about the same matter as those of `into`: that one goes on, `item` closes."""

    item: str
    into: str
    agent: str


class UnmergeConversation(BaseCommand, frozen=True):
    """The merged `item` was another matter after all: its conversation goes on by itself, with a new item `opens`.

    `agent` has the item that it was merged into; empty when a supervisor does it."""

    item: str
    opens: str
    agent: str = ""


class DismissItem(BaseCommand, frozen=True):
    """Close without an answer, with a code of kind closing: none is needed, spam, not for us."""

    item: str
    agent: str
    code: str
