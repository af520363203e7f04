"""Decisions about deliveries, and about what leaves memory."""

from typing import Final, Literal

from router.core import commands as c
from router.core import events as e
from router.core.decision import Decision, no
from router.core.merged import held_back, leaving_with
from router.core.state import State

_STATE: Final[dict[str, Literal["queued", "sent", "failed", "unknown"]]] = {
    "sent": "sent",
    "failed": "failed",
    "unknown": "unknown",
    "retry": "queued",
}


def start_delivery(state: State, command: c.StartDelivery, now: int) -> Decision:
    """An attempt begins, one at a time: the worker may touch the outside only after this is committed."""
    delivery = state.deliveries.get(command.delivery)
    if delivery is None:
        return no("unknown_delivery", command.delivery)
    if delivery.state != "queued" or command.attempt != delivery.attempt + 1:
        return no("wrong_attempt", command.delivery)
    return [e.DeliveryStarted(at=now, delivery=command.delivery, attempt=command.attempt)]


def end_delivery(state: State, command: c.EndDelivery, now: int) -> Decision:
    """The attempt under way ended."""
    delivery = state.deliveries.get(command.delivery)
    if delivery is None:
        return no("unknown_delivery", command.delivery)
    if delivery.state != "sending" or command.attempt != delivery.attempt:
        return no("wrong_attempt", command.delivery)
    return [
        e.DeliveryEnded(
            at=now,
            delivery=command.delivery,
            state=_STATE[command.result],
            code=command.code,
            thread_keys=command.thread_keys,
        )
    ]


def retry_delivery(state: State, command: c.RetryDelivery, now: int) -> Decision:
    """Only a person resends what failed, or what may have arrived."""
    delivery = state.deliveries.get(command.delivery)
    if delivery is None:
        return no("unknown_delivery", command.delivery)
    if delivery.state not in ("failed", "unknown"):
        return no("wrong_state", command.delivery)
    return [e.DeliveryRetried(at=now, delivery=command.delivery, agent=command.agent)]


def forget(state: State, command: c.Forget, now: int) -> Decision:
    """Closed items leave memory; one that is not closed, or not there, is passed over. What was merged into another
    stays as long as that does, and leaves with it: until then it can be undone, and mails find the way."""
    closed = [state.items[id] for id in command.items if id in state.items and state.items[id].state == "closed"]
    leaving = {id: None for item in closed if not held_back(state, item) for id in leaving_with(state, item)}
    return [e.ItemsForgotten(at=now, items=tuple(leaving))] if leaving else []
