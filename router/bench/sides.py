"""The two sides of `bench push`: each a server (one process and its Valkey) and a generator connected to it."""

import asyncio
import sys
from pathlib import Path

import msgspec

from router.bench import bench_centre, limits
from router.bench.house import HOST, House
from router.bench.load import Order, Step, Target
from router.bench.processes import Child
from router.runtime.accounts import Account, Grant


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One step, and the CPU time of the server's processes during it."""

    step: Step
    server_cpu_us_per_item: float

    @property
    def sustained(self) -> bool:
        """Whether the server kept up (the rule of the issue)."""
        step = self.step
        return step.p99_ms < limits.P99_MS_MAX and step.achieved >= limits.ACHIEVED_MIN


class Side:
    """A server under load."""

    def __init__(self, name: str, server: Child, generator: Child) -> None:
        self.name = name
        self._server = server
        self._generator = generator
        self.lost = 0
        self.twice = 0

    async def step(self, rate: float, seconds: float) -> Measured:
        """Offer items at a rate and measure. Raises ChildFailed when a process dies of it."""
        before = await self._server.cpu_us()
        await self._generator.tell(msgspec.json.encode(Order(rate=rate, seconds=seconds)))
        line = await self._generator.line(seconds + limits.DRAIN_S_MAX + limits.READY_S_MAX)
        step = msgspec.json.decode(line, type=Step)
        self.lost += step.lost
        self.twice += step.twice
        used = await self._server.cpu_us() - before
        return Measured(step=step, server_cpu_us_per_item=used / step.scheduled)

    async def stop(self) -> None:
        """Stop the generator, then the server."""
        await self._generator.stop()
        await self._server.stop()


async def start_generator(target: Target, log: Path) -> Child:
    """The generator, its agents connected. Raises ChildFailed when they could not connect."""
    child = await Child.start([sys.executable, "-m", "router.bench.load"], log, piped=True)
    await child.tell(msgspec.json.encode(target))
    await child.line(limits.READY_S_MAX)
    return child


async def start_skeleton(folder: Path, agents: int) -> Side:
    """The skeleton side: its server, which starts its own Valkey as ours does, and a generator."""
    folder = folder / "skeleton"
    await asyncio.to_thread(folder.mkdir)
    server = await Child.start(
        [sys.executable, "-m", "router.bench.skeleton.server", str(folder), str(agents)], folder / "log", piped=True
    )
    try:
        ready = msgspec.json.decode(await server.line(limits.READY_S_MAX), type=dict[str, int])
        names = bench_centre.agent_ids(agents)
        target = Target(host=HOST, port=ready["port"], key="none", tokens={name: name for name in names})
        return Side("skeleton", server, await start_generator(target, folder / "generator.log"))
    except BaseException:
        await server.stop()
        raise


async def start_firstline(folder: Path, agents: int) -> Side:
    """Our side: a server with the bench centre, and a generator."""
    names = bench_centre.agent_ids(agents)
    people = [Account(login=name, agent=name, grants=(Grant(role="agent", teams=("bench",)),)) for name in names]
    house = await House.start(folder / "firstline", people)
    try:
        await house.apply(bench_centre.centre(agents))
        tokens = {name: house.token(name) for name in names}
        target = Target(host=HOST, port=int(house.url.rpartition(":")[2]), key=house.key, tokens=tokens)
        return Side("firstline", house.server, await start_generator(target, folder / "generator.log"))
    except BaseException:
        await house.stop()
        raise
