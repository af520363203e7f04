"""Effects: what an event puts into which outbox. Bodies hold ids and facts, never content."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from router.core import events as e
from router.core.estimate import estimate
from router.core.item import WorkItem
from router.core.state import State
from router.core.views import estimate_view

Effect: TypeAlias = tuple[str, dict[str, Any]]
"""An outbox and the body of the entry that goes there."""


def effects(state: State, event: e.Event) -> list[Effect]:
    """The outbox entries of `event`; `state` is that right after it. Without endpoints nobody is told anything."""
    found: list[Effect] = []
    tell = _TOLD.get(type(event))
    if tell is not None and state.endpoints:
        found.append(tell(state, event))
    if isinstance(event, e.ReplySent | e.DeliveryRetried) and event.delivery:
        found.append(_delivery(state, event.delivery))
    return found


def _webhook(state: State, type: str, at: int, item: WorkItem, **more: Any) -> Effect:
    conversation = state.conversations.get(item.conversation)
    body: dict[str, Any] = {
        "type": type,
        "at_ms": at,
        "item": item.id,
        "conversation": item.conversation,
        "reference": conversation.reference if conversation is not None else "",
        "channel": item.channel,
        "queue": item.queue,
        "first_entered_at_ms": item.first_entered_at,
        "entered_at_ms": item.entered_at,
    }
    if item.consults:
        body["consults"] = item.consults
    callback = item.callback
    if item.call or callback is not None:
        body["call"] = item.call if callback is None else callback.call or item.call
    if callback is not None:
        body["callback"] = {"number": callback.number, "attempts": callback.attempts, "reached": callback.reached}
    return ("webhook", body | more)


def _queued(state: State, event: e.ItemQueued) -> Effect:
    """With what may be told to who waits, unless an agent has it already."""
    item = state.items[event.item]
    found = estimate(state, event.item, event.at)
    more: dict[str, Any] = {"estimate": estimate_view(found)} if found is not None else {}
    return _webhook(state, "item.queued", event.at, item, reason=event.reason, due_at_ms=event.due, **more)


def _reserved(state: State, event: e.ReservationMade) -> Effect:
    item = state.items[event.item]
    more = {
        "agent": event.agent,
        "phone": state.agents[event.agent].phone,
        "reservation": event.reservation,
        "expires_at_ms": event.expires_at,
    }
    return _webhook(state, "item.reserved", event.at, item, **more)


def _accepted(state: State, event: e.ReservationAccepted) -> Effect:
    item = state.items[event.item]
    phone = state.agents[event.agent].phone
    more = {"agent": event.agent, "phone": phone, "reservation": event.reservation, "by": event.by}
    return _webhook(state, "item.accepted", event.at, item, **more)


def _reservation_ended(state: State, event: e.ReservationEnded) -> Effect:
    item = state.items[event.item]
    more = {"agent": event.agent, "reservation": event.reservation, "outcome": event.outcome}
    return _webhook(state, "reservation.ended", event.at, item, **more)


def _escalated(state: State, event: e.ItemEscalated) -> Effect:
    item = state.items[event.item]
    more = {
        "agent": event.agent,
        "from_queue": event.from_queue,
        "to_queue": event.to_queue,
        "reason": event.reason,
        "mode": event.mode,
    }
    return _webhook(state, "item.escalated", event.at, item, **more)


def _transferred(state: State, event: e.ItemTransferred) -> Effect:
    item = state.items[event.item]
    more = {"agent": event.agent, "to_queue": event.to_queue, "to_agent": event.to_agent}
    return _webhook(state, "item.transferred", event.at, item, **more)


def _split(state: State, event: e.ItemSplit) -> Effect:
    more = {"agent": event.agent, "parts": list(event.parts), "seq": event.seq}
    return _webhook(state, "item.split", event.at, state.items[event.item], **more)


def _merged(state: State, event: e.ConversationMerged) -> Effect:
    more = {"agent": event.agent, "merged": event.merged, "merged_item": event.merged_item}
    return _webhook(state, "conversation.merged", event.at, state.items[event.item], **more)


def _unmerged(state: State, event: e.ConversationUnmerged) -> Effect:
    more = {"agent": event.agent, "merged": event.merged, "merged_item": event.merged_item, "opens": event.opens}
    return _webhook(state, "conversation.unmerged", event.at, state.items[event.item], **more)


def _asked(state: State, event: e.QuestionAsked) -> Effect:
    more = {
        "question": event.question,
        "kind": event.kind,
        "agent": event.agent,
        "team": event.team,
        "to": list(event.to),
        "code": event.code,
        "amount": event.amount,
        "until_at_ms": event.until,
    }
    return _webhook(state, "question.asked", event.at, state.items[event.item], **more)


def _question_passed(state: State, event: e.QuestionPassed) -> Effect:
    more = {"question": event.question, "to": event.to}
    return _webhook(state, "question.passed", event.at, state.items[event.item], **more)


def _question_answered(state: State, event: e.QuestionAnswered) -> Effect:
    """Who joins a call is put through by the phone system: it is told whom, and where."""
    item = state.items[event.item]
    more = {"question": event.question, "agent": event.agent, "by": event.by, "answer": event.answer}
    if event.answer != "join":
        return _webhook(state, "question.answered", event.at, item, **more)
    more |= {"phone": state.agents[event.by].phone, "agent_phone": state.agents[event.agent].phone}
    return _webhook(state, "help.join", event.at, item, **more)


def _returned(state: State, event: e.ItemReturned) -> Effect:
    more = {"agent": event.agent, "to_queue": event.to_queue, "kind": event.kind, "reason": event.reason}
    return _webhook(state, "item.returned", event.at, state.items[event.item], **more)


def _overdue(state: State, event: e.ItemOverdue) -> Effect:
    return _webhook(state, "item.overdue", event.at, state.items[event.item], agent=event.agent)


def _consult_opened(state: State, event: e.ConsultOpened) -> Effect:
    more = {
        "consult": event.consult,
        "agent": event.agent,
        "to_queue": event.queue,
        "to_agent": event.to_agent,
        "warm": event.warm,
    }
    return _webhook(state, "consult.opened", event.at, state.items[event.item], **more)


def _consult_answered(state: State, event: e.ConsultAnswered) -> Effect:
    more = {"consult": event.consult, "agent": event.agent}
    return _webhook(state, "consult.answered", event.at, state.items[event.item], **more)


def _consult_ended(state: State, event: e.ConsultEnded) -> Effect:
    more = {"consult": event.consult, "agent": event.agent, "reason": event.reason}
    return _webhook(state, "consult.ended", event.at, state.items[event.item], **more)


def _handed_over(state: State, event: e.ItemHandedOver) -> Effect:
    """The phone system connects the customer with the specialist: it is told whom, and where."""
    more = {
        "consult": event.consult,
        "agent": event.agent,
        "agent_phone": state.agents[event.agent].phone,
        "to_agent": event.to_agent,
        "phone": state.agents[event.to_agent].phone,
        "to_queue": event.to_queue,
    }
    return _webhook(state, "item.handed_over", event.at, state.items[event.item], **more)


def _pending(state: State, event: e.ItemPending) -> Effect:
    item = state.items[event.item]
    return _webhook(state, "item.pending", event.at, item, agent=event.agent, until_at_ms=event.until)


def _parted(type: str) -> Callable[[State, Any], Effect]:
    """What an agent does with an item, without its moving: it is parked or taken up, takes no room or does again."""

    def tell(state: State, event: Any) -> Effect:
        more = {"over": event.over} if isinstance(event, e.ItemWoken) else {}
        return _webhook(state, type, event.at, state.items[event.item], agent=event.agent, **more)

    return tell


def _closed(state: State, event: e.ItemClosed) -> Effect:
    item = state.items[event.item]
    more: dict[str, Any] = {"agent": event.agent, "outcome": event.outcome, "disposition": event.disposition}
    if event.outcome == "turned_away":
        fallback = state.queues[item.queue].fallback(event.reason or "closed")
        more |= {"reason": event.reason, "message": fallback.message, "callback": fallback.callback}
    return _webhook(state, "item.closed", event.at, item, **more)


def _message_received(state: State, event: e.MessageReceived) -> Effect:
    item = state.items[event.item]
    return _webhook(state, "message.received", event.at, item, message=event.message.id, seq=event.seq)


def _reply_sent(state: State, event: e.ReplySent) -> Effect:
    item = state.items[event.item]
    more = {"agent": event.agent, "message": event.message.id, "seq": event.seq}
    return _webhook(state, "message.sent", event.at, item, **more)


def _delivery(state: State, id: str) -> Effect:
    delivery = state.deliveries[id]
    item = state.items.get(delivery.item)
    body = {
        "delivery": delivery.id,
        "conversation": delivery.conversation,
        "item": delivery.item,
        "message": delivery.message,
        "content": delivery.content,
        "agent": delivery.agent,
        "queue": item.queue if item is not None else "",
    }
    return (delivery.channel, body)


def _call_held(state: State, event: e.CallHeld) -> Effect:
    return _webhook(state, "call.held", event.at, state.items[event.item], held=event.held)


def _callback_offered(state: State, event: e.CallbackOffered) -> Effect:
    return _webhook(state, "callback.offered", event.at, state.items[event.item], why=event.why)


def _callback_asked(state: State, event: e.CallbackAsked) -> Effect:
    return _webhook(state, "callback.asked", event.at, state.items[event.item])


def _callback_failed(state: State, event: e.CallbackFailed) -> Effect:
    more = {"agent": event.agent, "attempt": event.attempt, "reason": event.reason}
    return _webhook(state, "callback.failed", event.at, state.items[event.item], **more)


def _alarm(state: State, event: e.AlarmRaised) -> Effect:
    body = {"type": "alarm.raised", "at_ms": event.at, "code": event.code, "subject": event.subject}
    return ("webhook", body | {"count": event.count})


_TOLD: Final[dict[type, Callable[[State, Any], Effect]]] = {
    e.ItemQueued: _queued,
    e.ReservationMade: _reserved,
    e.ReservationAccepted: _accepted,
    e.ReservationEnded: _reservation_ended,
    e.ItemEscalated: _escalated,
    e.ItemReturned: _returned,
    e.ItemOverdue: _overdue,
    e.ConsultOpened: _consult_opened,
    e.ConsultAnswered: _consult_answered,
    e.ConsultEnded: _consult_ended,
    e.ItemHandedOver: _handed_over,
    e.ItemTransferred: _transferred,
    e.ItemPending: _pending,
    e.ItemInterrupted: _parted("item.interrupted"),
    e.ItemContinued: _parted("item.continued"),
    e.ItemSilenced: _parted("item.silenced"),
    e.ItemWoken: _parted("item.woken"),
    e.ItemClosed: _closed,
    e.ItemSplit: _split,
    e.ConversationMerged: _merged,
    e.ConversationUnmerged: _unmerged,
    e.QuestionAsked: _asked,
    e.QuestionPassed: _question_passed,
    e.QuestionAnswered: _question_answered,
    e.MessageReceived: _message_received,
    e.ReplySent: _reply_sent,
    e.CallHeld: _call_held,
    e.CallbackOffered: _callback_offered,
    e.CallbackAsked: _callback_asked,
    e.CallbackFailed: _callback_failed,
    e.AlarmRaised: _alarm,
}
"""Events that integrators are told of; all others stay in the house."""
