"""The border of a process: every call to a server crosses it, and that is where things go wrong.

A call may be refused, delayed, done without its reply being heard, or done long after its sender has given up; and the
process may die before and after each step of it. Nothing is simulated of the process's inside: that is the real thing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from router.gateway import StoreError
from router.runtime.memory import MemoryStore
from router.runtime.store import Commit, Lease, Store
from router.simulate import limits
from router.simulate.house import House
from router.simulate.ledger import Kept
from router.simulate.loop import Process, outside
from router.wire.codec import decode_entry

CALLS = frozenset(name for name in vars(Store) if not name.startswith("_")) - {"close"}

WRITES = frozenset({"submit", "commit", "acquire", "renew", "release", "beat", "outbox_done", "drop_contents", "trim"})
"""Calls that may be done late. What a late read finds, nobody hears."""


class Border:
    """What one process goes through to reach one kind of server. `away` says whether that server is away."""

    def __init__(self, house: House, process: Process, failed: type[Exception], away: Callable[[], bool]) -> None:
        self._house = house
        self._process = process
        self._failed = failed
        self._away = away

    async def cross(self, name: str, deed: Callable[[], Awaitable[Any]], *, may_be_late: bool = False) -> Any:
        """Do it, or raise what this border raises; or never return, because the process is dead."""
        house = self._house
        await self._step()
        await self._travel()
        if self._away():
            raise self._failed(f"the server is away: no {name}")
        if house.happens(limits.REFUSED_SHARE, "refused"):
            raise self._failed(f"the connection broke before {name}")
        if may_be_late and house.happens(limits.LATE_SHARE, "late"):
            await self._late(name, deed)
        await self._step()
        result = await deed()
        await self._step()
        if house.happens(limits.LOST_SHARE, "lost_reply"):
            raise self._failed(f"the reply to {name} was lost")
        if not house.calm:
            await self._travel()
            await self._step()
        return result

    async def _step(self) -> None:
        """Here the process may die."""
        if self._house.over:
            raise self._failed("the world is over")
        if self._house.happens(self._house.cast.crash_share, "crash"):
            self._process.kill()
            await asyncio.get_running_loop().create_future()

    async def _travel(self) -> None:
        await asyncio.sleep(self._house.chance.random() * limits.TRAVEL_S_MAX)

    async def _late(self, name: str, deed: Callable[[], Awaitable[Any]]) -> NoReturn:
        chance = self._house.chance

        async def later() -> None:
            await asyncio.sleep(chance.uniform(0, limits.LATE_S_MAX))
            try:
                await deed()
            except Exception as error:  # whoever asked has long given up
                self._house.faults[f"late_{type(error).__name__}"] += 1

        self._house.strays.append(outside(later()))
        await asyncio.sleep(chance.uniform(0, limits.GIVE_UP_S_MAX))
        raise self._failed(f"no answer to {name} in time")


class FaultyStore:
    """One process's way to the store."""

    def __init__(self, house: House, process: Process, store: MemoryStore) -> None:
        self._house = house
        self._store = store
        self._border = Border(house, process, StoreError, lambda: house.is_away("store"))

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        if name not in CALLS:
            raise AttributeError(name)
        deed = getattr(self, f"_{name}", None) or getattr(self._store, name)

        def call(*args: Any, **kwargs: Any) -> Awaitable[Any]:
            return self._border.cross(name, lambda: deed(*args, **kwargs), may_be_late=name in WRITES)

        return call

    async def close(self) -> None:
        """Nothing to give back."""

    # -- the witness ----------------------------------------------------------------------------------------

    async def _acquire(self, owner: str, ttl_ms: int) -> Lease | None:
        lease = await self._store.acquire(owner, ttl_ms)
        if lease is not None:
            self._house.ledger.granted = max(self._house.ledger.granted, lease.epoch)
        return lease

    async def _commit(self, commit: Commit) -> None:
        ledger = self._house.ledger
        await self._store.commit(commit)
        if not commit.data:
            return
        epoch = decode_entry(commit.data).epoch
        if epoch < ledger.granted:
            ledger.wrong("fenced", f"epoch {epoch} committed {commit.last} after epoch {ledger.granted} was given")
        ledger.log[commit.last] = Kept(commit.data, commit.digest, self._house.loop.time())

    async def _entries(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes, str]]:
        found = await self._store.entries(after, limit, wait_s)
        if len(found) > 1 and self._house.happens(limits.SHORT_SHARE, "short"):
            return found[: self._house.chance.randrange(1, len(found))]
        return found
