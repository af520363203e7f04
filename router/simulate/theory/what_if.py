"""What if: the same day met by two centres, one more agent or another plan apart. Many days; each is met by both.

Both sides see the same contacts with the same work and patience (common random numbers), so that the difference of a
day is due to the change and not to the day. What is told is the mean difference with its 95 % half-width, and beside it
what it would have been with days of their own.
"""

import random
from collections.abc import Iterator, Sequence
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev

import msgspec
import yaml

from queues import metrics
from queues.queue import ChannelName
from router.centre.parse import CentreFileError, parse
from router.core import commands as c
from router.core import events as e
from router.core.agent import Agent
from router.core.commands import CentreRecord
from router.core.evolve import evolve
from router.core.facts import Facts
from router.core.rejections import Rejection
from router.core.state import State
from router.core.step import step
from router.simulate.theory import limits
from router.simulate.theory.engine import Engine, House, Kind
from router.simulate.theory.streams import Contact
from skills import requirement

TICKS_PER_S = 1_000
"""A centre's file is in milliseconds: so is the day here."""


class WhatIfError(Exception):
    """The centre or its load cannot be simulated; its text says why."""


class Stream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contacts of one kind over the day: `per_h` is one rate, or one for each part of the day of equal length.

    `handle_s` is the time until the exchange ends, `wrap_up_s` the work after it, `patience_s` how long who waits does
    so on average (left out: for ever); all exponential. `target_s`: of the service level, else that of the queue.
    """

    queue: str
    per_h: float | tuple[float, ...]
    handle_s: float
    channel: ChannelName = "phone"
    wrap_up_s: float = 0.0
    patience_s: float | None = None
    target_s: float | None = None
    skills: dict[str, int] = {}
    language: str = ""
    priority: int = 0


class Load(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The day that is met: `hours` long, the contacts that come in it. `absent`: agents who are not there."""

    streams: tuple[Stream, ...]
    hours: float = 8.0
    absent: tuple[str, ...] = ()

    def contacts(self) -> float:
        """How many come on an average day."""
        return sum(fmean(_rates(stream)) for stream in self.streams) * self.hours


class Centre(msgspec.Struct, frozen=True):
    """The records of one side."""

    records: tuple[CentreRecord, ...]


def read_centre(path: Path) -> Centre:
    """A centre file. Raises WhatIfError."""
    try:
        return Centre(parse(path.read_bytes()).records)
    except OSError as error:
        raise WhatIfError(f"{path}: {error.strerror}") from error
    except CentreFileError as error:
        raise WhatIfError(f"{path}:\n{error}") from error


def read_load(path: Path) -> Load:
    """A load file. Raises WhatIfError."""
    try:
        return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Load)
    except OSError as error:
        raise WhatIfError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise WhatIfError(f"{path}: {error}") from error


def with_more(centre: Centre, like: Sequence[str]) -> Centre:
    """The centre with another agent like each of these. Raises WhatIfError."""
    agents = {record.id: record for record in centre.records if isinstance(record, Agent)}
    more = []
    for number, id in enumerate(like, 1):
        if id not in agents:
            raise WhatIfError(f"there is no agent {id!r} to add another one like")
        more.append(msgspec.structs.replace(agents[id], id=f"{id}+{number}", phone=""))
    return Centre((*centre.records, *more))


# -- a day ---------------------------------------------------------------------------------------------------


