"""Views: records as the outer faces show them. Plain dicts, JSON-ready, times as `…_at_ms`; no content."""

from typing import Any

from queues.capacity import Room
from queues.queue import Closed
from router.core.agent import Temporary
from router.core.capacity import load_share, over_capacity
from router.core.conversation import Conversation
from router.core.escalation import specialists_of, wants_specialists
from router.core.estimate import Estimate
from router.core.item import Callback, Reservation, WorkItem
from router.core.merged import parts_of
from router.core.opened import closes_at, opens_at
from router.core.presence import FollowedEnd
from router.core.question import Question
from router.core.state import State
from router.core.waiting import waiting


def item_view(state: State, item: str) -> dict[str, Any]:
    """What there is to know of an item."""
    record = state.items[item]
    conversation = state.conversations.get(record.conversation)
    view: dict[str, Any] = {
        "id": record.id,
        "conversation": record.conversation,
        "reference": conversation.reference if conversation else "",
        "channel": record.channel,
        "state": record.state,
        "queue": record.queue,
        "agent": record.agent,
        "last_agent": record.last_agent,
        "only": record.only,
        "priority": record.priority or _priority(state, record.queue),
        "requirement": dict(record.requirement),
        "language": record.language,
        "category": record.category,
        "customer": record.customer,
        "entry_point": record.entry_point,
        "rules": list(record.rules),
        "call": record.call,
        "attributes": record.attributes,
        "address": conversation.address if conversation else "",
        "messages": conversation.seq if conversation else 0,
        "opened_at_ms": record.opened_at,
        "first_entered_at_ms": record.first_entered_at,
        "entered_at_ms": record.entered_at,
        "due_at_ms": record.due,
        "accepted_at_ms": record.accepted_at,
        "answered": record.answered,
        "held": record.held,
        "escalations": record.escalations,
        "connect_failures": record.connect_failures,
        "wrap_until_at_ms": record.wrap_until,
        "pending_until_at_ms": record.pending_until,
        "pending_reason": record.pending_reason,
        "kept_until_at_ms": record.kept_until,
        "disposition": record.disposition,
        "outcome": record.outcome,
        "related": record.related,
        "reopens": record.reopens,
        "reopen_count": record.reopen_count,
        "closed_at_ms": record.closed_at,
    }
    view["refused"] = record.refused
    view["passed"] = list(record.passed)
    view["moves_by_rule"] = record.moves_by_rule
    view["callback"] = callback_view(record.callback)
    view["reservation"] = _reservation_view(record)
    view["seen"] = dict(conversation.seen or {}) if conversation else {}
    view["replied"] = conversation is not None and _replied(state, conversation)
    view["rivals"] = [_held_view(held) for held in record.rivals]
    view["declines"] = record.declines
    view["interrupted"] = record.interrupted
    view["silent"] = record.silent
    view["silent_at_ms"] = record.silent_at
    view["split_from"] = record.split_from
    view["counted"] = record.counted
    view["merged_into"] = conversation.merged_into if conversation else ""
    view["parts"] = _parts_view(state, conversation)
    view["questions"] = [question_view(question) for question in record.questions]
    view["joined"] = list(record.joined)
    view |= _escalation_view(state, record)
    view["customer_left"] = conversation.gone if conversation else False
    view["deliveries"] = _deliveries_view(state, conversation.deliveries if conversation else ())
    return view


def callback_view(callback: Callback | None) -> dict[str, Any] | None:
    """How a customer is to be called back: `number` is the id of the content that says where. None: not at all."""
    if callback is None:
        return None
    return {
        "number": callback.number,
        "call": callback.call,
        "attempts": callback.attempts,
        "windows": [{"start_at_ms": window.start, "end_at_ms": window.end} for window in callback.windows],
        "asked_at_ms": callback.asked_at,
        "reached": callback.reached,
    }


def _escalation_view(state: State, item: WorkItem) -> dict[str, Any]:
    """How an item came to its queue and goes on: `returns_to` is where specialists give it back to, `specialists` where
    its category says that it belongs. A consult says what it is about (`consults`)."""
    passed = item.way[-1] if item.way else None
    wanted = specialists_of(state, item.category, item.queue) if wants_specialists(state, item.category) else ""
    return {
        "returns_to": passed.queue if passed is not None else "",
        "escalated_by": passed.agent if passed is not None else "",
        "followers": list(item.followers),
        "overdue": item.overdue,
        "specialists": wanted,
        "consults": item.consults,
        "asker": item.asker,
        "warm": item.warm,
        "consultations": [_consult_view(state.items[id]) for id in item.consultations],
        "answers": item.answers,
    }


