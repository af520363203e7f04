"""Running a model: one long run in batches, or replications of their own; figures with their standard errors."""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from statistics import stdev

import msgspec

from router.simulate.theory import limits
from router.simulate.theory.desk import Desk
from router.simulate.theory.engine import Engine, Watcher, housed
from router.simulate.theory.policy import Policy, of_model
from router.simulate.theory.streams import Chances, Contact, usual_numbers
from router.simulate.theory.tally import Counter, Figures, Tally, figures, together
from router.simulate.theory.vectors import Measure, Model


class Handling:
    """How long contacts of a model take, by the pool that has them."""

    def __init__(self, model: Model, chances: Chances) -> None:
        self._chances = chances
        self._wrap_up = model.wrap_up_mean_s
        self._mean = [
            [pool.mean_handle_s.get(each.id, 0.0) * limits.TICKS_PER_S for pool in model.pools]
            for each in model.classes
        ]

    def handle(self, contact: Contact) -> int:
        """Its work at the mean of this pool."""
        return round(contact.work * self._mean[contact.cls][contact.pool])

    def wrap_up(self, contact: Contact) -> int:
        """Exponential."""
        return round(self._chances.wrap_up.expovariate(1.0 / self._wrap_up) * limits.TICKS_PER_S)


def engine(model: Model, policy: Policy, chances: Chances, watcher: Watcher) -> Engine:
    """The core with this model around it."""
    desk = Desk(model.pools) if policy.slots else None
    return Engine(housed(policy), Handling(model, chances), watcher, desk=desk)


class Batches(msgspec.Struct, frozen=True):
    """What batches or replications counted, and how many contacts that were."""

    tallies: list[Tally]
    contacts: int


def run(
    model: Model,
    measure: Measure,
    contacts: int,
    seed: str,
    *,
    policy: Policy | None = None,
    replicated: bool = False,
    keep_waits: bool = False,
) -> Batches:
    """`contacts` counted ones, in one long run with matched means, or in replications that each warm up."""
    rules = policy or of_model(model)
    usual = until_usual(model)
    if not replicated:
        size = contacts // limits.REPLICATIONS
        warm = max(round(contacts * limits.WARM_UP_SHARE), min(usual, contacts // 2))
        tail = round(contacts * limits.TAIL_SHARE)
        plan = [warm, *([size] * limits.REPLICATIONS), tail]
        return Batches(_once(model, measure, rules, plan, f"{seed}/run", keep_waits=keep_waits, matched=True), contacts)
    size = contacts // limits.REPLICATIONS
    warm = max(round(size * limits.WARM_UP_REPLICATION_SHARE), min(usual, size))
    tail = round(size * limits.TAIL_SHARE)
    tallies: list[Tally] = []
    for number in range(limits.REPLICATIONS):
        tallies += _once(model, measure, rules, [warm, size, tail], f"{seed}/{number}", keep_waits=keep_waits)
    return Batches(tallies, contacts)


def _once(
    model: Model,
    measure: Measure,
    policy: Policy,
    plan: Sequence[int],
    seed: str,
    *,
    keep_waits: bool = False,
    matched: bool = False,
) -> list[Tally]:
    chances = Chances(model, seed)
    counter = Counter(model, measure, len(plan) - 2, keep_waits=keep_waits)
    engine(model, policy, chances, counter).run(chances.contacts(plan, matched=matched))
    return counter.tallies


def until_usual(model: Model) -> int:
    """Contacts until little is left of how a run began: twice the relaxation time. None where it begins in its usual
    state."""
    return 0 if usual_numbers(model) else 2 * relaxation(model)


def relaxation(model: Model) -> int:
    """Contacts in the relaxation time of the slowest part of the house that shares no agents with the rest: handle time
    / (sqrt(agents) - sqrt(load))^2 (Halfin and Whitt; with patience no longer than that)."""
    total = sum(each.arrivals_per_h or 0.0 for each in model.classes) / 3_600.0
    return round(total * max((_relaxation_s(model, part) for part in _parts(model)), default=0.0))


def _relaxation_s(model: Model, part: set[str]) -> float:
    classes = [each for each in model.classes if each.id in part]
    pools = [pool for pool in model.pools if part & set(pool.mean_handle_s)]
    agents = sum(pool.agents or 0 for pool in pools)
    means = [mean for pool in pools for mean in pool.mean_handle_s.values()]
    if not means:
        return 0.0
    handle = sum(means) / len(means) + model.wrap_up_mean_s
    load = sum(each.arrivals_per_h or 0.0 for each in classes) / 3_600.0 * handle
    longest = max([handle, *(each.mean_patience_s or LONGEST_S for each in classes)])
    return min(longest, handle / max(1e-9, sqrt(agents) - sqrt(load)) ** 2 if agents > load else LONGEST_S)


LONGEST_S = 1e6
"""More than any relaxation that a run could wait for."""


def _parts(model: Model) -> list[set[str]]:
    """The classes that share agents, directly or by others."""
    parts: list[set[str]] = []
    for pool in model.pools:
        joined = set(pool.mean_handle_s)
        apart = []
        for part in parts:
            if part & joined:
                joined |= part
            else:
                apart.append(part)
        parts = [*apart, joined]
    return parts


class Estimate(msgspec.Struct, frozen=True):
    """Figures, and the standard error of each as its batches tell."""

    values: Figures
    errors: Figures


def estimate(model: Model, found: Iterable[Batches], of: Callable[[Tally, Model], Figures] = figures) -> Estimate:
    """The figures of all runs pooled."""
    every = list(found)
    values = of(together(model, (tally for batches in every for tally in batches.tallies)), model)
    total = sum(batches.contacts for batches in every)
    variance = dict.fromkeys(values, 0.0)
    for batches in every:
        each = [of(tally, model) for tally in batches.tallies]
        share = batches.contacts / total
        for name in values:
            variance[name] += (share * standard_error([one[name] for one in each if name in one])) ** 2
    return Estimate(values, {name: sqrt(value) for name, value in variance.items()})


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of independent values."""
    return stdev(values) / sqrt(len(values)) if len(values) > 1 else 0.0
