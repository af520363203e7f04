"""Traces: contacts one by one, and who must get each of them when. Compared contact by contact, and their metrics."""

from typing import Any

import msgspec

from queues import metrics
from router.simulate.theory import limits
from router.simulate.theory.engine import Engine, housed
from router.simulate.theory.policy import Policy, of_rules, ticks
from router.simulate.theory.streams import BEGIN, Contact
from router.simulate.theory.vectors import MetricRow, Trace, TraceContact, TraceOutcome, Unsupported


class TraceDone(msgspec.Struct, frozen=True, kw_only=True):
    """How far a trace agrees: contacts, how many of them are equal, what differs first, metrics that nobody knows."""

    id: str
    contacts: int
    equal: int
    ok: bool
    differs: str = ""
    unsupported: tuple[str, ...] = ()


class _Journal:
    """What became of each contact of a trace."""

    def __init__(self, contacts: tuple[TraceContact, ...]) -> None:
        self._contacts = contacts
        self.outcome: dict[int, TraceOutcome] = {}

    def handle(self, contact: Contact) -> int:
        return ticks(self._contacts[contact.index].handle)

    def wrap_up(self, contact: Contact) -> int:
        return 0

    def came(self, contact: Contact, now: int) -> None:
        pass

    def began(self, contact: Contact, now: int) -> None:
        id = self._contacts[contact.index].id
        self.outcome[contact.index] = TraceOutcome(id=id, agent=contact.agent, start=_seconds(now))

    def talked(self, contact: Contact, now: int) -> None:
        pass

    def ended(self, contact: Contact, now: int) -> None:
        pass

    def left(self, contact: Contact, now: int) -> None:
        id = self._contacts[contact.index].id
        self.outcome[contact.index] = TraceOutcome(id=id, abandoned=_seconds(now))

    def blocked(self, contact: Contact, now: int) -> None:
        raise AssertionError("a trace has room for all")


def _seconds(now: int) -> float:
    return (now - BEGIN) / limits.TICKS_PER_S


def replay(trace: Trace) -> TraceDone:
    """Run the trace and compare. Raises Unsupported."""
    rules = trace.ruled()
    policy = of_rules(rules, BEGIN)
    journal = _Journal(trace.contacts)
    engine = Engine(housed(policy), journal, journal)
    engine.run(_contacts(trace, policy))
    expected = {each.id: each for each in trace.expected}
    wrong = [
        f"contact {each.id}: {_told(journal.outcome.get(index))}, expected {_told(expected.get(each.id))}"
        for index, each in enumerate(trace.contacts)
        if not _equal(journal.outcome.get(index), expected.get(each.id))
    ]
    equal = len(trace.contacts) - len(wrong)
    unknown: list[str] = []
    if trace.metrics and not wrong:
        found = _figures(trace, journal.outcome, len(rules.agents))
        unknown = [f"metric {name}" for name in trace.metrics if name not in found]
        wrong += differences(found, {name: value for name, value in trace.metrics.items() if name in found})
    return TraceDone(
        id=trace.id,
        contacts=len(trace.contacts),
        equal=equal,
        ok=not wrong,
        differs=wrong[0] if wrong else "",
        unsupported=tuple(unknown),
    )


def _contacts(trace: Trace, policy: Policy) -> list[Contact]:
    """Who comes, in order. Raises Unsupported."""
    found = []
    for index, each in enumerate(trace.contacts):
        if each.cls not in policy.classes:
            raise Unsupported(f"contact {each.id} is of the class {each.cls!r}, which does not exist")
        until = None if each.patience is None else BEGIN + ticks(each.t) + ticks(each.patience)
        found.append(Contact(index, BEGIN + ticks(each.t), policy.classes.index(each.cls), 1.0, until=until))
    return sorted(found, key=lambda contact: contact.at)


def _told(outcome: TraceOutcome | None) -> str:
    return "nothing" if outcome is None else str(msgspec.to_builtins(outcome))


def _equal(found: TraceOutcome | None, expected: TraceOutcome | None) -> bool:
    if found is None or expected is None or found.agent != expected.agent:
        return False
    return _near(found.start, expected.start) and _near(found.abandoned, expected.abandoned)


