"""The plain reference router: looks at every waiting item and every agent for each decision. Pure.

Written from the rules alone (DESIGN section 6, the docstrings of queues and skills) and from the records, without the
lines, filters, scores and indexes of the core. `bench routing` measures the core beside it; `tests/reference` holds
the core to it, decision by decision. It is slow on purpose: nothing in it can be out of date.
"""

from typing import NamedTuple

from queues.team import Membership
from router.core.agent import Agent
from router.core.item import HELD, WorkItem
from router.core.state import State
from skills import Profile, Requirement


class Free(NamedTuple):
    """An agent who can take something now: what they can do, whom they serve in which order, for which channels they
    have room."""

    id: str
    levels: dict[str, int]
    orders: dict[str, int]
    channels: frozenset[str]
    idle: tuple[int, int, str]


class Decision(NamedTuple):
    """One reservation: who gets what."""

    item: str
    agent: str


class Reference:
    """What ought to happen next in a state. It keeps nothing: each answer is worked out from the records anew."""

    def __init__(self, state: State) -> None:
        self.state = state

    # -- who is free, what waits ----------------------------------------------------------------------------

    def waiting(self) -> list[WorkItem]:
        """Everything that waits in a queue."""
        return [item for item in self.state.items.values() if item.state == "queued"]

    def held(self) -> dict[str, list[WorkItem]]:
        """What each agent holds."""
        found: dict[str, list[WorkItem]] = {}
        for item in self.state.items.values():
            if item.state in HELD:
                found.setdefault(item.agent, []).append(item)
        return found

    def free(self, agent: Agent, held: list[WorkItem]) -> Free | None:
        """The agent, if they can take anything at all."""
        presence = self.state.presences[agent.id]
        if agent.disabled or presence.state != "available" or presence.next or not presence.clients:
            return None
        channels = frozenset(channel for channel in agent.rooms if has_room(agent, held, channel))
        if not channels:
            return None
        orders = {queue: each.order for queue, each in self.serves(agent).items() if each.enabled}
        idle = (presence.idle_since, presence.idle_seq, agent.id)
        return Free(agent.id, levels(agent), orders, channels, idle)

    def everybody_free(self) -> list[Free]:
        """All agents who can take anything at all."""
        held = self.held()
        found = (self.free(agent, held.get(id, [])) for id, agent in self.state.agents.items())
        return [each for each in found if each is not None]

    def serves(self, agent: Agent) -> dict[str, Membership]:
        """The queues an agent serves: for their teams, by themselves, and for a time; the later wins."""
        found: dict[str, Membership] = {}
        for team in agent.teams:
            if team in self.state.teams:
                found |= self.state.teams[team].memberships
        found |= agent.memberships
        for lent in agent.temporary:
            if lent.queue and lent.membership is None:
                found.pop(lent.queue, None)
            elif lent.queue and lent.membership is not None:
                found[lent.queue] = lent.membership
        return found

    # -- may they, and who goes first -----------------------------------------------------------------------

    def asked(self, item: WorkItem) -> Requirement:
        """What the item asks: its own, and that of its queue."""
        return (*item.requirement, *self.state.queues[item.queue].requirement)

    def may(self, agent: Free, item: WorkItem) -> bool:
        """Whether this agent may get this item now."""
        if item.channel not in agent.channels or agent.id in item.excepted:
            return False
        if item.only:
            return item.only == agent.id
        return item.queue in agent.orders and able(agent.levels, self.asked(item))

    def first_item(self, agent: Free, items: list[WorkItem]) -> WorkItem | None:
        """Of these, what goes first among all that the agent may get."""
        return min((item for item in items if self.may(agent, item)), key=precedence, default=None)

    def first_agent(self, item: WorkItem, agents: list[Free]) -> Free | None:
        """Of these, who goes first among all that may get the item."""
        return min((each for each in agents if self.may(each, item)), key=lambda each: _rank(each, item), default=None)

    # -- decisions ------------------------------------------------------------------------------------------

    def for_agent(self, agent: str) -> Decision | None:
        """What happens because this agent is free: the item that goes first for them goes to who goes first for it."""
        held = self.held()
        freed = self.free(self.state.agents[agent], held.get(agent, []))
        item = self.first_item(freed, self.waiting()) if freed is not None else None
        if item is None:
            return None
        best = self.first_agent(item, self.everybody_free())
        assert best is not None
        return Decision(item.id, best.id)


def levels(agent: Agent) -> dict[str, int]:
    """What the agent can do now, with what is lent or taken for a time."""
    found = dict(agent.skills)
    for lent in agent.temporary:
        if lent.skill:
            found[lent.skill] = lent.level
    return found


def able(levels: dict[str, int], asked: Requirement | Profile) -> bool:
    """Whether these levels reach what is asked."""
    return all(levels.get(skill, 0) >= level for skill, level in asked)


def has_room(agent: Agent, held: list[WorkItem], channel: str) -> bool:
    """Whether one more item of the channel fits beside what the agent holds."""
    room = agent.rooms[channel]
    same = sum(item.channel == channel for item in held)
    load = sum(agent.rooms[item.channel].weight for item in held if item.channel in agent.rooms)
    return same < room.maximum and load + room.weight <= agent.total


def precedence(item: WorkItem) -> tuple[bool, int, int, int, str]:
    """Where an item stands among others for one agent: named for them, priority, due, entry."""
    return (not item.only, -item.priority, item.due, item.seq, item.id)


def _rank(agent: Free, item: WorkItem) -> tuple[bool, int, tuple[int, int, str]]:
    """Where an agent stands among others for one item: who had it last, order of membership, longest idle."""
    return (item.last_agent != agent.id, agent.orders.get(item.queue, 0), agent.idle)
