"""What rules do with what waits: ask less, move it on, offer to call back, raise an alarm, turn it away.

No rule sends an item back to a queue that it has passed by rule, and rules move one item only so often: then it is
stuck and somebody is told, so that nothing circles.
"""

from queues.queue import Refused
from router.core import events as e
from router.core import limits
from router.core.decision import carried, preferred
from router.core.events.callback import Offered
from router.core.item import WorkItem
from router.core.opened import ON_THE_LINE, Way, taker, waiting
from router.core.opening import SCHEDULED, turned_away
from router.core.state import State


def waited(state: State, item: WorkItem, now: int, offset: int) -> list[e.Event]:
    """The item has waited long enough that something changes."""
    events: list[e.Event] = []
    lapsed = tuple(agent for agent, until in item.barred.items() if until and until <= now)
    if lapsed:
        events.append(e.ExceptionsLapsed(at=now, item=item.id, agents=lapsed))
    over = item.callback.over_at(item.entered_at) if item.callback is not None else None
    if over is not None and over <= now:
        return [*events, *_missed(item, now)]
    reached = max((wait for wait in state.placing.thresholds(item.queue) if item.entered_at + wait <= now), default=0)
    if reached > item.waited:
        events.append(e.ItemRelaxed(at=now, item=item.id, waited=reached))
        events += _reached(state, item, reached, now, offset)
    return events


def scheduled(state: State, item: WorkItem, now: int) -> list[e.Event]:
    """The time of an item that waited with nobody has come: it enters its queue, at the place that it had."""
    return [
        e.ItemQueued(
            at=now,
            item=item.id,
            queue=item.queue,
            reason="due",
            due=item.due,
            seq=item.seq,
            requirement=item.requirement,
            wishes=item.wishes,
            priority=item.priority,
            only=item.only,
            prefers=preferred(state, state.queues[item.queue], item.last_agent, item.requirement),
        )
    ]


def too_many(state: State, item: WorkItem, now: int) -> list[e.Event]:
    """What becomes of an item that has just entered a queue in which more waits now than may; nothing if it fits."""
    queue = state.queues.get(item.queue)
    if item.state != "queued" or item.to_call or queue is None or queue.waiting_max is None:
        return []
    return _fallen(state, item, "full", now) if waiting(state, queue) > queue.waiting_max else []


def _reached(state: State, item: WorkItem, wait: int, now: int, offset: int) -> list[e.Event]:
    """What the steps that the item has come to do beside what they make it ask; the first that moves it is the last."""
    queue = state.queues[item.queue]
    events: list[e.Event] = []
    for step in queue.plan:
        if not item.waited < step.after_ms <= wait:
            continue
        if step.alert:
            events.append(e.AlarmRaised(at=now, code=step.alert, subject=item.id))
        if step.callback:
            events += _offer(item, now, "plan", events)
        way = _way_on(state, item, step.overflow, now)
        if way is not None:
            return [*events, *_moved_on(state, item, way, now, offset)]
    if item.waited < queue.wait_max_ms <= wait:
        events += _fallen(state, item, "late", now, offset)
    return events


def _fallen(state: State, item: WorkItem, why: Refused, now: int, offset: int = 1) -> list[e.Event]:
    """What becomes of what a queue does not keep: it flows over, else it is offered a callback (and, where it came one
    too many, turned away); what is written stays, with an alarm."""
    queue = state.queues[item.queue]
    fallback = queue.fallback(why)
    way = _way_on(state, item, fallback.overflow, now)
    if way is not None:
        return _moved_on(state, item, way, now, offset)
    if item.channel not in ON_THE_LINE or item.to_call:
        return [e.AlarmRaised(at=now, code=f"queue_{why}", subject=item.queue, count=waiting(state, queue))]
    if why == "late" and fallback.callback and item.channel == "phone":
        return _offer(item, now, why, [])
    return turned_away(queue, item.id, item.channel, now, why)


def _way_on(state: State, item: WorkItem, overflow: str, now: int) -> Way | None:
    return taker(state, overflow, item.channel, now, (*item.passed, item.queue)) if overflow else None


def _offer(item: WorkItem, now: int, why: Offered, before: list[e.Event]) -> list[e.Event]:
    """A caller may ask to be called back, once in a wait."""
    offered = item.callback_offered or any(isinstance(event, e.CallbackOffered) for event in before)
    if item.channel != "phone" or item.callback is not None or offered:
        return []
    return [e.CallbackOffered(at=now, item=item.id, why=why)]


def _moved_on(state: State, item: WorkItem, way: Way, now: int, offset: int) -> list[e.Event]:
    """A rule sends the item on, or nobody but a person does any more."""
    if item.moves_by_rule + len(way.passed) >= limits.MOVES_BY_RULE_MAX:
        stuck = e.ItemStuck(at=now, item=item.id, reason="circles")
        return [stuck, e.AlarmRaised(at=now, code="item_circles", subject=item.id, count=item.moves_by_rule)]
    asks = carried(state, item.requirement)
    return [
        e.ItemQueued(
            at=now,
            item=item.id,
            queue=way.queue.id,
            reason="overflowed",
            due=min(item.due, now + way.queue.target(item.channel)),
            seq=state.meta.seq + offset,
            requirement=asks,
            wishes=item.wishes,
            priority=item.priority,
            prefers=preferred(state, way.queue, item.last_agent, asks),
            passed=(item.queue, *way.passed),
        )
    ]


def _missed(item: WorkItem, now: int) -> list[e.Event]:
    """Nobody called in the time that the customer wanted: in the next one, else as soon as possible, with an alarm."""
    following = item.callback.from_at(now) if item.callback is not None else None
    if following is not None and following > now:
        pending = e.ItemPending(at=now, item=item.id, agent="", until=following, reason=SCHEDULED)
        return [e.CallbackMissed(at=now, item=item.id), pending]
    missed: list[e.Event] = [e.CallbackMissed(at=now, item=item.id)]
    if following is None:
        missed.append(e.AlarmRaised(at=now, code="callback_missed", subject=item.id))
    return missed
