"""Figures of a day: one source, sums that fit, one sample that is its own average (F104-F110)."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from queues.hours import DAY_MINUTES, Hours, Span, is_open
from queues.queue import Queue
from router.archive.database import Database
from router.archive.reports import SqlReports
from router.core import commands as c
from router.core.state import State
from router.gateway import DayAsked, DayReport
from router.runtime.calendar import open_now
from tests.archive.domain import Domain

BRUSSELS = ZoneInfo("Europe/Brussels")


def midnight(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=BRUSSELS).timestamp() * 1_000)


def of(day: date) -> DayAsked:
    return DayAsked(from_ms=midnight(day), to_ms=midnight(day + timedelta(days=1)))


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(sqlite_url)
    yield opened
    await opened.close()


async def reported(domain: Domain, database: Database, asked: DayAsked) -> DayReport:
    await domain.commit()
    await domain.archive(database)
    return await SqlReports(database).day(asked)


async def test_the_average_of_one_sample_is_the_sample(database: Database) -> None:
    """F105: also its median, its 90th percentile and its maximum; and of none there is none."""
    day = date(2026, 11, 19)
    domain = Domain()
    domain.core.now = midnight(day)
    domain.core.sign_on("ann")
    asked = of(day)
    assert (await reported(domain, database, asked)).total.wait_mean_ms is None
    domain.core.call("k")
    domain.core.do(c.AnswerCall(call="k", agent="ann"), after=7_001)
    domain.core.do(c.CompleteItem(item="i-k", agent="ann", disposition="x"), after=11_003)
    total = (await reported(domain, database, asked)).total
    waits = (total.wait_mean_ms, total.wait_median_ms, total.wait_p90_ms, total.wait_max_ms)
    assert waits == (7_001,) * 4
    assert (total.handled, total.handle_mean_ms) == (1, 11_003)


async def test_every_offer_has_one_reason_and_the_reasons_sum_up(database: Database) -> None:
    """F41, F106: answered, abandoned, waiting, moved on or turned away by a closed queue."""
    day = date(2026, 11, 19)
    domain = Domain()
    core = domain.core
    core.now = midnight(day)
    for id in ("abandoned", "waits", "moved"):
        core.call(id)
    core.do(c.EndCall(call="abandoned"))
    core.do(c.TransferItem(item="i-moved", queue="expert"))
    core.sign_on("bob")
    core.do(c.AnswerCall(call="waits", agent="bob"))
    core.do(c.CloseQueue(queue="help"))
    assert core.call("late").outcome == "turned_away"
    total = (await reported(domain, database, of(day))).total
    assert (total.offered, total.answered, total.abandoned, total.waiting, total.moved_on) == (5, 1, 1, 1, 2)
    assert total.offered == total.answered + total.abandoned + total.waiting + total.moved_on


@pytest.mark.parametrize(
    ("changed", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2027, 3, 28), 23)]
)
async def test_days_around_a_change_of_the_clocks_add_up(database: Database, changed: date, hours: int) -> None:
    """F104, F107: a call in every hour of three days. Each is in one day, and the three days are their sum."""
    domain = Domain()
    first, last = changed - timedelta(days=1), changed + timedelta(days=2)
    start, end = midnight(first), midnight(last)
    for number, at in enumerate(range(start, end, 3_600_000)):
        domain.core.now = at - 1
        domain.core.call(f"k{number}")
    days = [(await reported(domain, database, of(first + timedelta(days=day)))).total.offered for day in range(3)]
    assert days == [24, hours, 24]
    whole = (await reported(domain, database, DayAsked(from_ms=start, to_ms=end))).total
    assert whole.offered == sum(days)


def test_a_day_of_spans_has_no_gap_and_no_overlap() -> None:
    """F110: a span ends where the next one begins; 24 hours are 24 hours, the last minute included."""
    spans = (Span(start=0, end=720), Span(start=720, end=DAY_MINUTES))
    around_the_clock = Hours(id="h", zone="UTC", weekly=(spans,) * 7)
    assert all(is_open(around_the_clock, "2026-11-22", 6, minute) for minute in range(DAY_MINUTES))
    morning = Hours(id="h", zone="UTC", weekly=(spans[:1],) * 7)
    assert sum(is_open(morning, "2026-11-22", 6, minute) for minute in range(DAY_MINUTES)) == 720


async def test_at_one_instant_each_place_has_its_own_hour() -> None:
    """F108, F111: whether a queue is open is said by the server alone, by the clocks of its own place."""
    office = (Span(start=9 * 60, end=17 * 60),)
    state = State()
    for zone in ("America/New_York", "Europe/Brussels", "Pacific/Auckland"):
        state.put("hours", zone, Hours(id=zone, zone=zone, weekly=(*[office] * 5, (), ())))
        state.put("queue", zone, Queue(id=zone, hours=zone))
    state.settle()

    async def open_at(*utc: int) -> list[str]:
        instant = round(datetime(*utc, tzinfo=ZoneInfo("UTC")).timestamp() * 1_000)  # type: ignore[arg-type, misc]
        return [zone for zone, is_open in (await open_now(state, state.queues, instant)).items() if is_open]

    assert await open_at(2026, 11, 22, 20, 30) == ["Pacific/Auckland"], "Monday morning there, Sunday elsewhere"
    assert await open_at(2026, 11, 23, 15, 0) == ["America/New_York", "Europe/Brussels"]
    assert await open_at(2026, 11, 27, 20, 30) == ["America/New_York"], "Saturday in Auckland"
