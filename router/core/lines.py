"""Waiting lines and idle lines: where class meets class (see `classes`).

A decision costs the number of classes that could meet, never of items or agents (performance notes, section 5). All
of it is derived from records and can be rebuilt from them.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Final

from queues.queue import Queue
from router.core import limits
from router.core.ask import Ask
from router.core.classes import (
    LONGEST_IDLE,
    Idle,
    ItemClass,
    Measure,
    Meetings,
    Offer,
    ProfileClass,
    Wait,
    Where,
    where,
)
from skills import leading

_NO_PROFILES: Final[dict[ProfileClass, None]] = {}
_NO_CLASSES: Final[dict[ItemClass, None]] = {}


class Lines:
    """All lines of a domain, and which class can meet which."""

    def __init__(self) -> None:
        self._classes: dict[Ask, ItemClass] = {}
        self._profiles: dict[Offer, ProfileClass] = {}
        self._by_queue: dict[str, dict[ItemClass, None]] = {}
        self._by_skill: dict[tuple[str, str], dict[ItemClass, None]] = {}
        self._serving: dict[str, dict[ProfileClass, None]] = {}
        self._of_team: dict[str, dict[ProfileClass, None]] = {}
        self._only: dict[str, dict[ItemClass, None]] = {}
        self._wide: dict[ItemClass, None] = {}
        self._waits: dict[str, ItemClass] = {}
        self._idles: dict[str, tuple[ProfileClass, tuple[Idle, ...], tuple[str, ...]]] = {}
        self._meetings = Meetings()
        self._measures: tuple[Measure, ...] = (LONGEST_IDLE,)
        self._wheres: dict[str, tuple[Where, ...]] = {}

    # -- items ----------------------------------------------------------------------------------------------

    def item_class(self, asks: Ask, queue: Queue | None) -> ItemClass:
        """The class of items that ask this in a queue with these rules."""
        found = self._classes.get(asks)
        if found is None:
            found = self._classes[asks] = ItemClass(asks, queue)
            self._by_queue.setdefault(found.queue, {})[found] = None
            self._by_skill.setdefault((found.queue, leading(asks.requirement)), {})[found] = None
            if asks.teams or asks.queues:
                self._wide[found] = None
            if found.only:
                self._only.setdefault(found.only, {})[found] = None
            else:
                for profile in self._candidates(asks):
                    self._meetings.meet(found, profile)
        return found

    def _candidates(self, asks: Ask) -> dict[ProfileClass, None]:
        """The profile classes of everybody who may take part: members, added teams, who serves added queues."""
        found = self._serving.get(asks.queue, _NO_PROFILES)
        if asks.teams or asks.queues:
            found = dict(found)
            for team in asks.teams:
                found |= self._of_team.get(team, _NO_PROFILES)
            for queue in asks.queues:
                found |= self._serving.get(queue, _NO_PROFILES)
        return found

    def wait(self, found: ItemClass, wait: Wait) -> None:
        """Put an item into the line of its class."""
        found.line.add(wait)
        if found.head is None or (wait[0] <= found.due and wait < found.head):
            found.led_by(wait)
        self._waits[wait[2]] = found

    def wait_all(self, found: ItemClass, waits: list[Wait]) -> None:
        """Put equal items into their line, in any order."""
        found.line.update(waits)
        found.led_by(found.line[0])
        for wait in waits:
            self._waits[wait[2]] = found

    def leave(self, wait: Wait) -> None:
        """Take an item out of its line, if it is in one."""
        found = self._waits.pop(wait[2], None)
        if found is not None:
            if wait[0] == found.due and wait == found.head:
                found.line.pop(0)
                found.led_by(found.line[0] if found.line else None)
            else:
                found.line.remove(wait)
            if found.head is None and (found.only or len(self._classes) > limits.CLASSES_KEPT_MAX):
                self._drop(found)

    def class_of(self, item: str) -> ItemClass | None:
        """The class an item waits in; None when it does not wait."""
        return self._waits.get(item)

    def waiting_in(self, queue: str) -> list[str]:
        """The items that wait in a queue, class by class."""
        return [wait[2] for found in self._by_queue.get(queue, ()) for wait in found.line]

    def in_queue(self, queue: str) -> Iterator[ItemClass]:
        """The classes of a queue in which something waits."""
        for found in self._by_queue.get(queue, _NO_CLASSES):
            if found.head is not None:
                yield found

    def classes(self) -> Iterator[ItemClass]:
        """Every item class in which something waits."""
        for found in self._classes.values():
            if found.head is not None:
                yield found

    def only_for(self, agent: str) -> Iterable[ItemClass]:
        """The classes of items that wait for this agent alone."""
        return self._only.get(agent, ())

    def forget_queue(self, queue: str) -> list[str]:
        """Drop all classes of a queue whose rules have changed. Returns what waited in them, class by class."""
        waiting = self.waiting_in(queue)
        for item in waiting:
            del self._waits[item]
        for found in list(self._by_queue.get(queue, ())):
            self._drop(found)
        return waiting

    def _drop(self, found: ItemClass) -> None:
        found.gone = True
        del self._classes[found.key]
        del self._by_queue[found.queue][found]
        del self._by_skill[(found.queue, leading(found.key.requirement))][found]
        self._wide.pop(found, None)
        if found.only:
            del self._only[found.only][found]
        for profile in found.profiles:
            del profile.classes[found]

    def untie(self) -> None:
        """These lines are used no more: classes that know one another would hold one another, and all that waits."""
        for found in self._classes.values():
            found.profiles.clear()

    # -- agents ---------------------------------------------------------------------------------------------

    def join(self, offer: Offer) -> ProfileClass:
        """The class of agents who offer this, with one agent more in it."""
        found = self._profiles.get(offer)
        if found is None:
            found = self._profiles[offer] = ProfileClass(offer)
            for queue in found.memberships:
                self._serving.setdefault(queue, {})[found] = None
            for team in found.teams:
                self._of_team.setdefault(team, {})[found] = None
            for item_class in self._within_reach(found):
                if not item_class.only:
                    self._meetings.meet(item_class, found)
        found.size += 1
        return found

    def _within_reach(self, profile: ProfileClass) -> Iterator[ItemClass]:
        """The item classes whose agents these may be: those of the queues they serve that ask first for a skill they
        have, or for none, and those that ask elsewhere."""
        for queue in profile.memberships:
            yield from self._by_skill.get((queue, ""), ())
            for skill, _ in profile.skills:
                yield from self._by_skill.get((queue, skill), ())
        yield from (found for found in self._wide if found.queue not in profile.memberships)

    def part(self, profile: ProfileClass) -> None:
        """One agent less is in this class."""
        profile.size -= 1
        if not profile.size:
            del self._profiles[profile.key]
            for queue in profile.memberships:
                del self._serving[queue][profile]
            for team in profile.teams:
                del self._of_team[team][profile]
            for item_class in profile.classes:
                del item_class.profiles[profile]

    def idle(self, profile: ProfileClass, channels: tuple[str, ...], places: tuple[Idle, ...]) -> bool:
        """Let an agent idle in the lines of these channels (and in no other), with a place for each measure in use.
        True when something changed."""
        agent = places[0][3]
        placed = self._idles.get(agent)
        if placed is not None:
            if placed == (profile, places, channels):
                return False
            self.busy(agent)
        for channel in channels:
            for number, at in enumerate(self._wheres_of(channel)):
                line = profile.lines.get(at)
                if line is None:
                    profile.lines[at] = [places[number]]
                else:
                    insort(line, places[number])
        self._idles[agent] = (profile, places, channels)
        return True

    def busy(self, agent: str) -> None:
        """Take an agent out of all idle lines."""
        placed = self._idles.pop(agent, None)
        if placed is None:
            return
        profile, places, channels = placed
        for channel in channels:
            for number, at in enumerate(self._wheres_of(channel)):
                line = profile.lines[at]
                if len(line) == 1:
                    del profile.lines[at]
                else:
                    del line[bisect_left(line, places[number])]

    def _wheres_of(self, channel: str) -> tuple[Where, ...]:
        """The idle lines of a channel, one for each measure in use."""
        found = self._wheres.get(channel)
        if found is None:
            found = self._wheres[channel] = tuple([where(channel, measured) for measured in self._measures])
        return found

    def measures(self) -> tuple[Measure, ...]:
        """What idle lines are ordered by, as far as any queue's strategy uses it."""
        return self._measures

    def measure_by(self, measures: tuple[Measure, ...]) -> None:
        """Order idle lines by these from here on. Nobody may idle now."""
        assert not self._idles, "agents idle in lines that are ordered otherwise"
        self._measures = measures
        self._wheres.clear()

    def idling(self, agent: str) -> tuple[ProfileClass, tuple[str, ...]] | None:
        """An agent's profile class and the channels they idle for; None when they have no room at all."""
        placed = self._idles.get(agent)
        return (placed[0], placed[2]) if placed else None

    def place_of(self, agent: str, measured: Measure) -> Idle:
        """The place of an agent who idles. Raises KeyError for one who does not."""
        return self._idles[agent][1][self._measures.index(measured)]

    def idlers(self) -> Iterator[tuple[str, ProfileClass, tuple[str, ...]]]:
        """Every agent with room: id, class, channels."""
        for agent, placed in self._idles.items():
            yield agent, placed[0], placed[2]

    def idlers_count(self) -> int:
        """How many agents have room for anything."""
        return len(self._idles)

    def idle_count(self, queue: str, channel: str) -> int:
        """How many agents who serve this queue idle for this channel."""
        at = self._wheres_of(channel)[0]
        return sum(len(profile.lines.get(at, ())) for profile in self._serving.get(queue, ()))
