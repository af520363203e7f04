"""`firstline bench storm`: thousands of agents lose their connection in one moment and come back.

The real server; some agents whose connections stay go on working meanwhile. What counts: how long until everybody
has their view again, how late the pushes to the others were, and that the server's memory stays as it was.
"""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console

from router.bench import bench_centre, limits
from router.bench.crowd import Back, Crowd, Cut
from router.bench.house import HOST, House
from router.bench.load import Order, Step, Target
from router.bench.processes import Child, ChildFailed
from router.bench.sides import start_generator
from router.runtime.accounts import Account, Grant


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The last line. `back_*`: seconds from the cut until the median and the last client had its view again, in the
    worst round; `told_later`: refusals with a time to come back, all rounds. `push_p99_ms` of the agents who stayed,
    while nothing else happened and in the worst two seconds of all storms. RSS of the node's process with everybody
    connected before the first storm and after the last, and the highest seen."""

    clients: int
    rounds: int
    first_s: float
    back_median_s: float
    back_last_s: float
    missing: int
    told_later: int
    failed: int
    push_p99_calm_ms: float
    push_p99_storm_ms: float
    lost: int
    rss_before_mib: float
    rss_after_mib: float
    rss_peak_mib: float


class Memory:
    """Watches how much memory a process has: the highest and the latest, in MiB."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self.peak = 0.0

    def now(self) -> float:
        """What it has at this moment."""
        line = next(line for line in self._status.read_text().splitlines() if line.startswith("VmRSS:"))
        self.peak = max(self.peak, found := int(line.split()[1]) / 1024)
        return found

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.to_thread(self.now)
            await asyncio.sleep(limits.LOOK_S)


class Storm:
    """The server, those who stay and those who are cut off."""

    def __init__(self, house: House, staying: Child, crowd: Child, console: Console) -> None:
        self._staying = staying
        self._crowd = crowd
        self._console = console
        self.memory = Memory(house.server.pid)
        self.lost = 0

    async def everybody_in(self) -> Back:
        """The crowd connects for the first time. Raises ChildFailed."""
        return await self._answer()

    async def strike(self) -> tuple[Back, float]:
        """Cut the crowd off; how it came back, and the worst p99 of pushes to the others meanwhile, in ms."""
        await self._crowd.tell(msgspec.json.encode(Cut()))
        back = asyncio.create_task(self._answer())
        worst = 0.0
        while not back.done():
            worst = max(worst, await self.push_p99_ms())
        return await back, worst

    async def push_p99_ms(self) -> float:
        """One measurement of those who stay."""
        order = Order(rate=limits.STORM_RATE, seconds=limits.STORM_STEP_S)
        await self._staying.tell(msgspec.json.encode(order))
        line = await self._staying.line(order.seconds + limits.DRAIN_S_MAX + limits.READY_S_MAX)
        step = msgspec.json.decode(line, type=Step)
        self.lost += step.lost + step.twice
        return step.p99_ms

    async def _answer(self) -> Back:
        line = await self._crowd.line(limits.STORM_S_MAX + limits.READY_S_MAX)
        back = msgspec.json.decode(line, type=Back)
        self._console.print(str(back), markup=False, soft_wrap=True)
        return back

    async def measure(self, rounds: int) -> Figures:
        """All rounds."""
        watching = asyncio.create_task(self.memory.watch())
        first = await self.everybody_in()
        calm = await self.push_p99_ms()
        before = self.memory.now()
        struck = [await self.strike() for _ in range(rounds)]
        await self.push_p99_ms()
        after = self.memory.now()
        watching.cancel()
        backs = [back for back, _ in struck]
        return Figures(
            clients=first.clients,
            rounds=rounds,
            first_s=first.last_s,
            back_median_s=max(back.median_s for back in backs),
            back_last_s=max(back.last_s for back in backs),
            missing=sum(back.missing for back in [first, *backs]),
            told_later=sum(back.told_later for back in backs),
            failed=sum(back.failed for back in backs),
            push_p99_calm_ms=round(calm, 1),
            push_p99_storm_ms=round(max(p99 for _, p99 in struck), 1),
            lost=self.lost,
            rss_before_mib=round(before, 1),
            rss_after_mib=round(after, 1),
            rss_peak_mib=round(self.memory.peak, 1),
        )


async def _run(clients: int, rounds: int, console: Console) -> Figures:
    main = asyncio.current_task()
    assert main is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, main.cancel)
    return await measure(clients, rounds, console)


async def measure(clients: int, rounds: int, console: Console) -> Figures:
    """The figures; each round is told on `console`. Raises ChildFailed when a process failed."""
    names = bench_centre.agent_ids(limits.STORM_STAYING + clients)
    people = [Account(login=name, agent=name, grants=(Grant(role="agent", teams=("bench",)),)) for name in names]
    with tempfile.TemporaryDirectory(prefix="firstline-storm-") as name:
        folder = Path(name)
        house = await House.start(folder / "firstline", people)
        children: list[Child] = []
        try:
            await house.apply(bench_centre.centre(len(names)))
            port = int(house.url.rpartition(":")[2])
            tokens = {name: house.token(name) for name in names}
            staying = {name: tokens.pop(name) for name in names[: limits.STORM_STAYING]}
            target = Target(host=HOST, port=port, key=house.key, tokens=staying)
            children.append(await start_generator(target, folder / "staying.log"))
            crowd = await Child.start([sys.executable, "-m", "router.bench.crowd"], folder / "crowd.log", piped=True)
            children.append(crowd)
            await crowd.tell(msgspec.json.encode(Crowd(url=house.url, tokens=tokens)))
            return await Storm(house, children[0], crowd, console).measure(rounds)
        finally:
            for child in children:
                await child.stop()
            await house.stop()


def run(clients: int = limits.STORM_CLIENTS, rounds: int = limits.STORM_ROUNDS, as_json: bool = False) -> int:
    """Measure and print; the last line of standard output is one JSON object with `as_json`, a summary without.

    Returns the exit code: 0, or 1 when somebody did not come back, an item was lost, or a process failed.
    """
    console = Console(stderr=True)
    try:
        found = asyncio.run(_run(clients, rounds, console))
    except (ChildFailed, KeyboardInterrupt, asyncio.CancelledError) as error:
        console.print(str(error) or "interrupted", markup=False)
        return 1
    encoded = msgspec.json.encode(found)
    sys.stdout.write((encoded.decode() if as_json else msgspec.json.format(encoded, indent=2).decode()) + "\n")
    return 1 if found.missing or found.lost else 0
