"""Placing: which line each waiting item stands in, where each agent idles, and who must be matched again.

Made from records and kept up with each change. Whatever could make a match possible wakes a class of items or an
agent, so that `match` looks only at these.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from queues.queue import ANY_QUEUE
from queues.strategy import IdleFrom
from router.core import limits
from router.core.agent import Agent
from router.core.ask import Ask, Raw, ask
from router.core.capacity import load_share
from router.core.classes import Idle, ItemClass, Measure, Offer, ProfileClass, Wait, measure
from router.core.item import WorkItem
from router.core.lines import Lines
from router.core.presence import Presence
from skills import Requirement

if TYPE_CHECKING:
    from router.core.state import State

_Place: TypeAlias = Callable[["State", Agent, Presence, IdleFrom], Idle]


class Placing:
    """Lines, and who is woken. `state` is whose records these are."""

    def __init__(self, state: "State") -> None:
        self._state = state
        self.lines = Lines()
        self.wake_classes: dict[ItemClass, None] = {}
        self.wake_agents: dict[str, None] = {}
        self.stand_down: dict[str, None] = {}
        self.deserted: dict[str, None] = {}
        self.let_go_classes: dict[ItemClass, None] = {}
        self._classes: dict[Raw, ItemClass] = {}
        self._asked: dict[Requirement, Requirement] = {}
        self._profiles: dict[str, tuple[ProfileClass, tuple[str, ...]]] = {}
        self._delays: dict[str, Counter[int]] = {}
        self._delays_of: dict[str, tuple[tuple[str, int], ...]] = {}
        self._thresholds: dict[str, tuple[int, ...]] = {}
        self._reserving: dict[str, dict[str, int]] = {}

    # -- items ----------------------------------------------------------------------------------------------

    def wait(self, item: WorkItem) -> None:
        """Put a queued item into its line."""
        found = self.class_for(raw(item))
        self.lines.wait(found, (item.due, item.seq, item.id))
        self.wake_classes[found] = None

    def wait_all(self, asks: Raw, waits: list[Wait]) -> None:
        """Put equal items into their line."""
        found = self.class_for(asks)
        self.lines.wait_all(found, waits)
        self.wake_classes[found] = None

    def place_all(self, waiting: dict[Raw, list[Wait]]) -> Iterator[None]:
        """Everybody into their lines: agents and queues first, since these say what an item's class is. At each yield
        the caller may do something else for a moment."""
        state = self._state
        for number, agent in enumerate(state.agents, 1):
            self.agent_edited(agent)
            if number % limits.FILL_STEP_RECORDS == 0:
                yield
        for queue in state.queues:
            self.queue_edited(queue)
        for asks, waits in waiting.items():
            self.wait_all(asks, waits)
            yield
        for number, agent in enumerate(state.agents if state.routing else (), 1):
            self.place(agent)
            if number % limits.FILL_STEP_RECORDS == 0:
                yield

    def one(self, asked: Requirement) -> Requirement:
        """The same requirement, as one object for all who ask it."""
        if len(self._asked) > limits.CLASSES_KEPT_MAX:
            self._asked.clear()
        return self._asked.setdefault(asked, asked)

    def class_for(self, asks: Raw) -> ItemClass:
        """The class of items like these."""
        found = self._classes.get(asks)
        if found is None or found.gone:
            queue = self._state.queues.get(asks.queue)
            found = self.lines.item_class(self.ask(asks), queue)
            if not found.only:
                if len(self._classes) > limits.CLASSES_KEPT_MAX:
                    self._classes.clear()
                self._classes[asks] = found
        return found

    def ask(self, asks: Raw) -> Ask:
        """What items like these ask now."""
        return ask(asks, self._state.queues.get(asks.queue), self.delays(asks.queue))

    def delays(self, queue: str) -> tuple[int, ...]:
        """The delays of the memberships of a queue, ascending."""
        return tuple(sorted(self._delays.get(queue, ())))

    def thresholds(self, queue: str) -> tuple[int, ...]:
        """The waits (ticks, ascending) at which something changes for what waits in a queue."""
        found = self._thresholds.get(queue)
        if found is None:
            record = self._state.queues.get(queue)
            waits = {*self._delays.get(queue, ())} | (record.thresholds() if record is not None else set())
            found = self._thresholds[queue] = tuple(sorted(waits))
        return found

    def next_threshold(self, item: WorkItem) -> int | None:
        """The next wait at which something changes for a queued item; None for none."""
        waits = self.thresholds(item.queue)
        place = bisect_right(waits, item.waited)
        return waits[place] if place < len(waits) else None

    def queue_edited(self, queue: str) -> None:
        """The rules of a queue may have changed: what waits in it may be of another class, others may be woken."""
        self._classes = {asks: found for asks, found in self._classes.items() if asks.queue != queue}
        self._thresholds.pop(queue, None)
        self._measure()
        self._reserve(queue)
        for item in self.lines.forget_queue(queue):
            self.wait(self._state.items[item])

    def _measure(self) -> None:
        """Let agents idle in the order of every measure in use. When these change, everybody is placed again."""
        needed = tuple(dict.fromkeys(measure(queue) for queue in self._state.queues.values())) or (measure(None),)
        if set(needed) <= set(self.lines.measures()):
            return
        idlers = [agent for agent, _, _ in self.lines.idlers()]
        for agent in idlers:
            self.lines.busy(agent)
        self.lines.measure_by(needed)
        for agent in idlers:
            self.place(agent)

    def _reserve(self, queue: str) -> None:
        record = self._state.queues.get(queue)
        before = self._reserving.pop(queue, {})
        if record is not None and record.reserve:
            self._reserving[queue] = record.reserve
        if before != self._reserving.get(queue, {}):
            self.wake_classes |= dict.fromkeys(self.lines.classes())

    # -- agents ---------------------------------------------------------------------------------------------

    def place(self, id: str) -> None:
        """Let an agent idle in the lines of exactly the channels that they are free for."""
        state = self._state
        agent = state.agents.get(id)
        presence = state.presences.get(id)
        if agent is None or presence is None or not routable(agent, presence):
            self.lines.busy(id)
            if agent is None or agent.disabled or presence is None or presence.state == "offline":
                self._deserts(id)
            if presence is not None and presence.next and id not in state.holds:
                self.stand_down[id] = None
            return
        profile, channels = self._profiles.get(id) or self._profile(agent)
        if id in state.holds:
            channels = tuple(channel for channel in agent.rooms if state.room(agent, channel))
        if not channels:
            self.lines.busy(id)
        elif self.lines.idle(profile, channels, self._places(agent, presence)):
            self.wake_agents[id] = None
            if self._reserving:
                self.let_go_classes |= dict.fromkeys(self._let_go_by(profile))

    def _deserts(self, id: str) -> None:
        """An agent is gone: what waits for them alone need not any more."""
        if any(found.alone for found in self.lines.only_for(id)):
            self.deserted[id] = None

    def _places(self, agent: Agent, presence: Presence) -> tuple[Idle, ...]:
        """The agent's place in the lines of each measure in use."""
        state = self._state
        return tuple([_PLACES[name](state, agent, presence, since) for name, since in self.lines.measures()])

    def place_of(self, agent: Agent, measured: Measure) -> Idle:
        """The place that an agent has, or would have, in an idle line that is ordered by this measure."""
        name, since = measured
        return _PLACES[name](self._state, agent, self._state.presences[agent.id], since)

    def _let_go_by(self, profile: ProfileClass) -> Iterator[ItemClass]:
        """What waits because queues that these agents serve keep too many for themselves: there is one more now."""
        for queue in profile.memberships:
            for other in self._reserving.get(queue, ()):
                yield from self.lines.classes() if other == ANY_QUEUE else self.lines.in_queue(other)

    def _profile(self, agent: Agent) -> tuple[ProfileClass, tuple[str, ...]]:
        """The agent's class, and the channels they take when they hold nothing; kept until either changes."""
        rooms = tuple(
            channel for channel, room in agent.rooms.items() if room.maximum > 0 and room.weight <= agent.total
        )
        found = self._profiles[agent.id] = (self.lines.join(self.offer(agent)), rooms)
        return found

    def offer(self, agent: Agent) -> Offer:
        """What an agent offers."""
        state = self._state
        serves = tuple(sorted((queue, how) for queue, how in state.memberships(agent).items() if how.enabled))
        teams = tuple(team for team in agent.teams if team in state.teams)
        comparator = next((found for team in teams if (found := state.teams[team].comparator) is not None), None)
        return Offer(state.skills_of(agent), serves, teams, comparator)

    def agent_edited(self, id: str) -> None:
        """What an agent can do or serves may have changed, or they are new, or gone."""
        known = self._profiles.pop(id, None)
        if known is not None:
            self.lines.busy(id)
            self.lines.part(known[0])
        agent = self._state.agents.get(id)
        now: tuple[tuple[str, int], ...] = ()
        if agent is not None:
            serves = self._state.memberships(agent)
            now = tuple((queue, how.delay_ms) for queue, how in serves.items() if how.delay_ms and how.enabled)
        if now != self._delays_of.get(id, ()):
            self._delay(id, now)

    def _delay(self, id: str, now: tuple[tuple[str, int], ...]) -> None:
        """An agent's memberships come in after other waits than before."""
        before = self._delays_of.pop(id, ())
        if now:
            self._delays_of[id] = now
        changed: dict[str, None] = {}
        for queue, delay in before:
            self._delays[queue][delay] -= 1
            if not self._delays[queue][delay]:
                del self._delays[queue][delay]
                changed[queue] = None
        for queue, delay in now:
            counted = self._delays.setdefault(queue, Counter())
            counted[delay] += 1
            if counted[delay] == 1:
                changed[queue] = None
        for queue in changed:
            self._state.queue_rules_changed(queue)

    # -- what is kept for others ------------------------------------------------------------------------------

    def kept(self, item_class: ItemClass, profile: ProfileClass) -> bool:
        """Whether a queue that these agents serve keeps those of them who idle for its own items."""
        return any(
            self.lines.idle_count(queue, item_class.channel) <= keep
            for queue, reserve in self._reserving.items()
            if queue != item_class.queue and queue in profile.memberships
            if (keep := reserve.get(item_class.queue, reserve.get(ANY_QUEUE, 0)))
        )

    def let_go(self) -> None:
        """Whoever came free has had their choice: others may take what is kept from them no more."""
        if self.let_go_classes:
            self.wake_classes |= self.let_go_classes
            self.let_go_classes.clear()

    def reserves(self) -> bool:
        """Whether any queue keeps agents for itself."""
        return bool(self._reserving)


