"""A callback's way: asked, dialled, failed and tried again, or given up."""

from queues.callback import Window
from queues.queue import Queue
from router.core import events as e
from router.core.decision import carried, queued, released
from router.core.item import Callback, WorkItem
from router.core.opening import SCHEDULED
from router.core.state import State


def asked(state: State, item: WorkItem, callback: Callback, start: int, now: int) -> list[e.Event]:
    """What waits on the line waits without its customer from here on, at the same place; until `start` with nobody."""
    events = [*released(item, now, "callback"), e.CallbackAsked(at=now, item=item.id, callback=callback)]
    if start > now and item.state in ("queued", "reserved"):
        events.append(e.ItemPending(at=now, item=item.id, agent="", until=start, reason=SCHEDULED))
    return events


def as_callback(
    state: State,
    item: WorkItem,
    queue: Queue,
    now: int,
    *,
    windows: tuple[Window, ...] = (),
    number: str = "",
    reason: e.EntryReason = "callback",
    offset: int = 1,
) -> list[e.Event]:
    """What an agent has, or what waits, becomes a callback of this queue, in one of these windows: of the number that
    is given, or of the one that the customer came from."""
    known = number or state.conversations[item.conversation].address
    callback = Callback(number=known, windows=windows, asked_at=now)
    asks = item.requirement if queue.id == item.queue else carried(state, item.requirement)
    entered = queued(state, item, queue, now, reason=reason, requirement=asks, offset=offset)
    events = [*released(item, now, "callback"), entered, e.CallbackAsked(at=now, item=item.id, callback=callback)]
    start = callback.from_at(now)
    if start is not None and start > now:
        events.append(e.ItemPending(at=now, item=item.id, agent="", until=start, reason=SCHEDULED))
    return events


def failed(state: State, item: WorkItem, now: int, reason: str) -> list[e.Event]:
    """The customer was not reached: they are called again after a while, in their time, so often and no more."""
    callback, queue = item.callback, state.queues[item.queue]
    assert callback is not None
    attempt = callback.attempts + 1
    tried = e.CallbackFailed(at=now, item=item.id, agent=item.agent, attempt=attempt, reason=reason)
    again = callback.from_at(now + queue.callbacks.retry_ms)
    if attempt >= (callback.most or queue.callbacks.attempts) or again is None:
        return [
            *released(item, now, "unreached"),
            tried,
            e.ItemClosed(at=now, item=item.id, outcome="unreached", agent=item.agent, disposition=item.disposition),
        ]
    pending = e.ItemPending(at=now, item=item.id, agent="", until=again, reason=SCHEDULED)
    return [*released(item, now, "unreached"), tried, pending]
