"""The event by which integrators bring texts of media that we do not know: forms, apps, other desks."""

from typing import Annotated

import msgspec
from msgspec import Meta

from channels import limits
from channels.arrival import Arrival, Draft
from channels.entry import Address, Given, Id, Name, Party, customer_of, find
from channels.message import Incoming, conversation_named, natural_key, receive
from channels.quote import checked, quoted
from channels.spelling import normalised
from router.core.commands import ReceiveMessage


class WebhookReceived(Given, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """`webhook.received`: a text came in. `to` is the webhook entry point's address, `from` who wrote it.

    `conversation` (ours, or whatever the integrator calls it) joins it to what came before; without one, each
    event is a conversation of its own, unless its `reference` is that of one of the same customer. `id` recognises
    the text when it comes in again in another event. A new item's work begins at `start_at_ms`, if not at once.
    """

    to: Address
    text: Annotated[str, Meta(min_length=1, max_length=limits.TEXT_CHARS_MAX)]
    from_: Annotated[str, Meta(max_length=limits.ADDRESS_CHARS_MAX)] = ""
    name: Name = ""
    subject: Annotated[str, Meta(max_length=limits.SUBJECT_CHARS_MAX)] = ""
    conversation: Id | None = None
    id: Id | None = None
    start_at_ms: Annotated[int, Meta(ge=0)] = 0


async def received(arrival: Arrival, data: WebhookReceived) -> Draft:
    """A text came in."""
    party = Party(address=normalised("webhook", data.from_), name=data.name)
    quote = await quoted(arrival.gateway, arrival.history, checked(data.reference))
    going_on = quote.going_on("webhook", customer_of(arrival.secret, arrival.history.whose, data, party))
    named = data.conversation or data.id or arrival.key
    where = await conversation_named(arrival, "webhook", named, going_on)
    incoming = Incoming(
        channel="webhook",
        entry=find(arrival.state, "webhook", data.to),
        party=party,
        text=data.text,
        subject=data.subject,
        natural=natural_key(arrival.secret, "webhook", arrival.by, data.id or arrival.key),
        where=where,
        given=data,
        quote=quote,
    )
    draft = await receive(arrival, incoming)
    command = draft.command
    if data.start_at_ms and isinstance(command, ReceiveMessage):
        facts = msgspec.structs.replace(command.facts, start_at=data.start_at_ms)
        return msgspec.structs.replace(draft, command=msgspec.structs.replace(command, facts=facts))
    return draft
