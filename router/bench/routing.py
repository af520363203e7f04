"""`firstline bench routing`: what a decision of the core costs at any size, beside a plain scan of the same state.

In process and without I/O: commands go through the core as a writer would take them. A lifecycle is one customer's
whole way: opened with a conversation, queued, reserved with its explanation, accepted, wrapped up, closed, forgotten.
All agents are busy, as many items wait as the row says, and for each that closes one comes in. Rates and times are of
processor time, so that other work on the machine does not count.
"""

import gc
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from router.bench import limits
from router.bench.figures import median, percentile, rounded
from router.bench.routing_centre import Kinds, Size
from router.bench.routing_reference import Reference
from router.core import commands as c
from router.core import events as e
from router.core.decide import decide
from router.core.evolve import evolve
from router.core.match import match
from router.core.rejections import Rejection
from router.core.state import State
from router.core.step import step

SIZES = (
    Size(100, 1_000),
    Size(1_000, 10_000),
    Size(10_000, 10_000),
    Size(10_000, 100_000),
    Size(100_000, 100_000),
    Size(10_000, 10_000, skills=10),
    Size(10_000, 10_000, skills=200),
    Size(10_000, 100_000, profiles=10_000, classes=2_000),
)
"""The rows of the issue."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one size. Times are microseconds; bytes are what the state grows by."""

    agents: int
    waiting: int
    skills: int
    profiles: int
    classes: int
    lifecycles_per_s: float
    match_us_p50: float
    match_us_p99: float
    naive_match_us: float
    bytes_per_item: float
    bytes_per_agent: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The last line."""

    rows: list[Row]


class Memory(NamedTuple):
    """What one waiting item, and one agent who holds something, take in memory."""

    per_item: float
    per_agent: float


class Disagreement(Exception):
    """The core and the plain scan decided differently on the same state."""


class Centre:
    """A state at work, and who holds what in it."""

    def __init__(self, size: Size) -> None:
        self.kinds = Kinds(size)
        self.size = size
        self.state = State()
        self.now = 1_000
        self.holding: dict[str, str] = {}
        self.turns: deque[str] = deque()

    def do(self, command: c.Command) -> list[e.Event]:
        """Take the command a moment later; who gets something because of it accepts."""
        self.now += 1
        taken = step(self.state, command, self.now)
        assert taken.rejection is None, taken.rejection
        self.state.touched.clear()
        for event in taken.events:
            if type(event) is e.ReservationMade:
                self.accept(event)
        return taken.events

    def accept(self, made: e.ReservationMade) -> None:
        """Who is to have the item takes it."""
        self.holding[made.agent] = made.item
        self.do(c.AcceptReservation(item=made.item, agent=made.agent))

    # -- building -------------------------------------------------------------------------------------------

    def fill(self, progress: Progress) -> Memory:
        """Customers come, then agents, until everybody is busy and as many wait as were asked for."""
        size = self.size
        bar = progress.add_task(f"{size.name}: filling", total=size.waiting + 2 * size.agents)
        house, *people = self.kinds.centre()
        self.do(house)
        with Traced() as items:
            self._come(size.waiting, bar, progress)
        self._come(size.agents, bar, progress)
        with Traced() as agents:
            for change in people:
                self.do(change)
            for agent in self.kinds.agents():
                self.do(c.ConnectClient(agent=agent, client="tab", gateway="bench"))
                self.do(c.SetPresence(agent=agent, state="available"))
                progress.advance(bar)
        progress.remove_task(bar)
        self.turns.extend(self.kinds.shuffled(self.kinds.agents()))
        return Memory(items.grown / size.waiting, agents.grown / size.agents)

    def _come(self, number: int, bar: TaskID, progress: Progress) -> None:
        for _ in range(number):
            self.do(self.kinds.received())
            progress.advance(bar)

    # -- working --------------------------------------------------------------------------------------------

    def finisher(self) -> tuple[str, str]:
        """The next agent to finish what they hold, and that item."""
        while True:
            agent = self.turns[0]
            self.turns.rotate(-1)
            item = self.holding.pop(agent, "")
            if item:
                return agent, item

    def live(self, coming: c.OfferCall) -> None:
        """One lifecycle: a call ends and is wrapped up, closed and forgotten; its agent gets another; one comes in."""
        agent, item = self.finisher()
        self.do(c.EndContact(item=item, agent=agent))
        self.do(c.CompleteItem(item=item, agent=agent, disposition="done"))
        self.do(c.Forget(items=(item,)))
        self.do(coming)

    def matched(self, *, naive: bool) -> tuple[float, float] | None:
        """One lifecycle whose match is timed apart: how long it took, and how long the plain scan took for the same
        decision (0.0 if not asked for). None when nothing fitted the agent. Raises Disagreement."""
        agent, item = self.finisher()
        self.do(c.EndContact(item=item, agent=agent))
        self.now += 1
        decision = decide(self.state, c.CompleteItem(item=item, agent=agent, disposition="done"), self.now)
        assert not isinstance(decision, Rejection), decision
        for event in decision:
            evolve(self.state, event)
        started = time.thread_time()
        should = Reference(self.state, self.now).for_agent(agent) if naive else None
        scanned = time.thread_time()
        events = match(self.state, self.now)
        ended = time.thread_time()
        self.state.touched.clear()
        made = [event for event in events if isinstance(event, e.ReservationMade)]
        if naive and [(event.item, event.agent) for event in made] != ([] if should is None else [should]):
            raise Disagreement(f"{self.size.name}: the core made {made}, the plain scan {should}")
        for event in made:
            self.accept(event)
        self.do(c.Forget(items=(item,)))
        self.do(self.kinds.call())
        return (ended - scanned, scanned - started) if made else None


class Traced:
    """How much memory what happens within takes, and keeps: every byte that Python allocates."""

    def __enter__(self) -> "Traced":
        gc.collect()
        tracemalloc.start()
        return self

    def __exit__(self, *error: object) -> None:
        gc.collect()
        self.grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()


# -- measuring ----------------------------------------------------------------------------------------------


def measure(size: Size, seconds: float, progress: Progress) -> Row:
    """Build a centre of this size and measure it for about so long."""
    centre = Centre(size)
    memory = centre.fill(progress)
    gc.collect()
    gc.freeze()
    try:
        bar = progress.add_task(f"{size.name}: lifecycles", total=limits.ROUTING_ROUNDS)
        for _ in range(min(limits.ROUTING_WARM_UP, size.agents)):
            centre.live(centre.kinds.call())
        rates = []
        for _ in range(limits.ROUTING_ROUNDS):
            rates.append(_rate(centre, seconds / limits.ROUTING_ROUNDS))
            progress.advance(bar)
        progress.update(bar, description=f"{size.name}: decisions")
        matches = _decisions(centre, seconds)
        scans = _scans(centre)
        progress.remove_task(bar)
    finally:
        gc.unfreeze()
    return Row(
        agents=size.agents,
        waiting=size.waiting,
        skills=size.skills,
        profiles=size.profiles,
        classes=size.classes,
        lifecycles_per_s=rounded(median(rates), 0),
        match_us_p50=rounded(percentile(matches, 50) * 1e6),
        match_us_p99=rounded(percentile(matches, 99) * 1e6),
        naive_match_us=rounded(median(scans) * 1e6),
        bytes_per_item=rounded(memory.per_item, 0),
        bytes_per_agent=rounded(memory.per_agent, 0),
    )


def _rate(centre: Centre, seconds: float) -> float:
    """Lifecycles in a second of processor time. Who comes in is made up beforehand, which is no work of the core's."""
    done = 0
    spent = 0.0
    while spent < seconds:
        coming = [centre.kinds.call() for _ in range(limits.ROUTING_AT_ONCE)]
        started = time.process_time()
        for call in coming:
            centre.live(call)
        spent += time.process_time() - started
        done += limits.ROUTING_AT_ONCE
    return done / spent


