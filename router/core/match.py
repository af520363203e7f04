"""Match: give waiting items to free agents. Class meets class; only what changed is looked at again.

Every change that could make a match possible wakes a class of items or an agent (see `placing`), so nothing
ever re-reads the world. One call makes a bounded number of reservations; what is left stays woken in the state.
"""

from queues.comparator import THOUSANDTHS
from router.core import events as e
from router.core import limits
from router.core.candidates import best_agent
from router.core.capacity import parted
from router.core.classes import Claim, ItemClass, ProfileClass, claim
from router.core.decide_presence import stand_down
from router.core.evolve import evolve, evolve_all
from router.core.item import WorkItem
from router.core.rivals import reserved, with_rivals
from router.core.scores import Precedence, precedence
from router.core.state import State
from router.core.waited import too_many


def match(state: State, now: int) -> list[e.Event]:
    """Make the reservations that are possible now, and make them so. Returns the events, at most a bounded number.

    First of all, who wanted to be not ready after what they held is so, and interrupted work is taken up again.
    """
    made = _settled(state, now)
    while state.stand_down:
        agent, _ = state.stand_down.popitem()
        for leaves in stand_down(state, agent, now):
            evolve(state, leaves)
            made.append(leaves)
    while state.placing.deserted:
        agent, _ = state.placing.deserted.popitem()
        made += _deserted(state, agent, now)
    while len(made) < limits.MATCHES_PER_CALL_MAX:
        event = _next(state, now)
        if event is None and not state.entered:
            break
        if event is not None:
            made += with_rivals(state, event, now)
        else:
            crowded = _one_too_many(state, now)
            evolve_all(state, crowded)
            made += crowded
        if state.unsettled:
            made += _settled(state, now)
    return made


def _deserted(state: State, agent: str, now: int) -> list[e.Event]:
    """What waited for this agent alone, who is gone, waits for all who may take it."""
    waits = [wait for found in state.lines.only_for(agent) if found.alone for wait in found.line]
    events: list[e.Event] = [e.PreferenceEnded(at=now, item=item) for _, _, item in waits]
    evolve_all(state, events)
    return events


def _one_too_many(state: State, now: int) -> list[e.Event]:
    """What becomes of the last that entered a queue with a maximum, if it is one too many there."""
    id, _ = state.entered.popitem()
    item = state.items.get(id)
    return too_many(state, item, now) if item is not None else []


def _settled(state: State, now: int) -> list[e.Event]:
    """Who took something that goes before other things they work on has these parked; who is done goes on with them."""
    made: list[e.Event] = []
    while state.unsettled:
        agent, _ = state.unsettled.popitem()
        for event in parted(state, agent, now):
            evolve(state, event)
            made.append(event)
    return made


def pending(state: State) -> bool:
    """Whether match has more to look at."""
    return bool(state.wake_classes or state.wake_agents or state.placing.let_go_classes)


def _next(state: State, now: int) -> e.ReservationMade | None:
    """The next reservation. An agent or a class stays woken until nothing more can be made of it.

    Agents first: a woken agent's best item is the best of all that wait for them, and it may choose any idle
    agent. After that an idle agent has nothing waiting but what woken classes bring.
    """
    while state.wake_agents:
        agent = next(iter(state.wake_agents))
        item = _item_for(state, agent, now)
        if item is not None:
            # nobody else was woken, so that all others who idle now might not have it a moment ago: it is this agent's
            alone = len(state.wake_agents) == 1 and not state.wake_classes
            return reserved(state, item, agent if alone else best_agent(state, item) or agent, now)
        del state.wake_agents[agent]
    state.placing.let_go()
    while state.wake_classes:
        item_class = next(iter(state.wake_classes))
        found = _first_of(state, item_class)
        if found is not None:
            item, agent = found
            if len(state.wake_classes) > 1:
                item = _item_for(state, agent, now) or item
                agent = best_agent(state, item) or agent
            return reserved(state, item, agent, now)
        del state.wake_classes[item_class]
    return None


def _first_of(state: State, item_class: ItemClass) -> tuple[WorkItem, str] | None:
    """The first item of the line that some idle agent may get, and the agent."""
    if item_class.head is None or not state.lines.idlers_count():
        return None
    item = state.items[item_class.head[2]]
    best = best_agent(state, item)
    if best:
        return item, best
    if not item.excepted and not item.last_agent:
        return None
    for _, _, id in item_class.line.islice(1, limits.WALK_MAX):
        item = state.items[id]
        best = best_agent(state, item)
        if best:
            return item, best
        if not item.excepted and not item.last_agent:
            return None
    return None


def _item_for(state: State, agent: str, now: int) -> WorkItem | None:
    """The item that goes first among all that this agent may get."""
    idling = state.lines.idling(agent)
    if idling is None:
        return None
    profile, channels = idling
    best = _of_classes(state, agent, profile, channels, now)
    for item_class in state.lines.only_for(agent):
        if item_class.head is not None and item_class.channel in channels and _takes(state, profile, item_class):
            found = _first_for(state, agent, item_class, claim(item_class, profile), now)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
    return best[1] if best else None


def _of_classes(
    state: State, agent: str, profile: ProfileClass, channels: tuple[str, ...], now: int
) -> tuple[Precedence, WorkItem] | None:
    """What goes first among all that waits for anybody like this agent. Most classes are passed by a look at when
    their head is due."""
    best: tuple[Precedence, WorkItem] | None = None
    best_rank = best_cost = 0
    keeps = state.placing.reserves()
    for item_class, how in profile.classes.items():
        if item_class.head is None or item_class.channel not in channels:
            continue
        rank, credit, slope = how
        if best is not None and slope is None:
            cost = item_class.due * THOUSANDTHS - credit
            if rank > best_rank or (rank == best_rank and cost > best_cost):
                continue
        if keeps and state.placing.kept(item_class, profile):
            continue
        found = _first_for(state, agent, item_class, how, now)
        if found is not None and (best is None or found[0] < best[0]):
            best = found
            _, best_rank, best_cost, _, _ = found[0]
    return best


def _takes(state: State, profile: ProfileClass, item_class: ItemClass) -> bool:
    """Whether these agents may take what waits for one of them: always when it was handed to them by name."""
    return not item_class.alone or (profile.serves(item_class) and not state.placing.kept(item_class, profile))


def _first_for(
    state: State, agent: str, item_class: ItemClass, how: Claim, now: int
) -> tuple[Precedence, WorkItem] | None:
    """The first item of the line that the agent is not barred from, with its precedence."""
    assert item_class.head is not None
    item = state.items[item_class.head[2]]
    if not item.excepted or agent not in item.excepted:
        return (precedence(item_class, how, item_class.head, now), item)
    for wait in item_class.line.islice(1, limits.WALK_MAX):
        item = state.items[wait[2]]
        if agent not in item.barred:
            return (precedence(item_class, how, wait, now), item)
    return None
