"""`firstline bench durability`: what it costs that nothing is lost, and how fast everything is back.

Three measurements, each with real processes. Fsync before each answer beside fsync each second, in turns on one
server. The writer killed under load while another node stands by. A node with a hundred thousand open items killed
and started again. Absolute times say much about the machine and its other work; the ratio is paired.
"""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from router.bench import limits
from router.bench.failover import pair
from router.bench.figures import median, percentile, rounded
from router.bench.filling import Told
from router.bench.fsync import Fsync, Measured, rounds
from router.bench.processes import ChildFailed
from router.bench.recovery import Recovered, recover
from router.runtime.errors import ServerMissing
from router.settings import SettingsError


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured: seconds and pairs of fsync rounds, kills of the writer, open items and agents of the full
    store."""

    seconds: float = limits.FSYNC_S
    rounds: int = limits.FSYNC_ROUNDS
    kills: int = limits.KILLS
    items: int = limits.OPEN_ITEMS
    agents: int = limits.BUSY_AGENTS


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The last line. Events are those of 64 clients who each wait for an answer; `batch_*` are commands of one commit
    with fsync before each answer. `failover_s` (median) and `failover_max_s` count from `kill -9` of the writer to the
    next reservation seen at the other node; null where there is no PostgreSQL. `recovery_s` counts from `kill -9` of a
    node with `recovery_items` open items to the next reservation after its start, of which `recovery_ready_s` until
    it says it is ready; `recovery_cpu_s` is the CPU time of its processes, `recovery_rss_mib` its memory then."""

    events_per_s_always: float
    events_per_s_everysec: float
    ratio: float
    failover_s: float | None
    recovery_s_per_100k: float
    batch_p50: int
    batch_p99: int
    failover_max_s: float | None
    recovery_s: float
    recovery_ready_s: float
    recovery_cpu_s: float
    recovery_items: int
    recovery_agents: int
    recovery_rss_mib: float


def figures(
    always: list[Measured], everysec: list[Measured], failovers: list[float], recovered: Recovered, agents: int
) -> Figures:
    """What is printed. `always` and `everysec` were measured in turns; no `failovers`: they could not be."""
    pairs = zip(always, everysec, strict=True)
    batches = [commands for each in always for commands in each.batches]
    return Figures(
        events_per_s_always=rounded(median([each.events_per_s for each in always]), 0),
        events_per_s_everysec=rounded(median([each.events_per_s for each in everysec]), 0),
        ratio=rounded(median([safe.events_per_s / fast.events_per_s for safe, fast in pairs if fast.events_per_s])),
        failover_s=rounded(median(failovers)) if failovers else None,
        recovery_s_per_100k=rounded(recovered.seconds * 100_000 / recovered.items),
        batch_p50=int(percentile(batches, 50)),
        batch_p99=int(percentile(batches, 99)),
        failover_max_s=rounded(max(failovers)) if failovers else None,
        recovery_s=rounded(recovered.seconds),
        recovery_ready_s=rounded(recovered.ready_s),
        recovery_cpu_s=rounded(recovered.cpu_s),
        recovery_items=recovered.items,
        recovery_agents=agents,
        recovery_rss_mib=rounded(recovered.rss_mib, 0),
    )


class Bench:
    """The three measurements, and what is told on standard error meanwhile."""

    def __init__(self, folder: Path, sizes: Sizes, progress: Progress) -> None:
        self._folder = folder
        self._sizes = sizes
        self._progress = progress
        self._task = progress.add_task("starting", total=None)

    async def run(self) -> Figures:
        """Measure. Raises ChildFailed."""
        always, everysec = await self._fsync()
        failovers = await self._failovers()
        recovered = await self._recovery()
        return figures(always, everysec, failovers, recovered, self._sizes.agents)

    async def _fsync(self) -> tuple[list[Measured], list[Measured]]:
        found: dict[Fsync, list[Measured]] = {"always": [], "everysec": []}
        self._at("fsync: a server starts")
        async with rounds(self._folder / "fsync") as server:
            await server.round("always", limits.WARM_UP_S)
            for number in range(self._sizes.rounds):
                order: list[Fsync] = ["always", "everysec"]
                for fsync in order if number % 2 == 0 else reversed(order):
                    self._at(f"fsync {fsync}, round {number + 1} of {self._sizes.rounds}")
                    measured = await server.round(fsync, self._sizes.seconds)
                    found[fsync].append(measured)
                    batch = percentile(measured.batches, 50)
                    self._tell(f"fsync {fsync:8} {measured.events_per_s:6.0f} events/s, {batch:.0f} to a commit")
        return found["always"], found["everysec"]

    async def _failovers(self) -> list[float]:
        found: list[float] = []
        self._at("failover: two nodes start")
        try:
            async with pair(self._folder / "failover") as nodes:
                for number in range(self._sizes.kills):
                    self._at(f"failover {number + 1} of {self._sizes.kills}")
                    found.append(await nodes.failover())
                    self._tell(f"failover after {found[-1]:5.2f} s")
        except ServerMissing as error:
            self._tell(f"no failover: {error}")
        return found

    async def _recovery(self) -> Recovered:
        def told(progress: Told) -> None:
            self._at(f"recovery: filling, {progress.items} of {self._sizes.items} items")

        recovered = await recover(self._folder / "recovery", self._sizes.items, self._sizes.agents, told)
        self._tell(
            f"recovery of {recovered.items} items after {recovered.seconds:5.2f} s, ready after "
            f"{recovered.ready_s:5.2f} s, {recovered.cpu_s:5.2f} s of CPU, {recovered.rss_mib:.0f} MiB"
        )
        return recovered

    def _at(self, what: str) -> None:
        self._progress.update(self._task, description=what)

    def _tell(self, what: str) -> None:
        self._progress.console.print(what, soft_wrap=True, markup=False, highlight=False)


async def _run(sizes: Sizes, console: Console) -> Figures:
    main = asyncio.current_task()
    assert main is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, main.cancel)
    with (
        tempfile.TemporaryDirectory(prefix="firstline-bench-") as folder,
        Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress,
    ):
        return await Bench(Path(folder), sizes, progress).run()


def run(sizes: Sizes, *, as_json: bool = False) -> int:
    """Measure and print; the last line of standard output is one JSON object with `as_json`, a summary without.

    Returns the exit code: 0, or 1 when a process failed or a node did not come back.
    """
    console = Console(stderr=True)
    try:
        found = asyncio.run(_run(sizes, console))
    except (ChildFailed, SettingsError, TimeoutError, KeyboardInterrupt, asyncio.CancelledError) as error:
        console.print(str(error) or type(error).__name__, markup=False)
        return 1
    encoded = msgspec.json.encode(found)
    sys.stdout.write((encoded if as_json else msgspec.json.format(encoded, indent=2)).decode() + "\n")
    return 0
