"""Opening hours in their own time zone: DST days, Sunday nights far away, holidays (known failures F107-F111)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from holidays import country_holidays

from queues.hours import Hours, Span, is_open
from queues.queue import Queue
from router.core.state import State
from router.runtime.calendar import calendar, open_now

OFFICE = (Span(start=9 * 60, end=17 * 60),)
ALWAYS = (Span(start=0, end=24 * 60),)


def state(zone: str, weekly: tuple[tuple[Span, ...], ...], **more: object) -> State:
    made = State()
    made.put("hours", "h", Hours(id="h", zone=zone, weekly=weekly, **more))  # type: ignore[arg-type]
    made.put("queue", "q", Queue(id="q", hours="h"))
    made.put("queue", "free", Queue(id="free"))
    made.settle()
    return made


def at(zone: str, *when: int) -> int:
    return int(datetime(*when, tzinfo=ZoneInfo(zone)).timestamp() * 1000)  # type: ignore[misc,arg-type]


async def is_open_at(made: State, when: int, queue: str = "q") -> bool:
    return (await open_now(made, [queue], when))[queue]


WEEK = (*[OFFICE] * 5, (), ())


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ((2026, 11, 23, 8, 59), False),
        ((2026, 11, 23, 9, 0), True),
        ((2026, 11, 23, 16, 59), True),
        ((2026, 11, 23, 17, 0), False),
        ((2026, 11, 22, 12, 0), False),
        ((2026, 12, 25, 12, 0), False),
        ((2026, 11, 24, 12, 0), False),
    ],
    ids=["early", "opens", "last minute", "closed at the end", "sunday", "holiday", "exception"],
)
async def test_office_hours_in_brussels(when: tuple[int, ...], is_open: bool) -> None:
    made = state("Europe/Brussels", WEEK, holidays="BE", exceptions={"2026-11-24": ()})
    assert await is_open_at(made, at("Europe/Brussels", *when)) is is_open


async def test_the_hours_do_not_move_on_the_days_the_clock_does() -> None:
    made = state("Europe/Brussels", (*[()] * 6, OFFICE))
    for day in ((2027, 3, 28), (2026, 10, 25)):
        assert await is_open_at(made, at("Europe/Brussels", *day, 9, 0))
        assert not await is_open_at(made, at("Europe/Brussels", *day, 8, 59))


async def test_sunday_is_the_sunday_of_the_place() -> None:
    made = state("Pacific/Auckland", (*[()] * 6, ALWAYS))
    assert await is_open_at(made, at("Pacific/Auckland", 2026, 11, 22, 23, 59))
    assert not await is_open_at(made, at("Pacific/Auckland", 2026, 11, 23, 0, 0))


async def test_a_queue_without_hours_is_open() -> None:
    assert await is_open_at(state("UTC", WEEK), 0, "free")


# -- as instants ------------------------------------------------------------------------------------------------

HOUR = 3_600_000
BRUSSELS = "Europe/Brussels"


def open_hours_of(day: tuple[int, int, int], *spans: Span, **more: object) -> list[float]:
    """How many hours each opening of this day in Brussels lasts."""
    hours = Hours(id="h", zone=BRUSSELS, weekly=(spans,) * 7, **more)  # type: ignore[arg-type]
    midnight = at(BRUSSELS, *day)
    made = calendar(hours, midnight, 1)
    assert made.through == at(BRUSSELS, *day[:2], day[2] + 1)
    return [(end - max(begin, midnight)) / HOUR for begin, end in made.spans]


def span(start: str, end: str) -> Span:
    return Span(start=int(start[:2]) * 60 + int(start[3:]), end=int(end[:2]) * 60 + int(end[3:]))


def test_ten_in_the_morning_to_midnight_is_fourteen_hours() -> None:
    """W21. A centre file writes this midnight as 24:00, the end of the day."""
    assert open_hours_of((2026, 11, 23), span("10:00", "24:00")) == [14]


SPRING, AUTUMN = (2027, 3, 28), (2026, 10, 25)


@pytest.mark.parametrize(
    ("day", "spans", "lasts"),
    [
        (SPRING, (span("09:00", "17:00"),), [8]),
        (AUTUMN, (span("09:00", "17:00"),), [8]),
        (SPRING, (span("00:00", "24:00"),), [23]),
        (AUTUMN, (span("00:00", "24:00"),), [25]),
        (SPRING, (span("01:00", "04:00"),), [2]),
        (AUTUMN, (span("01:00", "04:00"),), [4]),
        (SPRING, (span("02:00", "03:00"),), []),
        (SPRING, (span("01:00", "02:30"),), [1]),
        (SPRING, (span("02:30", "04:00"),), [1]),
        (AUTUMN, (span("02:30", "04:00"),), [2.5]),
        (AUTUMN, (span("01:00", "02:30"),), [2.5]),
        (AUTUMN, (span("01:00", "02:00"),), [1]),
    ],
)
def test_hours_on_the_days_the_clock_changes(
    day: tuple[int, int, int], spans: tuple[Span, ...], lasts: list[float]
) -> None:
    """An opening lasts from the first time the clock shows its first minute to the last time it shows its last one."""
    assert open_hours_of(day, *spans) == lasts


def test_openings_that_touch_are_one() -> None:
    hours = Hours(id="h", zone=BRUSSELS, weekly=(ALWAYS,) * 7, revision=4)
    now = at(BRUSSELS, 2026, 10, 20, 12, 0)
    made = calendar(hours, now, 10)
    assert made.spans == ((at(BRUSSELS, 2026, 10, 19), made.through),)
    assert (made.id, made.revision, made.through) == ("h", 4, at(BRUSSELS, 2026, 10, 30))
    assert made.is_open(now) and made.closes_at(now) is None, "it is not known that it ever closes"


def test_holidays_and_exceptions_are_in_the_calendar() -> None:
    short, shorter = span("09:00", "12:00"), span("10:00", "11:00")
    exceptions: dict[str, tuple[Span, ...]] = {"2026-12-24": (short,), "2026-12-25": (shorter,)}
    hours = Hours(id="h", zone=BRUSSELS, weekly=WEEK, holidays="BE", exceptions=exceptions)
    made = calendar(hours, at(BRUSSELS, 2026, 12, 23, 18, 0), 10)
    days = [datetime.fromtimestamp(begin / 1000, ZoneInfo(BRUSSELS)).strftime("%d.%m") for begin, _ in made.spans]
    assert days == ["24.12", "25.12", "28.12", "29.12", "30.12", "31.12"], "an exception comes before a holiday"
    assert [(end - begin) / HOUR for begin, end in made.spans] == [3, 1, 8, 8, 8, 8]


def test_a_year_of_every_hour_agrees_with_the_clock_on_the_wall() -> None:
    """What the core is told is what `queues.hours` says of the local time, but for the hour that the clock repeats."""
    hours = Hours(id="h", zone=BRUSSELS, weekly=WEEK, holidays="BE", exceptions={"2026-11-24": ()})
    start = at(BRUSSELS, 2026, 6, 1)
    made = calendar(hours, start, 366)
    for hour in range(366 * 24):
        local = datetime.fromtimestamp(start / 1000 + hour * 3600, ZoneInfo(BRUSSELS))
        minute = local.hour * 60 + local.minute
        expected = is_open(hours, local.date().isoformat(), local.weekday(), minute, holiday=_closed_day(local))
        assert made.is_open(start + hour * HOUR) is expected, local


def _closed_day(local: datetime) -> bool:
    return local.date() in country_holidays("BE")
