"""Decisions about a queue as it runs: closed by hand, and opened again. What waits in it is served on."""

from queues.queue import Closed, Queue
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.decision import Decision, no
from router.core.rejections import Rejection
from router.core.state import State


def close_queue(state: State, command: c.CloseQueue, now: int) -> Decision:
    """Nothing new comes in; closing a closed queue changes what it says, or where it flows over to."""
    queue = _queue(state, command.queue, command.seen)
    if isinstance(queue, Rejection):
        return queue
    if command.overflow and command.overflow not in state.queues:
        return no("unknown_queue", command.overflow)
    if _leads_to(state, command.overflow, queue.id):
        return no("overflow_loop", queue.id)
    if any(len(text) > limits.CLOSED_MESSAGE_CHARS_MAX for text in command.message.values()):
        return no("bad_value", "message")
    since = queue.closed.since if queue.closed is not None else now
    closed = Closed(since=since, message=command.message, overflow=command.overflow, callback=command.callback)
    if queue.closed == closed:
        return []
    return [e.QueueClosed(at=now, queue=queue.id, closed=closed, revision=state.meta.revision + 1)]


def open_queue(state: State, command: c.OpenQueue, now: int) -> Decision:
    """It takes work again."""
    queue = _queue(state, command.queue, command.seen)
    if isinstance(queue, Rejection):
        return queue
    if queue.closed is None:
        return []
    return [e.QueueOpened(at=now, queue=queue.id, revision=state.meta.revision + 1)]


def _queue(state: State, id: str, seen: int | None) -> Queue | Rejection:
    queue = state.queues.get(id)
    if queue is None:
        return no("unknown_queue", id)
    return queue if seen in (None, queue.revision) else no("stale_revision", id)


def _leads_to(state: State, overflow: str, target: str) -> bool:
    """Whether the way of overflows from one queue comes to another."""
    passed: set[str] = set()
    while overflow and overflow not in passed:
        if overflow == target:
            return True
        passed.add(overflow)
        queue = state.queues.get(overflow)
        overflow = queue.closed.overflow if queue is not None and queue.closed is not None else ""
    return False
