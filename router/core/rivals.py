"""What goes with a reservation that is made: it is accepted at once, or the item is held for several agents."""

import msgspec

from router.core import events as e
from router.core.because import why
from router.core.candidates import best_agent, free_for
from router.core.evolve import evolve_all
from router.core.filters import refusal
from router.core.item import WorkItem
from router.core.state import State
from router.core.why import Why

_UNSAID = Why()


def reserved(state: State, item: WorkItem, agent: str, now: int) -> e.ReservationMade:
    """The item is held for this agent."""
    return e.ReservationMade(
        at=now,
        item=item.id,
        agent=agent,
        queue=item.queue,
        reservation=f"r{state.meta.reservation + 1}",
        expires_at=now + state.queues[item.queue].reservation(item.channel),
        why=why(state, item, agent, now, free_for(state, item)) if state.explaining else _UNSAID,
    )


def with_rivals(state: State, first: e.ReservationMade, now: int) -> list[e.Event]:
    """The reservation of an item that waits, and what goes with it, all made so."""
    item = state.items[first.item]
    queue = state.queues[item.queue]
    events: list[e.Event] = [first]
    if item.channel in queue.auto_accept:
        taken = e.ReservationAccepted(at=now, item=item.id, agent=first.agent, reservation=first.reservation, by="auto")
        events.append(taken)
    others = _others(state, item, first.agent, now) if queue.simultaneous > 1 and len(events) == 1 else ()
    evolve_all(state, events)
    for agent, because in others:
        if not refusal(state, item, agent=state.agents[agent]):
            rival = msgspec.structs.replace(reserved(state, item, agent, now), why=because)
            evolve_all(state, [rival])
            events.append(rival)
    return events


def _others(state: State, item: WorkItem, first: str, now: int) -> list[tuple[str, Why]]:
    """Who goes next, and next, and why: no more than the queue holds an item for at once, nor than it may still knock
    out."""
    queue = state.queues[item.queue]
    barred = {**item.barred, first: 0}
    found: list[tuple[str, Why]] = []
    while len(found) + 1 < min(queue.simultaneous, queue.knock_out_max - item.expiries):
        agent = best_agent(state, msgspec.structs.replace(item, excepted=barred))
        if not agent:
            break
        found.append((agent, why(state, item, agent, now, free_for(state, item))))
        barred[agent] = 0
    return found
