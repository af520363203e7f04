"""A centre of any size for `bench routing`: so many skills, kinds of agents (profiles) and kinds of items (classes).

Everything is drawn from one fixed seed. Pure: commands, no I/O. Real centres differ in how selective they are; here a
kind of item asks two skills, and at least `ROUTING_ABLE_MIN` kinds of agents have both.
"""

import random
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from queues.capacity import Room
from queues.queue import Queue
from queues.team import Membership, Team
from router.bench import limits
from router.core import commands as c
from router.core.agent import Agent
from router.core.facts import Facts
from skills import Profile, Requirement, Skill, requirement

QUEUE = "help"
TEAM = "first"
ROOMS = {"phone": Room(maximum=1, weight=100)}

_call_of = msgspec.msgpack.Decoder(c.OfferCall).decode


class Size(NamedTuple):
    """One row: how many of what."""

    agents: int
    waiting: int
    skills: int = 50
    profiles: int = 100
    classes: int = 200

    @property
    def name(self) -> str:
        """What the row is called on the command line: agents/waiting, then what is not as usual."""
        told = f"{_short(self.agents)}/{_short(self.waiting)}"
        if self.skills != 50:
            told += f"/{self.skills}-skills"
        if self.profiles != 100:
            told += f"/{_short(self.profiles)}-profiles"
        return told


def _put(records: list[c.CentreRecord]) -> c.ApplyCentre:
    return c.ApplyCentre(
        changes=tuple(
            c.Change(kind=str(record.__struct_config__.tag), id=record.id, record=record, seen=0) for record in records
        )
    )


def _short(number: int) -> str:
    return f"{number // 1_000}k" if number % 1_000 == 0 else str(number)


class Kinds:
    """The kinds of agents and items of one size, and the commands that make a centre and its customers of them."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self._random = random.Random(limits.ROUTING_SEED)  # noqa: S311 - drawn alike in every run
        self._skills = [f"skill-{number:03}" for number in range(size.skills)]
        levels = [self._drawn() for _ in range(size.profiles)]
        self.classes = self._classes(levels)
        self.profiles: list[Profile] = [requirement(each) for each in levels]
        self._asked = 0

    def _drawn(self) -> dict[str, int]:
        """What one kind of agents can do. Where there are few skills everybody has half of them."""
        number = min(limits.ROUTING_PROFILE_SKILLS, len(self._skills) // 2)
        return {skill: self._random.randint(1, 5) for skill in self._random.sample(self._skills, number)}

    def _classes(self, levels: list[dict[str, int]]) -> list[Requirement]:
        """What the kinds of items ask, no two the same: each kind of agents can do some of them, as far as there are
        enough. Who is drawn to make up the number of able kinds learns what is asked."""
        holders: dict[str, set[int]] = {}
        for number, have in enumerate(levels):
            for skill in have:
                holders.setdefault(skill, set()).add(number)
        found: dict[Requirement, None] = {}
        while len(found) < self.size.classes:
            have = levels[len(found) % len(levels)]
            asked = {skill: self._level(have[skill]) for skill in self._random.sample(sorted(have), 2)}
            kind = requirement(asked)
            if kind not in found:
                found[kind] = None
                self._make_able(levels, asked, holders)
        return list(found)

    def _level(self, had: int) -> int:
        return self._random.randint(1, min(had, limits.ROUTING_LEVEL_MAX))

    def _make_able(self, levels: list[dict[str, int]], asked: dict[str, int], holders: dict[str, set[int]]) -> None:
        both = set.intersection(*(holders[skill] for skill in asked))
        able = sum(all(levels[each][skill] >= asked[skill] for skill in asked) for each in both)
        while able < min(limits.ROUTING_ABLE_MIN, len(levels)):
            number = self._random.randrange(len(levels))
            have = levels[number]
            if any(have.get(skill, 0) < level for skill, level in asked.items()):
                for skill, level in asked.items():
                    have[skill] = max(have.get(skill, 0), level)
                    holders[skill].add(number)
                able += 1

    def centre(self) -> Iterator[c.ApplyCentre]:
        """Everything: first what the house is, then the agents, a bounded number at a time."""
        rooms = dict(ROOMS)
        house: list[c.CentreRecord] = [
            *(Skill(id=skill) for skill in self._skills),
            Queue(id=QUEUE, wrap_up_ms={"phone": limits.ROUTING_WRAP_UP_TICKS}),
            Team(id=TEAM, memberships={QUEUE: Membership()}),
        ]
        yield _put(house)
        people: list[c.CentreRecord] = [
            Agent(id=id, teams=(TEAM,), skills=self.profiles[number % len(self.profiles)], rooms=rooms)
            for number, id in enumerate(self.agents())
        ]
        for start in range(0, len(people), limits.ROUTING_CHANGES):
            yield _put(people[start : start + limits.ROUTING_CHANGES])

    def agents(self) -> list[str]:
        """The ids of all agents."""
        return [f"agent-{number:06}" for number in range(self.size.agents)]

    def call(self) -> c.OfferCall:
        """The next customer: a call of a kind drawn by chance."""
        self._asked += 1
        known = f"{self._asked:08x}"
        asked = self.classes[int(self._random.random() * len(self.classes))]
        facts = Facts(queue=QUEUE, requirement=asked)
        return c.OfferCall(call=f"call-{known}", item=f"item-{known}", conversation=f"conv-{known}", facts=facts)

    def received(self) -> c.OfferCall:
        """The same as a writer reads it from its store: what it carries is shared with nothing else."""
        return _call_of(msgspec.msgpack.encode(self.call()))

    def shuffled(self, agents: list[str]) -> list[str]:
        """The agents in an order drawn by chance: that in which they finish."""
        return self._random.sample(agents, len(agents))
