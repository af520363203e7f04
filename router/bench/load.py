"""The load generator: one process that posts phone events on schedule and is all the agents who answer them.

Open loop: a post is due at a time that no answer can delay, and latency counts from that time to the push, so
waiting inside the generator counts too. It reads orders from standard input, one JSON line each, and answers
each with one line. It knows nothing of the server it speaks to but `dialect`.
"""

import asyncio
import gc
import os
import sys
import time
from typing import IO

import aiohttp
import msgspec
import uvloop

from router.bench import bench_centre, dialect, limits
from router.bench.figures import percentile
from router.bench.wire_client import RefusedError, WireClient
from router.bench.wire_poster import Poster


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to load: where, with which API key, and the agents' tokens."""

    host: str
    port: int
    key: str
    tokens: dict[str, str]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One step: offer `rate` items a second for `seconds`."""

    rate: float
    seconds: float


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one step came to. `achieved` is the share of the scheduled items that an agent had when it ended;
    `lost` were not pushed or not closed even after draining; `twice` were pushed to a second agent."""

    rate: float
    scheduled: int
    achieved: float
    p50_ms: float
    p99_ms: float
    refused: int
    lost: int
    twice: int
    cpu_us_per_item: float


class _Tally:
    """The counts of the step under way."""

    def __init__(self, scheduled: int) -> None:
        self.scheduled = scheduled
        self.due: dict[str, float] = {}
        self.seen: set[tuple[str, str]] = set()
        self.pushed: set[str] = set()
        self.latencies: list[float] = []
        self.answered = 0
        self.refused = 0
        self.closed = 0
        self.twice = 0
        self.drained = asyncio.Event()

    def closed_one(self) -> None:
        self.closed += 1
        self.check()

    def check(self) -> None:
        if self.closed + self.refused >= self.scheduled and self.answered >= self.scheduled:
            self.drained.set()


class Load:
    """The poster and the agents, connected."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._poster = Poster(
            "/api/v1/events",
            f"{target.host}:{target.port}",
            {"Authorization": f"Bearer {target.key}", "Content-Type": "application/cloudevents+json"},
        )
        self._agents: list[WireClient] = []
        self._run = os.urandom(4).hex()
        self._numbers = bench_centre.numbers()
        self._count = 0
        self._tally = _Tally(0)

    async def open(self, session: aiohttp.ClientSession, tasks: asyncio.TaskGroup) -> None:
        """Connect every agent and the poster's connections. Raises what the first failing one raises."""
        at_once = asyncio.Semaphore(limits.CONNECTS_AT_ONCE)
        url = f"http://{self._target.host}:{self._target.port}"

        async def sign_on(agent: str, token: str) -> None:
            client = WireClient(agent, "/agent", self._pushed)
            async with at_once:
                await client.connect(session, url, {"token": token})
                self._agents.append(client)
                tasks.create_task(client.run())
                await self._available(client)

        await asyncio.gather(*(sign_on(agent, token) for agent, token in self._target.tokens.items()))
        await self._poster.open(self._target.host, self._target.port)

    async def _available(self, client: WireClient) -> None:
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def answered(client: WireClient, ack: str) -> None:
            done.set_result(dialect.accepted(ack))

        await client.call(dialect.available(), answered)
        async with asyncio.timeout(limits.CONNECT_S_MAX):
            if not await done:
                raise RefusedError(f"{client.name} cannot become available")

    async def step(self, order: Order) -> Step:
        """Offer items at a rate, then wait until they are closed."""
        gc.collect()
        tally = self._tally = _Tally(round(order.rate * order.seconds))
        before = time.process_time()
        await self._offer(tally, order.rate)
        reached = len(tally.latencies)
        await self._drain(tally)
        used = time.process_time() - before
        return Step(
            rate=order.rate,
            scheduled=tally.scheduled,
            achieved=reached / tally.scheduled,
            p50_ms=percentile(tally.latencies, 50) * 1_000,
            p99_ms=percentile(tally.latencies, 99) * 1_000,
            refused=tally.refused,
            lost=tally.scheduled - tally.closed - tally.refused,
            twice=tally.twice,
            cpu_us_per_item=used / tally.scheduled * 1_000_000,
        )

    async def _offer(self, tally: _Tally, rate: float) -> None:
        start = time.perf_counter() + limits.LEAD_S
        sent = 0
        while sent < tally.scheduled:
            now = time.perf_counter()
            while sent < tally.scheduled and start + sent / rate <= now:
                self._post(tally, start + sent / rate)
                sent += 1
            await asyncio.sleep(limits.TICK_S)

    def _post(self, tally: _Tally, due: float) -> None:
        self._count += 1
        call = f"{self._run}-{self._count}"
        tally.due[call] = due
        number = self._numbers[self._count % len(self._numbers)]

        def answered(status: int, body: bytes) -> None:
            tally.answered += 1
            if not 200 <= status < 300:
                tally.refused += 1
                sys.stderr.write(f"refused with {status}: {body[:200]!r}\n")
            tally.check()

        self._poster.post(dialect.call_offered(call, number), answered)

    async def _drain(self, tally: _Tally) -> None:
        try:
            async with asyncio.timeout(limits.DRAIN_S_MAX):
                await tally.drained.wait()
        except TimeoutError:
            sys.stderr.write(f"{tally.scheduled - tally.closed} items were not closed in time\n")

    async def _pushed(self, client: WireClient, event: str) -> None:
        now = time.perf_counter()
        tally = self._tally
        shown = dialect.changed(event)
        if shown.agent.state == "not_ready":
            await client.call(dialect.available(), _ignored)
        for item in shown.items.values():
            if item.state != "reserved":
                continue
            reservation = item.reservation.id if item.reservation else ""
            if (item.id, reservation) in tally.seen:
                continue
            tally.seen.add((item.id, reservation))
            if item.call in tally.pushed:
                tally.twice += 1
                continue
            due = tally.due.pop(item.call, None)
            if due is not None:
                tally.pushed.add(item.call)
                tally.latencies.append(now - due)
            await self._handle(client, tally if due is not None else _Tally(0), item.id)

    async def _handle(self, client: WireClient, tally: _Tally, item: str) -> None:
        async def closed(client: WireClient, ack: str) -> None:
            if dialect.accepted(ack):
                tally.closed_one()
            else:
                sys.stderr.write(f"not closed: {ack[:200]}\n")

        async def taken(client: WireClient, ack: str) -> None:
            if dialect.accepted(ack):
                await client.call(dialect.complete(item, bench_centre.DISPOSITION), closed)
            else:
                sys.stderr.write(f"not accepted: {ack[:200]}\n")

        await client.call(dialect.accept(item), taken)

    async def close(self) -> None:
        """Hang up."""
        self._poster.close()
        await asyncio.gather(*(client.close() for client in self._agents))


async def _ignored(client: WireClient, ack: str) -> None:
    """Whether it was done is seen by what is pushed next."""


async def lines(source: IO[str]) -> asyncio.StreamReader:
    """Orders, one a line."""
    reader = asyncio.StreamReader(limit=limits.LINE_BYTES_MAX)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    return reader


async def _serve() -> None:
    orders = await lines(sys.stdin)
    load = Load(msgspec.json.decode(await orders.readline(), type=Target))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session, asyncio.TaskGroup() as tasks:
        await load.open(session, tasks)
        say({"ready": True})
        while line := await orders.readline():
            say(await load.step(msgspec.json.decode(line, type=Order)))
        await load.close()


def say(value: object) -> None:
    """Answer an order."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read the target and orders from standard input until it ends."""
    uvloop.run(_serve())


if __name__ == "__main__":
    main()
