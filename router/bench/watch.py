"""Agents of one node who take the calls that a client posts to it, and the instant at which routing goes on.

It sees what anybody outside would: a call was posted, an agent's screen showed its reservation.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Sequence

import aiohttp

from router.bench import dialect, limits
from router.bench.house import HOST, House
from router.bench.processes import ChildFailed
from router.bench.wire_client import WireClient
from router.bench.wire_poster import Poster


class Watch:
    """`async with` it: the agents are connected and available then."""

    def __init__(self, house: House, agents: Sequence[str], number: str, disposition: str = "") -> None:
        """`number` is what the callers dial; `agents` complete each call at once, with `disposition`."""
        self._house = house
        self._agents = agents
        self._number = number
        self._disposition = disposition
        self._run = os.urandom(4).hex()
        self._count = 0
        self._offered: dict[str, float] = {}
        self._taken: set[str] = set()
        self._idle = asyncio.Event()
        self._since = 0.0
        self._first: asyncio.Future[float] | None = None
        self._tasks = asyncio.TaskGroup()
        self._clients: list[WireClient] = []
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._poster = Poster(
            "/api/v1/events",
            house.url.removeprefix("http://"),
            {"Authorization": f"Bearer {house.key}", "Content-Type": "application/cloudevents+json"},
        )

    async def __aenter__(self) -> "Watch":
        await self._tasks.__aenter__()
        for agent in self._agents:
            client = WireClient(agent, "/agent", self._pushed)
            await client.connect(self._session, self._house.url, {"token": self._house.token(agent)})
            self._clients.append(client)
            self._tasks.create_task(client.run())
            await client.call(dialect.available(), _ignored)
        await self._poster.open(HOST, int(self._house.url.rpartition(":")[2]))
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._poster.close()
        await asyncio.gather(*(client.close() for client in self._clients))
        await self._session.close()
        await self._tasks.__aexit__(None, None, None)

    def offer(self) -> None:
        """Post a call."""
        self._count += 1
        call = f"{self._run}-{self._count}"
        self._offered[call] = time.perf_counter()
        self._idle.clear()
        self._poster.post(dialect.call_offered(call, self._number), _told)

    async def offers(self) -> None:
        """Post calls until cancelled."""
        while True:
            self.offer()
            await asyncio.sleep(1 / limits.WATCHED_RATE)

    def expect(self) -> None:
        """From now on, look for a reservation of a call that is posted from now on: nobody made it before."""
        self._since = time.perf_counter()
        self._first = asyncio.get_running_loop().create_future()

    async def seen(self) -> float:
        """The seconds from `expect` until an agent saw it. Raises ChildFailed when none does."""
        assert self._first is not None, "seen() before expect()"
        try:
            async with asyncio.timeout(limits.BACK_S_MAX):
                return await self._first - self._since
        except TimeoutError:
            raise ChildFailed(self._house.server.failure(f"routed nothing for {limits.BACK_S_MAX:.0f} s")) from None

    async def quiet(self) -> None:
        """Wait until every call that was posted is closed, for a bounded time: what is left then, is taken back from
        its agent when they do not return."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits.QUIET_S_MAX):
                await self._idle.wait()

    async def _pushed(self, client: WireClient, event: str) -> None:
        now = time.perf_counter()
        shown = dialect.changed(event)
        if shown.agent.state == "not_ready":
            await client.call(dialect.available(), _ignored)
        for item in shown.items.values():
            posted = self._offered.pop(item.call, None) if item.state == "reserved" else None
            if posted is None:
                continue
            if self._first is not None and not self._first.done() and posted >= self._since:
                self._first.set_result(now)
            self._taken.add(item.id)
            await self._handle(client, item.id)

    async def _handle(self, client: WireClient, item: str) -> None:
        async def taken(client: WireClient, ack: str) -> None:
            await client.call(dialect.complete(item, self._disposition), closed)

        async def closed(client: WireClient, ack: str) -> None:
            self._taken.discard(item)
            if not self._offered and not self._taken:
                self._idle.set()

        await client.call(dialect.accept(item), taken)


def _told(status: int, body: bytes) -> None:
    if not 200 <= status < 300:
        sys.stderr.write(f"refused with {status}: {body[: limits.REFUSED_CHARS_MAX]!r}\n")


async def _ignored(client: WireClient, ack: str) -> None:
    """Whether it was done is seen by what is pushed next."""
