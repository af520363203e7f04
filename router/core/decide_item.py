"""Decisions about what agents and supervisors do with items."""

import msgspec

from queues.queue import Queue
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.decision import Decision, carried, code_known, ended, lacking, no, owned, queued, released
from router.core.escalation import by_rule, circling
from router.core.holding import barred_until, declined_by_all, given_up, lapsed, taken
from router.core.holding import ended as hold_ended
from router.core.item import OPEN, WorkItem
from router.core.opened import is_overfull
from router.core.rejections import Rejection
from router.core.state import State


def accept_reservation(state: State, command: c.AcceptReservation, now: int) -> Decision:
    """The agent takes what is held for them. Accepting twice, or after the phone did it, changes nothing."""
    item = state.items.get(command.item)
    if item is None:
        return no("unknown_item", command.item)
    held = item.held_for(command.agent)
    if held is not None and command.reservation in ("", held.id):
        return taken(item, held, now)
    had = item.reservation if item.state == "active" and item.agent == command.agent else None
    return [] if had is not None and command.reservation in ("", had.id) else no("not_reserved", item.id)


def decline_reservation(state: State, command: c.DeclineReservation, now: int) -> Decision:
    """The agent refuses; the item is not reserved for them again for as long as the queue remembers it."""
    item = state.items.get(command.item)
    if item is None:
        return no("unknown_item", command.item)
    held = item.held_for(command.agent)
    if held is None or command.reservation not in ("", held.id):
        return no("not_reserved", item.id)
    if command.reason and not code_known(state, "decline", command.reason):
        return no("unknown_code", command.reason)
    until = barred_until(state, item, now)
    events: list[e.Event] = [hold_ended(item, held, now, "declined", reason=command.reason, until=until)]
    events += lapsed(state, item, command.agent, now)
    if len(item.ringing) > 1:
        return events
    ends = given_up(state, item, now, declined=1)
    wanted = state.queues[item.queue].escalate_declined and (ends or declined_by_all(state, item, command.agent))
    moves = by_rule(state, item, now, "declined") if wanted else []
    return [*events, *(moves or ends)]


def rescind_reservation(state: State, command: c.RescindReservation, now: int) -> Decision:
    """A supervisor takes the item back before it was accepted; it goes on to others."""
    item = state.items.get(command.item)
    if item is None:
        return no("unknown_item", command.item)
    rescinded = [held for held in item.ringing if command.agent in ("", held.agent)]
    if not rescinded:
        return no("not_reserved", item.id)
    memory = state.queues[item.queue].decline_memory_ms
    until = now + memory if memory else 0
    events: list[e.Event] = [
        hold_ended(item, held, now, "rescinded", reason=command.reason, until=until) for held in rescinded
    ]
    return events if len(rescinded) < len(item.ringing) else [*events, *given_up(state, item, now)]


def send_reply(state: State, command: c.SendReply, now: int) -> Decision:
    """The agent answers the customer. An e-mail needs a delivery; the same message twice is one."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    if item.channel == "phone":
        return no("wrong_channel", item.id)
    if (item.channel == "email") != bool(command.delivery):
        return no("bad_value", "delivery")
    if command.delivery in state.deliveries:
        return no("duplicate_id", command.delivery)
    if command.message.natural_key and command.message.natural_key in state.naturals:
        return []
    conversation = state.conversations[item.conversation]
    return [
        e.ReplySent(
            at=now,
            conversation=conversation.id,
            item=item.id,
            agent=command.agent,
            seq=conversation.seq + 1,
            message=command.message,
            channel=item.channel,
            delivery=command.delivery,
        )
    ]


def add_note(state: State, command: c.AddNote, now: int) -> Decision:
    """A note may come from anyone who may see the item, in every state of it."""
    item = state.items.get(command.item)
    if item is None or item.state not in OPEN:
        return no("unknown_item", command.item)
    return [e.NoteAdded(at=now, item=item.id, agent=command.agent, content=command.content)]


def set_pending(state: State, command: c.SetPending, now: int) -> Decision:
    """The item waits for the customer or a date and takes no room meanwhile. A live call cannot."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    if item.on_call:
        return no("wrong_state", item.id)
    if command.until is not None and not now < command.until <= now + limits.DURATION_TICKS_MAX:
        return no("bad_date", item.id)
    if len(state.parked.get(command.agent, ())) >= limits.PENDING_MAX:
        return no("full", command.agent)
    return [e.ItemPending(at=now, item=item.id, agent=command.agent, until=command.until, reason=command.reason)]


def resume_item(state: State, command: c.ResumeItem, now: int) -> Decision:
    """The agent takes a pending item of theirs up again, when they have room for it."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    if not state.room(state.agents[command.agent], item.channel):
        return no("full", command.agent)
    return [e.ItemResumed(at=now, item=item.id, agent=command.agent)]


def set_category(state: State, command: c.SetCategory, now: int) -> Decision:
    """What the contact is about."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    if command.category not in state.categories:
        return no("unknown_category", command.category)
    if item.category == command.category:
        return []
    return [e.CategoryChanged(at=now, item=item.id, agent=command.agent, category=command.category)]


