"""How long nobody gets work when the writer dies: two nodes on one Redis, one of them killed again and again.

The clients are with the other node: what they see is the end of a lease, its taking over and the first reservation
after it. Then the dead node comes back, stands by, and the next to be killed is the one that writes now.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from router.bench import bench_centre, limits
from router.bench.house import House
from router.bench.processes import ChildFailed
from router.bench.servers import Postgres, Redis
from router.bench.watch import Watch
from router.runtime.accounts import Account, Grant

_COMMITS = "firstline_commit_commands_count "


class Pair:
    """The node that writes, and the one that stands by."""

    def __init__(self, writer: House, other: House) -> None:
        self._writer = writer
        self._other = other

    async def failover(self) -> float:
        """Kill the writer under load: seconds until an agent of the other node sees a reservation of a call that was
        posted after the kill. Raises ChildFailed."""
        before = await _commits(self._writer)
        async with Watch(self._other, _agents(), bench_centre.numbers()[0], bench_centre.DISPOSITION) as watch:
            calls = asyncio.create_task(watch.offers())
            await asyncio.sleep(limits.BEFORE_KILL_S)
            if await _commits(self._writer) == before:
                raise ChildFailed("the node that was to be killed is not the one that writes")
            watch.expect()
            await self._writer.server.kill()
            seconds = await watch.seen()
            calls.cancel()
            await watch.quiet()
        self._writer, self._other = self._other, self._writer
        await self._other.open()
        return seconds


async def _commits(house: House) -> float:
    """How many commits this node has made since it started."""
    text = await house.text("/metrics")
    return float(next(line for line in text.splitlines() if line.startswith(_COMMITS)).removeprefix(_COMMITS))


def _agents() -> list[str]:
    """Those of the first queue's team who speak the language of its first number, and as many others as there are."""
    return bench_centre.agent_ids(limits.WATCHING_AGENTS)


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[Pair]:
    """Two nodes at default settings, on a Redis and a PostgreSQL of their own. Raises ChildFailed, ServerMissing."""
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(folder.mkdir)
        redis = await Redis.start(folder / "redis")
        stack.push_async_callback(redis.stop)
        postgres = await Postgres.start()
        stack.push_async_callback(postgres.stop)
        shared = {
            "FIRSTLINE_REDIS_URL": redis.url,
            "FIRSTLINE_DATABASE_URL": postgres.url,
            "FIRSTLINE_BLOBS_URL": f"file://{folder}/blobs",
        }
        people = [
            Account(login=agent, agent=agent, grants=(Grant(role="agent", teams=("bench",)),)) for agent in _agents()
        ]
        writer = await House.seeded(folder / "first", people, shared=shared)
        stack.push_async_callback(writer.stop)
        await writer.open()
        await writer.apply(bench_centre.centre(limits.WATCHING_AGENTS))
        other = await writer.beside(folder / "second")
        stack.push_async_callback(other.stop)
        await other.open()
        yield Pair(writer, other)
