"""The store of a domain that (nearly) only this process writes to: its private server. The log takes the short way.

What this process has just made durable it need not ask back from the server: commands go straight from `submit` to
the writer, entries straight from `commit` to the follower, each after the server has answered that it is safe.
That saves two of the four calls for each command, and their wake-ups. What is not contiguous, or comes from elsewhere
(the archive's process, a repair), is read from the server, which is looked into now and then.
"""

import asyncio
from collections.abc import Sequence
from typing import Generic, TypeVar

from router.runtime import limits
from router.runtime.redis_store import RedisStore, clients
from router.runtime.store import Commit, Placed, Put

T = TypeVar("T")


class Passage(Generic[T]):
    """Things on their way, each known by the number that it follows. Bounded: the oldest fall off."""

    def __init__(self) -> None:
        self._after: dict[int, tuple[int, T]] = {}
        self._came = asyncio.Event()

    def put(self, before: int, number: int, thing: T) -> None:
        """`thing` is number `number`, and nothing lies between it and number `before`."""
        self._after[before] = (number, thing)
        if len(self._after) > limits.PASSAGE_MAX:
            del self._after[next(iter(self._after))]
        self._came.set()

    async def next(self, after: int, limit: int, wait_s: float) -> list[T]:
        """What follows `after` without a gap, at most `limit`, as soon as there is any; nothing when it is time to
        look elsewhere. It is gone then."""
        if wait_s <= 0:
            return []
        if after not in self._after:
            self._came.clear()
            try:
                async with asyncio.timeout(min(wait_s, limits.PASSAGE_LOOK_S)):
                    await self._came.wait()
            except TimeoutError:
                return []
        found: list[T] = []
        while len(found) < limit and (step := self._after.pop(after, None)) is not None:
            after = step[0]
            found.append(step[1])
        return found


class SoleStore(RedisStore):
    """A `RedisStore` with the short way. It holds to the same contract; without replicas only."""

    def __init__(self, url: str, domain: str) -> None:
        """`url` is that of the private server. Nothing is opened before the first call."""
        super().__init__(clients(url, domain), domain)
        self._commands_near: Passage[tuple[int, bytes]] = Passage()
        self._entries_near: Passage[tuple[int, bytes, str]] = Passage()

    async def submit(self, puts: Sequence[Put]) -> list[Placed]:
        """Make commands durable, and pass on those that are new."""
        placed = await super().submit(puts)
        for put, place in zip(puts, placed, strict=True):
            if not place.duplicate and not place.conflict:
                self._commands_near.put(place.command - 1, place.command, (place.command, put.data))
        return placed

    async def commands(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes]]:
        """Commands past `after`. Who waits gets those that come the short way; who does not, all that there are."""
        near = await self._commands_near.next(after, limit, wait_s)
        return near or await super().commands(after, limit, 0.0)

    async def commit(self, commit: Commit) -> None:
        """One fenced step, passed on once it is done."""
        await super().commit(commit)
        if commit.last > commit.expected:
            self._entries_near.put(commit.expected, commit.last, (commit.last, commit.data, commit.digest))

    async def entries(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes, str]]:
        """Entries that end past `after`. Who waits gets those that come the short way."""
        near = await self._entries_near.next(after, limit, wait_s)
        return near or await super().entries(after, limit, 0.0)
