"""`firstline bench push`: how fast an event becomes a push, beside a bare skeleton in the same run.

Open loop, a thousand agents, both sides with the same processes, parts and fsync. Absolute times say more about
the machine and its other work than about us; the ratios to the skeleton, paired by repetition, are the figures.
"""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from router.bench import limits
from router.bench.figures import median, rounded
from router.bench.processes import ChildFailed
from router.bench.sides import Measured, Side, start_firstline, start_skeleton


class Fixed(msgspec.Struct, frozen=True, kw_only=True):
    """Latency from scheduled post to push at 500 items/s, medians over the repetitions."""

    p50_ms: float
    p99_ms: float
    skeleton_p50_ms: float
    skeleton_p99_ms: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The last line. `max` is the last step of x1.15 with p99 under 250 ms and 93 % achieved; `ratio_to_skeleton`
    the median of the maxima paired by repetition; CPU is that at 500 items/s, of all server processes and of the
    generator."""

    at_500: Fixed
    max_items_per_s: float
    skeleton_max_items_per_s: float
    ratio_to_skeleton: float
    cpu_us_per_item: float
    generator_cpu_us_per_item: float


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One repetition: each side at the fixed rate and its maximum."""

    ours: Measured
    skeletons: Measured
    our_max: float
    skeletons_max: float


def figures(rounds: list[Round]) -> Figures:
    """What is printed of the repetitions."""
    return Figures(
        at_500=Fixed(
            p50_ms=rounded(median([each.ours.step.p50_ms for each in rounds])),
            p99_ms=rounded(median([each.ours.step.p99_ms for each in rounds])),
            skeleton_p50_ms=rounded(median([each.skeletons.step.p50_ms for each in rounds])),
            skeleton_p99_ms=rounded(median([each.skeletons.step.p99_ms for each in rounds])),
        ),
        max_items_per_s=rounded(median([each.our_max for each in rounds]), 0),
        skeleton_max_items_per_s=rounded(median([each.skeletons_max for each in rounds]), 0),
        ratio_to_skeleton=rounded(median([_ratio(each) for each in rounds])),
        cpu_us_per_item=rounded(median([each.ours.server_cpu_us_per_item for each in rounds]), 0),
        generator_cpu_us_per_item=rounded(median([each.ours.step.cpu_us_per_item for each in rounds]), 0),
    )


def _ratio(pair: Round) -> float:
    return pair.our_max / pair.skeletons_max if pair.skeletons_max else 0.0


class Search:
    """Looks for the last sustained step of one side. Every rate is the fixed one times a power of 1.15, so that
    repetitions and sides are compared on the same steps; a later repetition starts a little below the last find."""

    def __init__(self, measure: Callable[[float], Awaitable[Measured]]) -> None:
        self._measure = measure
        self._start = 0

    async def maximum(self) -> float:
        """Items per second; 0.0 when not even the lowest step is sustained."""
        number = self._start
        while not await self._sustained(number):
            if number == -limits.STEPS_BELOW_MAX:
                return 0.0
            number = max(-limits.STEPS_BELOW_MAX, number - limits.STEPS_BACK)
        while _rate(number + 1) <= limits.RATE_MAX and await self._sustained(number + 1):
            number += 1
        self._start = max(-limits.STEPS_BELOW_MAX, number - limits.STEPS_BACK)
        return _rate(number)

    async def _sustained(self, number: int) -> bool:
        return (await self._measure(_rate(number))).sustained


def _rate(number: int) -> float:
    return limits.RATE_FIXED * limits.RATE_STEP**number


class Bench:
    """The two sides at work, and what is told on standard error meanwhile."""

    def __init__(self, ours: Side, skeleton: Side, fixed_s: float, progress: Progress) -> None:
        self._fixed_s = fixed_s
        self._progress = progress
        self._bar = progress.add_task("starting", total=None)
        self._sides = (ours, skeleton)
        self._searches = [Search(self._measurer(side)) for side in self._sides]

    def _measurer(self, side: Side) -> Callable[[float], Awaitable[Measured]]:
        return lambda rate: self._measure(side, rate, self._fixed_s * limits.STEP_SHARE)

    async def _measure(self, side: Side, rate: float, seconds: float) -> Measured:
        self._progress.update(self._bar, description=f"{side.name} at {rate:.0f} items/s")
        measured = await side.step(rate, seconds)
        step = measured.step
        self._progress.console.print(
            f"{side.name:>9} {rate:7.0f} items/s: p50 {step.p50_ms:8.2f} ms, p99 {step.p99_ms:8.2f} ms, "
            f"achieved {step.achieved:6.1%}, CPU {measured.server_cpu_us_per_item:5.0f} us/item, "
            f"generator {step.cpu_us_per_item:4.0f}",
            soft_wrap=True,
        )
        await asyncio.sleep(limits.SETTLE_S)
        return measured

    async def run(self, repeat: int) -> list[Round]:
        """All repetitions: fixed rate, then maximum, the sides taking turns at going first."""
        self._progress.update(self._bar, total=repeat, completed=0)
        for side in self._sides:
            await self._measure(side, limits.RATE_FIXED, limits.WARM_UP_S)
        rounds = []
        for number in range(repeat):
            rounds.append(await self._round(number % 2))
            self._progress.advance(self._bar)
        return rounds

    async def _round(self, first: int) -> Round:
        fixed: dict[int, Measured] = {}
        found: dict[int, float] = {}
        for side in (first, 1 - first):
            fixed[side] = await self._measure(self._sides[side], limits.RATE_FIXED, self._fixed_s)
        for side in (first, 1 - first):
            found[side] = await self._searches[side].maximum()
        return Round(ours=fixed[0], skeletons=fixed[1], our_max=found[0], skeletons_max=found[1])


async def _run(seconds: float, repeat: int, agents: int, console: Console) -> tuple[list[Round], list[Side]]:
    main = asyncio.current_task()
    assert main is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, main.cancel)
    sides: list[Side] = []
    bars = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    with tempfile.TemporaryDirectory(prefix="firstline-bench-") as folder:
        try:
            with Progress(*bars, console=console) as progress:
                for start in (start_firstline, start_skeleton):
                    sides.append(await start(Path(folder), agents))
                rounds = await Bench(sides[0], sides[1], seconds, progress).run(repeat)
        finally:
            for side in sides:
                await side.stop()
    return rounds, sides


def run(seconds: float = limits.FIXED_S, repeat: int = limits.REPEAT_MIN, as_json: bool = False) -> int:
    """Measure and print; the last line of standard output is one JSON object with `as_json`, a summary without.

    `seconds` is one measurement at 500 items/s; a step of the search takes half of it. Returns the exit code:
    0, or 1 when an item was lost, had two agents, or a process failed.
    """
    console = Console(stderr=True)
    try:
        rounds, sides = asyncio.run(_run(seconds, max(1, repeat), limits.AGENTS, console))
    except (ChildFailed, KeyboardInterrupt, asyncio.CancelledError) as error:
        console.print(str(error) or "interrupted", markup=False)
        return 1
    found = figures(rounds)
    encoded = msgspec.json.encode(found)
    text = encoded.decode() if as_json else msgspec.json.format(encoded, indent=2).decode()
    sys.stdout.write(text + "\n")
    wrong = [f"{side.name}: {side.lost} lost, {side.twice} twice" for side in sides if side.lost or side.twice]
    for line in wrong:
        console.print(line, markup=False)
    return 1 if wrong else 0
