"""Thousands of agents who lose their connection in the same moment and come back, as their pages would.

One process. It reads orders from standard input, one JSON line each, and answers each with one line. Who is refused,
or finds nobody, comes back after a pause that chance spreads; who is told when, then.
"""

import asyncio
import random
import sys
import time

import aiohttp
import msgspec
import uvloop

from router.bench import limits
from router.bench.figures import percentile
from router.bench.load import lines, say
from router.bench.wire_client import RefusedError, WireClient

_chance = random.Random()  # noqa: S311 - a pause is no secret


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """Who they are: where they connect, and their tokens by name."""

    url: str
    tokens: dict[str, str]


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """The order to lose every connection at once, and come back."""


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """How they came back: seconds from the cut until the median and the last one had their view again, how often one
    of them was told to come later, how often one did not get through, and how many never came back in time."""

    clients: int
    median_s: float
    last_s: float
    told_later: int
    failed: int
    missing: int


class _Later(msgspec.Struct, frozen=True, kw_only=True):
    retry_ms: int = 0


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    data: _Later = _Later()


class _Round:
    """The counts of one time that all come in."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.viewed: list[float] = []
        self.told_later = 0
        self.failed = 0

    def back(self, clients: int) -> Back:
        """What it came to."""
        return Back(
            clients=clients,
            median_s=round(percentile(self.viewed, 50), 2),
            last_s=round(max(self.viewed, default=0.0), 2),
            told_later=self.told_later,
            failed=self.failed,
            missing=clients - len(self.viewed),
        )


class Guest:
    """One agent's page."""

    def __init__(self, name: str, token: str, url: str) -> None:
        self._name = name
        self._token = token
        self._url = url
        self._viewed = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def come(self, session: aiohttp.ClientSession, turn: _Round) -> None:
        """Connect until the view is there; the connection then stays open with the session."""
        pause_s = limits.COME_BACK_S
        while True:
            await asyncio.sleep(_spread(pause_s))
            pause_s = min(pause_s * 2, limits.COME_BACK_S_MAX)
            try:
                await self._connect(session)
            except RefusedError as refusal:
                turn.told_later += 1
                await asyncio.sleep(_told_s(refusal))
                pause_s = 0.0
            except (aiohttp.ClientError, TimeoutError, OSError, TypeError):
                turn.failed += 1
            else:
                turn.viewed.append(time.perf_counter() - turn.began)
                return

    async def _connect(self, session: aiohttp.ClientSession) -> None:
        self._viewed.clear()
        client = WireClient(self._name, "/agent", self._told)
        await client.connect(session, self._url, {"token": self._token})
        self._running = asyncio.create_task(client.run())
        async with asyncio.timeout(limits.CONNECT_S_MAX):
            await self._viewed.wait()

    async def _told(self, client: WireClient, event: str) -> None:
        if event.startswith('["view"'):
            self._viewed.set()


def _spread(pause_s: float) -> float:
    """A pause as a page makes it: the same share of it up or down, by chance."""
    return pause_s * (1 + limits.COME_BACK_JITTER * (2 * _chance.random() - 1))


def _told_s(refusal: RefusedError) -> float:
    """When one was told to come back. Raises RefusedError when that is never."""
    text = str(refusal)
    told = msgspec.json.decode(text[text.index("{") :], type=_Refusal).data.retry_ms
    if not told:
        raise refusal
    return told / 1_000


async def _all_in(guests: list[Guest]) -> tuple[aiohttp.ClientSession, Back]:
    """Everybody connects; the session that holds their connections."""
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    turn = _Round()
    _, missing = await asyncio.wait(
        [asyncio.create_task(guest.come(session, turn)) for guest in guests], timeout=limits.STORM_S_MAX
    )
    for task in missing:
        task.cancel()
    return session, turn.back(len(guests))


async def _serve() -> None:
    orders = await lines(sys.stdin)
    crowd = msgspec.json.decode(await orders.readline(), type=Crowd)
    guests = [Guest(name, token, crowd.url) for name, token in crowd.tokens.items()]
    session, back = await _all_in(guests)
    say(back)
    while line := await orders.readline():
        msgspec.json.decode(line, type=Cut)
        await session.close()
        session, back = await _all_in(guests)
        say(back)
    await session.close()


def main() -> None:
    """Read who they are and orders from standard input until it ends."""
    uvloop.run(_serve())


if __name__ == "__main__":
    main()