def _decisions(centre: Centre, seconds: float) -> list[float]:
    """How long single decisions took: those that led to a reservation."""
    found: list[float] = []
    until = time.perf_counter() + seconds
    while len(found) < limits.ROUTING_MATCHES_MAX and time.perf_counter() < until:
        timed = centre.matched(naive=False)
        if timed is not None:
            found.append(timed[0])
    return found


def _scans(centre: Centre) -> list[float]:
    """How long the plain scan took for single decisions; each of them was the core's too."""
    found: list[float] = []
    until = time.perf_counter() + limits.ROUTING_NAIVE_S_MAX
    while len(found) < limits.ROUTING_NAIVE and time.perf_counter() < until:
        timed = centre.matched(naive=True)
        if timed is not None:
            found.append(timed[1])
    return found


def chosen(only: Sequence[str]) -> list[Size]:
    """The rows of these names, or all. Raises ValueError for a name that no row has."""
    names = {size.name: size for size in SIZES}
    unknown = [name for name in only if name not in names]
    if unknown:
        raise ValueError(f"no row {', '.join(unknown)}; there are {', '.join(names)}")
    return [names[name] for name in only] if only else list(SIZES)


def run(sizes: Sequence[Size], seconds: float = limits.ROUTING_SECONDS, as_json: bool = False) -> int:
    """Measure and print; the last line of standard output is one JSON object with `as_json`, a summary without.

    Returns the exit code: 0, or 1 when the core and the plain scan did not agree.
    """
    console = Console(stderr=True)
    bars = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TimeElapsedColumn(),
    )
    rows = []
    try:
        with Progress(*bars, console=console) as progress:
            for size in sizes:
                rows.append(measure(size, seconds, progress))
                progress.console.print(_told(size, rows[-1]), soft_wrap=True, markup=False)
    except (Disagreement, KeyboardInterrupt) as error:
        console.print(str(error) or "interrupted", markup=False)
        return 1
    encoded = msgspec.json.encode(Figures(rows=rows))
    text = encoded.decode() if as_json else msgspec.json.format(encoded, indent=2).decode()
    sys.stdout.write(text + "\n")
    return 0


def _told(size: Size, row: Row) -> str:
    times = row.naive_match_us / row.match_us_p50 if row.match_us_p50 else 0.0
    return (
        f"{size.name:>22}: {row.lifecycles_per_s:8,.0f} lifecycles/s, match {row.match_us_p50:.1f} us "
        f"(p99 {row.match_us_p99:.1f}), the scan {row.naive_match_us:,.0f} us ({times:,.0f} x), "
        f"{row.bytes_per_item:,.0f} bytes an item, {row.bytes_per_agent:,.0f} an agent"
    )
