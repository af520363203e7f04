"""Waiting lines and idle lines: where class meets class.

Items that ask the same (queue, channel, priority, requirement, named agent) are one *item class* and wait in
one line, ordered by due and then by entry. Agents with the same skills and memberships are one *profile class*
and idle in one line per channel, longest idle first. Which item class a profile class can serve is kept
incrementally, so that a decision costs the number of classes that could meet, never of items or agents
(performance notes, section 5). All of it is derived from records and can be rebuilt from them.
"""

from collections.abc import Iterator
from typing import TypeAlias

from sortedcontainers import SortedList

from router.core import limits
from skills import Profile, Requirement, meets

Wait: TypeAlias = tuple[int, int, str]
"""An item's place in its line: due, entry sequence, item id."""

Idle: TypeAlias = tuple[int, int, str]
"""An agent's place in an idle line: idle since, idle sequence, agent id."""


ClassKey: TypeAlias = tuple[str, str, int, Requirement, str]
"""What makes two items equal: queue, channel, priority, requirement, and the one agent it waits for (or '')."""


class ItemClass:
    """Equal items: what they ask, and their line."""

    __slots__ = ("channel", "key", "line", "only", "priority", "profiles", "queue", "requirement")

    def __init__(self, key: ClassKey) -> None:
        self.key = key
        self.queue, self.channel, self.priority, self.requirement, self.only = key
        self.line: SortedList[Wait] = SortedList()
        self.profiles: dict[ProfileClass, None] = {}


class ProfileClass:
    """Equal agents: what they can do and serve, their idle lines by channel with the head of each (asked for far
    more often than it changes), and how many there are."""

    __slots__ = ("classes", "heads", "lines", "memberships", "orders", "size", "skills")

    def __init__(self, skills: Profile, memberships: tuple[tuple[str, int], ...]) -> None:
        self.skills = skills
        self.memberships = memberships
        self.orders = dict(memberships)
        self.lines: dict[str, SortedList[Idle]] = {}
        self.heads: dict[str, Idle] = {}
        self.classes: dict[ItemClass, None] = {}
        self.size = 0


