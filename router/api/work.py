"""What agents do with items: one table of actions, each a struct and a function that makes the command.

REST routes and socket events are both made from `ACTIONS`. Whether an action is possible is for the core to
say; here it is only checked who asks.
"""

from functools import partial
from typing import Annotated, Any

import msgspec

from router.api import limits
from router.api.acting import ActionBody, ItemAction, Made, Name, Reason, Text, one_line, optional_text
from router.api.asking import ASKING_ACTIONS, told_of
from router.api.calling import CALLING_ACTIONS
from router.api.cards import address_of, card_of
from router.api.commanding import Call, Done, Later, carry_out
from router.api.escalating import ESCALATION_ACTIONS
from router.api.mail_work import MAIL_ACTIONS
from router.api.problems import Problem
from router.api.rights import Action, may, require
from router.api.writing import written
from router.core import commands as c
from router.core.concern import concerned, item_teams
from router.core.facts import MessageFacts
from router.runtime.acts import Act


class Accept(ActionBody, frozen=True):
    """Take the item that is held for me."""

    reservation: Name = ""


class Decline(ActionBody, frozen=True):
    """Refuse the item that is held for me; `reason` is a code of kind decline."""

    reservation: Name = ""
    reason: Name = ""


class Rescind(ActionBody, frozen=True):
    """A supervisor takes an item back before it is accepted: from the agent `of`, or from everybody it is held for."""

    of: Name = ""
    reason: Reason = ""


class Reply(ActionBody, frozen=True):
    """Answer the customer."""

    text: Text


class Note(ActionBody, frozen=True):
    """Keep a note with the item; the customer never sees it."""

    text: Text


class Pending(ActionBody, frozen=True):
    """Wait for the customer, or until an instant."""

    until_at_ms: int | None = None
    reason: Reason = ""


class Resume(ActionBody, frozen=True):
    """Take a pending item up again."""


class Category(ActionBody, frozen=True):
    """Say what the contact is about."""

    category: Name


class Outcome(ActionBody, frozen=True):
    """Say how it will have ended, before the item closes; `disposition` is a code of that kind."""

    disposition: Name


class Customer(ActionBody, frozen=True):
    """Say whom the item is about, by the id of a customer; with `remember`, the address it came from is theirs from
    then on."""

    customer: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.ID_CHARS_MAX)]
    remember: bool = False


class End(ActionBody, frozen=True):
    """The exchange is over: wrap-up starts."""


class Complete(ActionBody, frozen=True):
    """Close the item; `disposition` is a code of that kind."""

    disposition: Name
    category: Name = ""


class Transfer(ActionBody, frozen=True):
    """Hand over to a queue, or to an agent by name."""

    queue: Name = ""
    to_agent: Name = ""
    note: str = ""


class Requeue(ActionBody, frozen=True):
    """A supervisor puts an item back into a queue: its own when none is named."""

    queue: Name = ""


async def _accept(call: Call, item: str, body: Accept) -> Made:
    return Made(c.AcceptReservation(item=item, agent=body.agent, reservation=body.reservation))


async def _decline(call: Call, item: str, body: Decline) -> Made:
    return Made(c.DeclineReservation(item=item, agent=body.agent, reservation=body.reservation, reason=body.reason))


async def _rescind(call: Call, item: str, body: Rescind) -> Made:
    return Made(c.RescindReservation(item=item, agent=body.of, reason=one_line(body.reason)))


async def _reply(call: Call, item: str, body: Reply) -> Made:
    record = call.deps.gateway.state.items.get(item)
    channel = record.channel if record else ""
    most = limits.CHAT_TEXT_BYTES_MAX if channel == "chat" else limits.TEXT_BYTES_MAX
    text = await written(call, body.text, "/text", most)
    message = MessageFacts(id=call.deps.ids.new("msg"), content=text.id, size=text.size)
    delivery = call.deps.ids.new("dlv") if channel == "email" else ""
    return Made(c.SendReply(item=item, agent=body.agent, message=message, delivery=delivery), text.contents)


async def _note(call: Call, item: str, body: Note) -> Made:
    text = await written(call, body.text, "/text")
    return Made(c.AddNote(item=item, agent=body.agent, content=text.id), text.contents)


async def _pending(call: Call, item: str, body: Pending) -> Made:
    reason = one_line(body.reason)
    return Made(c.SetPending(item=item, agent=body.agent, until=body.until_at_ms, reason=reason))


async def _resume(call: Call, item: str, body: Resume) -> Made:
    return Made(c.ResumeItem(item=item, agent=body.agent))


async def _category(call: Call, item: str, body: Category) -> Made:
    return Made(c.SetCategory(item=item, agent=body.agent, category=body.category))


async def _outcome(call: Call, item: str, body: Outcome) -> Made:
    return Made(c.SetOutcome(item=item, agent=body.agent, disposition=body.disposition))


