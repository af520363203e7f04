"""The events about calling customers back: the shape of each, and the command that it becomes."""

from typing import Annotated

import msgspec
from msgspec import Meta

from channels import limits
from channels.arrival import Arrival, Draft
from channels.classified import Came
from channels.customer import known_by
from channels.entry import Given, Id, Name, Party, customer_of, facts_of, find
from channels.phone.events import Reason
from channels.spelling import normalised
from queues.callback import Window
from router.core import commands as c
from router.core.facts import Facts
from router.core.item import WorkItem
from router.gateway import Content, EventRefused


class WindowGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time in which the customer can be called, as Unix milliseconds."""

    start_at_ms: int
    end_at_ms: int


class CallbackRequested(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`callback.requested`: somebody wants to be called back. Whose `call` waits keeps their place and may hang up.

    Without a call that waits, a new item opens in the queue of the entry point `to`; `callback` is your own id of the
    request, which recognises it for ever. `number` is where to call, if not where the call came from. In one of these
    `windows`, or as soon as possible; not before `delay_ms`; at most `attempts` times, if not as the queue says.
    """

    callback: Annotated[str, Meta(max_length=limits.ID_CHARS_MAX)] = ""
    call: Annotated[str, Meta(max_length=limits.ID_CHARS_MAX)] = ""
    to: Annotated[str, Meta(max_length=limits.ADDRESS_CHARS_MAX)] = ""
    number: Annotated[str, Meta(max_length=limits.ADDRESS_CHARS_MAX)] = ""
    name: Name = ""
    windows: Annotated[tuple[WindowGiven, ...], Meta(max_length=limits.WINDOWS_MAX)] = ()
    delay_ms: Annotated[int, Meta(ge=0)] | None = None
    attempts: Annotated[int, Meta(ge=0, le=limits.ATTEMPTS_MAX)] = 0


class CallbackDialled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`callback.dialled`: the customer of this item is being called, as `call`; what follows is told of that call."""

    item: Id
    call: Id


class CallbackFailed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`callback.failed`: the customer did not answer, or was engaged; `reason` is the phone system's code."""

    item: Id
    reason: Reason = ""


async def requested(arrival: Arrival, data: CallbackRequested) -> Draft:
    """Keep the place of who waits, or open a new item."""
    natural = data.callback or data.call or arrival.key
    item = arrival.id("item", "callback", natural)
    known = item not in arrival.state.items and data.callback and await arrival.history.knows(item)
    waits = arrival.state.items.get(arrival.state.calls.get(data.call, ""))
    party = Party(address=normalised("phone", data.number) if data.number else "", name=data.name)
    if data.to or waits is None:
        facts, contents = await _facts(arrival, data, party, natural)
    else:
        facts, contents = _as_before(arrival, waits, party, natural)
    if not facts.address:
        raise EventRefused("bad_event", "say which number to call", "/data/number")
    command = c.AskCallback(
        item=item,
        conversation=arrival.id("conv", "callback", natural),
        facts=facts,
        number=facts.address,
        call=data.call,
        windows=tuple(Window(start=window.start_at_ms, end=window.end_at_ms) for window in data.windows),
        delay=data.delay_ms,
        attempts=data.attempts,
    )
    return Draft(command=command, contents=contents, known="/data/callback" if known else "")


async def dialled(arrival: Arrival, data: CallbackDialled) -> Draft:
    """The customer's phone rings."""
    return Draft(command=c.DialCallback(item=data.item, call=data.call))


async def failed(arrival: Arrival, data: CallbackFailed) -> Draft:
    """Nobody answered: later again, or never more."""
    return Draft(command=c.FailCallback(item=data.item, reason=data.reason))


async def _facts(
    arrival: Arrival, data: CallbackRequested, party: Party, natural: str
) -> tuple[Facts, dict[str, bytes]]:
    """What the entry point, the rules and the event say of a new item."""
    entry = find(arrival.state, "phone", data.to)
    came = Came(
        entry=entry,
        customer=customer_of(arrival.secret, arrival.history.whose, data, party),
        to=(normalised("phone", data.to),),
        sender=party.address,
        form=data.attributes,
        said=data.language,
    )
    return facts_of(
        arrival.state,
        entry,
        data,
        party=party,
        secret=arrival.secret,
        whose=arrival.history.whose,
        key=f"callback:{natural}",
        found=await arrival.classified(came),
    )


def _as_before(arrival: Arrival, item: WorkItem, party: Party, natural: str) -> tuple[Facts, dict[str, bytes]]:
    """What is known of an item already: the number it came from is the one to call, unless another one is given."""
    contents: dict[str, bytes] = {}
    conversation = arrival.state.conversations.get(item.conversation)
    address = conversation.address if conversation is not None else ""
    if party.address:
        address = arrival.id("adr", "callback", natural)
        content = Content(
            address=party.address, name=party.name, known_by=known_by(arrival.secret, "phone", party.address)
        )
        contents[address] = msgspec.json.encode(content)
    return Facts(
        entry_point=item.entry_point,
        queue=item.queue,
        requirement=item.requirement,
        wishes=item.wishes,
        language=item.language,
        category=item.category,
        customer=item.customer,
        address=address,
        related=item.id,
    ), contents
