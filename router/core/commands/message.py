"""Commands about messages: e-mail, chat, webhook texts."""

from queues.queue import ChannelName
from router.core.commands.base import BaseCommand
from router.core.conversation import Side
from router.core.facts import Facts, MessageFacts


class ReceiveMessage(BaseCommand, frozen=True):
    """A message came in. It joins the open conversation `conversation` (or the one that its thread keys name),
    else opens a new one under that id, with a new item `item`.

    `reopens`, `reopen_count`, `last_agent`, `last_seq` (its last message) and `reference` are how far intake found the
    conversation: they count when it is not in memory (any more). `again` is as that of a call.
    """

    channel: ChannelName
    conversation: str
    item: str
    message: MessageFacts
    facts: Facts
    reopens: str = ""
    reopen_count: int = 0
    last_agent: str = ""
    last_seq: int = 0
    reference: str = ""
    again: bool = False


class LeaveChat(BaseCommand, frozen=True):
    """The customer closed the chat: unanswered it abandons, else wrap-up starts."""

    conversation: str


class MarkSeen(BaseCommand, frozen=True):
    """A side's screen has shown the messages of a conversation up to this one."""

    conversation: str
    side: Side
    up_to: int
