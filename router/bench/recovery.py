"""How long a full store takes to route again: a node is killed at a hundred thousand open items, and started anew.

Its private server dies with it, so its append-only file is read again too; then the state is loaded, by the follower
and by the writer, and the lease of the dead writer runs out meanwhile.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from router.bench import limits
from router.bench.busy_centre import PROBE, PROBE_NUMBER
from router.bench.filling import Order, Told
from router.bench.house import House
from router.bench.processes import Child
from router.bench.watch import Watch
from router.runtime.accounts import Account, Grant


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What one kill led to: seconds from the kill until an agent saw a reservation made after it, of which until the
    node said that it is ready; the CPU seconds of all its processes, which other work on the machine does not change;
    the open items that it had; and what its process keeps in memory then."""

    seconds: float
    ready_s: float
    cpu_s: float
    items: int
    rss_mib: float


async def recover(folder: Path, items: int, agents: int, told: Callable[[Told], None]) -> Recovered:
    """Fill a store, kill its node and start it. Raises ChildFailed."""
    house = await House.seeded(folder, [Account(login=PROBE, agent=PROBE, grants=(Grant(role="agent"),))])
    filling = await Child.start(
        [sys.executable, "-m", "router.compiled", "router.bench.filling"],
        folder / "filling.log",
        environment=house.environment,
        piped=True,
    )
    try:
        full = await _filled(filling, Order(folder=str(folder), items=items, agents=agents), told)
        began = time.perf_counter()
        await filling.kill()
        await house.open()
        ready = time.perf_counter()
        async with Watch(house, [PROBE], PROBE_NUMBER) as watch:
            watch.expect()
            watch.offer()
            await watch.seen()
            seconds = time.perf_counter() - began
        return Recovered(
            seconds=seconds,
            ready_s=ready - began,
            cpu_s=await house.server.cpu_us() / 1_000_000,
            items=full.items,
            rss_mib=await asyncio.to_thread(house.server.rss_mib),
        )
    finally:
        await filling.stop()
        await house.stop()


async def _filled(filling: Child, order: Order, told: Callable[[Told], None]) -> Told:
    await filling.tell(msgspec.json.encode(order))
    async with asyncio.timeout(limits.FILL_S_MAX):
        while True:
            progress = msgspec.json.decode(await filling.line(limits.BACK_S_MAX), type=Told)
            told(progress)
            if progress.full:
                return progress
