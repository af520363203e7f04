"""When queues are open: opening hours with their time zone and public holidays, as the instants that the core knows.

A minute that the clock shows twice is open both times, with all between; one that it skips is the moment at which it
jumps. So nine to five is eight hours on every day, and a whole day 23 or 25 now
and then (known failures F107-F111).
"""

import asyncio
import functools
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from queues.calendar import Calendar
from queues.hours import DAY_MINUTES, Hours, Span
from router.core.opened import in_hours
from router.core.state import State
from router.runtime import limits

MINUTE_MS: Final = 60 * 1_000


async def open_now(state: State, queues: Iterable[str], now_ms: int) -> dict[str, bool]:
    """Which of these queues are in their hours at this Unix millisecond. A queue without hours always is.

    By the calendars that routing goes by; while no node has made one of the hours as they are, by the hours themselves.
    """
    wanted = {queue: state.queues[queue] for queue in queues}
    untold = {queue.hours for queue in wanted.values() if queue.hours in state.hours and not told(state, queue.hours)}
    within = await open_hours([state.hours[hours] for hours in sorted(untold)], now_ms)
    return {
        id: queue.hours in within if queue.hours in untold else in_hours(state, queue, now_ms)
        for id, queue in wanted.items()
    }


def told(state: State, hours: str) -> bool:
    """Whether a node has said when these hours, as they are now, are open."""
    known = state.calendars.get(hours)
    return known is not None and known.revision == state.hours[hours].revision


async def open_hours(hours: Iterable[Hours], now_ms: int) -> frozenset[str]:
    """Which of these hours it is at this Unix millisecond, by id. In a thread: a time zone is read from disk the first
    time."""
    asked = list(hours)
    if not asked:
        return frozenset()
    return await asyncio.to_thread(
        lambda: frozenset(one.id for one in asked if calendar(one, now_ms, 1).is_open(now_ms))
    )


async def fault_of(hours: Hours) -> str:
    """What of these hours names nothing on this machine, `zone` or `holidays`; '' when all is well."""
    return await asyncio.to_thread(_fault, hours)


def _fault(hours: Hours) -> str:
    try:
        ZoneInfo(hours.zone)
    except (KeyError, ValueError, OSError):
        return "zone"
    return "holidays" if hours.holidays and hours.holidays not in holidays.list_supported_countries() else ""


def calendar(hours: Hours, now_ms: int, days: int) -> Calendar:
    """When the hours are open from now on, for so many days. Raises what `fault_of` finds."""
    zone = ZoneInfo(hours.zone)
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()
    found: list[tuple[int, int]] = []
    for number in range(-1, days + 1):
        day = today + timedelta(days=number)
        for begin, end in sorted(_opening(zone, day, span) for span in _of(hours, day)):
            if found and begin <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], end))
            elif begin < end:
                found.append((begin, end))
    through = _instant(zone, today + timedelta(days=days), 0, 0)[0]
    kept = tuple((begin, min(end, through)) for begin, end in found if end > now_ms and begin < through)
    return Calendar(id=hours.id, spans=kept, through=through, revision=hours.revision)


def _of(hours: Hours, day: date) -> tuple[Span, ...]:
    """The spans of a day: an exception replaces it whole, a public holiday has none."""
    dated = hours.exceptions.get(day.isoformat())
    if dated is not None:
        return dated
    return () if _holiday(hours.holidays, day) else hours.weekly[day.weekday()]


def _opening(zone: ZoneInfo, day: date, span: Span) -> tuple[int, int]:
    """From the first time that the clock shows the first minute of the span to the end of the last time it shows the
    last one."""
    last, shown = _instant(zone, day, span.end - 1, 1)
    return _instant(zone, day, span.start, 0)[0], last + MINUTE_MS if shown else last


def _instant(zone: ZoneInfo, day: date, minute: int, fold: int) -> tuple[int, bool]:
    """The Unix millisecond at which the clock of the zone shows this minute of the day (1440: the next midnight), for
    the first (`fold` 0) or last time; and whether it does: one that it skips is the instant of its jump."""
    if minute >= DAY_MINUTES:
        day, minute = day + timedelta(days=1), minute - DAY_MINUTES
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    before, after = local.replace(fold=0), local.replace(fold=1)
    if before.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return _ms(after if fold else before), True
    return _jump(zone, _ms(after), _ms(before)), False


def _jump(zone: ZoneInfo, low: int, high: int) -> int:
    """The instant in this range at which the clock of the zone jumps."""
    low, high = low // MINUTE_MS, high // MINUTE_MS
    offset = _offset(zone, low * MINUTE_MS)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle * MINUTE_MS) == offset:
            low = middle
        else:
            high = middle
    return high * MINUTE_MS


def _offset(zone: ZoneInfo, at_ms: int) -> timedelta | None:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).utcoffset()


def _ms(local: datetime) -> int:
    return round(local.timestamp() * 1000)


def _holiday(country: str, day: date) -> bool:
    return bool(country) and day in _holidays(country)


@functools.lru_cache(maxsize=limits.CALENDARS_MAX)
def _holidays(country: str) -> holidays.HolidayBase:
    """The public holidays of a country (ISO 3166 code). They are computed year by year as asked."""
    return holidays.country_holidays(country)
