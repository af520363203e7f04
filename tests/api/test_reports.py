"""The day report over REST: whose figures one sees, which day it is where, and what was known."""

import time
from typing import Any

import pytest

from queues.hours import Hours
from queues.queue import Queue
from router.core import commands as c
from router.gateway import QUARTER_MS
from tests.api.house import House
from tests.core.world import change
from tests.support import eventually

DAY = "/api/v1/reports/day"


async def report(house: House, who: str, query: str = "") -> Any:
    """The report, as soon as the archive has everything."""
    position = house.domain.position
    await eventually(lambda: house.archiver.position >= position)
    answer = await house.call("GET", f"{DAY}?{query}", who)
    assert answer.status == 200, answer
    return answer.body


async def busy_day(house: House) -> None:
    """A call answered in each of the two queues, and one that waits in the first."""
    await house.sign_on("ann", "eve")
    for call, queue, agent in (("k1", "help", "ann"), ("k2", "expert", "eve")):
        item = await house.phone_call(call, queue)
        await house.do(c.AcceptReservation(item=item, agent=agent))
        await house.do(c.CompleteItem(item=item, agent=agent, disposition="solved"))
    await house.do(c.SetPresence(agent="ann", state="not_ready", reason="break"))
    await house.phone_call("k3")


async def test_an_admin_sees_all_and_a_supervisor_their_own_queues_and_agents(house: House) -> None:
    await busy_day(house)
    rows = {
        who: {row["queue"]: (row["offered"], row["handled"]) for row in (await report(house, who, "by=queue"))["rows"]}
        for who in ("root", "lea", "sam")
    }
    assert rows == {
        "root": {"help": (2, 1), "expert": (1, 1)},
        "lea": {"help": (2, 1)},
        "sam": {"expert": (1, 1)},
    }
    assert (await report(house, "lea", "by="))["total"]["offered"] == 2
    assert (await report(house, "lea", "queue=help"))["total"]["answered"] == 1
    (await house.call("GET", f"{DAY}?queue=expert", "lea")).problem(403, "forbidden")


async def test_the_work_of_ones_agents_is_seen_wherever_they_did_it(house: House) -> None:
    """A colleague of another team helps out: their leader sees the work, not the other queue's contacts."""
    await house.sign_on("eve")
    item = await house.phone_call("k1")
    await house.do(c.TransferItem(item=item, to_agent="eve"))
    await house.do(c.AcceptReservation(item=item, agent="eve"))
    await house.do(c.CompleteItem(item=item, agent="eve", disposition="solved"))
    (row,) = (await report(house, "sam", "by=queue,agent"))["rows"]
    assert (row["queue"], row["agent"], row["offered"], row["handled"]) == ("help", "eve", 0, 1)


@pytest.mark.parametrize("who", ["ann", "key"])
async def test_agents_and_integrators_have_no_reports(house: House, who: str) -> None:
    (await house.call("GET", DAY, who)).problem(403, "forbidden")


async def test_by_default_it_is_today_by_quarter_hours_of_the_centre(house: House) -> None:
    """Brussels when nothing says otherwise; rows begin at quarter hours of the day, and know up to now."""
    await busy_day(house)
    body = await report(house, "root")
    assert (body["zone"], body["by"]) == ("Europe/Brussels", ["quarter"])
    assert body["to_ms"] - body["from_ms"] in (23 * 3_600_000, 24 * 3_600_000, 25 * 3_600_000)
    assert body["from_ms"] <= body["as_of_ms"] < body["to_ms"]
    assert abs(body["as_of_ms"] - time.time() * 1_000) < 60_000
    assert {(row["quarter"] - body["from_ms"]) % QUARTER_MS for row in body["rows"]} == {0}
    assert sum(row["offered"] for row in body["rows"]) == body["total"]["offered"] == 3


async def test_while_the_archive_is_behind_the_report_says_of_when_it_is(house: House) -> None:
    """`as_of_ms` is then the instant of the last event that was archived, and later ones are not counted."""
    await busy_day(house)
    await report(house, "root")
    async with house.database.writing():
        started = time.time() * 1_000
        await house.phone_call("k4")
        body = (await house.call("GET", f"{DAY}?by=", "root")).body
    assert body["total"]["offered"] == 3
    assert body["as_of_ms"] <= started
    assert (await report(house, "root", "by="))["total"]["offered"] == 4


@pytest.mark.parametrize(
    ("query", "zone", "hours"),
    [
        ("date=2026-03-29&zone=Europe/Brussels", "Europe/Brussels", 23),
        ("date=2026-10-25&zone=Europe/Brussels", "Europe/Brussels", 25),
        ("date=2026-10-25&zone=America/New_York", "America/New_York", 24),
        ("date=2026-09-06&zone=America/Santiago", "America/Santiago", 23),
        ("date=2026-03-29&queue=island", "Atlantic/Azores", 23),
    ],
)
async def test_a_day_is_as_long_as_the_clocks_there_make_it(house: House, query: str, zone: str, hours: int) -> None:
    """Also where the clocks change at midnight, so that the day begins at one; and the queue's own hours say where."""
    hours_of = Hours(id="island", zone="Atlantic/Azores", weekly=((),) * 7)
    queue = Queue(id="island", team="first", hours="island")
    await house.do(c.ApplyCentre(changes=(change(hours_of), change(queue))))
    body = await report(house, "root", query)
    assert (body["zone"], body["to_ms"] - body["from_ms"]) == (zone, hours * 3_600_000)


async def test_hours_of_the_centre_say_where_it_is(house: House) -> None:
    await house.do(c.ApplyCentre(changes=(change(Hours(id="day", zone="Asia/Tokyo", weekly=((),) * 7)),)))
    body = await report(house, "root", "date=2026-11-22")
    assert (body["zone"], body["from_ms"]) == ("Asia/Tokyo", 1_795_273_200_000)


@pytest.mark.parametrize(
    "query", ["date=yesterday", "date=9999-12-31", "zone=Nowhere/At_All", "zone=../../etc/passwd", "by=mood", "x=1"]
)
async def test_a_wrong_question_is_told_what_is_right(house: House, query: str) -> None:
    (await house.call("GET", f"{DAY}?{query}", "root")).problem(400, "bad_request")
