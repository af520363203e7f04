"""Before escalating: which specialists there are, who of them is there and free, and how long it would take."""

from collections.abc import Iterator

from queues.queue import Queue
from router.core.ask import Raw
from router.core.crews import crews_there
from router.core.decision import carried
from router.core.escalation import specialists_of
from router.core.item import WorkItem
from router.core.state import State


def specialists(state: State, item: WorkItem) -> Iterator[tuple[Queue, Raw, bool]]:
    """Every queue of a later line than the item's that it could go to, with what it would ask there; the usual one
    comes first, and says so."""
    usual = specialists_of(state, item.category, item.queue)
    line = state.queues[item.queue].line if item.queue in state.queues else 1
    later = (id for id, queue in sorted(state.queues.items()) if queue.line > line and id not in (usual, item.queue))
    for id in (usual, *later) if usual in state.queues else later:
        asks = Raw(id, item.channel, 0, carried(state, item.requirement), (), "", "", 0)
        yield state.queues[id], asks, id == usual


def readiness(state: State, item: WorkItem, asks: Raw) -> tuple[int, int]:
    """How many agents who could take the item there are available, and how many of them have room for it now."""
    there = free = 0
    for crew, count in crews_there(state.crews, state.placing.ask(asks)):
        there += count
        free += sum(state.room(state.agents[agent], item.channel) for agent in crew.members if agent != item.agent)
    return there, free
