"""The acceptance figures of routing (our routing notes, section 5): what is run for each, and what it must come to.

They take hours. Each task's figures are kept when it is done, so that the next call goes on where this one ended.
`z` is the distance from what is expected in standard errors of 20 replications.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import TypeAlias

import msgspec

from router.simulate.theory import limits
from router.simulate.theory.judging import least_error
from router.simulate.theory.runs import standard_error
from router.simulate.theory.spread import spread
from router.simulate.theory.tally import Figures
from router.simulate.theory.tasks import STRATEGIES, Task, work
from router.simulate.theory.told import BOUNDS
from router.simulate.theory.vectors import Row, Vectors, leaves
from router.simulate.theory.what_if import student

Kept: TypeAlias = dict[str, list[Figures]]
"""The figures of all replications of a group."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a figure: what was measured, and what it must be."""

    figure: str
    what: str
    value: str
    goal: str
    ok: bool


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """One of the twelve: its tasks, and what their figures come to."""

    name: str
    title: str
    tasks: list[Task]
    judged: Callable[[Kept], Iterable[Line]]


MILLION = 1_000_000
EXACT_FAMILIES = {
    "2": ("erlang_c",),
    "3": ("erlang_a", "queue_timeout", "finite_waiting_room"),
    "4": (
        "priority_equal_aht",
        "priority_unequal_aht",
        "priority_with_abandonment",
        "linear_ageing",
        "deadline_or_credit",
    ),
    "5": (
        "skills_fcfs_longest_idle",
        "skills_fcfs_order_tracked",
        "skills_static_priority",
        "priority_with_reserved_agents",
    ),
    "6": ("six_skills_chain",),
    "10": (
        "chat_concurrency",
        "talk_plus_wrap_up",
        "single_agent_general_handle_time",
        "bullseye_timer",
        "last_agent_window",
    ),
}
"""Figure -> families of rows that are run in their usual state."""


def plan(vectors: Vectors, scale: float) -> list[Accepted]:
    """All figures, with `scale` times the contacts that they ask for."""
    return _Plan(vectors, scale).all()


