"""What it costs that nothing is answered before it is on disk: one server, its fsync switched to and fro.

Sixty-four clients, none of whom knows of the others, each send an event and wait for its answer before the next. So
whatever is committed together was sent independently: that is what group commit is for.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import redis.asyncio as redis

from router.bench import bench_centre, dialect, limits
from router.bench.house import HOST, House
from router.bench.processes import ChildFailed
from router.bench.wire_poster import Poster
from router.runtime.limits import ENTRIES_READ_MAX
from router.runtime.redis_store import RedisStore, connect
from router.wire.codec import decode_entry

Fsync: TypeAlias = Literal["always", "everysec"]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One round: events accepted in a second, and the commands of each commit that is still in the store."""

    events_per_s: float
    batches: list[int]


class Callers:
    """People who ring and hang up at once, so that nothing piles up; each event is sent when the last is answered."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._numbers = bench_centre.numbers()
        self._run = os.urandom(4).hex()
        self._calls = 0
        self._until = 0.0
        self._under_way = 0
        self._accepted = 0
        self._refused = ""
        self._idle = asyncio.Event()
        self._poster = Poster(
            "/api/v1/events",
            house.url.removeprefix("http://"),
            {"Authorization": f"Bearer {house.key}", "Content-Type": "application/cloudevents+json"},
        )

    async def open(self) -> None:
        """Connect."""
        await self._poster.open(HOST, int(self._house.url.rpartition(":")[2]))

    async def ring(self, seconds: float) -> float:
        """Events accepted per second. Raises ChildFailed when one was refused."""
        began = time.perf_counter()
        self._until, self._accepted = began + seconds, 0
        self._idle.clear()
        for _ in range(limits.POST_CONNECTIONS):
            self._under_way += 1
            self._next()
        await self._idle.wait()
        if self._refused:
            raise ChildFailed(f"an event was refused: {self._refused}")
        return self._accepted / (time.perf_counter() - began)

    def _next(self) -> None:
        if self._refused or time.perf_counter() >= self._until:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()
            return
        self._calls += 1
        call = f"{self._run}-{self._calls}"
        number = self._numbers[self._calls % len(self._numbers)]

        def offered(status: int, body: bytes) -> None:
            self._count(status, body)
            self._poster.post(dialect.call_ended(call), ended)

        def ended(status: int, body: bytes) -> None:
            self._count(status, body)
            self._next()

        self._poster.post(dialect.call_offered(call, number), offered)

    def _count(self, status: int, body: bytes) -> None:
        if 200 <= status < 300:
            self._accepted += 1
        else:
            self._refused = f"{status} {body[: limits.REFUSED_CHARS_MAX].decode(errors='replace')}"

    def close(self) -> None:
        """Hang up."""
        self._poster.close()


class Rounds:
    """The server under load, with a hand on its fsync."""

    def __init__(self, callers: Callers, server: redis.Redis, store: RedisStore) -> None:
        self._callers = callers
        self._server = server
        self._store = store

    async def round(self, fsync: Fsync, seconds: float) -> Measured:
        """Measure once."""
        await self._server.config_set("appendfsync", fsync)
        before = await self._store.standing()
        rate = await self._callers.ring(seconds)
        await asyncio.sleep(limits.SETTLE_S)
        return Measured(events_per_s=rate, batches=await self._batches(before.position))

    async def _batches(self, after: int) -> list[int]:
        found = []
        while entries := await self._store.entries(after, ENTRIES_READ_MAX, 0):
            after = entries[-1][0]
            found += [sum(1 for handled in decode_entry(data).handled if handled.command) for _, data, _ in entries]
        return [commands for commands in found if commands]


@asynccontextmanager
async def rounds(folder: Path) -> AsyncIterator[Rounds]:
    """A server as it comes, without agents. Raises ChildFailed."""
    house = await House.start(folder, [])
    url = f"unix://{folder / 'redis' / 'run' / 'server.sock'}"
    server, store, callers = redis.Redis.from_url(url), connect(url, "main"), Callers(house)
    try:
        await house.apply(bench_centre.centre(0))
        await callers.open()
        yield Rounds(callers, server, store)
    finally:
        callers.close()
        await store.close()
        await server.aclose()
        await house.stop()
