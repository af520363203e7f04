"""Due: the next instant at which something is due for a record, worked out from the record alone."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from queues.calendar import Calendar
from queues.queue import Queue
from router.core import limits
from router.core.agent import Agent
from router.core.item import WorkItem
from router.core.presence import Presence
from router.core.question import due_of

if TYPE_CHECKING:
    from router.core.state import State


def item_due(state: "State", item: WorkItem) -> int | None:
    """When something is due for an item: its own next instant, or the time to resolve it is over."""
    own = _own_due(state, item)
    queue = state.queues.get(item.queue)
    if queue is None or not queue.resolve_ms:
        return own
    late = resolution_deadline(item, queue)
    return own if late is None else late if own is None else min(own, late)


def _own_due(state: "State", item: WorkItem) -> int | None:
    phase = item.state
    if phase == "queued":
        return _waiting_due(state, item)
    if phase == "reserved":
        first = item.reservation
        if first is not None and not item.rivals:
            return first.expires_at
        return min(held.expires_at for held in item.ringing)
    own = None
    if phase == "active":
        own = item.silent_at
    elif phase == "wrapping":
        own = item.wrap_until
    elif phase == "pending":
        own = item.pending_until if item.pending_until is not None else given_up_at(state, item)
    if item.kept_until is None and not item.questions:
        return own
    return min((at for at in (own, item.kept_until, due_of(item.questions)) if at is not None), default=None)


def _waiting_due(state: "State", item: WorkItem) -> int | None:
    wait = state.placing.next_threshold(item) if item.queue else None
    more = item.entered_at + wait if wait is not None else None
    if not item.excepted and item.callback is None:
        return more
    over = item.callback.over_at(item.entered_at) if item.callback is not None else None
    return min((at for at in (more, over, *item.barred.values()) if at), default=None)


def given_up_at(state: "State", item: WorkItem) -> int | None:
    """When an item that waits for its customer, without a date, closes because they do not answer."""
    queue = state.queues.get(item.queue)
    if queue is None or not queue.pending_close_ms:
        return None
    return max(item.pending_since, item.entered_at) + queue.pending_close_ms


_RESOLVABLE: Final = frozenset({"queued", "active", "wrapping", "pending"})


def resolution_deadline(item: WorkItem, queue: Queue | None) -> int | None:
    """When the time is over in which its queue is to resolve an item that waits or that somebody works on; None when
    there is none, or that was dealt with."""
    if queue is None or not queue.resolve_ms or item.overdue or item.consults or item.state not in _RESOLVABLE:
        return None
    most = queue.resolve(item.channel)
    return item.first_entered_at + most if most else None


def _presence_due(state: "State", presence: Presence) -> int | None:
    if presence.lost_at is None or presence.went_home:
        return None
    return presence.lost_at + limits.PRESENCE_GRACE_TICKS


def _calendar_due(state: "State", calendar: Calendar) -> int | None:
    return calendar.through


def _agent_due(state: "State", agent: Agent) -> int | None:
    return min((lent.until for lent in agent.temporary), default=None)


DUE: Final[dict[str, Callable[["State", Any], int | None]]] = {
    "item": item_due,
    "presence": _presence_due,
    "agent": _agent_due,
    "calendar": _calendar_due,
}
"""How it is found, for the kinds that wait for time."""


def next_deadline(state: "State") -> int | None:
    """When the next thing is due (asked by the writer, which then sends a `Pulse`); None if nothing is."""
    return state.deadlines.first()
