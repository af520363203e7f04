"""Whether a queue is open now: the pure rule of `queues.hours`, with the local time and the public holidays."""

import asyncio
import functools
from collections.abc import Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import holidays

from queues.hours import Hours, is_open
from router.core.state import State
from router.runtime import limits


async def open_now(state: State, queues: Iterable[str], now_ms: int) -> dict[str, bool]:
    """Which of these queues are open at this Unix millisecond. A queue without hours always is.

    In a thread: a time zone is read from disk the first time.
    """
    hours = {queue: state.hours.get(state.queues[queue].hours) for queue in queues}
    return await asyncio.to_thread(
        lambda: {queue: found is None or _open(found, now_ms) for queue, found in hours.items()}
    )


async def open_hours(hours: Iterable[Hours], now_ms: int) -> frozenset[str]:
    """Which of these hours it is at this Unix millisecond, by id."""
    asked = list(hours)
    return await asyncio.to_thread(lambda: frozenset(one.id for one in asked if _open(one, now_ms)))


async def fault_of(hours: Hours) -> str:
    """What of these hours names nothing on this machine, `zone` or `holidays`; '' when all is well."""
    return await asyncio.to_thread(_fault, hours)


def _fault(hours: Hours) -> str:
    try:
        ZoneInfo(hours.zone)
    except (KeyError, ValueError, OSError):
        return "zone"
    return "holidays" if hours.holidays and hours.holidays not in holidays.list_supported_countries() else ""


def _open(hours: Hours, now_ms: int) -> bool:
    local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(hours.zone))
    day = local.date()
    minute = local.hour * 60 + local.minute
    return is_open(hours, day.isoformat(), day.weekday(), minute, holiday=_holiday(hours.holidays, day))


def _holiday(country: str, day: date) -> bool:
    return bool(country) and day in _holidays(country)


@functools.lru_cache(maxsize=limits.CALENDARS_MAX)
def _holidays(country: str) -> holidays.HolidayBase:
    """The public holidays of a country (ISO 3166 code). They are computed year by year as asked."""
    return holidays.country_holidays(country)
