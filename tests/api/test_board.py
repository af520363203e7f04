"""The board and items, now and `?at=` an event or an instant: what was then, to whoever may see it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from router.api.past import moment
from router.archive import limits
from router.core import commands as c
from tests.api.house import Answer, House
from tests.support import eventually

HOUR_MS = 3_600_000


async def at(house: House, path: str, when: object, who: str = "lea") -> Answer:
    """The answer to a question about the past."""
    return await house.call("GET", f"/api/v1/{path}", who, params={"at": str(when)})


async def story(house: House) -> tuple[str, int, int, int]:
    """A call waits, is accepted by ann, and its item is closed and forgotten: the item, and when each was so."""
    item = await house.phone_call()
    waited = house.domain.position
    await house.sign_on("ann")
    await house.do(c.AcceptReservation(item=item, agent="ann"))
    active = house.domain.position
    await house.do(c.EndContact(item=item, agent="ann"))
    await house.do(c.CompleteItem(item=item, agent="ann", disposition="solved"))
    closed = house.domain.position
    await eventually(lambda: item not in house.domain.state.items)
    return item, waited, active, closed


async def archived(house: House) -> None:
    """Wait until the archive has everything."""

    async def has() -> bool:
        return await house.history.position() >= house.domain.position

    condition: Callable[[], Awaitable[Any]] = has
    await eventually(condition)


async def test_an_item_is_shown_and_explained_as_it_was(house: House) -> None:
    item, waited, active, closed = await story(house)
    then = (await at(house, f"items/{item}", waited)).body
    assert (then["state"], then["agent"], then["position"]) == ("queued", "", waited)
    why = (await at(house, f"items/{item}/explain", waited)).body
    assert (why["state"], why["position"], why["at_ms"]) == ("queued", waited, then["at_ms"])
    assert {one["agent"]: one["reason"] for one in why["agents"]}["ann"] == "not_connected"
    later = (await at(house, f"items/{item}", active)).body
    assert (later["state"], later["agent"]) == ("active", "ann")
    why = (await at(house, f"items/{item}/explain", active)).body
    assert (why["state"], why["agent"]) == ("active", "ann")
    assert {one["agent"]: one["reason"] for one in why["agents"]}["ann"] == "has_it"
    assert (await at(house, f"items/{item}", closed)).body["state"] == "closed"


async def test_an_item_is_not_there_before_it_came_and_kept_after_it_left(house: House) -> None:
    before = house.domain.position
    item, *_ = await story(house)
    (await at(house, f"items/{item}", before)).problem(404, "unknown_item")
    (await at(house, f"items/{item}/explain", before)).problem(404, "unknown_item")
    kept = (await at(house, f"items/{item}", house.domain.position)).body
    assert (kept["state"], kept["outcome"], kept["position"]) == ("closed", "completed", house.domain.position)


async def test_the_board_is_the_same_now_and_then(house: House) -> None:
    """What the board said while it was now is what it says of that position later, event by event."""
    shown = []
    for number in range(3):
        await house.phone_call(f"call-{number}")
        if number:
            await house.sign_on("bob" if number == 1 else "ann")
        shown.append((await house.call("GET", "/api/v1/board", "lea")).body)
    for now in reversed(shown):
        then = (await at(house, "board", now["position"])).body
        assert then["position"] == now["position"]
        assert then["agents"] == now["agents"]
        assert [row | {"late": 0} for row in then["queues"]] == [row | {"late": 0} for row in now["queues"]]
    (help,) = shown[0]["queues"]
    assert (help["id"], help["waiting"], help["open"], help["stuck"]) == ("help", 1, True, 0)
    ann = next(row for row in shown[-1]["agents"] if row["id"] == "ann")
    assert [(held["state"], held["channel"], held["queue"]) for held in ann["items"]] == [("reserved", "phone", "help")]


async def test_a_queue_of_the_board_shows_what_waited_there(house: House) -> None:
    for number in (1, 2):
        await house.phone_call(f"call-{number}")
    two = house.domain.position
    await house.sign_on("ann")
    then = (await at(house, "board/help", two)).body
    assert [row["id"] for row in then["items"]] == ["item-call-1", "item-call-2"]
    assert then["queue"]["waiting"] == 2
    now = (await house.call("GET", "/api/v1/board/help", "lea")).body
    assert [row["id"] for row in now["items"]] == ["item-call-2"]
    (await at(house, "board/nothing", two)).problem(404, "unknown_record")


async def test_an_instant_is_after_everything_that_had_happened_by_then(house: House) -> None:
    """To the millisecond; the answer says which event and instant it shows."""
    item, waited, *_ = await story(house)
    await archived(house)
    when = (await at(house, f"items/{item}", waited)).body["at_ms"]
    instant = datetime.fromtimestamp(when / 1_000, UTC).isoformat(timespec="milliseconds")
    then = (await at(house, f"items/{item}", instant)).body
    assert (then["state"], then["at_ms"]) == ("queued", when)
    around = [(await at(house, f"items/{item}", then["position"] + more)).body["at_ms"] for more in (0, 1)]
    assert around[0] == when < around[1]
    earlier = datetime.fromtimestamp((when - 1) / 1_000, timezone(timedelta(hours=5))).isoformat()
    (await at(house, f"items/{item}", earlier)).problem(404, "unknown_item")


async def test_a_moment_ago_is_waited_for(house: House) -> None:
    """The archive is behind by a moment; whoever asks for just now gets everything of it."""
    item = await house.phone_call()
    assert (await at(house, f"items/{item}", house.domain.position)).body["state"] == "queued"
    await house.sign_on("ann")
    assert (await at(house, f"items/{item}", "-0s")).body["state"] == "reserved"


async def test_what_is_no_instant_or_outside_the_archive_has_a_code_of_its_own(house: House) -> None:
    for when in ("yesterday", "-5", "2026-13-01T00:00", "10:42", "1e3", "９"):
        (await at(house, "board", when)).problem(400, "bad_instant")
    for when in ("2000-01-01T00:00", "0", "-400d"):
        (await at(house, "board", when)).problem(410, "before_history")
    for when in ("2990-01-01T00:00Z", str(house.domain.position + 1), "9" * 18):
        (await at(house, "board", when)).problem(404, "in_the_future")


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-11-21T10:42", "Europe/Brussels", "2026-11-21T09:42:00+00:00"),
        ("2026-11-21 10:42:30.5", "Europe/Brussels", "2026-11-21T09:42:30.500000+00:00"),
        ("2026-11-21T10:42Z", "Europe/Brussels", "2026-11-21T10:42:00+00:00"),
        ("2026-07-21T10:42", "Europe/Brussels", "2026-07-21T08:42:00+00:00"),
        ("2026-10-25T02:30", "Europe/Brussels", "2026-10-25T00:30:00+00:00"),
        ("2026-11-21", "America/Lima", "2026-11-21T05:00:00+00:00"),
    ],
)
def test_an_instant_without_an_offset_is_on_the_clocks_of_the_centre(text: str, zone: str, instant: str) -> None:
    assert moment(text, zone, 0) == (None, int(datetime.fromisoformat(instant).timestamp() * 1_000))


def test_back_from_now_and_a_position() -> None:
    assert [moment(text, "UTC", HOUR_MS) for text in ("-90s", "-15m", "-1h", "17")] == [
        (None, HOUR_MS - 90_000),
        (None, HOUR_MS - 900_000),
        (None, 0),
        (17, 0),
    ]


async def test_leaders_see_the_past_of_their_own_teams_only(house: House) -> None:
    """And of what was theirs then: eve was in another team's queue when ann left."""
    item = await house.phone_call()
    position = house.domain.position
    for who, queues, agents in (
        ("lea", ["help"], ["ann", "bob"]),
        ("sam", ["expert"], ["eve"]),
        ("root", ["expert", "help"], ["ann", "bob", "eve"]),
    ):
        for answer in (await at(house, "board", position, who), await house.call("GET", "/api/v1/board", who)):
            found = [[row["id"] for row in answer.body[part]] for part in ("queues", "agents")]
            assert found == [queues, agents], who
    for path in (f"items/{item}", f"items/{item}/explain", "board/help"):
        assert (await at(house, path, position)).status == 200
        (await at(house, path, position, "sam")).problem(403, "forbidden")
    (await at(house, "board", position, "ann")).problem(403, "forbidden")
    assert (await at(house, f"items/{item}", position, "ann")).status == 200
    (await at(house, f"items/{item}", position, "eve")).problem(403, "forbidden")


async def test_too_many_at_once_are_told_when_to_come_again(house: House) -> None:
    await house.token("root")
    asked = [at(house, "board", house.domain.position, "root") for _ in range(limits.PAST_WAITING_MAX + 3)]
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status for answer in answers) == [200] * limits.PAST_WAITING_MAX + [503] * 3
    busy = [answer for answer in answers if answer.status == 503]
    for answer in busy:
        answer.problem(503, "past_busy")
        assert int(answer.headers["Retry-After"]) > 0


async def test_people_are_given_what_lies_beside_the_log(house: House) -> None:
    item = await house.message("m1")
    then = (await at(house, f"items/{item}", house.domain.position)).body
    assert then["given"]["address"] == "jan@example.org"
    assert "given" not in msgspec.json.encode((await at(house, f"items/{item}", 99, "key")).body).decode()
