"""Judging rows: what is expected against what was measured, and how far apart the two may be.

With half-widths: 1.6 of them, scaled to the contacts of the run. Without: 3.5 standard errors of 20 replications, with
what is said of the error of the expectation itself. What is beyond is measured again with four times the contacts and
fresh seeds, and everything pooled; then it counts.
"""

from collections.abc import Callable
from math import sqrt

import msgspec

from router.simulate.theory import limits
from router.simulate.theory.policy import of_model
from router.simulate.theory.runs import Batches, Estimate, estimate, relaxation, run
from router.simulate.theory.vectors import Model, Row, Unsupported, leaves


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of a row."""

    id: str
    metric: str
    expected: float
    measured: float
    tolerance: float
    ok: bool


class Judged(msgspec.Struct, kw_only=True):
    """What a row came to: its figures, and what of it could not be expressed."""

    figures: list[Figure] = []
    unsupported: list[str] = []


Again = Callable[[int, int], list[Figure]]
"""Figures from a first run (contacts, 0) or everything up to the next one (contacts, 1)."""


def figure(row: Row, metric: str, expected: float, measured: float, tolerance: float) -> Figure:
    """One metric judged. What is equal but for the last digits is right whatever the tolerance."""
    ok = abs(measured - expected) <= max(tolerance, 1e-9 * abs(expected))
    return Figure(id=row.id, metric=metric, expected=expected, measured=measured, tolerance=tolerance, ok=ok)


def twice(measure: Callable[[int], list[Figure]]) -> list[Figure]:
    """The figures of the first round, and if one of them is beyond its tolerance those of both rounds pooled."""
    found = measure(0)
    return found if all(each.ok for each in found) else measure(1)


def contacts_of(row: Row) -> int:
    """How many contacts its tolerances ask for: fewer where it is sharp anyway. Without half-widths so many that what
    its replications tell of their error means something: each a relaxation time, or a shift of each rule."""
    if not row.half_width_95_at_1e6_contacts:
        return _replicated(row)
    needed = 0.0
    widths = row.half_width_95_at_1e6_contacts
    for name, expected in leaves(row.expected):
        if name in widths and expected:
            width = limits.HALF_WIDTHS_MAX * widths[name] / (limits.RELATIVE_AIM * abs(expected))
            needed = max(needed, limits.HALF_WIDTH_CONTACTS * width**2)
    return max(limits.CONTACTS_MIN, min(limits.CONTACTS_MOST, round(needed)))


def _replicated(row: Row) -> int:
    try:
        model = row.modelled()
    except Unsupported:  # as whoever judges it will say
        return 0
    if "by_agent_rule" in row.expected:
        return round(limits.REPLICATIONS * per_shift(model))
    if any(pool.agents is None for pool in model.pools):
        return limits.CONTACTS_DEFAULT
    slow = limits.REPLICATIONS * relaxation(model)
    return max(limits.CONTACTS_DEFAULT, min(limits.CONTACTS_SLOW_MOST, slow))


def per_shift(model: Model) -> float:
    """Contacts of one shift."""
    length = limits.SHIFT_WARM_UP_S + limits.SHIFT_S
    return sum(each.arrivals_per_h or 0.0 for each in model.classes) * length / 3_600.0


def steady(row: Row, contacts: int) -> Judged:
    """A model in its usual state. Raises Unsupported."""
    model, measure = row.modelled(), row.measured()
    policy = of_model(model)
    widths = row.half_width_95_at_1e6_contacts
    wanted = dict(leaves(row.expected))
    keep_waits = any(name.rsplit(".", 1)[-1].startswith("wait_p") for name in wanted)
    done: list[Batches] = []
    unsupported: list[str] = []

    def measured(round_: int) -> list[Figure]:
        size = contacts * (limits.AGAIN if round_ else 1)
        seed = f"{row.id}/{round_}"
        done.append(run(model, measure, size, seed, policy=policy, replicated=not widths, keep_waits=keep_waits))
        found = estimate(model, done)
        total = sum(batches.contacts for batches in done)
        unsupported[:] = [f"metric {name}" for name in wanted if name not in found.values]
        return [
            figure(row, name, value, found.values[name], tolerance(row, name, found, total))
            for name, value in wanted.items()
            if name in found.values
        ]

    return Judged(figures=twice(measured), unsupported=unsupported)


def tolerance(row: Row, name: str, found: Estimate, contacts: int) -> float:
    """How far a figure may be off, measured with so many contacts.

    Where a row has half-widths but not for this figure, it is allowed what its batches tell, and at least as much in
    proportion as the mean wait beside it: batches of one run are too much alike to tell it all.
    """
    widths = row.half_width_95_at_1e6_contacts
    by_width = limits.HALF_WIDTHS_MAX * sqrt(limits.HALF_WIDTH_CONTACTS / contacts)
    if name in widths:
        return widths[name] * by_width
    given = row.check.get("half_width_95")
    expected = given.get(name, 0.0) / limits.NORMAL_95 if isinstance(given, dict) else 0.0
    error = max(found.errors[name], least_error(row, name, contacts))
    allowed = limits.ERRORS_MAX * sqrt(error**2 + expected**2)
    path = name.rpartition(".")[0]
    value = dict(leaves(row.expected))
    for beside in (f"{path}.asa_s", f"{path}.mean_wait_all_s"):
        if beside in widths and value.get(beside):
            allowed = max(allowed, by_width * widths[beside] / value[beside] * abs(value[name]))
    return allowed


def least_error(row: Row, name: str, contacts: int) -> float:
    """The least standard error of a figure: that of independent events, which runs that met none do not show."""
    value = dict(leaves(row.expected))
    path, _, figure_ = name.rpartition(".")
    rates = {f"per_class.{each.id}": each.arrivals_per_h or 0.0 for each in row.modelled().classes}
    offered = contacts * rates[path] / sum(rates.values()) if path in rates else contacts
    if figure_.startswith(("p_", "sl_")):
        return sqrt(max(value[name] * (1.0 - value[name]), 0.0) / offered)
    waited = offered * value.get(f"{path}.p_wait", 0.0)
    return value[name] * sqrt(2.0 / waited) if figure_ in ("asa_s", "mean_wait_all_s") and waited else 0.0


def need(condition: bool, reason: str) -> None:
    """Raises Unsupported with the reason unless the condition holds."""
    if not condition:
        raise Unsupported(reason)
