"""Opening hours in their own time zone: DST days, Sunday nights far away, holidays (known failures F107-F111)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from queues.hours import Hours, Span
from queues.queue import Queue
from router.core.state import State
from router.runtime.calendar import open_now

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
