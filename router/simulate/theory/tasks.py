"""What the acceptance figures are made of: tasks, each a few minutes long and of nothing but its own arguments.

A task names a function here, a row, a number of contacts and a seed, and gives figures by name. So they can be spread
over cores, kept, and gone on with another day.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from heapq import heapify, heapreplace
from pathlib import Path
from typing import Final, get_args

import msgspec

from queues.strategy import Strategy
from router.simulate.theory import limits
from router.simulate.theory.announce import announced, scored
from router.simulate.theory.bounds import named_policy
from router.simulate.theory.counters import StarvingCounter
from router.simulate.theory.days import day_row, shift
from router.simulate.theory.engine import Engine, housed
from router.simulate.theory.judging import Figure
from router.simulate.theory.policy import Policy, of_model
from router.simulate.theory.runs import Handling, engine, until_usual
from router.simulate.theory.streams import Chances, Contact
from router.simulate.theory.tally import Counter, Figures, figures
from router.simulate.theory.told import told
from router.simulate.theory.traces import compute, replay
from router.simulate.theory.vectors import Class, Measure, MetricRow, Model, Pool, Routing, Row, Trace, Vectors, read
from router.simulate.theory.what_if import Load, Stream, pair, read_centre, with_more


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work: `what` of this module, about `row` (or nothing), in a `variant` of it."""

    what: str
    row: str = ""
    variant: str = ""
    contacts: int = 0
    number: int = 0

    @property
    def key(self) -> str:
        """Under which its figures are kept: another number of contacts is another task."""
        return f"{self.what}/{self.row}/{self.variant}/{self.contacts}/{self.number}"

    @property
    def group(self) -> str:
        """What it is a replication of."""
        return f"{self.what}/{self.row}/{self.variant}"


def work(task: Task, file: Path) -> Figures:
    """Do it."""
    return TASKS[task.what](task, _vectors(file))


_read: dict[Path, Vectors] = {}


def _vectors(file: Path) -> Vectors:
    if file not in _read:
        _read[file] = read(file)
    return _read[file]


def _row(task: Task, vectors: Vectors) -> Row:
    return next(row for row in vectors.rows if row.id == task.row)


def seed(task: Task) -> str:
    """Its own streams; policies of one row meet the same contacts."""
    return f"acceptance/{task.row}/{task.number}"


# -- models in their usual state -----------------------------------------------------------------------------


def model_task(task: Task, vectors: Vectors) -> Figures:
    """A row's own model and policy."""
    row = _row(task, vectors)
    return _usual(task, row.modelled(), row.measured(), of_model(row.modelled()))


def _usual(task: Task, model: Model, measure: Measure, policy: Policy) -> Figures:
    chances = Chances(model, seed(task))
    counter = Counter(model, measure, 1)
    warm = max(round(task.contacts * limits.WARM_UP_SHARE), min(until_usual(model), task.contacts))
    tail = round(task.contacts * limits.TAIL_SHARE)
    engine(model, policy, chances, counter).run(chances.contacts([warm, task.contacts, tail]))
    found = figures(counter.tallies[0], model)
    for each in model.classes:
        if each.mean_patience_s is not None and model.patience_distribution == "exponential":
            wait, rate = found[f"per_class.{each.id}.mean_wait_all_s"], found[f"per_class.{each.id}.p_abandon"]
            found[f"identity.{each.id}"] = rate - wait / each.mean_patience_s
    return found


def policy_task(task: Task, vectors: Vectors) -> Figures:
    """The cost of a row of bounds under a policy by name."""
    row = _row(task, vectors)
    model = row.modelled()
    weights = row.expected["weights"]
    found = _usual(task, model, row.measured(), bound_policy(model, task.variant, weights))
    names = [f"per_class.{each.id}.mean_queue" for each in model.classes]
    return {"cost": sum(weight * found[name] for weight, name in zip(weights, names, strict=True))}


def bound_policy(model: Model, name: str, weights: list[float]) -> Policy:
    """`default`: the strategy that queues have when nothing is said, in order of arrival. `weighted`: the same, and who
    waits claims by weight times wait. Else as in the rows."""
    policy = named_policy(model, "fcfs_longest_idle" if name in ("default", "weighted") else name)
    if name in ("default", "weighted"):
        policy = msgspec.structs.replace(policy, strategy="least_flexible")
    if name == "weighted":
        slope = {each.id: float(weight) for each, weight in zip(model.classes, weights, strict=True)}
        policy = msgspec.structs.replace(policy, slope=slope)
    return policy


def chain_task(task: Task, vectors: Vectors) -> Figures:
    """A row of six skills, with another number of skills for each pool in the chain."""
    row = _row(task, vectors)
    model = row.modelled()
    ids = [each.id for each in model.classes]
    handle = next(iter(model.pools[0].mean_handle_s.values()))
    pools = tuple(
        msgspec.structs.replace(
            pool, mean_handle_s={ids[(at + step) % len(ids)]: handle for step in range(int(task.variant))}
        )
        for at, pool in enumerate(model.pools)
    )
    changed = msgspec.structs.replace(model, pools=pools)
    return _usual(task, changed, row.measured(), of_model(changed))