class Day(msgspec.Struct):
    """What became of the contacts of one day."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    turned_away: int = 0
    in_target: int = 0
    wait: int = 0

    def service_level(self) -> float:
        """Answered within the target / offered; a day on which nobody came is a good one."""
        level = metrics.sl_blocked_missed(
            answered_in_target=self.in_target,
            answered=self.answered,
            abandoned=self.abandoned,
            blocked=self.turned_away,
        )
        return 1.0 if level is None else level


class _Watch:
    def __init__(self, targets: list[int], streams: list[tuple[float, float]], chance: random.Random) -> None:
        self.day = Day()
        self._targets = targets
        self._times = streams
        self._chance = chance

    def handle(self, contact: Contact) -> int:
        return round(contact.work * self._times[contact.cls][0] * TICKS_PER_S)

    def wrap_up(self, contact: Contact) -> int:
        return round(self._chance.expovariate(1.0) * self._times[contact.cls][1] * TICKS_PER_S)

    def came(self, contact: Contact, now: int) -> None:
        self.day.offered += 1

    def began(self, contact: Contact, now: int) -> None:
        wait = now - contact.at
        self.day.answered += 1
        self.day.wait += wait
        self.day.in_target += wait <= self._targets[contact.cls]

    def talked(self, contact: Contact, now: int) -> None:
        pass

    def ended(self, contact: Contact, now: int) -> None:
        pass

    def left(self, contact: Contact, now: int) -> None:
        self.day.abandoned += 1

    def blocked(self, contact: Contact, now: int) -> None:
        self.day.turned_away += 1


def day(centre: Centre, load: Load, seed: str) -> Day:
    """One day of this centre. The same seed is the same day, whatever the centre. Raises WhatIfError."""
    state = _signed_on(centre, load)
    kinds, targets = [], []
    for stream in load.streams:
        queue = state.queues.get(stream.queue)
        if queue is None:
            raise WhatIfError(f"the load names the queue {stream.queue!r}, which does not exist")
        skills = dict(stream.skills) | ({stream.language: 1} if stream.language in state.skills else {})
        facts = Facts(
            queue=stream.queue, requirement=requirement(skills), language=stream.language, priority=stream.priority
        )
        wraps = bool(queue.wrap_up(stream.channel) or queue.demands)
        kinds.append(Kind(facts, stream.channel, wraps))
        given = stream.target_s * TICKS_PER_S if stream.target_s is not None else queue.target(stream.channel)
        targets.append(round(given))
    codes = [code.id.partition(":")[2] for code in state.codes.values() if code.kind == "disposition"]
    category = next(iter(state.categories), "")
    house = House(state, kinds, dict.fromkeys(state.agents, 0), next(iter(codes), "done"), category)
    times = [(stream.handle_s, stream.wrap_up_s) for stream in load.streams]
    watch = _Watch(targets, times, random.Random(f"{seed}/wrap_up"))  # noqa: S311 - chance to be repeated
    Engine(house, watch, watch).run(sorted(_coming(load, seed), key=lambda contact: (contact.at, contact.cls)))
    return watch.day


def _signed_on(centre: Centre, load: Load) -> State:
    """A domain of this centre in which everybody who is not absent is available. Raises WhatIfError."""
    state = State(explaining=False)
    for record in centre.records:
        evolve(state, e.RecordPut(at=0, record=record))
    unknown = [id for id in load.absent if id not in state.agents]
    if unknown:
        raise WhatIfError(f"the load says that {', '.join(unknown)} is absent, who does not exist")
    for id, agent in sorted(state.agents.items()):
        if agent.disabled or id in load.absent:
            continue
        connected = c.ConnectClient(agent=id, client="screen", gateway="desk")
        for command in (connected, c.SetPresence(agent=id, state="available")):
            done = step(state, command, 1)
            if isinstance(done.rejection, Rejection):
                raise WhatIfError(f"{id} cannot sign on: {done.rejection.code}")
    state.touched.clear()
    return state


def _coming(load: Load, seed: str) -> Iterator[Contact]:
    """Everybody who comes on this day, kind by kind, each with streams of their own."""
    index = 0
    for cls, stream in enumerate(load.streams):
        arrival, work, patience = (
            random.Random(f"{seed}/{cls}/{purpose}")  # noqa: S311
            for purpose in ("arrival", "work", "patience")
        )
        rates = _rates(stream)
        length = load.hours * 3_600.0 / len(rates)
        for part, rate in enumerate(rates):
            at, end = part * length, (part + 1) * length
            while rate > 0 and (at := at + arrival.expovariate(rate / 3_600.0)) < end:
                now = BEGIN + round(at * TICKS_PER_S)
                until = None
                if stream.patience_s is not None:
                    until = now + round(patience.expovariate(1.0 / stream.patience_s) * TICKS_PER_S)
                yield Contact(index, now, cls, work.expovariate(1.0), until=until)
                index += 1


BEGIN = 60 * TICKS_PER_S
"""The day begins when everybody has been there for a minute."""


def _rates(stream: Stream) -> tuple[float, ...]:
    return stream.per_h if isinstance(stream.per_h, tuple) else (stream.per_h,)


# -- two centres ---------------------------------------------------------------------------------------------


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of what was offered, in the mean of all days. `half_width`: 95 % of the difference of service levels;
    `half_width_own_days`: the same had each side met days of its own."""

    days: int
    contacts: float
    service_level: float
    service_level_then: float
    difference: float
    half_width: float
    half_width_own_days: float
    abandoned: float
    abandoned_then: float
    asa_s: float | None
    asa_s_then: float | None


def compared(pairs: Sequence[tuple[Day, Day]]) -> Compared:
    """The days of both sides."""
    now, then = [one for one, _ in pairs], [other for _, other in pairs]
    levels = [(one.service_level(), other.service_level()) for one, other in pairs]
    apart = [other - one for one, other in levels]
    factor = student(len(pairs) - 1) / sqrt(len(pairs))
    own = sqrt(stdev([one for one, _ in levels]) ** 2 + stdev([other for _, other in levels]) ** 2)
    return Compared(
        days=len(pairs),
        contacts=fmean(one.offered for one in now),
        service_level=fmean(one for one, _ in levels),
        service_level_then=fmean(other for _, other in levels),
        difference=fmean(apart),
        half_width=factor * stdev(apart),
        half_width_own_days=factor * own,
        abandoned=_abandoned(now),
        abandoned_then=_abandoned(then),
        asa_s=_asa(now),
        asa_s_then=_asa(then),
    )


def _abandoned(days: Sequence[Day]) -> float:
    return sum(one.abandoned for one in days) / max(1, sum(one.offered for one in days))


def _asa(days: Sequence[Day]) -> float | None:
    waited = sum(one.wait for one in days) / TICKS_PER_S
    return metrics.asa(wait_of_answered=waited, answered=sum(one.answered for one in days))


def student(freedom: int) -> float:
    """The 97.5 % point of Student's distribution (Cornish and Fisher's expansion, good to 1 % from 3 on)."""
    z = limits.NORMAL_95
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def pair(now: Centre, then: Centre, load: Load, seed: str) -> tuple[Day, Day]:
    """One day met by both."""
    return day(now, load, seed), day(then, load, seed)


def seeds(days: int, seed: int) -> list[str]:
    """One for each day."""
    return [f"{seed}/day/{number}" for number in range(days)]
