"""The plain reference router: looks at every waiting item and every agent for each decision. Pure.

Written from the rules alone (DESIGN section 6, the docstrings of queues and skills) and from the records, without the
lines, filters, scores and indexes of the core. `bench routing` measures the core beside it; `tests/reference` holds
the core to it, decision by decision. It is slow on purpose: nothing in it can be out of date.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from queues.comparator import Comparator
from queues.plan import RelaxStep
from queues.queue import ANY_QUEUE, Queue
from queues.team import Membership
from router.core.agent import Agent
from router.core.item import HELD, WorkItem
from router.core.presence import Presence
from router.core.state import State
from skills import Requirement

Number: TypeAlias = int | Fraction

MEMBERS, TEAMS, QUEUES = range(3)
"""Who takes part by what, in the order in which they are asked."""


class Free(NamedTuple):
    """An agent who can take something now: what they can do, whom they serve, for which channels they have room."""

    agent: Agent
    presence: Presence
    levels: dict[str, int]
    serves: dict[str, Membership]
    channels: frozenset[str]
    held: tuple[WorkItem, ...]

    @property
    def id(self) -> str:
        """Who it is."""
        return self.agent.id


class Decision(NamedTuple):
    """One reservation: who gets what."""

    item: str
    agent: str


class Reference:
    """What ought to happen next in a state. It keeps nothing: each answer is worked out from the records anew."""

    def __init__(self, state: State, now: int) -> None:
        self.state = state
        self.now = now

    # -- who is free, what waits ----------------------------------------------------------------------------

    def waiting(self) -> list[WorkItem]:
        """Everything that waits in a queue."""
        return [item for item in self.state.items.values() if item.state == "queued"]

    def held(self) -> dict[str, list[WorkItem]]:
        """What each agent holds; what is held for several of them, each of these."""
        found: dict[str, list[WorkItem]] = {}
        for item in self.state.items.values():
            for agent in item.holders if item.state in HELD else ():
                found.setdefault(agent, []).append(item)
        return found

    def free(self, agent: Agent, held: list[WorkItem]) -> Free | None:
        """The agent, if they can take anything at all."""
        presence = self.state.presences[agent.id]
        if agent.disabled or presence.state != "available" or presence.next or not presence.clients:
            return None
        channels = frozenset(channel for channel in agent.rooms if has_room(agent, held, channel))
        if not channels:
            return None
        serves = {queue: how for queue, how in self.serves(agent).items() if how.enabled}
        return Free(agent, presence, levels(agent), serves, channels, tuple(held))

    def everybody_free(self, held: dict[str, list[WorkItem]] | None = None) -> list[Free]:
        """All agents who can take anything at all; `held` is what they hold, if that is known."""
        held = self.held() if held is None else held
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

    # -- what an item asks ----------------------------------------------------------------------------------

    def steps(self, item: WorkItem) -> list[RelaxStep]:
        """The steps of the plan that are in force for an item."""
        return [step for step in self.state.queues[item.queue].plan if step.after_ms <= item.waited]

    def priority(self, item: WorkItem) -> int:
        """How pressing it is: by itself, else as its queue; and what the plan adds."""
        own = item.priority or self.state.queues[item.queue].priority
        return own + sum(step.priority for step in self.steps(item))

    def asked(self, item: WorkItem) -> list[tuple[str, int]]:
        """What must hold of an agent: what the item and its queue ask, as far as the steps in force leave it."""
        queue = self.state.queues[item.queue]
        terms = [*item.requirement, *queue.requirement]
        for step in self.steps(item) if queue.plan else ():
            terms = [(term, min(level, step.lower.get(term, level))) for term, level in terms if term not in step.drop]
        return terms

    def unmet(self, item: WorkItem, agent: Free) -> int:
        """How many of the things that are wished of an agent they lack."""
        wished = (*item.wishes, *self.state.queues[item.queue].wishes)
        return len({term for term, level in wished if not holds(agent.levels, term, level)})

    def part(self, item: WorkItem, agent: Free) -> tuple[int, int, int] | None:
        """By what an agent takes part in serving an item: as a member in reach, by a team or by a queue that the plan
        added; and in which order. None: not at all."""
        steps = self.steps(item)
        own = agent.serves.get(item.queue)
        reach = next((step.members for step in reversed(steps) if step.members is not None), None)
        if own is not None and (reach is None or own.order <= reach) and own.delay_ms <= item.waited:
            return (MEMBERS, own.order, 0)
        teams = once(team for step in steps for team in step.teams)
        for place, team in enumerate(teams):
            if team in agent.agent.teams and team in self.state.teams:
                return (TEAMS, place, 0)
        queues = once(queue for step in steps for queue in step.queues)
        for place, queue in enumerate(queues):
            if queue in agent.serves:
                return (QUEUES, place, agent.serves[queue].order)
        return None

    def waits_for(self, item: WorkItem) -> str:
        """The one agent for whom it waits at first; '' for none."""
        return "" if item.waited >= self.state.queues[item.queue].prefer_ms else item.prefers

    # -- may they -------------------------------------------------------------------------------------------

    def may(self, agent: Free, item: WorkItem) -> bool:
        """Whether this agent may get this item now."""
        if item.channel not in agent.channels or agent.id in item.barred:
            return False
        if item.only:
            return item.only == agent.id
        if self.waits_for(item) not in ("", agent.id) or self.part(item, agent) is None:
            return False
        return all(holds(agent.levels, *term) for term in self.asked(item)) and not self.kept(agent, item)

    def kept(self, agent: Free, item: WorkItem) -> bool:
        """Whether a queue that the agent serves keeps them for its own: so few of its agents idle."""
        for queue in agent.serves:
            reserve = self.state.queues[queue].reserve if queue != item.queue else {}
            keep = reserve.get(item.queue, reserve.get(ANY_QUEUE, 0))
            if keep and self.idling(queue, item.channel) <= keep:
                return True
        return False

    def idling(self, queue: str, channel: str) -> int:
        """How many of the queue's agents could take something of this channel."""
        return sum(queue in each.serves and channel in each.channels for each in self.everybody_free())

    # -- what goes first ------------------------------------------------------------------------------------

    def precedence(self, agent: Free, item: WorkItem) -> tuple[bool, int, int, int, str]:
        """Where an item stands among others for one agent: handed to them, the rank of its queue for them, its claim
        now, its entry. Lower goes first."""
        own = agent.serves.get(item.queue)
        return (not item.only, -own.priority if own is not None else 0, -self.claim(agent, item), item.seq, item.id)

    def claim(self, agent: Free, item: WorkItem) -> int:
        """How strongly an item claims to be the next of this agent, by their team's comparator or by its queue's."""
        queue = self.state.queues[item.queue]
        late = self.now - item.due
        waited = late + queue.target(item.channel)
        return self.comparator(agent, queue).claim(self.priority(item), late, waited)

    def comparator(self, agent: Free, queue: Queue) -> Comparator:
        """What compares the items of this queue with others, for this agent."""
        for team in agent.agent.teams:
            profile = self.state.teams[team].comparator if team in self.state.teams else None
            if profile is not None:
                return profile
        return queue.comparator

    def rank(self, agent: Free, item: WorkItem) -> tuple[bool, tuple[int, int, int], int]:
        """Where an agent stands for an item before their queue's strategy is asked: who had it last, by what and in
        which order they take part, what is wished in vain."""
        last = item.only or self.waits_for(item) or item.last_agent
        return (last != agent.id, self.part(item, agent) or (MEMBERS, 0, 0), self.unmet(item, agent))

    def strategic(self, agent: Free, item: WorkItem) -> tuple[tuple[Number, ...], int, int, str]:
        """Where an agent stands by the strategy of the item's queue, then by idle time."""
        queue = self.state.queues[item.queue]
        presence = agent.presence
        since = (presence.idle_since, presence.idle_seq)
        if queue.idle_from == "worked":
            since = (presence.worked_at, presence.worked_seq)
        measured: tuple[Number, ...] = ()
        match queue.strategy:
            case "least_flexible":
                measured = (len(agent.serves), len(agent.levels))
            case "best_fit":
                measured = (-fitness(agent.levels, {*dict(self.asked(item)), *dict(item.wishes), *dict(queue.wishes)}),)
            case "least_occupied":
                measured = (load(agent),)
            case "most_occupied":
                measured = (-load(agent),)
            case "fewest_handled":
                measured = (presence.handled,)
            case "least_busy":
                measured = (presence.busy,)
            case "round_robin":
                measured = (presence.turn,)
            case "weighted":
                own = agent.serves.get(item.queue)
                measured = (Fraction(presence.handled + 1, own.weight if own is not None else 1),)
            case "in_order":
                since = (0, 0)
            case "shortest_idle":
                measured = (-presence.idle_seq,)
            case "longest_idle" | "random":
                pass
        return (measured, *since, agent.id)

    def first_item(self, agent: Free, items: list[WorkItem]) -> WorkItem | None:
        """Of these, what goes first among all that the agent may get."""
        mine = (item for item in items if self.may(agent, item))
        return min(mine, key=lambda item: self.precedence(agent, item), default=None)

    def first_agents(self, item: WorkItem, agents: list[Free]) -> list[Free]:
        """Of these, who goes first among all that may get the item; several only where one of them is drawn."""
        able = [(self.rank(each, item), each) for each in agents if self.may(each, item)]
        best = min((rank for rank, _ in able), default=None)
        first = [each for rank, each in able if rank == best]
        if self.state.queues[item.queue].strategy == "random" or len(first) < 2:
            return first
        return [min(first, key=lambda each: self.strategic(each, item))]

    def equal(self, one: WorkItem, other: WorkItem) -> bool:
        """Whether the two ask the same, so that the longer waiting one goes first."""
        return _question(one) == _question(other)

    # -- decisions ------------------------------------------------------------------------------------------

    def for_agent(self, agent: str) -> Decision | None:
        """What happens because this agent is free: the item that goes first for them goes to who goes first for it."""
        held = self.held()
        freed = self.free(self.state.agents[agent], held.get(agent, []))
        item = self.first_item(freed, self.waiting()) if freed is not None else None
        return Decision(item.id, self.first_agents(item, self.everybody_free(held))[0].id) if item is not None else None

    def decisions(self) -> list[Decision]:
        """What may rightly happen next: for each agent who is free the item that goes first for them, with the agent
        who goes first for it. Several come about when several agents or items come at once; none: nothing can happen.
        """
        agents = self.everybody_free()
        waiting = self.waiting()
        found: dict[Decision, None] = {}
        for agent in agents:
            item = self.first_item(agent, waiting)
            for best in self.first_agents(item, agents) if item is not None else ():
                assert item is not None
                found[Decision(item.id, best.id)] = None
        return list(found)