def _consult_view(consult: WorkItem) -> dict[str, Any]:
    """A consult as who asked sees it."""
    return {
        "id": consult.id,
        "queue": consult.queue,
        "only": consult.only,
        "agent": consult.agent if consult.state != "queued" else "",
        "state": consult.state,
        "warm": consult.warm,
        "opened_at_ms": consult.opened_at,
        "accepted_at_ms": consult.accepted_at,
    }


def followed_view(state: State, agent: str) -> list[dict[str, Any]]:
    """What an agent follows: open items of others, the latest first, then those that ended and that they have not put
    aside."""
    open = sorted((state.items[id] for id in state.followed.get(agent, ())), key=lambda item: -item.first_entered_at)
    ended = state.presences[agent].ended if agent in state.presences else ()
    return [*(_followed_row(state, item) for item in open), *(_ended_row(end) for end in reversed(ended))]


def _followed_row(state: State, item: WorkItem) -> dict[str, Any]:
    conversation = state.conversations.get(item.conversation)
    return {
        "item": item.id,
        "conversation": item.conversation,
        "reference": conversation.reference if conversation is not None else "",
        "channel": item.channel,
        "queue": item.queue,
        "customer": item.customer,
        "state": item.state,
        "agent": next(iter(holders(item)), ""),
        "outcome": "",
        "disposition": item.disposition,
        "first_entered_at_ms": item.first_entered_at,
        "entered_at_ms": item.entered_at,
        "closed_at_ms": None,
    }


def _ended_row(end: FollowedEnd) -> dict[str, Any]:
    return {
        "item": end.item,
        "conversation": end.conversation,
        "reference": end.reference,
        "channel": end.channel,
        "queue": end.queue,
        "customer": end.customer,
        "state": "closed",
        "agent": "",
        "outcome": end.outcome,
        "disposition": end.disposition,
        "first_entered_at_ms": end.first_entered_at,
        "entered_at_ms": end.entered_at,
        "closed_at_ms": end.closed_at,
    }


def _priority(state: State, queue: str) -> int:
    """What an item without a priority of its own has in a queue."""
    return state.queues[queue].priority if queue in state.queues else 0


def _replied(state: State, conversation: Conversation) -> bool:
    """Whether nobody waits for an answer: the last word is ours, and it was not held up on its way."""
    if not conversation.seq or conversation.replied != conversation.seq:
        return False
    last = state.deliveries.get(conversation.deliveries[-1]) if conversation.deliveries else None
    return last is None or last.state != "failed"


def _parts_view(state: State, conversation: Conversation | None) -> dict[str, Any]:
    """What a conversation has to do with others: those that are read with it. `merged`: also those merged before into
    one that was merged into it."""
    if conversation is None:
        return {"split_from": "", "splits": [], "merged": []}
    return {
        "split_from": conversation.split_from,
        "splits": list(conversation.splits),
        "merged": list(parts_of(state, conversation)),
    }


def question_view(question: Question) -> dict[str, Any]:
    """A question to a leader; `note` and `said` are content ids. `answer` is empty while it waits."""
    return {
        "id": question.id,
        "kind": question.kind,
        "agent": question.agent,
        "team": question.team,
        "asked_at_ms": question.at,
        "code": question.code,
        "note": question.note,
        "amount": question.amount,
        "to": list(question.to),
        "until_at_ms": question.until,
        "alarmed": question.alarmed,
        "answer": question.answer,
        "by": question.by,
        "said": question.said,
        "answered_at_ms": question.answered_at,
    }


def _reservation_view(item: WorkItem) -> dict[str, Any] | None:
    return _held_view(item.reservation) if item.reservation is not None else None


def _held_view(held: Reservation) -> dict[str, Any]:
    return {"id": held.id, "agent": held.agent, "made_at_ms": held.made_at, "expires_at_ms": held.expires_at}


