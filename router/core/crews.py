"""Crews: equal agents on shift, counted. What estimates are made of, on nodes that match nobody too.

An agent is on shift while work may be pushed to them, whatever they hold. The state notes whom a change is about; they
are looked at again when somebody asks. A state that nobody asks keeps none.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from queues.capacity import Room
from router.core import limits
from router.core.agent import Agent
from router.core.ask import Ask, order_of
from router.core.classes import Offer, ProfileClass
from router.core.placing import routable
from skills import meets

if TYPE_CHECKING:
    from router.core.state import State

Key: TypeAlias = tuple[Offer, tuple[tuple[str, Room], ...], int]


class Crew:
    """Equal agents: what they can do and serve, how many items of a channel each holds at most, who is on shift."""

    __slots__ = ("members", "profile", "slots")

    def __init__(self, key: Key) -> None:
        offer, rooms, total = key
        self.profile = ProfileClass(offer)
        self.slots = {channel: _slots(room, total) for channel, room in rooms}
        self.members: dict[str, None] = {}


class Crews:
    """The crews of a state (see `State.crews`)."""

    def __init__(self, state: "State") -> None:
        self._state = state
        self._crews: dict[Key, Crew] = {}
        self._serving: dict[str, dict[Crew, None]] = {}
        self._of: dict[str, Crew] = {}
        self._able: dict[Ask, dict[Crew, None]] = {}
        self._pairs = 0
        self._changed: dict[str, None] = dict.fromkeys(state.agents)

    def note(self, agents: Iterable[str]) -> None:
        """Something about these agents changed: they are looked at before the next answer."""
        self._changed |= dict.fromkeys(agents)

    def able(self, asks: Ask) -> dict[Crew, None]:
        """The crews whose agents may take what asks this, those without anybody on shift among them."""
        self._refresh()
        if asks.only:
            crew = self._of.get(asks.only)
            return {crew: None} if crew is not None else {}
        found = self._able.get(asks)
        if found is None:
            if self._pairs > limits.CREW_PAIRS_MAX:
                self._able, self._pairs = {}, 0
            found = self._able[asks] = {crew: None for crew in self._reached(asks) if _can(crew, asks)}
            self._pairs += len(found)
        return found

    def by_agent(self) -> dict[str, Key]:
        """The kind of each agent on shift."""
        self._refresh()
        return {agent: key for key, crew in self._crews.items() for agent in crew.members}

    def on_shift(self, asks: Ask, crew: Crew) -> int:
        """How many of a crew may take it: all who are there, or the one it waits for."""
        return int(asks.only in crew.members) if asks.only else len(crew.members)

    def _reached(self, asks: Ask) -> Iterable[Crew]:
        if asks.teams or asks.queues:
            return self._crews.values()
        return self._serving.get(asks.queue, ())

    def _refresh(self) -> None:
        while self._changed:
            id, _ = self._changed.popitem()
            before = self._of.pop(id, None)
            if before is not None:
                del before.members[id]
            agent, presence = self._state.agents.get(id), self._state.presences.get(id)
            if agent is not None and presence is not None and routable(agent, presence):
                crew = self._crew(agent)
                crew.members[id] = None
                self._of[id] = crew

    def _crew(self, agent: Agent) -> Crew:
        key = (self._state.placing.offer(agent), tuple(sorted(agent.rooms.items())), agent.total)
        found = self._crews.get(key)
        if found is None:
            if len(self._crews) >= limits.CREWS_MAX:
                self._sweep()
            found = self._crews[key] = Crew(key)
            for queue in found.profile.memberships:
                self._serving.setdefault(queue, {})[found] = None
            for asks, able in self._able.items():
                if _can(found, asks):
                    able[found] = None
        return found

    def _sweep(self) -> None:
        """Crews of which nobody is on shift are forgotten."""
        self._crews = {key: crew for key, crew in self._crews.items() if crew.members}
        self._serving = {}
        for crew in self._crews.values():
            for queue in crew.profile.memberships:
                self._serving.setdefault(queue, {})[crew] = None
        self._able, self._pairs = {}, 0


def crews_there(crews: Crews, asks: Ask) -> Iterator[tuple[Crew, int]]:
    """The crews that may take it and have somebody on shift, and how many."""
    for crew in crews.able(asks):
        count = crews.on_shift(asks, crew)
        if count:
            yield crew, count


def _can(crew: Crew, asks: Ask) -> bool:
    profile = crew.profile
    if order_of(asks, profile.memberships, profile.teams) is None:
        return False
    return crew.slots.get(asks.channel, 0) > 0 and meets(profile.skills, asks.requirement)


def _slots(room: Room, total: int) -> int:
    """How many items of one channel an agent who holds nothing else may have at once."""
    if room.weight > 0:
        return min(room.maximum, total // room.weight)
    return room.maximum