def levels(agent: Agent) -> dict[str, int]:
    """What the agent can do now, with what is lent or taken for a time."""
    found = dict(agent.skills)
    for lent in agent.temporary:
        if lent.skill:
            found[lent.skill] = lent.level
    return {skill: level for skill, level in found.items() if level}


def holds(levels: dict[str, int], term: str, level: int) -> bool:
    """Whether a term holds of these levels: one skill, any of several, or the lack of one."""
    if term.startswith("!"):
        return all(levels.get(skill, 0) < level for skill in term[1:].split("|"))
    return any(levels.get(skill, 0) >= level for skill in term.split("|"))


def fitness(levels: dict[str, int], terms: Iterable[str]) -> int:
    """The sum of the levels in these terms, the best of alternatives; a lack counts nothing."""
    return sum(max(levels.get(skill, 0) for skill in term.split("|")) for term in terms if not term.startswith("!"))


def has_room(agent: Agent, held: Iterable[WorkItem], channel: str) -> bool:
    """Whether one more item of the channel fits beside what the agent holds."""
    room = agent.rooms[channel]
    beside = counted(agent, held)
    taken = room.weight
    for other in beside:
        theirs = agent.rooms.get(other)
        if theirs is None or (other != channel and channel in theirs.interruptible_by):
            continue
        if theirs.alone and other != channel:
            return False
        taken += theirs.weight
    return beside.count(channel) < room.maximum and taken <= agent.total


def counted(agent: Agent, held: Iterable[WorkItem]) -> list[str]:
    """The channel of each item that takes room: one whose customer says nothing does not, where the room says so."""
    return [
        item.channel
        for item in held
        if not item.silent or item.channel not in agent.rooms or not agent.rooms[item.channel].silent_ms
    ]


def load(agent: Free) -> Fraction:
    """The share of their room that an agent has in use."""
    rooms = agent.agent.rooms
    used = sum(rooms[channel].weight for channel in counted(agent.agent, agent.held) if channel in rooms)
    return Fraction(used, agent.agent.total) if agent.agent.total else Fraction(1)


def once(names: Iterable[str]) -> list[str]:
    """Each of them once, in the order in which they first come."""
    return list(dict.fromkeys(names))


def _question(item: WorkItem) -> tuple[str, str, int, Requirement, Requirement, str, str, int]:
    return (
        item.queue,
        item.channel,
        item.priority,
        item.requirement,
        item.wishes,
        item.only,
        item.prefers,
        item.waited,
    )
