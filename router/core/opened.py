"""Whether a queue takes what comes: it is open, by hand and by its hours, and not full; and which queue does instead.

The core knows no time zones: when hours are open is told by their calendar, a record that the node makes.
"""

from typing import Final

from queues.queue import ChannelName, Queue, Refused
from router.core import limits
from router.core.state import State

ON_THE_LINE: Final[frozenset[ChannelName]] = frozenset({"phone", "chat"})
"""Channels on which somebody waits and can be told something; elsewhere they have written, and nothing is lost."""


class Way:
    """The queue that something comes to, and those that it passed on its way because they did not take it."""

    __slots__ = ("passed", "queue")

    def __init__(self, queue: Queue, passed: tuple[str, ...] = ()) -> None:
        self.queue = queue
        self.passed = passed


def in_hours(state: State, queue: Queue, now: int) -> bool:
    """Whether these are the queue's hours. One without hours is always open, and one whose calendar nobody knows."""
    calendar = state.calendars.get(queue.hours)
    return calendar is None or calendar.is_open(now)


def is_open(state: State, queue: Queue, now: int) -> bool:
    """Whether the queue takes what comes: it is not closed by hand, and these are its hours."""
    return queue.closed is None and in_hours(state, queue, now)


def opens_at(state: State, queue: Queue, now: int) -> int | None:
    """When the queue opens by its hours; None for one that is open, or closed until somebody opens it."""
    calendar = state.calendars.get(queue.hours)
    if calendar is None or queue.closed is not None or calendar.is_open(now):
        return None
    return calendar.opens_at(now)


def closes_at(state: State, queue: Queue, now: int) -> int | None:
    """When the queue closes by its hours; None for one that is closed, or of which it is not known."""
    calendar = state.calendars.get(queue.hours)
    return calendar.closes_at(now) if calendar is not None and is_open(state, queue, now) else None


def entrance(state: State, queue: Queue, now: int, passed: tuple[str, ...] = ()) -> Way:
    """The way of what comes to this queue: to the first that is open along the overflows, else to the last of them.

    None is passed twice, nor one of those that it has `passed` before, nor more than a bounded number in all.
    """
    way: tuple[str, ...] = ()
    while not is_open(state, queue, now):
        following = onward(state, queue.fallback("closed").overflow, (*passed, *way, queue.id))
        if following is None or len(passed) + len(way) >= limits.MOVES_BY_RULE_MAX:
            break
        way = (*way, queue.id)
        queue = following
    return Way(queue, way)


def onward(state: State, overflow: str, passed: tuple[str, ...]) -> Queue | None:
    """The queue that something flows over to by rule; None when there is none, or it has been there."""
    return None if overflow in passed else state.queues.get(overflow)


def taker(state: State, overflow: str, channel: ChannelName, now: int, passed: tuple[str, ...]) -> Way | None:
    """The way of what flows over to a queue, to the first that is open and not full; None when none of them is."""
    way: tuple[str, ...] = ()
    while (queue := onward(state, overflow, (*passed, *way))) is not None:
        why: Refused | None = None if is_open(state, queue, now) else "closed"
        if why is None and has_place(state, queue, channel):
            return Way(queue, way)
        way = (*way, queue.id)
        overflow = queue.fallback(why or "full").overflow
    return None


def waiting(state: State, queue: Queue) -> int:
    """How much waits in this queue, and in those that its maximum is shared with."""
    ids = (queue.id, *queue.waiting_with)
    return sum(len(found.line) for id in dict.fromkeys(ids) for found in state.lines.in_queue(id))


def has_place(state: State, queue: Queue, channel: ChannelName) -> bool:
    """Whether one more may wait; or, where nobody may, whether some agent of the queue is free."""
    if queue.waiting_max is None or waiting(state, queue) < queue.waiting_max:
        return True
    return not queue.waiting_max and state.lines.idle_count(queue.id, channel) > 0


def is_overfull(state: State, queue: Queue) -> bool:
    """Whether even what people send there on purpose finds no room: a fifth more than may wait does already."""
    if queue.waiting_max is None:
        return False
    return waiting(state, queue) >= queue.waiting_max + queue.waiting_max // limits.OVER_FULL_PARTS