class _Plan:
    def __init__(self, vectors: Vectors, scale: float) -> None:
        self._vectors = vectors
        self._rows = {row.id: row for row in vectors.rows}
        self._scale = scale

    def all(self) -> list[Accepted]:
        return [
            self._traces(),
            self._fcfs(),
            self._usual("3", "Erlang A and time-outs", 2 * MILLION),
            self._priorities(),
            self._skills(),
            self._second_skill(),
            self._regret(),
            self._fairness(),
            self._announced(),
            self._beyond(),
            self._metrics(),
            self._what_if(),
        ]

    # -- tasks -----------------------------------------------------------------------------------------------

    def _many(self, what: str, row: str = "", variant: str = "", contacts: int = 0) -> list[Task]:
        """Replications that make up so many contacts."""
        each = max(1_000, round(contacts * self._scale / limits.REPLICATIONS))
        return [
            Task(what=what, row=row, variant=variant, contacts=each, number=number)
            for number in range(limits.REPLICATIONS)
        ]

    def _one(self, what: str, row: str = "", variant: str = "", contacts: int = 0) -> list[Task]:
        return [Task(what=what, row=row, variant=variant, contacts=max(2_000, round(contacts * self._scale)))]

    def _of(self, figure: str) -> list[Row]:
        return [row for row in self._vectors.rows if row.family in EXACT_FAMILIES[figure]]

    # -- the twelve ------------------------------------------------------------------------------------------

    def _traces(self) -> Accepted:
        tasks = [Task(what="trace", row=trace.id) for trace in self._vectors.traces]

        def judged(kept: Kept) -> Iterator[Line]:
            found = [one for task in tasks for one in kept[task.group]]
            equal, all_ = sum(one["equal"] for one in found), sum(one["contacts"] for one in found)
            value = f"{equal:.0f} of {all_:.0f} contacts"
            yield _line("1", "equal in agent and time", value, "all", equal == all_)

        return Accepted(name="1", title="Pathwise traces", tasks=tasks, judged=judged)

    def _fcfs(self) -> Accepted:
        oracle = [task for name in STRATEGIES for task in self._one("oracle", "", name, MILLION)]
        rows = self._of("2")
        usual = [task for row in rows for task in self._many("model", row.id, "", 3 * MILLION)]

        def judged(kept: Kept) -> Iterator[Line]:
            furthest = max(one["furthest_s"] for task in oracle for one in kept[task.group])
            what = f"furthest from Kiefer and Wolfowitz, {len(oracle)} agent rules"
            yield Line(
                figure="2", what=what, value=f"{furthest:.1e} s", goal="<= 1e-6 s", ok=furthest <= limits.EQUAL_S
            )
            yield from _all_z("2", rows, usual, kept)
            for row in rows:
                if row.id in ("EC-01", "EC-02", "EC-03"):
                    yield _relative("2", row, "per_class.a.p_wait", kept, 0.01)

        return Accepted(name="2", title="FCFS oracle at scale", tasks=oracle + usual, judged=judged)

    def _usual(self, figure: str, title: str, contacts: int) -> Accepted:
        rows = self._of(figure)
        tasks = [task for row in rows for task in self._many("model", row.id, "", contacts)]

        def judged(kept: Kept) -> Iterator[Line]:
            yield from _all_z(figure, rows, tasks, kept)
            for row in rows:
                if row.id in ("EA-06", "EA-13"):
                    yield _relative(figure, row, "per_class.a.p_abandon", kept, 0.015)
                yield from _identity(figure, row, kept)

        return Accepted(name=figure, title=title, tasks=tasks, judged=judged)

    def _priorities(self) -> Accepted:
        usual = self._usual("4", "Priority, ageing, credit", 2 * MILLION)
        orders = [
            task
            for name in ("strict", "ageing", "credit")
            for task in self._one("conservation", "", name, MILLION // 5)
        ]
        ends = [task for name in ("fcfs", "strict") for task in self._one("ageing", "", name, MILLION // 5)]

        def judged(kept: Kept) -> Iterator[Line]:
            yield from usual.judged(kept)
            off = max(one["relative"] for task in orders for one in kept[task.group])
            yield _line("4", "conservation of waiting", f"{off:.1e}", "<= 1e-9", off <= 1e-9)
            differ = sum(one["differ"] for task in ends for one in kept[task.group])
            what = "decisions unlike the limits of ageing (1: FCFS, 10^9: strict)"
            yield _line("4", what, f"{differ:.0f}", "0", not differ)

        return Accepted(name="4", title=usual.title, tasks=[*usual.tasks, *orders, *ends], judged=judged)

    def _skills(self) -> Accepted:
        usual = self._usual("5", "Skills exact", 5 * MILLION)
        bounds = self._bounds()
        costs = [task for row in bounds for task in self._many("policy", row.id, "fcfs_longest_idle", 5 * MILLION)]

        def judged(kept: Kept) -> Iterator[Line]:
            worst = [line for line in usual.judged(kept) if line.what.startswith("z")]
            yield from usual.judged(kept)
            for row in bounds:
                values = [one["cost"] for one in kept[f"policy/{row.id}/fcfs_longest_idle"]]
                z = _z(values, row.expected["under_fcfs_longest_idle"])
                yield _z_line("5", f"{row.id} fcfs", z)
                worst.append(_z_line("5", "", z))
            near = sum(_worst_z(line) <= 2.5 for line in worst)
            least = -(-20 * len(worst) // 26)
            yield Line(
                figure="5",
                what="rows with all |z| <= 2.5",
                value=f"{near} of {len(worst)}",
                goal=f">= {least}",
                ok=near >= least,
            )

        return Accepted(name="5", title=usual.title, tasks=usual.tasks + costs, judged=judged)

    def _second_skill(self) -> Accepted:
        usual = self._usual("6", "Value of a second skill", 2 * MILLION)
        chains = (
            {skills: self._many("chain", "CH-01", skills, 20 * MILLION) for skills in ("2", "3")}
            if "CH-01" in self._rows
            else {}
        )
        spread_ = self._many("model", "WW-01", "", 20 * MILLION) if "WW-01" in self._rows else []

        def judged(kept: Kept) -> Iterator[Line]:
            yield from usual.judged(kept)
            for skills, least, expected in (("2", 0.78, 0.6171), ("3", 0.93, 0.6773)):
                if skills in chains:
                    level = fmean(one["all.sl_offered"] for one in kept[f"chain/CH-01/{skills}"])
                    gain = (level - DEDICATED) / (POOLED - DEDICATED)
                    value, goal = f"SL {level:.4f}, {gain:.1%} of the gain", f"{expected} +- .006, >= {least:.0%}"
                    ok = gain >= least and abs(level - expected) <= 0.006
                    yield _line("6", f"CH-01 with {skills} skills", value, goal, ok)
            if spread_:
                found = kept["model/WW-01/"]
                level, blocked = (
                    fmean(one["all.sl_offered"] for one in found),
                    fmean(one["all.p_block"] for one in found),
                )
                ok = level >= 0.708 and level >= 0.7303 - 0.022 and blocked <= 0.0045
                value = f"SL {level:.4f}, {blocked:.3%} blocked"
                yield _line("6", "WW-01", value, ">= .708, <= 0.45 %", ok)

        tasks = [*usual.tasks, *(task for group in chains.values() for task in group), *spread_]
        return Accepted(name="6", title=usual.title, tasks=tasks, judged=judged)

    def _bounds(self) -> list[Row]:
        return [row for row in self._vectors.rows if row.family == "optimal_bound"]

    def _regret(self) -> Accepted:
        rows = self._bounds()
        tasks = [
            task
            for row in rows
            for variant in REGRET_RULES
            for task in self._many("policy", row.id, variant, 20 * MILLION)
        ]

        def judged(kept: Kept) -> Iterator[Line]:
            equal = []
            for row in rows:
                found = {
                    name: _excess(row, kept[f"policy/{row.id}/{name}"])
                    for name in ("fcfs_longest_idle", "default", "weighted")
                }
                even = len(set(row.expected["weights"])) == 1
                rule, most = ("default", 7.5) if even else ("weighted", 13.0)
                if even:
                    equal.append(found["default"])
                goal = f"<= {most} %, <= longest idle's {found['fcfs_longest_idle']:.2f} %"
                ok = found[rule] <= most and found[rule] <= found["fcfs_longest_idle"]
                yield _line("7", f"{row.id}, {rule} rule", f"{found[rule]:.2f} %", goal, ok)
            if equal:
                mean = fmean(equal)
                yield Line(
                    figure="7", what="mean of the 1:1 rows", value=f"{mean:.2f} %", goal="<= 4.5 %", ok=mean <= 4.5
                )

        return Accepted(name="7", title="Regret against the optimum", tasks=tasks, judged=judged)

    def _fairness(self) -> Accepted:
        shifts = max(3, round(200 * min(1.0, self._scale)))
        rules = {"longest_idle": 0.063, "least_busy_time": 0.010}
        tasks = [Task(what="shift", variant=rule, number=number) for rule in rules for number in range(shifts)]
        starving = [
            task
            for id in ("FA-05", "CH-05")
            if id in self._rows
            for task in self._one("starving", id, "", MILLION // 2)
        ]

        def judged(kept: Kept) -> Iterator[Line]:
            for rule, most in rules.items():
                gini = fmean(one["gini_idle"] for one in kept[f"shift//{rule}"])
                yield Line(
                    figure="8",
                    what=f"Gini of idle time, {rule}",
                    value=f"{gini:.4f}",
                    goal=f"<= {most}",
                    ok=gini <= most,
                )
            found = sum(one["starving"] for task in starving for one in kept[task.group])
            yield _line("8", "idle while somebody waits", f"{found:.0f}", "0", not found)

        return Accepted(name="8", title="Fairness", tasks=tasks + starving, judged=judged)

    def _announced(self) -> Accepted:
        ids = [id for id in dict.fromkeys(bound.row for bound in BOUNDS) if id in self._rows]
        tasks = [task for id in ids for task in self._many("told", id, "", 2 * MILLION)]

        def judged(kept: Kept) -> Iterator[Line]:
            for bound in BOUNDS:
                if bound.row not in ids:
                    continue
                for each in self._rows[bound.row].model["classes"]:
                    value = fmean(one[f"{each['id']}.{bound.figure}"] for one in kept[f"told/{bound.row}/"])
                    what = f"{bound.row} {each['id']} {bound.figure}"
                    goal, ok = f"<= {bound.most}", abs(value) <= bound.most
                    yield _line("9", what, f"{value:.3f}", goal, ok)

        return Accepted(name="9", title="Announced wait", tasks=tasks, judged=judged)

    def _beyond(self) -> Accepted:
        rows = self._of("10")
        long = {"LA-01": 10 * MILLION, "BE-01": 10 * MILLION}
        usual = [task for row in rows for task in self._many("model", row.id, "", long.get(row.id, 2 * MILLION))]
        days = [row for row in self._vectors.rows if row.family == "time_varying_arrivals"]
        varying = [task for row in days for task in self._one("day", row.id, "", MILLION)]
        close = {
            ("LA-01", "share_of_returning_contacts_reaching_their_agent"): (0.221, 0.003),
            ("LA-01", "all.asa_s"): (45.4, 1.2),
            ("BE-01", "all.asa_s"): (23.26, 0.6),
            ("BE-01", "all.sl_offered"): (0.711, 0.003),
        }

        def judged(kept: Kept) -> Iterator[Line]:
            yield from _all_z("10", rows, usual, kept)
            for row in days:
                worst = max(abs(z) for z in kept[f"day/{row.id}/"][0].values())
                yield _z_line("10", row.id, worst)
            for (id, name), (expected, most) in close.items():
                if id in self._rows:
                    value = fmean(one[name] for one in kept[f"model/{id}/"])
                    goal, ok = f"{expected} +- {most}", abs(value - expected) <= most
                    yield _line("10", f"{id} {name}", f"{value:.4f}", goal, ok)

        return Accepted(name="10", title="Beyond voice FCFS", tasks=usual + varying, judged=judged)

    def _metrics(self) -> Accepted:
        rows = [Task(what="metric", row=row.id) for row in self._vectors.metric_rows]
        traces = [Task(what="trace", row=trace.id) for trace in self._vectors.traces]

        def judged(kept: Kept) -> Iterator[Line]:
            found = [one["ok"] for task in rows + traces for one in kept[task.group]]
            value = f"{sum(found):.0f} of {len(found)}"
            yield _line("11", "rows and traces exact to 1e-12", value, "all", all(found))

        return Accepted(name="11", title="Metrics exact", tasks=rows + traces, judged=judged)

    def _what_if(self) -> Accepted:
        logs = [task for variant in ("0", "1", "4711") for task in self._one("digest", "", variant, MILLION)]
        days = [Task(what="what_if", row="day", contacts=10_000, number=number) for number in range(WHAT_IF_DAYS)]

        def judged(kept: Kept) -> Iterator[Line]:
            digests = {one["digest"] for task in logs for one in kept[task.group]}
            value = f"{len(digests)} in {len(logs)} processes"
            yield _line("12a", "different logs for one seed", value, "1", len(digests) == 1)
            found = kept["what_if/day/"]
            factor = student(len(found) - 1) / sqrt(len(found))
            apart = 100 * factor * stdev([one["then"] - one["now"] for one in found])
            own = 100 * factor * sqrt(sum(stdev([one[side] for one in found]) ** 2 for side in ("now", "then")))
            value = f"{apart:.2f} points, {own:.2f} with days of their own"
            ok = apart <= 0.5 and apart <= own / 2
            yield _line("12c", "half-width of one more agent", value, "<= 0.5, <= half", ok)

        return Accepted(name="12", title="What-if", tasks=logs + days, judged=judged)


REGRET_RULES = ("fcfs_longest_idle", "default", "weighted")

DEDICATED, POOLED = 0.3129, 0.6948
"""Service levels of CH-01's shape with one skill each, and with all."""

WHAT_IF_DAYS = 10
"""Of 10,000 contacts, met by both sides: half a minute on two cores."""


def _line(figure: str, what: str, value: str, goal: str, ok: bool) -> Line:
    return Line(figure=figure, what=what, value=value, goal=goal, ok=ok)


# -- figures -------------------------------------------------------------------------------------------------


def _z(values: list[float], expected: float, *, error: float = 0.0, least: float = 0.0) -> float:
    """`error` is that of what is expected, `least` what the values have at least."""
    spread_ = sqrt(max(standard_error(values), least) ** 2 + error**2)
    off = abs(fmean(values) - expected)
    return off / spread_ if spread_ else (0.0 if off <= 1e-9 * max(1.0, abs(expected)) else 99.0)


def _z_line(figure: str, what: str, z: float) -> Line:
    most = limits.ERRORS_MAX
    return _line(figure, f"z of {what}", f"{z:.2f}", f"<= {most}", z <= most)


def _worst_z(line: Line) -> float:
    return float(line.value.split()[0])


def _all_z(figure: str, rows: Iterable[Row], tasks: Sequence[Task], kept: Kept) -> Iterator[Line]:
    """The worst metric of each row."""
    for row in rows:
        found = kept[f"model/{row.id}/"]
        contacts = sum(task.contacts for task in tasks if task.row == row.id)
        widths: Mapping[str, float] = row.check.get("half_width_95") or {}
        told = row.half_width_95_at_1e6_contacts or dict(leaves(row.expected))
        zs = {
            name: _z(
                [one[name] for one in found],
                expected,
                error=widths.get(name, 0.0) / limits.NORMAL_95,
                least=least_error(row, name, contacts),
            )
            for name, expected in leaves(row.expected)
            if name in told and all(name in one for one in found)
        }
        worst = max(zs, key=lambda name: zs[name])
        most = limits.ERRORS_MAX
        value = f"{zs[worst]:.2f} ({worst})"
        yield _line(figure, f"z of {row.id}", value, f"<= {most}", zs[worst] <= most)


def _relative(figure: str, row: Row, name: str, kept: Kept, most: float) -> Line:
    expected = dict(leaves(row.expected))[name]
    off = abs(fmean(one[name] for one in kept[f"model/{row.id}/"]) / expected - 1.0)
    return Line(
        figure=figure, what=f"{row.id} {name}", value=f"off by {off:.2%}", goal=f"<= {most:.1%}", ok=off <= most
    )


def _identity(figure: str, row: Row, kept: Kept) -> Iterator[Line]:
    """P(abandon) = rate of hanging up x mean wait, for each class with exponential patience."""
    for name in kept[f"model/{row.id}/"][0]:
        if name.startswith("identity."):
            z = _z([one[name] for one in kept[f"model/{row.id}/"]], 0.0)
            what = f"{row.id} P(abandon) - wait / patience, {name.partition('.')[2]}"
            yield _line(figure, what, f"{z:.2f} standard errors", "<= 3", z <= 3.0)


def _excess(row: Row, found: list[Figures]) -> float:
    return 100.0 * (fmean(one["cost"] for one in found) / float(row.expected["least_possible_cost"]) - 1.0)


# -- running -------------------------------------------------------------------------------------------------


class Keeper:
    """The figures of tasks that are done, in a file that grows by a line for each."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.done: dict[str, Figures] = {}
        if file.exists():
            for line in file.read_text("utf-8").splitlines():
                try:
                    key, found = msgspec.json.decode(line, type=tuple[str, Figures])
                except msgspec.DecodeError:
                    continue  # the last line of a call that was killed
                self.done[key] = found

    def keep(self, task: Task, found: Figures) -> None:
        """One more."""
        self.done[task.key] = found
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("ab") as file:
            file.write(msgspec.json.encode((task.key, found)) + b"\n")

    def group(self, tasks: Iterable[Task]) -> Kept:
        """The figures of these tasks."""
        kept: Kept = {}
        for task in dict.fromkeys(tasks):
            kept.setdefault(task.group, []).append(self.done[task.key])
        return kept


def accept(
    vectors: Vectors,
    file: Path,
    keeper: Keeper,
    *,
    scale: float,
    only: Iterable[str] = (),
    processes: int | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> list[tuple[Accepted, list[Line]]]:
    """Run what is not done yet, and tell what each figure comes to."""
    chosen = [each for each in plan(vectors, scale) if not only or each.name in only]
    every = dict.fromkeys(task for each in chosen for task in each.tasks)
    left = [task for task in every if task.key not in keeper.done]
    ready = len(every) - len(left)
    spread(
        work,
        [(task, file) for task in left],
        processes=processes,
        told=lambda done, total: told(ready + done, ready + total),
        keep=lambda at, found: keeper.keep(left[at], found),
    )
    return [(each, list(each.judged(keeper.group(each.tasks)))) for each in chosen]
