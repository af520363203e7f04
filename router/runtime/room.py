"""Room for what is to be kept: free space on the disks, memory of the store. New work is refused before either ends.

What is in the house goes on in the reserve: agents finish their work, and so make room. Nothing is told to go back to
normal: each watch looks again, and admits by itself.
"""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import structlog

from router.gateway import StoreError
from router.runtime import limits, metrics

log = structlog.stdlib.get_logger()

_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUP: Final = Path("/proc/self/cgroup")


class Space(NamedTuple):
    """Bytes of a disk: how many are free, and how many of them are kept for work that is in the house."""

    free: int
    reserve: int

    @property
    def low(self) -> bool:
        """Whether what is left is the reserve."""
        return self.free < self.reserve

    @property
    def spent(self) -> bool:
        """Whether so much of the reserve is gone that a server would only start to end again."""
        return self.free < self.reserve // limits.SERVER_RESERVE_PARTS


def space(folder: Path) -> Space:
    """Of the disk that a folder lies on, or will lie on once it is made. Raises OSError."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    total, _, free = shutil.disk_usage(there)
    return Space(free, min(limits.DISK_RESERVE_BYTES, total // limits.DISK_RESERVE_PARTS))


def memory_bytes(own: Path = _OWN_CGROUP, groups: Path = _CGROUPS) -> int:
    """How much memory this process and its children may use: that of the machine, or less where a cgroup says so.

    `own` names our cgroup, `groups` is where they are mounted (cgroup v2; where there are none, nothing is less).
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_allowed(own, groups)])


def _allowed(own: Path, groups: Path) -> Iterable[int]:
    """The limits of our cgroup and of those around it."""
    try:
        name = own.read_text("ascii").rpartition("::/")[2].strip()
    except OSError:
        return
    for group in (groups / name, *(groups / name).parents):
        try:
            said = (group / "memory.max").read_text("ascii").strip()
        except OSError:
            continue
        if said.isdecimal():
            yield int(said)


class DiskRoom:
    """Watches the disks that a node writes to. `await run()`; `refusal()` says why nothing new may come in."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """`folders`: the data folder, and others that what is accepted is written to."""
        self._folders = tuple(dict.fromkeys(folders))
        self._low: Space | None = None

    def refusal(self) -> str:
        """Why new work is refused, for people; '' while there is room."""
        if self._low is None:
            return ""
        free, reserve = (number >> limits.MIB_BITS for number in self._low)
        return f"the disk is nearly full: {free} MiB are free, and the last {reserve} are kept for work in the house"

    async def run(self) -> None:
        """Look every `DISK_LOOK_S`, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(limits.DISK_LOOK_S)

    async def look(self) -> None:
        """Note how much room there is now. A folder that cannot be looked at says nothing."""
        try:
            found = [await asyncio.to_thread(space, folder) for folder in self._folders]
        except OSError as error:
            log.warning("disk_not_looked_at", reason=str(error.strerror))
            return
        scarcest = min(found, key=lambda one: one.free - one.reserve)
        metrics.DISK_FREE.set(scarcest.free)
        before, self._low = self._low, scarcest if scarcest.low else None
        metrics.refusing("no_space", self._low is not None)
        if scarcest.low and before is None:
            log.error("disk_low", free_bytes=scarcest.free, reserve_bytes=scarcest.reserve)
        elif before is not None and not scarcest.low:
            log.warning("disk_room_again", free_bytes=scarcest.free)


class Asked(Protocol):
    """The store, as far as it is asked about itself."""

    def about(self, section: str) -> Awaitable[dict[str, Any]]: ...


class StoreRoom:
    """Watches whether the store answers, and how much of its memory is used. `await run()`, and ask `refusal()`."""

    def __init__(self, store: Asked) -> None:
        self._store = store
        self._away_since: float | None = None
        self._used = 0.0
        self._alarmed = False

    def refusal(self) -> str:
        """Why new work is refused, for people; '' while there is room."""
        if self._used < limits.STORE_MEMORY_FULL:
            return ""
        return f"the store is nearly full: {self._used:.0%} of its maxmemory are used"

    async def run(self) -> None:
        """Look every `STORE_LOOK_S`, until cancelled. While the store is away, what was seen last counts."""
        while True:
            await self.look()
            await asyncio.sleep(limits.STORE_LOOK_S)

    async def look(self) -> None:
        """Note how full the store is now, and whether it answers."""
        now = asyncio.get_running_loop().time()
        try:
            told = await self._store.about("memory")
        except StoreError as error:
            self._missed(now, error)
            return
        if self._away_since is not None:
            log.warning("store_back", away_s=round(now - self._away_since, 1))
            self._away_since = None
        metrics.STORE_UP.set(1)
        allowed = int(told["maxmemory"])
        self._fill(int(told["used_memory"]) / allowed if allowed else 0.0)

    def _missed(self, now: float, error: StoreError) -> None:
        metrics.STORE_UP.set(0)
        if self._away_since is None:
            self._away_since = now
            metrics.STORE_OUTAGES.inc()
            log.error("store_away", reason=str(error))

    def _fill(self, used: float) -> None:
        was_full, self._used = bool(self.refusal()), used
        is_full = bool(self.refusal())
        metrics.STORE_MEMORY.set(used)
        metrics.refusing("no_memory", is_full)
        if is_full and not was_full:
            log.error("store_memory_full", used=round(used, 2))
        elif was_full and not is_full:
            log.warning("store_memory_room_again", used=round(used, 2))
        if used >= limits.STORE_MEMORY_ALARM and not self._alarmed:
            log.warning("store_memory_high", used=round(used, 2))
        self._alarmed = used >= limits.STORE_MEMORY_ALARM