def _near(found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= limits.EQUAL_S


def _figures(trace: Trace, outcome: dict[int, TraceOutcome], agents: int) -> dict[str, Any]:
    """All metrics of a trace, from the times that were compared before."""
    target, short = trace.metrics.get("target_s", 0.0), trace.metrics.get("short_abandon_s", 0.0)
    ends = [(each, outcome[at]) for at, each in enumerate(trace.contacts)]
    answered = [(each, rounded(end.start - each.t)) for each, end in ends if end.start is not None]
    left = [rounded(end.abandoned - each.t) for each, end in ends if end.abandoned is not None]
    waits = [wait for _, wait in answered]
    counts = {
        "answered": len(answered),
        "abandoned": len(left),
        "answered_in_target": sum(wait <= target for wait in waits),
        "abandoned_in_target": sum(wait <= target for wait in left),
        "short_abandoned": sum(wait <= short for wait in left),
    }
    begin, end = window = [0.0, max((each.t + wait + each.handle for each, wait in answered), default=0.0)]
    talk = sum(each.handle for each, _ in answered)
    return {
        "target_s": target,
        "short_abandon_s": short,
        "window_s": window,
        **counts,
        **of_counts(counts),
        "asa_s": metrics.asa(wait_of_answered=sum(waits), answered=len(waits)),
        "mean_wait_of_waited_s": metrics.mean_wait_of_waited(
            wait_of_answered=sum(waits), waited=sum(wait > limits.EQUAL_S for wait in waits)
        ),
        "mean_time_to_abandon_s": metrics.mean_time_to_abandon(wait_of_abandoned=sum(left), abandoned=len(left)),
        "aht_s": metrics.aht(talk=talk, handled=len(answered)),
        "occupancy_over_window": metrics.occupancy(handling=talk, logged_in_and_ready=agents * (end - begin)),
        "longest_wait_s": max((*waits, *left), default=None),
    }


def rounded(seconds: float) -> float:
    """A difference of two times without the dust that binary fractions leave: whole ticks."""
    return round(seconds * limits.TICKS_PER_S) / limits.TICKS_PER_S


# -- metrics on counts ---------------------------------------------------------------------------------------


def of_counts(counts: dict[str, int]) -> dict[str, float | None]:
    """Every ratio that counts of contacts give, by name."""
    few = {name: counts[name] for name in ("answered_in_target", "answered")}
    all_ = few | {"abandoned": counts["abandoned"]}
    short = {"short_abandoned": counts["short_abandoned"]}
    in_target = {"abandoned_in_target": counts["abandoned_in_target"]}
    ends = {name: counts[name] for name in ("abandoned", "answered")}
    return {
        "offered": counts["answered"] + counts["abandoned"],
        "sl_offered": metrics.sl_offered(**all_),
        "sl_answered": metrics.sl_answered(**few),
        "sl_excl_short_abandons": metrics.sl_excl_short_abandons(**all_, **short),
        "sl_excl_abandons_in_target": metrics.sl_excl_abandons_in_target(**all_, **in_target),
        "sl_abandon_in_target_ok": metrics.sl_abandon_in_target_ok(**all_, **in_target),
        "sl_short_abandons_ok": metrics.sl_short_abandons_ok(**all_, **short),
        "abandonment_rate": metrics.abandonment_rate(**ends),
        "abandonment_rate_excl_short": metrics.abandonment_rate_excl_short(**ends, **short),
    }


class MetricDone(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a row of metrics is right, and what is not."""

    id: str
    ok: bool
    differs: str = ""


COUNTS = ("answered", "abandoned", "answered_in_target", "abandoned_in_target", "short_abandoned")


def compute(row: MetricRow) -> MetricDone:
    """Compute the row's metrics and compare. Raises Unsupported."""
    if row.counts:
        counts = dict.fromkeys(COUNTS, 0) | row.counts
        found: dict[str, Any] = dict(of_counts(counts))
        if "flowed_out" in counts or "flow_outs" in counts:
            flowed = sum(counts.get(name) or 0 for name in ("flowed_out", "flow_outs"))
            few = {name: counts[name] for name in COUNTS[:3]}
            found["sl_with_flow_outs"] = metrics.sl_with_flow_outs(**few, flowed_out=flowed)
        found |= row.counts
    else:
        found = _of_times(row.inputs)
    unknown = sorted(set(row.expected) - set(found))
    if unknown:
        raise Unsupported(f"no definition of {', '.join(unknown)} from {', '.join(row.counts or row.inputs)}")
    wrong = differences(found, row.expected)
    return MetricDone(id=row.id, ok=not wrong, differs=wrong[0] if wrong else "")


def _of_times(inputs: dict[str, Any]) -> dict[str, Any]:
    """Every ratio that an agent's times give, by name."""
    found: dict[str, Any] = {}
    if {"adherence_exception_s", "adherence_schedule_s", "actual_length_s"} <= set(inputs):
        found["adherence"] = metrics.adherence(
            exception=inputs["adherence_exception_s"],
            scheduled=inputs["adherence_schedule_s"],
            actual=inputs["actual_length_s"],
        )
    if {"conformance_actual_s", "conformance_schedule_s"} <= set(inputs):
        found["conformance"] = metrics.conformance(
            actual=inputs["conformance_actual_s"], scheduled=inputs["conformance_schedule_s"]
        )
    return found


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Each expected metric that was not found just so."""
    return [
        f"{name}: {found.get(name)!r}, expected {value!r}"
        for name, value in expected.items()
        if not _exact(found.get(name), value)
    ]


def _exact(found: Any, expected: Any) -> bool:
    if found is None or expected is None:
        return found is expected
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(_exact, found, expected))
    if not isinstance(expected, int | float):
        return bool(found == expected)
    return bool(abs(found - expected) <= limits.EXACT * max(1.0, abs(expected)))
