"""Chance, with a seed and a stream of its own for each purpose: who comes when, how long their handling takes, how long
they would wait. So a changed rule meets the same contacts (common random numbers).

With `matched` the means of one run are exactly those of the model: arrivals are then a Poisson process given how many
come, handle times are scaled by a factor near 1. That takes the chance of a busier or quieter run out of all figures,
and shifts none of them by more than 1 / contacts or so: what remains is what routing does.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import exp, log, sqrt

from router.simulate.theory.limits import BEGIN_S, TICKS_PER_S
from router.simulate.theory.vectors import Arrivals, Model

BEGIN = round(BEGIN_S * TICKS_PER_S)
"""The instant 0 of a model, in ticks."""


class Contact:
    """Who comes: when (ticks), of which class, how much work they bring (1 is the mean), until when their patience
    lasts (None: for ever), whom they know. `batch` is where it is counted, -1 for nowhere."""

    __slots__ = ("agent", "at", "batch", "began", "cls", "index", "item", "last", "pool", "until", "work")

    def __init__(
        self, index: int, at: int, cls: int, work: float, *, until: int | None = None, batch: int = 0, last: str = ""
    ) -> None:
        self.index = index
        self.at = at
        self.cls = cls
        self.work = work
        self.until = until
        self.batch = batch
        self.last = last
        self.item = f"i{index}"
        self.began = -1
        self.agent = ""
        self.pool = -1


class Chances:
    """The streams of one run of a model."""

    def __init__(self, model: Model, seed: str) -> None:
        self._model = model
        self._arrival = random.Random(f"{seed}/arrival")  # noqa: S311 - chance to be repeated, not secrets
        self._class = random.Random(f"{seed}/class")  # noqa: S311
        self._work = random.Random(f"{seed}/work")  # noqa: S311
        self._patience = random.Random(f"{seed}/patience")  # noqa: S311
        self._last = random.Random(f"{seed}/last")  # noqa: S311
        self._number = random.Random(f"{seed}/number")  # noqa: S311
        self.wrap_up = random.Random(f"{seed}/wrap_up")  # noqa: S311
        self._rates = [each.arrivals_per_h or 0.0 for each in model.classes]
        self._up_to = list(accumulate(self._rates))
        self._agents = [f"{pool.id}#{n:05}" for pool in model.pools for n in range(pool.agents or 0)]

    def contacts(self, plan: Sequence[int], *, matched: bool = False) -> Iterator[Contact]:
        """Contacts at a constant rate; `plan[k]` of them belong to batch k - 1, so that the first are not counted.

        The first of all come at once, so that the model begins in its usual state, or near it.
        """
        total = sum(self._rates) / 3_600.0
        first = self._first()
        count = sum(plan)
        gaps = [self._arrival.expovariate(total) for _ in range(count)] if matched else None
        works = [self.work() for _ in range(first + count)] if matched else None
        if gaps is not None and works is not None:
            gaps = _scaled(gaps, 1.0 / total)
            works = _scaled(works, 1.0)
        now = 0.0
        batches = (batch for batch, many in enumerate(plan, -1) for _ in range(many))
        for index in range(first + count):
            batch = -1
            if index < first:
                now += 1e-6
            else:
                batch = next(batches)
                now += gaps[index - first] if gaps is not None else self._arrival.expovariate(total)
            work = works[index] if works is not None else self.work()
            yield self._contact(index, now, self._of_class(), work, batch if batch < len(plan) - 2 else -1)

    def day(self, arrivals: Arrivals, days: int) -> Iterator[tuple[int, list[tuple[float, int]]]]:
        """For each day: its number, and the (seconds, interval) at which contacts come."""
        for day in range(days):
            found = []
            for interval, per_h in enumerate(arrivals.per_h):
                at = interval * arrivals.interval_s
                end = at + arrivals.interval_s
                while per_h > 0 and (at := at + self._arrival.expovariate(per_h / 3_600.0)) < end:
                    found.append((at, interval))
            yield day, found

    def _first(self) -> int:
        """How many are there when a run begins: drawn from what is usual where that is known, else the usual load."""
        weights = usual_numbers(self._model)
        return self._number.choices(range(len(weights)), weights)[0] if weights else _usual_load(self._model)

    def at(self, index: int, seconds: float, batch: int) -> Contact:
        """A contact at this instant."""
        return self._contact(index, seconds, self._of_class(), self.work(), batch)

    def gap(self) -> float:
        """Seconds until the next contact comes, at the constant rate."""
        return self._arrival.expovariate(sum(self._rates) / 3_600.0)

    def work(self) -> float:
        """How much work a contact brings, 1 on average."""
        if self._model.handle_distribution == "deterministic":
            return 1.0
        if self._model.handle_distribution == "lognormal":
            variance = log(1.0 + self._model.handle_cv2)
            return exp(self._work.gauss(-variance / 2, sqrt(variance)))
        return self._work.expovariate(1.0)

    def _of_class(self) -> int:
        if len(self._rates) == 1:
            return 0
        return bisect_right(self._up_to, self._class.random() * self._up_to[-1], hi=len(self._up_to) - 1)

    def _contact(self, index: int, seconds: float, cls: int, work: float, batch: int) -> Contact:
        kind = self._model.classes[cls]
        at = BEGIN + round(seconds * TICKS_PER_S)
        until = None
        if kind.mean_patience_s is not None:
            patience = kind.mean_patience_s
            if self._model.patience_distribution == "exponential":
                patience = self._patience.expovariate(1.0 / patience)
            until = at + round(patience * TICKS_PER_S)
        last = self._last.choice(self._agents) if kind.preferred_agent else ""
        return Contact(index, at, cls, work, until=until, batch=batch, last=last)


def usual_numbers(model: Model) -> list[float]:
    """The weight of each number of contacts in the system, where theory knows it (Erlang C and A); else nothing. Who is
    drawn from it and comes at once meets the usual state: what is exponential has no memory."""
    kind, pool = model.classes[0], model.pools[0]
    exponential = model.handle_distribution == "exponential" == model.patience_distribution
    plain = model.waiting_room is None and not (model.wrap_up_mean_s or pool.slots or kind.preferred_agent)
    if not (len(model.classes) == len(model.pools) == 1 and exponential and plain):
        return []
    agents, handle = pool.agents or 0, pool.mean_handle_s.get(kind.id, 0.0)
    load = (kind.arrivals_per_h or 0.0) / 3_600.0 * handle
    leaving = handle / kind.mean_patience_s if kind.mean_patience_s is not None else 0.0
    if load >= agents and not leaving:
        return []
    logarithms, most, number = [0.0], 0.0, 0
    while number <= max(agents, load) or logarithms[-1] > most - RARE:
        number += 1
        going = min(number, agents) + max(0, number - agents) * leaving
        logarithms.append(logarithms[-1] + log(load / going))
        most = max(most, logarithms[-1])
    return [exp(each - most) for each in logarithms]


RARE = 30.0
"""Numbers whose weight is so far below the greatest (natural logarithms) are never met."""


def _usual_load(model: Model) -> int:
    """About how many contacts are handled at once."""
    agents = sum((pool.agents or 0) * max(1, pool.slots) for pool in model.pools)
    load = 0.0
    for each in model.classes:
        means = [pool.mean_handle_s[each.id] for pool in model.pools if each.id in pool.mean_handle_s]
        means += [pool.mean_handle_alone_s for pool in model.pools if pool.slots]
        load += (each.arrivals_per_h or 0.0) / 3_600.0 * sum(means) / max(1, len(means))
    return min(agents, round(load))


def _scaled(values: list[float], mean: float) -> list[float]:
    factor = mean * len(values) / sum(values)
    return [value * factor for value in values]
