"""Every row, trace and row of metrics of a file, each judged; on all cores, the longest first.

The seeds are fixed, so that the same file gives the same figures on every machine; only the number of contacts changes
them.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from router.simulate.theory import limits
from router.simulate.theory.announce import announcement_row
from router.simulate.theory.bounds import bound_row, staffing_row
from router.simulate.theory.days import day_row, fairness_row
from router.simulate.theory.judging import Figure, Judged, contacts_of, steady
from router.simulate.theory.spread import spread
from router.simulate.theory.traces import MetricDone, TraceDone, compute, replay
from router.simulate.theory.vectors import Asked, MetricRow, Row, Trace, Unread, Unsupported, Vectors

Kind: TypeAlias = Callable[[Row, int], Judged]

KINDS: tuple[tuple[str, Kind, float], ...] = (
    ("by_agent_rule", fairness_row, 1.0),
    ("least_agents", staffing_row, 1.0),
    ("least_possible_cost", bound_row, limits.BOUND_SHARE),
    ("mean_potential_wait_if_wait_s", announcement_row, 1.0),
    ("QL", announcement_row, 1.0),
    ("per_interval", day_row, 1.0),
    ("per_class", steady, 1.0),
    ("all", steady, 1.0),
    ("pools", steady, 1.0),
)
"""What a row expects, who judges it then, and the share of its contacts that each of its several runs gets."""


class Left(msgspec.Struct, frozen=True):
    """What could not be expressed, and why."""

    id: str
    reason: str


class Verdict(msgspec.Struct):
    """What a file came to."""

    rows: list[Figure] = []
    traces: list[TraceDone] = []
    metric_rows: list[MetricDone] = []
    unsupported: list[Left] = []

    @property
    def failed(self) -> int:
        """How many figures, traces and rows of metrics are wrong."""
        wrong = [each.id for each in self.rows if not each.ok]
        wrong += [each.id for each in self.traces if not each.ok]
        return len(wrong) + sum(not each.ok for each in self.metric_rows)

    def told(self) -> dict[str, Any]:
        """As one object for programs."""
        return {
            "rows": [msgspec.to_builtins(each) for each in self.rows],
            "traces": [
                {name: getattr(each, name) for name in ("id", "contacts", "equal", "ok")} for each in self.traces
            ],
            "metric_rows": [{"id": each.id, "ok": each.ok} for each in self.metric_rows],
            "unsupported": [msgspec.to_builtins(each) for each in self.unsupported],
            "failed": self.failed,
        }


def verify(
    vectors: Vectors,
    *,
    contacts: int | None = None,
    only: Sequence[str] = (),
    processes: int | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Verdict:
    """Judge everything, or `only` these ids; `contacts` of each row in place of its own number."""
    asked = [each for each in vectors.every() if not only or each.id in only]
    sizes = [(contacts or contacts_of(each)) if isinstance(each, Row) else 0 for each in asked]
    whole = sum(_cost(each, size) for each, size in zip(asked, sizes, strict=True))
    if contacts is None and whole > limits.CONTACTS_FILE_MAX:
        sizes = [round(size * limits.CONTACTS_FILE_MAX / whole) for size in sizes]
    order = sorted(range(len(asked)), key=lambda at: _cost(asked[at], sizes[at]), reverse=True)
    done = spread(judge, [(asked[at], sizes[at]) for at in order], processes=processes, told=told)
    found = dict(zip(order, done, strict=True))
    verdict = Verdict()
    for at, each in enumerate(asked):
        _note(verdict, each, found[at])
    return verdict


Done: TypeAlias = Judged | TraceDone | MetricDone | Left


def judge(each: Asked, contacts: int) -> Done:
    """One row, trace or row of metrics."""
    try:
        if isinstance(each, Trace):
            return replay(each)
        if isinstance(each, MetricRow):
            return compute(each)
        if isinstance(each, Unread):
            return Left(each.id, each.reason)
        for name, kind, share in KINDS:
            if name in each.expected:
                return kind(each, round(contacts * share))
        raise Unsupported(f"nothing is known of {', '.join(each.expected)}")
    except Unsupported as reason:
        return Left(each.id, str(reason))
    except Exception as error:  # it fails, whatever it is, and stops no other
        return Judged(figures=[_broken(each.id, error)])


def _broken(id: str, error: Exception) -> Figure:
    """What ended before it had any figures has failed."""
    metric = f"ended by {type(error).__name__}: {error}"
    return Figure(id=id, metric=metric, expected=1.0, measured=0.0, tolerance=0.0, ok=False)


def _cost(each: Asked, contacts: int) -> float:
    """About how long it takes."""
    if not isinstance(each, Row):
        return limits.TRACE_COST
    rules = each.expected.get("by_agent_rule")
    runs = len(rules) if isinstance(rules, dict) else sum(name.startswith("under_") for name in each.expected)
    share = next((share for name, _, share in KINDS if name in each.expected), 1.0)
    return contacts * share * max(1, runs)


def _note(verdict: Verdict, each: Asked, done: Done) -> None:
    match done:
        case Judged():
            verdict.rows += done.figures
            verdict.unsupported += [Left(each.id, reason) for reason in done.unsupported]
        case TraceDone():
            verdict.traces.append(done)
            verdict.unsupported += [Left(each.id, reason) for reason in done.unsupported]
        case MetricDone():
            verdict.metric_rows.append(done)
        case Left():
            verdict.unsupported.append(done)
