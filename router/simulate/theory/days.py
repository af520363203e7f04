"""Rows whose time is not endless: days with changing arrivals, shifts in which work is shared out."""

from collections.abc import Iterator
from math import sqrt
from statistics import fmean, pstdev

import msgspec

from queues import metrics
from router.core import commands as c
from router.simulate.theory import limits
from router.simulate.theory.counters import DayCounter
from router.simulate.theory.judging import Figure, Judged, figure, need, per_shift, twice
from router.simulate.theory.policy import AGENT_RULES, of_model
from router.simulate.theory.runs import engine, standard_error
from router.simulate.theory.streams import BEGIN, Chances, Contact
from router.simulate.theory.tally import Count, Figures, Tally, of_count, together
from router.simulate.theory.vectors import Arrivals, Measure, Model, Row

# -- a day, again and again ----------------------------------------------------------------------------------


class _Part(msgspec.Struct):
    """One interval of the days of one group."""

    tally: Tally
    in_system: float


def day_row(row: Row, contacts: int) -> Judged:
    """Piecewise constant arrivals: figures by the interval in which contacts come. Raises Unsupported."""
    model, measure = row.modelled(), row.measured()
    arrivals = model.arrivals
    need(isinstance(arrivals, Arrivals), "per_interval without piecewise arrivals")
    assert isinstance(arrivals, Arrivals)
    need(model.start in ("", "empty, all agents idle"), f"start {model.start!r}")
    need(len(model.classes) == 1 and not model.wrap_up_mean_s, "a day of several classes, or with wrap-up")
    expected = row.expected["per_interval"]
    need(
        isinstance(expected, list) and len(expected) == len(arrivals.per_h), "per_interval is not one for each of per_h"
    )
    known = {*of_count(Count(1), 0), "mean_in_system"}
    unknown = sorted({name for each in expected for name in each} - known)
    per_day = sum(arrivals.per_h) * arrivals.interval_s / 3_600.0
    done: list[list[list[_Part]]] = []

    def measured(round_: int) -> list[Figure]:
        size = contacts * (limits.AGAIN if round_ else 1)
        days = max(1, round(size / per_day / limits.REPLICATIONS))
        done.append(_days(model, measure, arrivals, days, f"{row.id}/{round_}"))
        return [each for at in range(len(arrivals.per_h)) for each in _interval(row, model, at, done)]

    return Judged(figures=twice(measured), unsupported=[f"metric per_interval.{name}" for name in unknown])


