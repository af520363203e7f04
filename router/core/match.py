"""Match: give waiting items to free agents. Class meets class; only what changed is looked at again.

Every change that could make a match possible wakes a class of items or an agent (see `State.settle`), so nothing
ever re-reads the world. One call makes a bounded number of reservations; what is left stays woken in the state.
"""

from collections.abc import Iterator

from router.core import events as e
from router.core import limits
from router.core.decide_presence import stand_down
from router.core.evolve import evolve
from router.core.item import WorkItem
from router.core.lines import ItemClass
from router.core.scores import Score, precedence, score
from router.core.state import State


def match(state: State, now: int) -> list[e.Event]:
    """Make the reservations that are possible now, and make them so. Returns the events, at most a bounded number.

    First of all, who wanted to be not ready after what they held is so.
    """
    made: list[e.Event] = []
    while state.stand_down:
        agent, _ = state.stand_down.popitem()
        for leaves in stand_down(state, agent, now):
            evolve(state, leaves)
            made.append(leaves)
    while len(made) < limits.MATCHES_PER_CALL_MAX:
        event = _next(state, now)
        if event is None:
            break
        evolve(state, event)
        made.append(event)
    return made


def pending(state: State) -> bool:
    """Whether match has more to look at."""
    return bool(state.wake_classes or state.wake_agents)


def _next(state: State, now: int) -> e.ReservationMade | None:
    """The next reservation. An agent or a class stays woken until nothing more can be made of it.

    Agents first: a woken agent's best item is the best of all that wait for them, and it may choose any idle
    agent. After that an idle agent has nothing waiting but what a woken class brings.
    """
    while state.wake_agents:
        agent = next(iter(state.wake_agents))
        item = _item_for(state, agent)
        if item is not None:
            return _reserve(state, item, _best_for(state, item) or agent, now)
        del state.wake_agents[agent]
    while state.wake_classes:
        item_class = next(iter(state.wake_classes))
        found = _agent_for(state, item_class)
        if found is not None:
            return _reserve(state, found[0], found[1], now)
        del state.wake_classes[item_class]
    return None


def _reserve(state: State, item: WorkItem, agent: str, now: int) -> e.ReservationMade:
    queue = state.queues[item.queue]
    presence = state.presences[agent]
    return e.ReservationMade(
        at=now,
        item=item.id,
        agent=agent,
        queue=item.queue,
        reservation=f"r{state.meta.reservation + 1}",
        expires_at=now + queue.reservation_ms,
        why={"waited": now - item.entered_at, "idle": now - presence.idle_since, "due_in": item.due - now},
    )


def _agent_for(state: State, item_class: ItemClass) -> tuple[WorkItem, str] | None:
    """The first item of the line that some idle agent may get, and the agent."""
    for _, _, id in item_class.line.islice(stop=limits.WALK_MAX):
        item = state.items[id]
        best = _best_of(state, item_class, item)
        if best:
            return item, best
        if not item.excepted:
            return None
    return None


def _best_for(state: State, item: WorkItem) -> str:
    """The agent who goes first among all that may get this waiting item; '' for none."""
    item_class = state.lines.class_of(item.id)
    return _best_of(state, item_class, item) if item_class is not None else ""


def _best_of(state: State, item_class: ItemClass, item: WorkItem) -> str:
    best = min(_candidates(state, item_class, item), default=None)
    return best[1][2] if best is not None else ""


def _candidates(state: State, item_class: ItemClass, item: WorkItem) -> Iterator[Score]:
    """The best agent of each profile class that has one free for the item; first of all the item's last agent."""
    last = _last(state, item_class, item)
    if last is not None:
        yield last
    elif item_class.only:
        return
    elif item.excepted:
        yield from _unbarred(item_class, item)
    else:
        channel, queue = item_class.channel, item_class.queue
        for profile in item_class.profiles:
            idle = profile.heads.get(channel)
            if idle is not None:
                yield score(profile.orders[queue], idle)


def _unbarred(item_class: ItemClass, item: WorkItem) -> Iterator[Score]:
    """The same for an item that some agents are barred from: they are passed over, up to a bounded number."""
    for profile in item_class.profiles:
        line = profile.lines.get(item_class.channel)
        for idle in line.islice(stop=limits.WALK_MAX) if line else ():
            if idle[2] not in item.excepted:
                yield score(profile.orders[item_class.queue], idle)
                break


def _last(state: State, item_class: ItemClass, item: WorkItem) -> Score | None:
    """The one agent who goes before all: the one the item waits for, or who had it last, if free and not barred."""
    agent = item_class.only or item.last_agent
    idling = state.lines.idling(agent) if agent and agent not in item.excepted else None
    if idling is None or item_class.channel not in idling[1]:
        return None
    if not item_class.only and idling[0] not in item_class.profiles:
        return None
    return score(0, state.lines.idle_of(agent))


def _item_for(state: State, agent: str) -> WorkItem | None:
    """The item that goes first among all that this agent may get."""
    idling = state.lines.idling(agent)
    if idling is None:
        return None
    profile, channels = idling
    best: tuple[tuple[int, int, int, int, str], WorkItem] | None = None
    for item_class in (*profile.classes, *state.lines.only_for(agent)):
        if item_class.channel not in channels or not item_class.line:
            continue
        for wait in item_class.line.islice(stop=limits.WALK_MAX):
            rank = precedence(item_class, wait)
            if best is not None and rank >= best[0]:
                break
            item = state.items[wait[2]]
            if agent not in item.excepted:
                best = (rank, item)
                break
    return best[1] if best else None