def day_task(task: Task, vectors: Vectors) -> Figures:
    """A row of days: each figure's distance from what is expected, in its standard errors."""
    row = msgspec.structs.replace(_row(task, vectors), id=f"{task.row}/acceptance/{task.number}")
    return {each.metric: distance(each) for each in day_row(row, task.contacts).figures}


def distance(found: Figure) -> float:
    """In standard errors; what has none is exactly as expected, or as far off as can be."""
    error = found.tolerance / limits.ERRORS_MAX
    return (found.measured - found.expected) / error if error else (0.0 if found.ok else FURTHEST)


FURTHEST = 99.0
"""Standard errors, where there is no error to divide by."""


def announce_task(task: Task, vectors: Vectors) -> Figures:
    """The errors of every rule of announcing."""
    model = _row(task, vectors).modelled()
    return scored([(task.contacts, announced(model, task.contacts, seed(task)))])[0]


def told_task(task: Task, vectors: Vectors) -> Figures:
    """The errors of what the product tells, by class."""
    model = _row(task, vectors).modelled()
    found = told(model, task.contacts, seed(task))
    return {
        f"{each.id}.{name}": value
        for each, values in zip(model.classes, found, strict=True)
        for name, value in values.items()
    }


# -- paths ---------------------------------------------------------------------------------------------------


class _Path:
    """Who was answered by whom and when, contact by contact; each takes as long as it says, or as the next in line."""

    def __init__(self, mean_ticks: float, in_order: Iterator[float] | None = None) -> None:
        self._mean = mean_ticks
        self._in_order = in_order
        self.begins: list[tuple[int, str, int]] = []
        self.wait = 0

    def handle(self, contact: Contact) -> int:
        return round((next(self._in_order) if self._in_order is not None else contact.work) * self._mean)

    def wrap_up(self, contact: Contact) -> int:
        return 0

    def came(self, contact: Contact, now: int) -> None:
        pass

    def began(self, contact: Contact, now: int) -> None:
        self.wait += now - contact.at
        self.begins.append((contact.index, contact.agent, now))

    def talked(self, contact: Contact, now: int) -> None:
        pass

    def ended(self, contact: Contact, now: int) -> None:
        pass

    def left(self, contact: Contact, now: int) -> None:
        pass

    def blocked(self, contact: Contact, now: int) -> None:
        pass


def hundred(classes: int = 1) -> Model:
    """M/M/100 at 95 % load, of so many classes."""
    ids = [f"c{number}" for number in range(classes)]
    return Model(
        classes=tuple(Class(id=id, arrivals_per_h=1_140.0 / classes) for id in ids),
        pools=(Pool(id="p", agents=100, mean_handle_s=dict.fromkeys(ids, 300.0)),),
        routing=Routing(agent="longest_idle", contact="fcfs"),
    )


def _path(task: Task, model: Model, policy: Policy, *, in_order: bool = False) -> _Path:
    chances = Chances(model, seed(task))
    works = iter(lambda: chances.wrap_up.expovariate(1.0), -1.0) if in_order else None
    path = _Path(300.0 * limits.TICKS_PER_S, works)
    Engine(housed(policy), path, path).run(chances.contacts([0, task.contacts, 0]))
    return path


def oracle_task(task: Task, vectors: Vectors) -> Figures:
    """The longest distance (s) of any wait from that of Kiefer and Wolfowitz on the same stream, for an agent rule."""
    model = hundred()
    rule = msgspec.convert(task.variant, Strategy)
    path = _path(task, model, msgspec.structs.replace(of_model(model), strategy=rule))
    free = [0] * 100
    heapify(free)
    furthest = 0
    found = {index: now for index, _, now in path.begins}
    for contact in Chances(model, seed(task)).contacts([0, task.contacts, 0]):
        start = max(contact.at, free[0])
        heapreplace(free, start + round(contact.work * 300.0 * limits.TICKS_PER_S))
        furthest = max(furthest, abs(found[contact.index] - start))
    return {"furthest_s": furthest / limits.TICKS_PER_S, "contacts": float(len(found))}


ORDERS: Final[dict[str, dict[str, object]]] = {
    "strict": {"class_order": {"p": ("c0", "c1", "c2")}},
    "ageing": {"slope": {"c0": 5.0, "c1": 2.0, "c2": 1.0}},
    "credit": {"slope": {"c0": 1.0, "c1": 1.0, "c2": 1.0}, "base": {"c0": 90.0, "c1": 30.0}},
}


def conservation_task(task: Task, vectors: Vectors) -> Figures:
    """The sum of waits under another order against that in order of arrival, when the k-th to be answered takes as long
    whoever it is: the relative difference."""
    model = hundred(3)
    policy = of_model(model)
    fcfs = _path(task, model, policy, in_order=True)
    other = _path(task, model, msgspec.structs.replace(policy, **ORDERS[task.variant]), in_order=True)
    return {"relative": abs(other.wait - fcfs.wait) / fcfs.wait}