def _days(model: Model, measure: Measure, arrivals: Arrivals, days: int, seed: str) -> list[list[_Part]]:
    """Groups of so many days each; between two days everybody goes home."""
    many = len(arrivals.per_h)
    means = max(mean for pool in model.pools for mean in pool.mean_handle_s.values())
    period = many * arrivals.interval_s + limits.NIGHT_HANDLE_TIMES * means
    watcher = DayCounter(model, measure, groups=limits.REPLICATIONS, arrivals=arrivals, period_s=period)
    chances = Chances(model, seed)

    def coming() -> Iterator[Contact]:
        index = 0
        for day, found in chances.day(arrivals, days * limits.REPLICATIONS):
            for at, interval in found:
                yield chances.at(index, day * period + at, day // days * many + interval)
                index += 1

    engine(model, of_model(model), chances, watcher).run(coming())
    time = days * arrivals.interval_s * limits.TICKS_PER_S
    parts = [_Part(tally, area / time) for tally, area in zip(watcher.tallies, watcher.in_system, strict=True)]
    return [parts[group * many : (group + 1) * many] for group in range(limits.REPLICATIONS)]


def _interval(row: Row, model: Model, at: int, done: list[list[list[_Part]]]) -> list[Figure]:
    """The figures of one interval over all runs, each weighed by its days (4 to 1)."""
    weights = [float(limits.AGAIN) if number else 1.0 for number in range(len(done))]
    parts = [[group[at] for group in groups] for groups in done]
    tally = together(model, (part.tally for groups in parts for part in groups))
    values = of_count(tally.classes[0], 0)
    values["mean_in_system"] = sum(
        weight * fmean(part.in_system for part in groups) for weight, groups in zip(weights, parts, strict=True)
    ) / sum(weights)
    found = []
    wanted = row.expected["per_interval"][at]
    for name, expected in wanted.items():
        value = values.get(name)
        if value is None or expected is None:
            continue
        variance = 0.0
        for weight, groups in zip(weights, parts, strict=True):
            each = [
                part.in_system if name == "mean_in_system" else of_count(part.tally.classes[0], 0)[name]
                for part in groups
            ]
            variance += (weight / sum(weights) * standard_error([one for one in each if one is not None])) ** 2
        least = _rare(name, wanted, tally)
        tolerance = limits.ERRORS_MAX * max(sqrt(variance), least)
        found.append(figure(row, f"per_interval.{at}.{name}", expected, value, tolerance))
    return found


def _rare(name: str, expected: dict[str, float | None], tally: Tally) -> float:
    """The least standard error of something rare: that of independent events, which batches without any do not show."""
    offered, value = tally.classes[0].offered, expected[name] or 0.0
    if name.startswith(("p_", "sl_")):
        return sqrt(max(value * (1.0 - value), 0.0) / offered)
    waited = offered * (expected.get("p_wait") or 0.0) or tally.classes[0].waited
    return value * sqrt(2.0 / waited) if name.startswith("mean_wait") and waited else 0.0


# -- a shift, and who did the work ---------------------------------------------------------------------------


class _Shift:
    """What each agent did in the window of one shift."""

    def __init__(self, agents: tuple[str, ...]) -> None:
        self.begin = BEGIN + round(limits.SHIFT_WARM_UP_S * limits.TICKS_PER_S)
        self.end = self.begin + round(limits.SHIFT_S * limits.TICKS_PER_S)
        self.busy = dict.fromkeys(agents, 0)
        self.contacts = dict.fromkeys(agents, 0)

    def came(self, contact: Contact, now: int) -> None:
        pass

    def began(self, contact: Contact, now: int) -> None:
        self.contacts[contact.agent] += self.begin <= now < self.end

    def talked(self, contact: Contact, now: int) -> None:
        pass

    def ended(self, contact: Contact, now: int) -> None:
        self.busy[contact.agent] += max(0, min(now, self.end) - max(contact.began, self.begin))

    def left(self, contact: Contact, now: int) -> None:
        pass

    def blocked(self, contact: Contact, now: int) -> None:
        pass

    def figures(self) -> Figures:
        """How unevenly it was shared out."""
        length = self.end - self.begin
        busy = [time / length for time in self.busy.values()]
        contacts = list(self.contacts.values())
        return {
            "gini_idle": metrics.gini([1.0 - share for share in busy]) or 0.0,
            "gini_occupancy": metrics.gini(busy) or 0.0,
            "gini_contacts": metrics.gini(contacts) or 0.0,
            "occupancy_range": max(busy) - min(busy),
            "cv_contacts": pstdev(contacts) / fmean(contacts),
        }


def fairness_row(row: Row, contacts: int) -> Judged:
    """How each agent rule shares out a shift. The same contacts come whatever the rule. Raises Unsupported."""
    model = row.modelled()
    need(model.window in ("", WINDOW) or model.window.startswith(WINDOW), f"window {model.window!r}")
    judged = Judged()
    rules = row.expected["by_agent_rule"]
    shifts = max(3, min(limits.REPLICATIONS, round(contacts / per_shift(model))))
    for rule, expected in rules.items():
        if rule not in AGENT_RULES:
            judged.unsupported.append(f"agent rule {rule}")
            continue
        done: list[Figures] = []

        def measured(
            round_: int, rule: str = rule, expected: dict[str, float] = expected, done: list[Figures] = done
        ) -> list[Figure]:
            begin = len(done)
            many = shifts * (limits.AGAIN if round_ else 1)
            done.extend(shift(model, rule, f"{row.id}/{number}") for number in range(begin, begin + many))
            return [
                _shared(row, f"by_agent_rule.{rule}.{name}", value, [one[name] for one in done], expected)
                for name, value in expected.items()
                if name in done[0]
            ]

        judged.figures += twice(measured)
        unknown = [name for name in expected if name not in done[0] and not name.startswith("se_")]
        judged.unsupported += [f"metric by_agent_rule.{rule}.{name}" for name in unknown]
    return judged


WINDOW = "one shift of 8 h after 30 min warm-up from empty"


def shift(model: Model, rule: str, seed: str) -> Figures:
    """One shift under one agent rule, from empty."""
    policy = msgspec.structs.replace(of_model(model), strategy=AGENT_RULES[rule])
    chances = Chances(model, seed)
    watcher = _Shift(tuple(agent for agents in policy.pools.values() for agent in agents))
    end = limits.SHIFT_WARM_UP_S + limits.SHIFT_S

    def coming() -> Iterator[Contact]:
        index, at = 0, chances.gap()
        while at < end:
            yield chances.at(index, at, 0)
            index, at = index + 1, at + chances.gap()

    core = engine(model, policy, chances, watcher)
    if policy.strategy in OF_A_DAY:
        for agent in watcher.busy:
            core.schedule(watcher.begin, c.SetPresence(agent=agent, state="offline"))
            core.schedule(watcher.begin, c.SetPresence(agent=agent, state="available"))
    core.run(coming())
    return watcher.figures()


OF_A_DAY = ("fewest_handled", "least_busy")
"""Strategies that count since an agent signed on: they do so when the shift begins."""


def _shared(row: Row, metric: str, expected: float, values: list[float], given: dict[str, float]) -> Figure:
    """A mean over shifts. The expectation is one too; where its error is not told, it is that of as many shifts."""
    spread = standard_error(values)
    theirs = given.get(f"se_{metric.rsplit('.', 1)[-1]}", spread * sqrt(len(values) / limits.SHIFTS_EXPECTED))
    tolerance = limits.ERRORS_MAX * sqrt(spread**2 + theirs**2)
    return figure(row, metric, expected, fmean(values), tolerance)
