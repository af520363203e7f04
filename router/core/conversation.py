"""A conversation: the lasting exchange with one customer; and the deliveries of what we send in it."""

from typing import Literal, TypeAlias

import msgspec

from queues.queue import ChannelName

Side: TypeAlias = Literal["customer", "agent"]
DeliveryState: TypeAlias = Literal["queued", "sending", "sent", "failed", "unknown"]


class Conversation(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """The record of an exchange while it has an open item. Bodies, names and addresses are beside the log.

    `reference` is what people call it by (see `reference`). `seq` numbers its messages 1..n without gap.
    `thread_keys` are hashes of the message ids that belong to it; `natural_keys` are those of received messages, so
    that a late duplicate is recognised. `seen` holds, per side, up to which message that side's screen has shown the
    other's (None: none yet). `split_from` is the conversation that this is one matter of, `splits` are those of it.
    `merged_into` is the conversation in which this one goes on, `merged` are those that go on in this one.
    `replied` is our last answer, or what came by itself after it: when it is the last message, nobody waits for one.
    """

    id: str
    channel: ChannelName
    reference: str = ""
    customer: str = ""
    language: str = ""
    item: str = ""
    last_agent: str = ""
    address: str = ""
    seq: int = 0
    thread_keys: tuple[str, ...] = ()
    natural_keys: tuple[str, ...] = ()
    seen: dict[str, int] | None = None
    deliveries: tuple[str, ...] = ()
    gone: bool = False
    split_from: str = ""
    splits: tuple[str, ...] = ()
    merged_into: str = ""
    merged: tuple[str, ...] = ()
    replied: int = 0

    def shown(self, side: Side) -> int:
        """Up to which message of the other's that side's screen has shown; 0 for none."""
        return self.seen.get(side, 0) if self.seen is not None else 0


class Delivery(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One message of ours on its way out: ends sent, failed or unknown; unknown is never resent unasked."""

    id: str
    conversation: str
    item: str
    message: str
    content: str
    channel: ChannelName
    agent: str
    state: DeliveryState = "queued"
    attempt: int = 0
    code: str = ""
    at: int = 0