def ageing_task(task: Task, vectors: Vectors) -> Figures:
    """How many decisions differ: slopes of ratio 1 from order of arrival, of ratio 10^9 from strict priority."""
    model = hundred(2)
    policy = of_model(model)
    ratio = 1.0 if task.variant == "fcfs" else 1e9
    ageing = msgspec.structs.replace(policy, slope={"c0": ratio, "c1": 1.0})
    limit = policy if task.variant == "fcfs" else msgspec.structs.replace(policy, class_order={"p": ("c0", "c1")})
    pairs = zip(_path(task, model, ageing).begins, _path(task, model, limit).begins, strict=True)
    return {"differ": float(sum(one != other for one, other in pairs))}


def starving_task(task: Task, vectors: Vectors) -> Figures:
    """How often an agent idles while somebody waits whom they may take."""
    row = _row(task, vectors)
    model, policy = row.modelled(), of_model(row.modelled())
    chances = Chances(model, seed(task))
    watch = StarvingCounter(model, row.measured(), 1)
    watch.begin(policy)
    engine(model, policy, chances, watch).run(chances.contacts([0, task.contacts, 0]))
    return {"starving": float(watch.found)}


# -- the rest ------------------------------------------------------------------------------------------------


def trace_task(task: Task, vectors: Vectors) -> Figures:
    """A trace: contacts, how many are equal, whether its metrics are too."""
    trace: Trace = next(each for each in vectors.traces if each.id == task.row)
    done = replay(trace)
    return {"contacts": float(done.contacts), "equal": float(done.equal), "ok": float(done.ok)}


def metric_task(task: Task, vectors: Vectors) -> Figures:
    """A row of metrics."""
    row: MetricRow = next(each for each in vectors.metric_rows if each.id == task.row)
    return {"ok": float(compute(row).ok)}


def shift_task(task: Task, vectors: Vectors) -> Figures:
    """A shift of fifty equal agents at 85 % load under an agent rule."""
    model = Model(
        classes=(Class(id="a", arrivals_per_h=510.0),),
        pools=(Pool(id="p", agents=50, mean_handle_s={"a": 300.0}),),
        routing=Routing(agent="longest_idle", contact="fcfs"),
    )
    return shift(model, task.variant, f"acceptance/shift/{task.number}")


def digest_task(task: Task, vectors: Vectors) -> Figures:
    """The decision log of a run in a process of its own, whose hashes are seeded by the variant: 48 bits of SHA-256."""
    command = [sys.executable, "-m", "router.compiled", "router.simulate.theory.tasks", str(task.contacts)]
    environment = os.environ | {"PYTHONHASHSEED": task.variant}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    return {"digest": float(int(told.stdout.strip()[:12], 16))}


def digest(contacts: int) -> str:
    """SHA-256 of all events of a run with skills, priorities and patience."""
    model = hundred(2)
    chances = Chances(model, "digest")
    rules = {"class_order": {"p": ("c0", "c1")}, "needs": {"c0": (("gold", 2),)}, "can": {"p": (("gold", 3),)}}
    policy = msgspec.structs.replace(of_model(model), **rules)
    sum_ = hashlib.sha256()
    encode = msgspec.msgpack.Encoder(order="deterministic").encode
    simulator = Engine(housed(policy), Handling(model, chances), Counter(model, Measure(), 1))
    simulator.log = lambda event: sum_.update(encode(event))
    simulator.run(chances.contacts([0, contacts, 0]))
    return sum_.hexdigest()


def what_if_task(task: Task, vectors: Vectors) -> Figures:
    """A pair of days of 10,000 contacts, with and without one more agent: both service levels."""
    centre = read_centre(Path(__file__).parent / "what_if_centre.yaml")
    stream = Stream(queue="support", per_h=WHAT_IF_PER_H, handle_s=300.0, patience_s=240.0, skills={"support": 2})
    load = Load(streams=(stream,))
    now, then = pair(centre, with_more(centre, ["agent-001"]), load, seed(task))
    return {"now": now.service_level(), "then": then.service_level(), "contacts": float(now.offered)}


WHAT_IF_PER_H = (900.0, 1_250.0, 1_400.0, 1_350.0, 1_200.0, 1_400.0, 1_300.0, 1_200.0)

TASKS: Final[dict[str, Callable[[Task, Vectors], Figures]]] = {
    "model": model_task,
    "policy": policy_task,
    "chain": chain_task,
    "day": day_task,
    "announce": announce_task,
    "told": told_task,
    "oracle": oracle_task,
    "conservation": conservation_task,
    "ageing": ageing_task,
    "starving": starving_task,
    "trace": trace_task,
    "metric": metric_task,
    "shift": shift_task,
    "digest": digest_task,
    "what_if": what_if_task,
}

STRATEGIES: Final[tuple[str, ...]] = get_args(Strategy)

if __name__ == "__main__":
    print(digest(int(sys.argv[1])))  # noqa: T201 - the result