def _deliveries_view(state: State, ids: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    found = ((id, state.deliveries.get(id)) for id in ids)
    return {
        id: {"state": delivery.state, "attempt": delivery.attempt, "code": delivery.code, "message": delivery.message}
        for id, delivery in found
        if delivery is not None
    }


def holders(item: WorkItem) -> tuple[str, ...]:
    """The agents to whom an item is shown as theirs: several only while it is held for several at once."""
    return item.holders if item.state in ("reserved", "active", "wrapping", "pending") else ()


def own_view(state: State, item: str, agent: str) -> dict[str, Any]:
    """An item as one of those sees it for whom it is held: with their own reservation, and no other's."""
    view = item_view(state, item)
    record = state.items[item]
    if record.rivals and (held := record.held_for(agent)) is not None:
        view |= {"agent": agent, "reservation": _held_view(held), "rivals": []}
    return view


def agent_summary(state: State, agent: str) -> dict[str, Any]:
    """An agent as others see them."""
    record = state.agents[agent]
    presence = state.presences[agent]
    return {
        "id": record.id,
        "name": record.name,
        "teams": list(record.teams),
        "skills": dict(state.skills_of(record)),
        "phone": record.phone,
        "language": record.language,
        "disabled": record.disabled,
        "revision": record.revision,
        "state": presence.state,
        "reason": presence.reason,
        "next": presence.next,
        "returned": list(presence.returned),
        "asked": list(presence.asked),
        "since_at_ms": presence.since,
        "connected": bool(presence.clients),
        "activity": state.activity(agent),
        "holds": len(state.theirs(agent)),
        "memberships": {
            queue: {
                "order": membership.order,
                "priority": membership.priority,
                "delay_ms": membership.delay_ms,
                "weight": membership.weight,
                "enabled": membership.enabled,
            }
            for queue, membership in sorted(state.memberships(record).items())
        },
        "temporary": [temporary_view(lent) for lent in record.temporary],
        "rooms": {channel: room_view(room) for channel, room in sorted(record.rooms.items())},
        "total": record.total,
        "room": [channel for channel in sorted(record.rooms) if state.room(record, channel)],
        "load_share": load_share(state, record),
        "over_capacity": over_capacity(state, record),
        "handled": presence.handled,
    }


def room_view(room: Room) -> dict[str, Any]:
    """An agent's room for one channel."""
    return {
        "maximum": room.maximum,
        "weight": room.weight,
        "alone": room.alone,
        "interruptible_by": list(room.interruptible_by),
        "silent_ms": room.silent_ms,
    }


def temporary_view(lent: Temporary) -> dict[str, Any]:
    """What an agent has for a time: a skill with its level, or a queue with how it is served (None: not)."""
    if lent.skill:
        return {"skill": lent.skill, "level": lent.level, "until_at_ms": lent.until}
    how = lent.membership
    served = {"order": how.order, "enabled": how.enabled} if how is not None else None
    return {"queue": lent.queue, "membership": served, "until_at_ms": lent.until}


def agent_view(state: State, agent: str) -> dict[str, Any]:
    """An agent's whole view: themselves, every item that is theirs, and what they follow."""
    return {
        "agent": agent_summary(state, agent),
        "items": {item: own_view(state, item, agent) for item in sorted(state.theirs(agent))},
        "followed": followed_view(state, agent),
    }


def queue_view(state: State, queue: str) -> dict[str, Any]:
    """A queue with what waits in it now."""
    record = state.queues[queue]
    found = waiting(state, queue, 0)
    return {
        "id": record.id,
        "names": dict(record.names),
        "line": record.line,
        "team": record.team,
        "waiting": found.items,
        "oldest_entered_at_ms": found.oldest,
        "first_due_at_ms": found.first_due,
        "demands": list(record.demands),
        "closed": closed_view(record.closed),
        "waiting_max": record.waiting_max,
        "wait_max_ms": record.wait_max_ms,
        "callbacks": _callbacks_in(state, queue, "queued"),
        "scheduled": _callbacks_in(state, queue, "pending"),
        "revision": record.revision,
    }


def _callbacks_in(state: State, queue: str, stands: str) -> int:
    """How many customers of a queue are to be called back and wait for an agent (`queued`), or for their time."""
    found = (state.items[id] for id in state.callbacks)
    return sum(item.queue == queue and item.state == stands and item.to_call for item in found)


def opening_view(state: State, queue: str, now: int) -> dict[str, Any]:
    """When a queue opens and closes next by its hours, as far as it does and that is known."""
    record = state.queues[queue]
    return {"opens_at_ms": opens_at(state, record, now), "closes_at_ms": closes_at(state, record, now)}


def estimate_view(found: Estimate) -> dict[str, Any]:
    """An estimate as the outer faces show it."""
    return {
        "position": found.position,
        "ahead": found.ahead,
        "agents": found.agents,
        "low_ms": found.low,
        "expected_ms": found.expected,
        "high_ms": found.high,
        "confidence": found.confidence,
        "method": found.method,
        "reason": found.reason,
    }


def closed_view(closed: Closed | None) -> dict[str, Any] | None:
    """Since when a queue is closed by hand, what it says, and where it flows over to; None for an open one."""
    if closed is None:
        return None
    return {
        "since_at_ms": closed.since,
        "message": dict(closed.message),
        "overflow": closed.overflow,
        "callback": closed.callback,
    }
