"""Saying when opening hours are open: one node's duty for all, since the core that routes by them knows no time zones.

Said at once for hours that are new or were edited, and again in good time before what was said runs out. Two nodes that
do it for a moment say the same.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeAlias

import structlog

from queues.calendar import Calendar
from queues.hours import Hours
from router.core.commands import SetCalendar
from router.gateway import Clock, Gateway, StoreError
from router.runtime import limits
from router.runtime.calendar import calendar, told

log = structlog.stdlib.get_logger()

BY = "openings"

Make: TypeAlias = Callable[[Hours, int, int], Awaitable[Calendar]]


async def in_thread(hours: Hours, now_ms: int, days: int) -> Calendar:
    """The calendar, made in a thread: a time zone is read from disk the first time."""
    return await asyncio.to_thread(calendar, hours, now_ms, days)


class Openings:
    """The duty. `make` makes a calendar of hours from an instant on, for some days."""

    def __init__(self, gateway: Gateway, clock: Clock, make: Make = in_thread) -> None:
        self._gateway = gateway
        self._clock = clock
        self._make = make
        self._wrong: dict[str, int] = {}

    async def run(self) -> NoReturn:
        """Say it whenever it is to be said, until cancelled."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.warning("openings_not_told", reason=str(error))
            await asyncio.sleep(limits.OPENINGS_LOOK_S)

    async def look(self) -> None:
        """Say of all hours when they are open, as far as it is not known yet, or not for long."""
        now_ms = self._clock.now_ms()
        for hours in list(self._gateway.state.hours.values()):
            if self._due(hours, now_ms):
                await self._tell(hours, now_ms)

    def _due(self, hours: Hours, now_ms: int) -> bool:
        if self._wrong.get(hours.id) == hours.revision:
            return False
        state = self._gateway.state
        if not told(state, hours.id):
            return True
        return state.calendars[hours.id].through < now_ms + limits.OPENINGS_AGAIN_MS

    async def _tell(self, hours: Hours, now_ms: int) -> None:
        try:
            made = await self._make(hours, now_ms, limits.OPENINGS_DAYS)
        except (KeyError, ValueError, OSError, NotImplementedError) as error:
            self._wrong[hours.id] = hours.revision
            log.error("hours_unknown", hours=hours.id, reason=repr(error))
            return
        command = SetCalendar(hours=hours.id, spans=made.spans, through=made.through, revision=made.revision)
        content = zlib.crc32(repr(made.spans).encode())
        key = f"calendar:{hours.id}:{made.revision}:{made.through}:{content}"
        await self._gateway.outcome(await self._gateway.submit(command, key=key, by=BY))
