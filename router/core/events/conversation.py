"""Events about conversations, their messages and deliveries."""

from typing import Literal

from queues.queue import ChannelName
from router.core.conversation import Side
from router.core.events.base import BaseEvent
from router.core.facts import MessageFacts


class ConversationOpened(BaseEvent, frozen=True):
    """An exchange with a customer began, or one that the archive holds up to message `seq` goes on.

    `address` is the content id of where to answer. `split_from` is the conversation that it is one matter of.
    `again`: it goes on (one with messages does anyway).
    """

    conversation: str
    channel: ChannelName
    customer: str = ""
    language: str = ""
    address: str = ""
    seq: int = 0
    reference: str = ""
    split_from: str = ""
    again: bool = False


class MessageReceived(BaseEvent, frozen=True):
    """A message of the customer is part `seq` of the conversation."""

    conversation: str
    item: str
    seq: int
    message: MessageFacts


class ReplySent(BaseEvent, frozen=True):
    """An agent's message is part `seq` of the conversation; `delivery` is how it leaves the house (if it does)."""

    conversation: str
    item: str
    agent: str
    seq: int
    message: MessageFacts
    channel: ChannelName
    delivery: str = ""


class MessagesSeen(BaseEvent, frozen=True):
    """A side's screen has shown the other's messages up to this one."""

    conversation: str
    side: Side
    up_to: int


class CustomerLeft(BaseEvent, frozen=True):
    """The customer closed the chat."""

    conversation: str


class DeliveryStarted(BaseEvent, frozen=True):
    """An attempt to send is under way: from here on its end may be unknown."""

    delivery: str
    attempt: int


class DeliveryEnded(BaseEvent, frozen=True):
    """The attempt ended; `queued` means that another one follows."""

    delivery: str
    state: Literal["queued", "sent", "failed", "unknown"]
    code: str = ""
    thread_keys: tuple[str, ...] = ()


class DeliveryRetried(BaseEvent, frozen=True):
    """A person chose to send a failed or unknown delivery again."""

    delivery: str
    agent: str
