"""`firstline bench simulate`: how many contacts a second the core routes on virtual time, beside SimPy and Ciw.

All three run M/M/100 at 95 % load in this process, in turn. SimPy's resource and Ciw's node know one queue in order of
arrival; ours is the whole core that routes in production: contacts of two priorities that ask skills and may hang up,
each opened, queued, reserved with its explanation, accepted, closed and forgotten. Only the log is not written. Rates
are per second of processor time, so that other work on the machine does not count.
"""

import gc
import os
import random
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from router.bench import limits
from router.bench.figures import median, rounded
from router.simulate.theory.policy import of_model
from router.simulate.theory.runs import engine
from router.simulate.theory.streams import Chances, Contact
from router.simulate.theory.tally import Counter
from router.simulate.theory.vectors import Class, Measure, Model, Pool, Routing

HANDLE_S = 300.0
PATIENCE_S = 1_800.0
PER_H = limits.SIMULATED_AGENTS * limits.SIMULATED_LOAD * 3_600.0 / HANDLE_S


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Simulated contacts per second, and by how much memory grows (MB) in a million of them."""

    contacts_per_s: float
    simpy_per_s: float
    ciw_per_s: float
    ratio_to_simpy: float
    mb_per_1e6: float


def run(*, contacts: int, rounds: int, as_json: bool) -> int:
    """Measure, print, 0."""
    rates: dict[str, list[float]] = {"core": [], "simpy": [], "ciw": []}
    growth: list[float] = []
    sides: dict[str, Callable[[int], float]] = {"core": lambda many: core(many, growth), "simpy": simpy, "ciw": ciw}
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:>8}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=rounds * len(sides))
        for _ in range(rounds):
            for name, side in sides.items():
                progress.update(task, description=name)
                gc.collect()
                rates[name].append(contacts / side(contacts))
                progress.advance(task)
    ours, theirs = median(rates["core"]), median(rates["simpy"])
    measured = Measured(
        contacts_per_s=rounded(ours, 0),
        simpy_per_s=rounded(theirs, 0),
        ciw_per_s=rounded(median(rates["ciw"]), 0),
        ratio_to_simpy=rounded(ours / theirs, 3),
        mb_per_1e6=rounded(median(growth), 1),
    )
    if as_json:
        print(msgspec.json.encode(measured).decode())  # noqa: T201 - the result
    else:
        print(  # noqa: T201
            f"the core {measured.contacts_per_s:,.0f} contacts/s, SimPy {measured.simpy_per_s:,.0f}, "
            f"Ciw {measured.ciw_per_s:,.0f}: {measured.ratio_to_simpy:.2f} of SimPy; "
            f"memory grows by {measured.mb_per_1e6:.1f} MB in a million contacts"
        )
    return 0


# -- the sides: seconds of processor time for so many contacts --------------------------------------------------


def core(contacts: int, growth: list[float]) -> float:
    """Ours, with skills, patience and priorities."""
    model = Model(
        classes=tuple(Class(id=id, arrivals_per_h=PER_H / 2, mean_patience_s=PATIENCE_S) for id in ("hi", "lo")),
        pools=(Pool(id="p", agents=limits.SIMULATED_AGENTS, mean_handle_s={"hi": HANDLE_S, "lo": HANDLE_S}),),
        routing=Routing(agent="longest_idle", contact="class_priority", class_order={"p": ("hi", "lo")}),
    )
    policy = msgspec.structs.replace(
        of_model(model),
        needs={"hi": (("support", 3), ("german", 2)), "lo": (("support", 1),)},
        can={"p": (("german", 4), ("support", 5))},
    )
    chances = Chances(model, "bench")
    simulator = engine(model, policy, chances, Counter(model, Measure(target_s=20.0), 1))
    weighing = Weighing(contacts)
    began = time.process_time()
    simulator.run(weighing.through(chances.contacts([0, contacts, 0])))
    spent = time.process_time() - began
    growth.append(weighing.mb_per_1e6())
    return spent


class Weighing:
    """Weighs this process while contacts pass."""

    def __init__(self, contacts: int) -> None:
        self._contacts = contacts
        self._from = round(limits.GROWTH_FROM_SHARE * contacts)
        self._weights: list[int] = []

    def through(self, contacts: Iterator[Contact]) -> Iterator[Contact]:
        """The same contacts."""
        for number, contact in enumerate(contacts):
            if number == self._from or number == self._contacts - 1:
                self._weights.append(resident())
            yield contact

    def mb_per_1e6(self) -> float:
        """By how much it grew, for a million contacts."""
        grown = self._weights[-1] - self._weights[0]
        return max(0.0, grown / (self._contacts - self._from))


def resident() -> int:
    """Bytes of memory this process has."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def simpy(contacts: int) -> float:
    """SimPy's usual way: a process for each contact, a resource of so many agents."""
    from simpy import Environment, Resource

    chance = random.Random("simpy")  # noqa: S311 - chance to be repeated, not secrets
    environment = Environment()
    agents = Resource(environment, capacity=limits.SIMULATED_AGENTS)
    waits = 0.0

    def contact() -> Generator[Any, Any, None]:
        nonlocal waits
        came = environment.now
        with agents.request() as mine:
            yield mine
            waits += environment.now - came
            yield environment.timeout(chance.expovariate(1.0 / HANDLE_S))

    def coming() -> Generator[Any, Any, None]:
        for _ in range(contacts):
            yield environment.timeout(chance.expovariate(PER_H / 3_600.0))
            environment.process(contact())

    environment.process(coming())
    began = time.process_time()
    environment.run()
    return time.process_time() - began


def ciw(contacts: int) -> float:
    """Ciw's usual way: one node."""
    import ciw as simulator

    network = simulator.create_network(
        arrival_distributions=[simulator.dists.Exponential(rate=PER_H / 3_600.0)],
        service_distributions=[simulator.dists.Exponential(rate=1.0 / HANDLE_S)],
        number_of_servers=[limits.SIMULATED_AGENTS],
    )
    simulator.seed(1)
    began = time.process_time()
    simulator.Simulation(network).simulate_until_max_customers(contacts)
    return time.process_time() - began