async def _customer(call: Call, item: str, body: Customer) -> Made:
    command = c.LinkCustomer(item=item, agent=body.agent, customer=body.customer)
    card = await card_of(call.deps, body.customer)
    if card is None:
        raise Problem("unknown_customer", "There is no customer with this id.", subject=body.customer)
    record = call.deps.gateway.state.items.get(item)
    if not body.remember or record is None:
        return Made(command)
    address = await address_of(call.deps, record)
    if address is None:
        raise Problem("no_address", "This item came from no address that could be remembered.", subject=item)
    now = call.deps.clock.now_ms()
    act = Act(by=call.principal.by, command="LinkCustomer", at_ms=now, correlation=call.correlation)
    return Made(command, then=partial(call.deps.customers.link, card, address, act=act))


async def _end(call: Call, item: str, body: End) -> Made:
    return Made(c.EndContact(item=item, agent=body.agent))


async def _complete(call: Call, item: str, body: Complete) -> Made:
    return Made(c.CompleteItem(item=item, agent=body.agent, disposition=body.disposition, category=body.category))


async def _transfer(call: Call, item: str, body: Transfer) -> Made:
    """A supervisor's transfer of what is not their own names no agent: then it does not matter who holds the item."""
    note, contents = await optional_text(call, body.note)
    agent, state = body.agent, call.deps.gateway.state
    record = state.items.get(item)
    if record is not None and agent == call.principal.agent != record.agent:
        teams = item_teams(state, record.queue, record.agent)
        agent = "" if may(call.principal, "item.supervise", teams) else agent
    command = c.TransferItem(item=item, agent=agent, queue=body.queue, to_agent=body.to_agent, note=note)
    return Made(command, contents)


async def _requeue(call: Call, item: str, body: Requeue) -> Made:
    return Made(c.RequeueItem(item=item, queue=body.queue))


ACTIONS: dict[str, ItemAction] = {
    "accept": ItemAction(Accept, _accept),
    "decline": ItemAction(Decline, _decline),
    "rescind": ItemAction(Rescind, _rescind, "item.supervise"),
    "reply": ItemAction(Reply, _reply),
    "note": ItemAction(Note, _note, "item.note"),
    "pending": ItemAction(Pending, _pending),
    "resume": ItemAction(Resume, _resume),
    "category": ItemAction(Category, _category),
    "outcome": ItemAction(Outcome, _outcome),
    "customer": ItemAction(Customer, _customer),
    "end": ItemAction(End, _end),
    "complete": ItemAction(Complete, _complete),
    "transfer": ItemAction(Transfer, _transfer),
    "requeue": ItemAction(Requeue, _requeue, "item.supervise"),
    **ESCALATION_ACTIONS,
    **MAIL_ACTIONS,
    **ASKING_ACTIONS,
    **CALLING_ACTIONS,
}


async def do(call: Call, name: str, item: str, body: Any) -> Done | Later:
    """Carry out the action `name` on an item. Raises Problem, KeyConflict, StoreError."""
    action = ACTIONS[name]
    made = await _moved_later(call, item, body) if isinstance(body, Customer) else None
    if made is None:
        body = _acting(call, item, body, action.action)
        made = await action.make(call, item, body)
    ended = await carry_out(call, made.command, made.contents)
    if made.then is not None and isinstance(ended, Done):
        await made.then()
    return ended


async def _moved_later(call: Call, item: str, body: Customer) -> Made | None:
    """The same for an item that has left memory, for whoever had it last and their leaders; None for any other."""
    deps, principal = call.deps, call.principal
    state = deps.gateway.state
    kept = await deps.history.item(item) if item not in state.items else None
    if kept is None:
        return None
    agents = tuple(filter(None, (kept["agent"], kept["last_agent"])))
    require(principal, "item.work", item_teams(state, kept["queue"], kept["agent"]), agents)
    if await card_of(deps, body.customer) is None:
        raise Problem("unknown_customer", "There is no customer with this id.", subject=body.customer)
    agent, conversation = body.agent or principal.agent, kept["conversation"]
    return Made(c.LinkCustomer(item=item, agent=agent, customer=body.customer, conversation=conversation))


def _acting(call: Call, item: str, body: Any, action: Action) -> Any:
    """The body with the agent filled in, once it is clear that the caller may act for them on this item.

    An item that left memory is still passed on for the agent themselves: their request may be a repeated one.
    """
    principal, state = call.principal, call.deps.gateway.state
    record = state.items.get(item)
    if not body.agent and principal.agent:
        body = msgspec.structs.replace(body, agent=principal.agent)
    teams: set[str] = set()
    agents: tuple[str, ...] = (body.agent,) if body.agent else ()
    if record is None:
        if body.agent != principal.agent or action == "item.supervise":
            raise Problem("unknown_item", "There is no open item with this id.", subject=item)
    elif action == "item.note":
        teams, agents = concerned(state, record, principal.agent)
    elif action == "question.answer":
        teams, agents = item_teams(state, record.queue, record.agent), told_of(record)
    else:
        teams = item_teams(state, record.queue, record.agent)
    require(principal, action, teams, agents)
    if body.agent != principal.agent:
        named = state.agents.get(body.agent)
        require(principal, "agent.act", named.teams if named else teams)
    return body