def set_outcome(state: State, command: c.SetOutcome, now: int) -> Decision:
    """How it will have ended, said before it closes."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    if not code_known(state, "disposition", command.disposition):
        return no("unknown_code" if command.disposition else "reason_required", command.disposition or item.id)
    if item.disposition == command.disposition:
        return []
    return [e.OutcomeChanged(at=now, item=item.id, agent=command.agent, disposition=command.disposition)]


def link_customer(state: State, command: c.LinkCustomer, now: int) -> Decision:
    """Whom it is about; the whole conversation moves. A closed item may turn out to be somebody else's too: its last
    agent says so while it is in memory, and afterwards whoever was asked about it there (`conversation`)."""
    item = state.items.get(command.item)
    if item is None and command.conversation:
        linked = e.CustomerLinked(at=now, item=command.item, agent=command.agent, customer=command.customer)
        return [msgspec.structs.replace(linked, conversation=command.conversation)]
    if item is None or item.state != "closed":
        found = owned(state, command, command.item, command.agent)
        if isinstance(found, Rejection):
            return found
        item = found
    elif item.consults:
        return no("is_consult", item.id)
    elif command.agent and command.agent not in (item.agent, item.last_agent):
        return no("not_yours", item.id)
    if item.customer == command.customer == state.conversations[item.conversation].customer:
        return []
    return [e.CustomerLinked(at=now, item=item.id, agent=command.agent, customer=command.customer)]


def end_contact(state: State, command: c.EndContact, now: int) -> Decision:
    """The agent ends the exchange: wrap-up, or closed where the queue grants none."""
    item = owned(state, command, command.item, command.agent)
    return item if isinstance(item, Rejection) else ended(state, item, now)


def complete_item(state: State, command: c.CompleteItem, now: int) -> Decision:
    """The agent closes the item with a disposition: the one they name, or named before."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    disposition = command.disposition or item.disposition
    missing = lacking(state, item, category=command.category, outcome=disposition)
    if missing:
        return no(missing, item.id)
    if not code_known(state, "disposition", disposition):
        return no("unknown_code" if disposition else "reason_required", disposition or item.id)
    if command.category and command.category not in state.categories:
        return no("unknown_category", command.category)
    return [
        e.ItemClosed(
            at=now,
            item=item.id,
            outcome="completed",
            agent=command.agent,
            disposition=disposition,
            category=command.category,
        )
    ]


def transfer_item(state: State, command: c.TransferItem, now: int) -> Decision:
    """Handed over by its agent; or, with no agent named, by a supervisor, whoever holds it."""
    if command.agent:
        item = owned(state, command, command.item, command.agent)
        if isinstance(item, Rejection):
            return item
    else:
        found = state.items.get(command.item)
        if found is None or found.state not in OPEN:
            return no("unknown_item", command.item)
        item = found
    target = state.queues.get(command.queue)
    if target is not None and target.id != item.queue and command.agent and is_overfull(state, target):
        return no("full", target.id)
    return moved(state, item, now, by=command.agent, queue=command.queue, to_agent=command.to_agent, note=command.note)


def move_items(state: State, command: c.MoveItems, now: int) -> Decision:
    """Everything of one agent goes elsewhere, in one act: all of it, or nothing. A call that is on stays."""
    if command.agent not in state.agents:
        return no("unknown_agent", command.agent)
    if command.agent == command.to_agent:
        return no("bad_value", "to_agent")
    events: list[e.Event] = []
    for item in _all_of(state, command.agent):
        offset = len(events) + 1
        if command.queue or command.to_agent:
            decision = moved(state, item, now, by="", queue=command.queue, to_agent=command.to_agent, offset=offset)
        else:
            decision = _requeued(state, item, state.queues[item.queue], now, offset)
        if isinstance(decision, Rejection):
            return decision
        events += decision
    return events


def _all_of(state: State, agent: str) -> list[WorkItem]:
    """What the agent holds, has pending, or waits for them by name; but no call that is on, and no wrap-up."""
    items = [*(state.items[id] for id in state.theirs(agent)), *state.named_for(agent)]
    return [item for item in items if item.state != "wrapping" and not item.on_call]


def moved(
    state: State,
    item: WorkItem,
    now: int,
    *,
    by: str,
    queue: str = "",
    to_agent: str = "",
    note: str = "",
    offset: int = 1,
) -> Decision:
    """The events of a hand-over to a queue, or to an agent by name (which lifts any bar on that agent).

    `offset` tells apart several entries of one decision.
    """
    if not queue and not to_agent:
        return no("nobody_named", item.id)
    target = state.queues.get(queue or item.queue)
    if target is None:
        return no("unknown_queue", queue)
    if to_agent and to_agent not in state.agents:
        return no("unknown_agent", to_agent)
    if to_agent and state.agents[to_agent].disabled:
        return no("agent_disabled", to_agent)
    if to_agent and to_agent == item.asker:
        return no("bad_value", "to_agent")
    transferred = e.ItemTransferred(
        at=now,
        item=item.id,
        agent=by,
        from_queue=item.queue,
        to_queue=target.id,
        to_agent=to_agent,
        note=note,
    )
    asked = item.requirement if target.id == item.queue else carried(state, item.requirement)
    entered = queued(state, item, target, now, reason="transferred", requirement=asked, only=to_agent, offset=offset)
    circles = circling(item, now, item.moves + 1, limits.MOVES_MAX) if by else []
    return [*released(item, now, "transferred"), transferred, entered, *circles]


def requeue_item(state: State, command: c.RequeueItem, now: int) -> Decision:
    """A supervisor puts it back: all bars are lifted, its due is kept."""
    item = state.items.get(command.item)
    if item is None or item.state not in OPEN:
        return no("unknown_item", command.item)
    queue = state.queues.get(command.queue or item.queue)
    if queue is None:
        return no("unknown_queue", command.queue)
    return _requeued(state, item, queue, now)


def _requeued(state: State, item: WorkItem, queue: Queue, now: int, offset: int = 1) -> list[e.Event]:
    asked = item.requirement if queue.id == item.queue else carried(state, item.requirement)
    return [
        *released(item, now, "requeued"),
        queued(state, item, queue, now, reason="requeued", requirement=asked, offset=offset),
    ]
