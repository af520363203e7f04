"""The decision about time: whatever is due by now happens, a bounded number at once, in the order it fell due."""

from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.decide_asking import overdue as unanswered
from router.core.decide_message import reopened
from router.core.decision import Decision, completed, lacking
from router.core.due import given_up_at, resolution_deadline
from router.core.escalation import overdue
from router.core.holding import ended as hold_ended
from router.core.holding import given_up
from router.core.item import WorkItem
from router.core.state import State
from router.core.vanish import given_back, left_behind
from router.core.waited import scheduled, waited


def pulse(state: State, command: c.Pulse, now: int) -> Decision:
    """Time passed. What does not fit in one pulse is due still and comes with the next."""
    events: list[e.Event] = []
    ended: set[str] = set()
    for _, kind, id in state.deadlines.due(now, limits.PULSE_MAX):
        if kind == "presence":
            events += _signed_off(state, id, now, ended, len(events) + 1)
        elif kind == "agent":
            events += _temporary_over(state, id, now)
        elif kind == "calendar":
            events.append(e.CalendarLapsed(at=now, hours=id))
            events.append(e.AlarmRaised(at=now, code="hours_unknown", subject=id))
        elif id not in ended:
            if state.items[id].state != "reserved":
                ended.add(id)
            events += _item_due(state, state.items[id], now, ended, len(events) + 1)
    return events


def _signed_off(state: State, agent: str, now: int, ended: set[str], offset: int) -> list[e.Event]:
    """No client came back within the grace period: the agent is offline, and what they held goes its way. So does
    what they took up, or took back, while a client of theirs was there and they stayed offline."""
    presence = state.presences[agent]
    reason = presence.reason if presence.state == "offline" else "connection_lost"
    events: list[e.Event] = [e.PresenceChanged(at=now, agent=agent, state="offline", reason=reason)]
    for id, left in left_behind(state, agent, now, offset):
        mark = _hold(id, agent) if state.items[id].state == "reserved" else id
        if mark not in ended:
            ended.add(mark)
            events += left
    return events


def _temporary_over(state: State, agent: str, now: int) -> list[e.Event]:
    return [
        e.TemporaryEnded(at=now, agent=agent, skill=lent.skill, queue=lent.queue, revision=state.meta.revision + 1)
        for lent in state.agents[agent].temporary
        if lent.until <= now
    ]


def _item_due(state: State, item: WorkItem, now: int, ended: set[str], offset: int) -> list[e.Event]:
    if asked := unanswered(state, item, now):
        return asked
    late = resolution_deadline(item, state.queues.get(item.queue))
    if late is not None and late <= now:
        return overdue(state, item, now, offset)
    match item.state:
        case "reserved":
            return _expired(state, item, now, ended)
        case "active" if item.silent_at is not None and item.silent_at <= now and not _kept_over(item, now):
            return [e.ItemSilenced(at=now, item=item.id, agent=item.agent)]
        case "wrapping":
            return _wrapped_up(state, item, now)
        case "pending" if item.pending_until is not None and item.pending_until <= now:
            return reopened(state, item, now, "due", offset) if item.agent else scheduled(state, item, now)
        case "pending" if _given_up(state, item, now):
            return [e.ItemClosed(at=now, item=item.id, outcome="no_answer", agent=item.agent)]
        case "pending" | "active":
            return [given_back(state, item, now, offset)]
        case "queued":
            return waited(state, item, now, offset)
        case _:
            raise AssertionError(f"{item.id} is {item.state} and has a deadline")


def _given_up(state: State, item: WorkItem, now: int) -> bool:
    """Whether its customer has not answered for so long that nobody waits any more."""
    at = given_up_at(state, item) if item.pending_until is None else None
    return at is not None and at <= now


def _hold(item: str, agent: str) -> str:
    """What marks that a reservation has ended, of an item that may be held for several agents; with no item: that
    the agent is away."""
    return f"{item}/{agent}"


def _kept_over(item: WorkItem, now: int) -> bool:
    return item.kept_until is not None and item.kept_until <= now


def _wrapped_up(state: State, item: WorkItem, now: int) -> list[e.Event]:
    """The time is over: closed, unless the queue still waits for a word of an agent who is there."""
    if lacking(state, item) and not _kept_over(item, now) and state.presences[item.agent].state != "offline":
        return [e.WrapUpExtended(at=now, item=item.id, agent=item.agent)]
    return [completed(item, now)]


def _expired(state: State, item: WorkItem, now: int, ended: set[str]) -> list[e.Event]:
    """Nobody answered: the agent is not ready (reason: no answer), the item keeps its place and its due.

    After the queue's `knock_out_max` agents the item is stuck instead, so that it can empty no more desks. `ended`
    names what this pulse has ended before.
    """
    events: list[e.Event] = []
    ringing = [held for held in item.ringing if _hold(item.id, held.agent) not in ended]
    over = [held for held in ringing if held.expires_at <= now]
    for held in over:
        ended.add(_hold(item.id, held.agent))
        events.append(hold_ended(item, held, now, "expired"))
        away = _hold("", held.agent)
        if away not in ended and state.presences[held.agent].state == "available":
            ended.add(away)
            events.append(e.PresenceChanged(at=now, agent=held.agent, state="not_ready", reason="no_answer"))
    if over and len(over) == len(ringing):
        events += given_up(state, item, now, expired=len(over))
    return events