class Lines:
    """All lines of a domain, and which class can meet which."""

    def __init__(self) -> None:
        self._classes: dict[ClassKey, ItemClass] = {}
        self._profiles: dict[tuple[Profile, tuple[tuple[str, int], ...]], ProfileClass] = {}
        self._by_queue: dict[str, dict[ItemClass, None]] = {}
        self._serving: dict[str, dict[ProfileClass, None]] = {}
        self._only: dict[str, dict[ItemClass, None]] = {}
        self._waits: dict[str, tuple[ItemClass, Wait]] = {}
        self._idles: dict[str, tuple[ProfileClass, Idle, tuple[str, ...]]] = {}

    # -- items ----------------------------------------------------------------------------------------------

    def wait(self, asks: ClassKey, wait: Wait) -> ItemClass:
        """Put an item into the line of its class."""
        found = self._item_class(asks)
        found.line.add(wait)
        self._waits[wait[2]] = (found, wait)
        return found

    def wait_all(self, asks: ClassKey, waits: list[Wait]) -> ItemClass:
        """Put equal items into their line, in any order."""
        found = self._item_class(asks)
        found.line.update(waits)
        for wait in waits:
            self._waits[wait[2]] = (found, wait)
        return found

    def leave(self, item: str) -> None:
        """Take an item out of its line, if it is in one."""
        placed = self._waits.pop(item, None)
        if placed is not None:
            found, wait = placed
            found.line.remove(wait)
            if not found.line and (found.only or len(self._classes) > limits.CLASSES_KEPT_MAX):
                self._drop(found)

    def class_of(self, item: str) -> ItemClass | None:
        """The class an item waits in; None when it does not wait."""
        placed = self._waits.get(item)
        return placed[0] if placed else None

    def waiting_in(self, queue: str) -> list[str]:
        """The items that wait in a queue, class by class."""
        return [wait[2] for found in self._by_queue.get(queue, ()) for wait in found.line]

    def classes(self) -> Iterator[ItemClass]:
        """Every item class in which something waits."""
        return (found for found in self._classes.values() if found.line)

    def only_for(self, agent: str) -> Iterator[ItemClass]:
        """The classes of items that wait for this agent by name."""
        return iter(self._only.get(agent, ()))

    def _item_class(self, key: ClassKey) -> ItemClass:
        found = self._classes.get(key)
        if found is None:
            found = self._classes[key] = ItemClass(key)
            self._by_queue.setdefault(found.queue, {})[found] = None
            if found.only:
                self._only.setdefault(found.only, {})[found] = None
            else:
                for profile in self._serving.get(found.queue, ()):
                    _meet(found, profile)
        return found

    def _drop(self, found: ItemClass) -> None:
        del self._classes[found.key]
        del self._by_queue[found.queue][found]
        if found.only:
            del self._only[found.only][found]
        for profile in found.profiles:
            del profile.classes[found]

    def untie(self) -> None:
        """These lines are used no more: classes that know one another would hold one another, and all that waits."""
        for found in self._classes.values():
            found.profiles.clear()

    # -- agents ---------------------------------------------------------------------------------------------

    def idle(
        self, skills: Profile, memberships: tuple[tuple[str, int], ...], channels: tuple[str, ...], idle: Idle
    ) -> bool:
        """Let an agent idle in the lines of these channels (and in no other). True when something changed."""
        agent = idle[2]
        placed = self._idles.get(agent)
        if placed is not None:
            profile, before, had = placed
            same = profile.skills == skills and profile.memberships == memberships
            if same and before == idle and had == channels:
                return False
            self.busy(agent)
        profile = self._profile(skills, memberships)
        for channel in channels:
            line = profile.lines.setdefault(channel, SortedList())
            line.add(idle)
            profile.heads[channel] = line[0]
        profile.size += 1
        self._idles[agent] = (profile, idle, channels)
        return True

    def busy(self, agent: str) -> None:
        """Take an agent out of all idle lines."""
        placed = self._idles.pop(agent, None)
        if placed is not None:
            profile, idle, channels = placed
            for channel in channels:
                line = profile.lines[channel]
                line.remove(idle)
                if line:
                    profile.heads[channel] = line[0]
                else:
                    del profile.heads[channel]
            profile.size -= 1
            if not profile.size:
                self._forget(profile)

    def idling(self, agent: str) -> tuple[ProfileClass, tuple[str, ...]] | None:
        """An agent's profile class and the channels they idle for; None when they have no room at all."""
        placed = self._idles.get(agent)
        return (placed[0], placed[2]) if placed else None

    def idle_of(self, agent: str) -> Idle:
        """The place of an agent who idles. Raises KeyError for one who does not."""
        return self._idles[agent][1]

    def idlers(self) -> Iterator[tuple[str, ProfileClass, tuple[str, ...]]]:
        """Every agent with room: id, class, channels."""
        return ((agent, placed[0], placed[2]) for agent, placed in self._idles.items())

    def _profile(self, skills: Profile, memberships: tuple[tuple[str, int], ...]) -> ProfileClass:
        found = self._profiles.get((skills, memberships))
        if found is None:
            found = self._profiles[(skills, memberships)] = ProfileClass(skills, memberships)
            for queue in found.orders:
                self._serving.setdefault(queue, {})[found] = None
                for item_class in self._by_queue.get(queue, ()):
                    if not item_class.only:
                        _meet(item_class, found)
        return found

    def _forget(self, profile: ProfileClass) -> None:
        del self._profiles[(profile.skills, profile.memberships)]
        for queue in profile.orders:
            del self._serving[queue][profile]
        for item_class in profile.classes:
            del item_class.profiles[profile]


def _meet(item_class: ItemClass, profile: ProfileClass) -> None:
    """Note that the two can meet, if they can."""
    if meets(profile.skills, item_class.requirement):
        item_class.profiles[profile] = None
        profile.classes[item_class] = None
