"""What becomes of what an agent holds when they vanish, channel by channel: the one table, and who applies it.

An agent vanishes when no client of theirs came back within the grace period, and when they go offline or are
disabled without saying what shall become of their items. What is only reserved for them goes back at once.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import msgspec

from queues.queue import ChannelName
from router.core import events as e
from router.core.decision import queued, released
from router.core.item import AT_HEAD, WorkItem
from router.core.state import State

Fate: TypeAlias = Callable[[State, WorkItem, int], list[e.Event]]


def _stays(state: State, item: WorkItem, now: int) -> list[e.Event]:
    """A call is between two phones: it is over when the phone system says so. Nobody calls back but an agent."""
    if item.on_call or not item.to_call:
        return []
    return [msgspec.structs.replace(given_back(state, item, now, 1), seq=item.seq)]


def _at_once(state: State, item: WorkItem, now: int) -> list[e.Event]:
    """Somebody is waiting for an answer right now: back to the head of the queue, with its story."""
    return [at_head(state, item, now)]


def _kept(state: State, item: WorkItem, now: int) -> list[e.Event]:
    """The agent may come back and finish it; after the queue's time it goes back, its due kept."""
    if item.kept_until is not None:
        return []
    keep = state.queues[item.queue].keep_ms
    return [e.ItemKept(at=now, item=item.id, agent=item.agent, until=now + keep)]


VANISHED: Final[dict[ChannelName, Fate]] = {
    "phone": _stays,
    "chat": _at_once,
    "email": _kept,
    "webhook": _kept,
}
"""Channel -> what becomes of an active item. One that is interrupted is not kept: it waits in its queue again. A
pending one, whatever its channel, is kept for the queue's time; one in wrap-up ends with its wrap-up. Who asked in a
consult waits for an answer, as somebody in a chat does."""


def left_behind(state: State, agent: str, now: int, offset: int = 1) -> Iterator[tuple[str, list[e.Event]]]:
    """For each item of an agent who vanished: what becomes of it. `offset` tells apart several entries of one decision;
    the items of one agent need at most as many as they have."""
    for place, id in enumerate(state.theirs(agent)):
        item = state.items[id]
        if item.state == "reserved":
            yield id, released(item, now, "connection_lost", agent)
        elif item.interrupted and VANISHED[item.channel] is _kept:
            yield id, [given_back(state, item, now, offset + place)]
        elif item.state == "active":
            fate = _at_once if item.consults else VANISHED[item.channel]
            yield id, fate(state, item, now)
        elif item.state == "pending" or item.wrap_until is None:
            yield id, _kept(state, item, now)


def given_back(
    state: State, item: WorkItem, now: int, offset: int, *, reason: e.EntryReason = "absent"
) -> e.ItemQueued:
    """The item waits in its queue again, its due kept, because its agent is not there."""
    queue = state.queues[item.queue]
    return queued(state, item, queue, now, reason=reason, requirement=item.requirement, offset=offset)


def at_head(state: State, item: WorkItem, now: int) -> e.ItemQueued:
    """The item waits again before all that wait in its queue."""
    first = min((state.items[id].due for id in state.lines.waiting_in(item.queue)), default=item.due)
    return e.ItemQueued(
        at=now,
        item=item.id,
        queue=item.queue,
        reason="absent",
        due=min(item.due, first),
        seq=AT_HEAD,
        requirement=item.requirement,
        wishes=item.wishes,
        priority=item.priority,
    )


def back(state: State, agent: str, now: int) -> list[e.Event]:
    """The agent is there again: what was kept for them is theirs without a time."""
    kept = (id for id in state.theirs(agent) if state.items[id].kept_until is not None)
    return [e.ItemKept(at=now, item=id, agent=agent) for id in kept]
