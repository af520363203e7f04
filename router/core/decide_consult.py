"""Decisions about consults: specialists are asked about an item that its agent keeps.

A consult is a small item about another one. It waits, is reserved and accepted as any item is, in the other's channel,
since whoever is asked by phone must be free to talk; but who has it never speaks for the house to the customer.
"""

import msgspec

from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.decision import Decision, abandoned, carried, code_known, no, owned, queued
from router.core.escalation import circling, specialists_of
from router.core.item import WorkItem
from router.core.rejections import Rejection
from router.core.state import State


def consult_item(state: State, command: c.ConsultItem, now: int) -> Decision:
    """Ask the specialists of the item, a queue, or a colleague by name."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    if not command.note:
        return no("note_required", item.id)
    usual = specialists_of(state, item.category, item.queue)
    queue = command.queue or usual or (item.queue if command.to_agent else "")
    if not queue:
        return no("no_specialist_queue", item.id)
    return asked_about(
        state, item, now, consult=command.consult, queue=queue, to_agent=command.to_agent, note=command.note
    )


def asked_about(
    state: State,
    item: WorkItem,
    now: int,
    *,
    consult: str,
    queue: str,
    note: str,
    to_agent: str = "",
    escalation: str = "",
) -> Decision:
    """A consult about `item`; with `escalation`, to hand it over for that reason once somebody is there."""
    target = state.queues.get(queue)
    if target is None:
        return no("unknown_queue", queue)
    if to_agent and to_agent not in state.agents:
        return no("unknown_agent", to_agent)
    if to_agent and state.agents[to_agent].disabled:
        return no("agent_disabled", to_agent)
    if to_agent == item.agent:
        return no("bad_value", "to_agent")
    if not consult or consult in state.items:
        return no("duplicate_id", consult)
    if len(item.consultations) >= limits.CONSULTS_MAX or len(state.items) >= limits.WAITING_MAX:
        return no("full", item.id)
    opened = e.ConsultOpened(
        at=now,
        item=item.id,
        agent=item.agent,
        consult=consult,
        queue=queue,
        to_agent=to_agent,
        note=note,
        warm=bool(escalation),
        reason=escalation,
    )
    entered = e.ItemQueued(
        at=now,
        item=consult,
        queue=queue,
        reason="consulted",
        due=now + target.target(item.channel),
        seq=state.meta.seq + 1,
        requirement=() if to_agent else carried(state, item.requirement),
        priority=item.priority,
        only=to_agent,
    )
    return [opened, entered]


def answer_consult(state: State, command: c.AnswerConsult, now: int) -> Decision:
    """The answer is kept with the item that was asked about, and the consult is over."""
    consult = owned(state, command, command.item, command.agent)
    if isinstance(consult, Rejection):
        return consult
    if not consult.consults:
        return no("no_consult", consult.id)
    if not command.note:
        return no("note_required", consult.id)
    answered = e.ConsultAnswered(
        at=now, item=consult.consults, agent=command.agent, consult=consult.id, note=command.note
    )
    return [answered, *_closed(consult, now)]


def end_consult(state: State, command: c.EndConsult, now: int) -> Decision:
    """Who asked, or has the item now, needs no answer any more: nobody is rung for it, who took it up is free."""
    consult = state.items.get(command.item)
    if consult is None or consult.state == "closed":
        return no("unknown_item", command.item)
    if not consult.consults:
        return no("no_consult", consult.id)
    about = state.items.get(consult.consults)
    if command.agent not in (consult.asker, about.agent if about is not None else ""):
        return no("not_yours", consult.id)
    return over(consult, now, command.agent, "withdrawn")


def over(consult: WorkItem, now: int, agent: str, reason: e.ConsultEnd) -> list[e.Event]:
    """The consult ends without an answer."""
    ended = e.ConsultEnded(at=now, item=consult.consults, agent=agent, consult=consult.id, reason=reason)
    return [ended, *_closed(consult, now)]


def _closed(consult: WorkItem, now: int) -> list[e.Event]:
    *rescinded, closed = abandoned(consult, now)
    assert isinstance(closed, e.ItemClosed)
    return [*rescinded, msgspec.structs.replace(closed, outcome="consulted")]


def left_open(state: State, events: list[e.Event], now: int) -> list[e.Event]:
    """The end of every consult about an item that was closed by these events, which have happened."""
    ends: list[e.Event] = []
    for event in events:
        if type(event) is e.ItemClosed:
            for consult in state.items[event.item].consultations:
                ends += over(state.items[consult], now, "", "item_ended")
    return ends


def hand_over(state: State, command: c.HandOver, now: int) -> Decision:
    """The specialist is there: the consult ends, and the item is theirs, customer included."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    consult = state.items.get(command.consult)
    if consult is None or consult.id not in item.consultations:
        return no("no_consult", command.consult)
    if consult.state != "active":
        return no("wrong_state", consult.id)
    escalates = consult.queue != item.queue
    reason = command.reason or consult.escalation
    if escalates and not code_known(state, "escalation", reason):
        return no("unknown_code" if reason else "reason_required", reason or item.id)
    return [
        *over(consult, now, command.agent, "handed_over"),
        _passed_on(item, consult, now, reason if escalates else ""),
        e.ItemHandedOver(
            at=now,
            item=item.id,
            agent=command.agent,
            consult=consult.id,
            to_agent=consult.agent,
            from_queue=item.queue,
            to_queue=consult.queue,
        ),
        *_taken_up(state, item, consult, now),
    ]


def _passed_on(item: WorkItem, consult: WorkItem, now: int, reason: str) -> e.Event:
    """An escalation where it goes to another queue, else a transfer to a colleague."""
    if not reason:
        return e.ItemTransferred(
            at=now,
            item=item.id,
            agent=item.agent,
            from_queue=item.queue,
            to_queue=consult.queue,
            to_agent=consult.agent,
        )
    return e.ItemEscalated(
        at=now,
        item=item.id,
        agent=item.agent,
        from_queue=item.queue,
        to_queue=consult.queue,
        reason=reason,
        mode="connect",
    )


def _taken_up(state: State, item: WorkItem, consult: WorkItem, now: int) -> list[e.Event]:
    """The item goes through the queue to the one agent who has said already that they are there, all in one instant."""
    queue, agent = state.queues[consult.queue], consult.agent
    same = queue.id == item.queue
    asked = item.requirement if same else carried(state, item.requirement)
    reservation = f"r{state.meta.reservation + 1}"
    entered = queued(state, item, queue, now, reason="handed_over", requirement=asked, only=agent)
    stuck = circling(item, now, item.moves + 1, limits.MOVES_MAX)
    if stuck:
        return [entered, *stuck]
    events: list[e.Event] = [
        entered,
        e.ReservationMade(
            at=now,
            item=item.id,
            agent=agent,
            queue=queue.id,
            reservation=reservation,
            expires_at=now + queue.reservation_ms,
        ),
        e.ReservationAccepted(at=now, item=item.id, agent=agent, reservation=reservation),
    ]
    if item.call and item.answered and item.state == "active":
        events.append(e.CallAnswered(at=now, item=item.id, agent=agent))
    return events
