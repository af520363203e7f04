"""Chat events of integrators who have a chat window of their own: the shape of each, and its command."""

from typing import Annotated

import msgspec
from msgspec import Meta

from channels.arrival import Arrival, Draft
from channels.chat import limits
from channels.entry import Address, Given, Id, Name, Party, customer_of, find
from channels.message import Incoming, conversation_named, natural_key, receive
from channels.quote import checked, quoted
from channels.spelling import normalised
from router.core.commands import LeaveChat
from router.gateway import EventRefused


class ChatMessage(Given, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """`chat.message`: a customer wrote. `site` is the chat entry point's address, `from` their handle or mailbox.

    `conversation` is ours, or whatever the integrator calls it; without one, what `from` writes to this site is
    one conversation. `id` is the message's own: sent again, it is the same message. A `reference` joins what begins
    a conversation to the one that is called so, if that is a chat of the same customer.
    """

    site: Address
    from_: Address
    text: Annotated[str, Meta(min_length=1)]
    id: Id
    name: Name = ""
    conversation: Id | None = None


class ChatLeft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`chat.left`: the customer closed the chat window for good."""

    conversation: Id


def check_text(text: str, pointer: str) -> None:
    """Raises EventRefused (`message_too_long`) for a text over the limit."""
    if len(text.encode()) > limits.TEXT_BYTES_MAX:
        raise EventRefused(
            "message_too_long", f"a chat message has at most {limits.TEXT_BYTES_MAX} bytes as UTF-8", pointer, 413
        )


async def message(arrival: Arrival, data: ChatMessage) -> Draft:
    """A customer wrote."""
    check_text(data.text, "/data/text")
    sender = normalised("chat", data.from_)
    party = Party(address=sender, name=data.name)
    quote = await quoted(arrival.gateway, arrival.history, checked(data.reference))
    named = data.conversation or f"{normalised('chat', data.site)} {sender}"
    going_on = quote.going_on("chat", customer_of(arrival.secret, arrival.history.whose, data, party))
    where = await conversation_named(arrival, "chat", named, going_on)
    incoming = Incoming(
        channel="chat",
        entry=find(arrival.state, "chat", data.site, "/data/site"),
        party=party,
        text=data.text,
        natural=natural_key(arrival.secret, "chat", where.conversation, data.id),
        where=where,
        given=data,
        quote=quote,
    )
    return await receive(arrival, incoming)


async def left(arrival: Arrival, data: ChatLeft) -> Draft:
    """The customer left. The core says when there is no such open conversation."""
    where = await conversation_named(arrival, "chat", data.conversation)
    return Draft(command=LeaveChat(conversation=where.conversation))
