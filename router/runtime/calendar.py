"""Whether a queue is open now: the pure rule of `queues.hours`, with the local time and the public holidays."""

import functools
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import holidays

from queues.hours import Hours, is_open
from router.core.state import State
from router.runtime import limits


def open_now(state: State, queue: str, now_ms: int) -> bool:
    """Whether the queue is open at this Unix millisecond. A queue without hours is always open."""
    record = state.queues.get(queue)
    hours = state.hours.get(record.hours) if record is not None else None
    return hours is None or _open(hours, now_ms)


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