def raw(item: WorkItem) -> Raw:
    """What of an item its class is made from."""
    asked = (
        item.queue,
        item.channel,
        item.priority,
        item.requirement,
        item.wishes,
        item.only,
        item.prefers,
        item.waited,
    )
    return tuple.__new__(Raw, asked)  # as Raw(*asked), which takes three times as long


def routable(agent: Agent, presence: Presence) -> bool:
    """Whether work may be pushed to this agent at all: enabled, available and not about to leave, and a client
    proves it is alive."""
    return not agent.disabled and presence.state == "available" and not presence.next and bool(presence.clients)


def _idle(presence: Presence, since: IdleFrom) -> tuple[int, int]:
    """Since when the agent idles, by the queue's policy, and their place among those who began together."""
    if since == "worked":
        return (presence.worked_at, presence.worked_seq)
    return (presence.idle_since, presence.idle_seq)


def _longest_idle(state: "State", agent: Agent, presence: Presence, since: IdleFrom) -> Idle:
    if since == "worked":
        return (0, presence.worked_at, presence.worked_seq, agent.id)
    return (0, presence.idle_since, presence.idle_seq, agent.id)


def _in_order(state: "State", agent: Agent, presence: Presence, since: IdleFrom) -> Idle:
    return (0, 0, 0, agent.id)


def _measured(value: Callable[["State", Agent, Presence], int]) -> _Place:
    """The place of an agent by something that is measured of them, least first."""
    return lambda state, agent, presence, since: (value(state, agent, presence), *_idle(presence, since), agent.id)


_PLACES: Final[dict[str, _Place]] = {
    "longest_idle": _longest_idle,
    "in_order": _in_order,
    "shortest_idle": _measured(lambda state, agent, presence: -presence.idle_seq),
    "least_occupied": _measured(lambda state, agent, presence: load_share(state, agent)),
    "most_occupied": _measured(lambda state, agent, presence: -load_share(state, agent)),
    "fewest_handled": _measured(lambda state, agent, presence: presence.handled),
    "least_busy": _measured(lambda state, agent, presence: presence.busy),
    "round_robin": _measured(lambda state, agent, presence: presence.turn),
}
"""An agent's place in the idle lines of each measure."""
