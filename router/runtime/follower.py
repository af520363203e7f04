"""Follows the log: holds the state of a domain in memory, exactly at a position, and tells listeners what changed.

It trusts nothing that does not fit: a hole, a lower epoch, another history or a wrong digest makes it drop its state
and load anew; listeners are told by `reset`. While the store is away it keeps what it has and asks again.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import TypeAlias

import msgspec
import structlog

from router.core.evolve import evolve
from router.core.state import State
from router.gateway import Applied, Listener, StoreError
from router.runtime import limits, metrics
from router.runtime.loading import loaded
from router.runtime.store import Standing, Store
from router.wire import codec
from router.wire.codec import Entry

log = structlog.stdlib.get_logger()

Reset: TypeAlias = Callable[[State, int], None]
"""Told, synchronously, that the state was loaded anew: what listeners derived from entries is void."""


class Mismatch(Exception):
    """An entry does not follow from what this follower has."""


class Follower:
    """One per process and domain. `await load()` first, then let `run()` follow."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners: list[Listener] = []
        self._resets: list[Reset] = []
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self.state = State(routing=False)
        self.position = 0
        self.heard_at = 0.0
        """The instant (of the loop's clock) of which this state is the newest, or a little after it."""
        self._digest = ""
        self._epoch = 0

    def listen(self, listener: Listener) -> None:
        """Call `listener` for each entry from now on. What it raises ends the follower."""
        self._listeners.append(listener)

    def on_reset(self, reset: Reset) -> None:
        """Call `reset` whenever the state was loaded anew."""
        self._resets.append(reset)

    async def reached(self, position: int, wait_s: float) -> bool:
        """Whether the state is at `position` or beyond, waiting for it if need be."""
        if self.position >= position:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (position, next(self._order), future))
        try:
            async with asyncio.timeout(wait_s):
                await future
        except TimeoutError:
            return False
        finally:
            if future.cancelled():
                self._waiting = [each for each in self._waiting if each[2] is not future]
                heapq.heapify(self._waiting)
        return True

    async def stands(self, where: Standing) -> bool:
        """Whether the state is exactly this one, after a moment for what is still on its way here."""
        await self.reached(where.position, limits.TWIN_WAIT_S)
        return (self.position, self._digest) == (where.position, where.digest)

    async def load(self) -> None:
        """Take position and records from the store. Raises StoreError, and ShapeTooNew."""
        try:
            where, self.state = await loaded(self._store, routing=False)
        except (msgspec.DecodeError, KeyError):
            await self._store.open()
            raise
        self._unwake()
        self.position, self._digest, self._epoch = where.position, where.digest, where.epoch
        self._moved()

    async def run(self) -> None:
        """Follow until cancelled. Raises what a listener raises, and ShapeTooNew."""
        pause = limits.BACK_OFF_S
        back = False
        while True:
            try:
                if back:
                    await self._look_back()
                    back = False
                await self._follow()
                pause = limits.BACK_OFF_S
            except Mismatch as mismatch:
                log.warning("follower_reset", position=self.position, reason=str(mismatch))
                metrics.RESETS.inc()
                await self._reload()
            except StoreError as error:
                log.warning("follower_waits", position=self.position, error=str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, limits.BACK_OFF_S_MAX)
                back = True

    async def _follow(self) -> None:
        asked_at = asyncio.get_running_loop().time()
        found = await self._store.entries(self.position, limits.ENTRIES_READ_MAX, limits.READ_WAIT_S_MAX)
        if not found:
            await self._look_back()
        for last, data, digest in found:
            entry = await self._read(last, data)
            self._check(entry, last, data, digest)
            self._apply(entry, data, digest)
        if len(found) < limits.ENTRIES_READ_MAX:
            self.heard_at = asked_at

    async def _read(self, last: int, data: bytes) -> Entry:
        """Raises Mismatch for what is no entry, and ShapeTooNew for one of a newer version, which has taken over."""
        try:
            return codec.decode_entry(data)
        except msgspec.DecodeError as error:
            await self._store.open()
            raise Mismatch(f"the entry up to {last} cannot be read") from error

    async def _look_back(self) -> None:
        """Nothing new: is what we have still there? A store that was set back (a backup, another master) would keep us
        waiting for a position that belongs to another history. Raises Mismatch."""
        head = await self._store.head()
        if head < self.position:
            raise Mismatch(f"the store is at {head}, this follower at {self.position}")

    def _check(self, entry: Entry, last: int, data: bytes, digest: str) -> None:
        """Raises Mismatch unless this entry is the next one of the history that led here."""
        if entry.first != self.position + 1 or entry.last != last:
            raise Mismatch(f"entry {entry.first} to {entry.last} after {self.position}")
        if entry.epoch < self._epoch:
            raise Mismatch(f"epoch {entry.epoch} after {self._epoch}")
        if entry.before != self._digest or codec.digest(entry.before, data) != digest:
            raise Mismatch(f"digest of {entry.last} is of another history")

    def _apply(self, entry: Entry, data: bytes, digest: str) -> None:
        for event in entry.events:
            evolve(self.state, event)
        touched = tuple(self.state.touched)
        self.state.touched.clear()
        self._unwake()
        self.position, self._digest, self._epoch = entry.last, digest, entry.epoch
        applied = Applied(position=entry.last, entry=entry, touched=touched, data=data)
        for listener in self._listeners:
            listener(applied, self.state)
        self._moved()

    async def _reload(self) -> None:
        try:
            await self.load()
        except StoreError as error:
            log.warning("follower_waits", position=self.position, error=str(error))
            await asyncio.sleep(limits.BACK_OFF_S_MAX)
            return
        for reset in self._resets:
            reset(self.state, self.position)

    def _unwake(self) -> None:
        """Only the writer matches; here the notes of whom to match would only pile up."""
        self.state.wake_classes.clear()
        self.state.wake_agents.clear()

    def _moved(self) -> None:
        metrics.POSITION.set(self.position)
        while self._waiting and self._waiting[0][0] <= self.position:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)
