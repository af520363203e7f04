"""Messages of customers, whatever channel they come through: into their conversation, or a new one.

A conversation is found by thread keys: hashes of whatever the other side calls it by. Every message carries the
key of our own id, so that a conversation that has left memory is found again in history by it.
"""

import msgspec

from channels import limits
from channels.arrival import Arrival, Draft
from channels.classified import Came
from channels.entry import Given, Party, customer_of, facts_of
from channels.keyed import keyed
from channels.quote import Quote
from channels.spelling import normalised
from channels.thread import remembered
from queues.entry_point import EntryPoint
from queues.queue import ChannelName
from router.core.commands import ReceiveMessage
from router.core.facts import MessageFacts
from router.gateway import Content, Thread


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation a message belongs to, and the keys by which it is found again."""

    conversation: str
    threads: tuple[str, ...]


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's message as it came in. `natural` recognises it for ever; `where` is its conversation.

    `quote` is what the reference in it leads to.
    """

    channel: ChannelName
    entry: EntryPoint
    party: Party
    text: str
    subject: str = ""
    natural: str
    where: Where
    given: Given = Given()
    quote: Quote = Quote()


def own_key(secret: bytes, conversation: str) -> str:
    """The thread key of our own id of a conversation."""
    return keyed(secret, "thread", conversation)


def natural_key(secret: bytes, *parts: str) -> str:
    """What recognises a message by what its sender calls it."""
    return keyed(secret, "message", *parts)


async def conversation_named(arrival: Arrival, channel: ChannelName, name: str, going_on: str = "") -> Where:
    """The conversation that an integrator calls `name`: by our id, or by a handle of their own, open or closed.

    A handle that nobody has used names a new conversation, or the one that the customer says goes on (by its id).
    Handles belong to the integrator who made them.
    """
    ours = own_key(arrival.secret, name)
    theirs = keyed(arrival.secret, "handle", channel, arrival.by, name)
    for key in (ours, theirs):
        if key in arrival.state.threads:
            return _where(arrival, arrival.state.threads[key], key, theirs)
    thread = await arrival.history.find_thread((ours, theirs))
    if thread is not None:
        return _where(arrival, thread.conversation, ours if thread.conversation == name else theirs, theirs)
    return _where(arrival, going_on or arrival.id("conv", theirs), theirs, theirs)


def _where(arrival: Arrival, conversation: str, found_by: str, theirs: str) -> Where:
    own = own_key(arrival.secret, conversation)
    return Where(conversation=conversation, threads=(own, theirs) if found_by == theirs else (own,))


async def receive(arrival: Arrival, incoming: Incoming) -> Draft:
    """The command that takes a message in."""
    known = incoming.natural not in arrival.state.naturals and await arrival.history.find_natural(incoming.natural)
    quote = incoming.quote
    found = await arrival.classified(_came(arrival, incoming))
    facts, contents = facts_of(
        arrival.state,
        incoming.entry,
        quote.noted(incoming.given),
        party=incoming.party,
        secret=arrival.secret,
        whose=arrival.history.whose,
        key=incoming.natural,
        found=found,
    )
    text = arrival.id("txt", incoming.natural)
    contents[text] = await _encoded(arrival, incoming)
    before = await _before(arrival, incoming.where)
    command = ReceiveMessage(
        channel=incoming.channel,
        conversation=incoming.where.conversation,
        item=arrival.id("item", incoming.natural),
        message=MessageFacts(
            id=arrival.id("msg", incoming.natural),
            content=text,
            size=len(incoming.text.encode()),
            natural_key=incoming.natural,
            thread_keys=incoming.where.threads,
        ),
        facts=quote.marked(facts, incoming.where.conversation),
        reopens=before.item if before else "",
        reopen_count=before.reopen_count + 1 if before else 0,
        last_agent=before.last_agent if before else "",
        last_seq=before.seq if before else 0,
        reference=before.reference if before else "",
        again=incoming.natural in arrival.state.naturals,
    )
    return Draft(command=command, contents=contents, known="/data/id" if known else "")


def _came(arrival: Arrival, incoming: Incoming) -> Came:
    """What rules look at. A conversation that goes on is held in the language that it was held in."""
    entry, given = incoming.entry, incoming.given
    conversation = arrival.state.conversations.get(incoming.where.conversation)
    return Came(
        entry=entry,
        customer=customer_of(arrival.secret, arrival.history.whose, given, incoming.party),
        to=(normalised(entry.channel, entry.address),),
        sender=incoming.party.address,
        text=f"{incoming.subject}\n{incoming.text}",
        form=given.attributes,
        said=given.language,
        spoken=conversation.language if conversation is not None else "",
    )


async def _before(arrival: Arrival, where: Where) -> Thread | None:
    """How far the conversation has come, from memory, else from history; None for a new one."""
    return remembered(arrival.state, where.conversation) or await arrival.history.find_thread(where.threads)


async def _encoded(arrival: Arrival, incoming: Incoming) -> bytes:
    content = Content(
        text=incoming.text, subject=incoming.subject, address=incoming.party.address, name=incoming.party.name
    )
    encoded = msgspec.json.encode(content)
    if len(encoded) <= limits.INLINE_BYTES_MAX:
        return encoded
    blob = await arrival.gateway.put_blob(incoming.text.encode())
    return msgspec.json.encode(msgspec.structs.replace(content, text="", text_blob=blob))
