"""The phone events: the shape of each, and the command that it becomes."""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from channels import limits
from channels.arrival import Arrival, Draft
from channels.classified import Came
from channels.entry import Address, Given, Id, Name, Party, customer_of, facts_of, find
from channels.quote import checked, quoted
from channels.spelling import normalised, phone_address
from router.core import commands as c
from router.core.agent import Agent
from router.gateway import EventRefused

Reason: TypeAlias = Annotated[str, Meta(max_length=limits.REASON_CHARS_MAX)]


class CallOffered(Given, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """`call.offered`: a caller waits. `to` is what they dialled, `from` their number (may be withheld).

    A call is a conversation of its own: with a `reference`, its item is `related` to the latest of what was quoted.
    """

    call: Id
    to: Address
    from_: Annotated[str, Meta(max_length=limits.ADDRESS_CHARS_MAX)] = ""
    from_name: Name = ""


class _AgentNamed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    call: Id
    agent: Id | None = None
    phone: Address | None = None


class CallAnswered(_AgentNamed, frozen=True, kw_only=True):
    """`call.answered`: this agent (by id, or by their phone address) picked up."""


class CallConnectFailed(_AgentNamed, frozen=True, kw_only=True):
    """`call.connect_failed`: this agent's phone could not be reached; `reason` is the phone system's code."""

    reason: Reason = ""


class CallHeld(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`call.held`: the customer was put on hold, or is back."""

    call: Id
    held: bool


class CallTransferred(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`call.transferred`: the phone system handed the call to a queue or to an agent, exactly one of them."""

    call: Id
    queue: Id | None = None
    agent: Id | None = None


class CallEnded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`call.ended`: hung up; `reason` is the phone system's code."""

    call: Id
    reason: Reason = ""


async def offered(arrival: Arrival, data: CallOffered) -> Draft:
    """A caller waits. The core knows the calls that are open, history those that are over."""
    known = data.call not in arrival.state.calls and await arrival.history.find_natural(f"call:{data.call}")
    quote = await quoted(arrival.gateway, arrival.history, checked(data.reference))
    conversation = arrival.id("conv", "call", data.call)
    entry = find(arrival.state, "phone", data.to)
    party = Party(address=normalised("phone", data.from_), name=data.from_name)
    came = Came(
        entry=entry,
        customer=customer_of(arrival.secret, arrival.history.whose, data, party),
        to=(normalised("phone", data.to),),
        sender=party.address,
        form=data.attributes,
        said=data.language,
    )
    found = await arrival.classified(came)
    facts, contents = facts_of(
        arrival.state,
        entry,
        quote.noted(data),
        party=party,
        secret=arrival.secret,
        whose=arrival.history.whose,
        key=f"call:{data.call}",
        found=found,
    )
    command = c.OfferCall(
        call=data.call,
        item=arrival.id("item", "call", data.call),
        conversation=conversation,
        facts=quote.marked(facts, conversation),
        again=data.call in arrival.state.calls,
    )
    return Draft(command=command, contents=contents, known="/data/call" if known else "")


async def answered(arrival: Arrival, data: CallAnswered) -> Draft:
    """Picked up: the agent accepts."""
    return Draft(command=c.AnswerCall(call=data.call, agent=_agent(arrival, data)))


async def connect_failed(arrival: Arrival, data: CallConnectFailed) -> Draft:
    """Not reached: the caller waits on at their place."""
    return Draft(command=c.FailConnect(call=data.call, agent=_agent(arrival, data), reason=data.reason))


async def held(arrival: Arrival, data: CallHeld) -> Draft:
    """On hold, or back."""
    return Draft(command=c.HoldCall(call=data.call, held=data.held))


async def transferred(arrival: Arrival, data: CallTransferred) -> Draft:
    """Handed over: the item goes the same way. The core says whether it knows the queue or agent."""
    if (data.queue is None) == (data.agent is None):
        raise EventRefused("bad_event", "name either the queue or the agent", "/data")
    return Draft(command=c.TransferCall(call=data.call, queue=data.queue or "", agent=data.agent or ""))


async def ended(arrival: Arrival, data: CallEnded) -> Draft:
    """Hung up."""
    return Draft(command=c.EndCall(call=data.call, reason=data.reason))


def _agent(arrival: Arrival, data: _AgentNamed) -> str:
    """Who is meant. Raises EventRefused for nobody (`unknown_agent`) or several (`ambiguous_phone`)."""
    if (data.agent is None) == (data.phone is None):
        raise EventRefused("bad_event", "name the agent either by id or by phone", "/data")
    if data.agent is not None:
        if data.agent not in arrival.state.agents:
            raise EventRefused("unknown_agent", "there is no agent with this id", "/data/agent", 422)
        return data.agent
    phone = phone_address(data.phone or "")
    item = arrival.state.items.get(arrival.state.calls.get(data.call, ""))
    holder = arrival.state.agents.get(item.agent) if item else None
    if holder is not None and _rings(holder, phone):
        return holder.id
    found = [agent.id for agent in arrival.state.agents.values() if _rings(agent, phone)]
    if len(found) == 1:
        return found[0]
    if found:
        raise EventRefused("ambiguous_phone", "several agents have this phone; name the agent", "/data/phone", 422)
    raise EventRefused("unknown_agent", "no agent has this phone", "/data/phone", 422)


def _rings(agent: Agent, phone: str) -> bool:
    return bool(agent.phone) and phone_address(agent.phone) == phone
