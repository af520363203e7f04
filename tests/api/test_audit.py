"""Who did what: every change leaves exactly one row for each thing it changes, and everybody sees their own teams'."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from router.api import limits
from router.api.app import route_table
from router.core import commands as c
from tests.api.examples import CHANGES, OTHERS, Example, prepare, sent
from tests.api.house import House
from tests.support import eventually


async def rows(house: House, who: str = "root", **query: Any) -> list[dict[str, Any]]:
    """The audit, the newest first, once the archive has everything that happened so far."""

    async def archived() -> bool:
        return await house.history.position() >= house.domain.position

    condition: Callable[[], Awaitable[Any]] = archived
    await eventually(condition)
    answer = await house.call("GET", "/api/v1/audit", who, params=query)
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = answer.body["rows"]
    return found


async def made(house: House, example: Example) -> list[dict[str, Any]]:
    """The rows that an example leaves, in the order of kind and subject."""
    known = len(await rows(house, limit=limits.PAGE_MAX))
    answer = await sent(house, example, example.who)
    assert answer.status in (200, 201), (example, answer)
    found = (await rows(house, limit=limits.PAGE_MAX))[:-known]
    return sorted(found, key=lambda row: (row["kind"], row["subject"]))


def test_every_route_that_changes_something_has_its_rows_written_down() -> None:
    """A new route that edits says here what it leaves in the audit, or that it edits nothing."""
    changing = {f"{route.method} {route.path}" for route in route_table() if route.method != "GET"}
    audited = {f"{one.method} {one.route}" for one in CHANGES}
    assert changing - audited - OTHERS == set()
    assert audited | OTHERS == changing


async def test_every_change_leaves_exactly_one_row_for_each_thing_it_changes(house: House) -> None:
    """With who, when, and what was before and is after."""
    await prepare(house)
    started = (await rows(house))[0]["at_ms"]
    for example in CHANGES:
        found = await made(house, example)
        about = tuple((row["kind"], "new" if _named_by_us(row) else row["subject"]) for row in found)
        assert about == example.leaves, (example, found)
        for row in found:
            assert row["by"] == f"login:{example.who}", row
            assert row["at_ms"] >= started and row["command"], row
            assert row["before"] != row["after"], row
            assert "argon2" not in str(row) and "hash" not in str(row), row


def _named_by_us(row: dict[str, Any]) -> bool:
    """It is new, and its id is one that nobody can guess."""
    return row["kind"] in ("key", "customer") and row["before"] is None


async def test_a_row_says_what_was_before_and_after(house: House) -> None:
    await house.call("PUT", "/api/v1/agents/ann/skills/tax", "lea", json={"level": 4})
    (row,) = await rows(house, kind="agent", subject="ann", by="login:lea")
    assert (row["command"], row["before"]["skills"], row["after"]["skills"]) == (
        "SetAgentSkill",
        [["fr", 3], ["nl", 4]],
        [["fr", 3], ["nl", 4], ["tax", 4]],
    )


async def test_what_ends_by_itself_has_a_row_by_nobody(house: House) -> None:
    until = house.deps().clock.now_ms() + 100
    await house.call("PUT", "/api/v1/agents/ann/skills/tax", "lea", json={"level": 4, "until_at_ms": until})
    await eventually(lambda: not house.domain.state.agents["ann"].temporary)
    ended, lent = await rows(house, kind="agent", subject="ann", from_at_ms=until - 100)
    assert (ended["by"], ended["command"], lent["by"]) == ("", "Pulse", "login:lea")
    assert (ended["before"], ended["after"]["skills"]) == (lent["after"], lent["before"]["skills"])


async def test_a_forced_move_says_where_the_item_was_and_is(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    assert (await house.call("POST", "/api/v1/agents/ann/move", "lea", json={"queue": "expert"})).status == 200
    (row,) = await rows(house, kind="item")
    assert (row["by"], row["command"], row["subject"]) == ("login:lea", "MoveItems", item)
    assert (row["before"]["agent"], row["before"]["queue"]) == ("ann", "help")
    assert (row["after"]["agent"], row["after"]["queue"]) == ("", "expert")


async def test_supervisors_see_what_is_about_their_own_teams_and_agents_nothing(house: House) -> None:
    await prepare(house)
    for example in CHANGES:
        await made(house, example)
    first, second = await rows(house, "lea", limit=200), await rows(house, "sam", limit=200)
    everything = await rows(house, "root", limit=200)
    assert {row["kind"] for row in first} == {"agent", "queue", "team", "account", "item", "presence"}
    assert {(row["kind"], row["subject"]) for row in second} == {
        ("agent", "eve"),
        ("queue", "expert"),
        ("team", "second"),
    }
    assert all(row in everything for row in (*first, *second)) and len(everything) > len(first) + len(second)
    (await house.call("GET", "/api/v1/audit", "ann")).problem(403, "forbidden")


async def test_pages_go_back_in_time_and_miss_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where most rows are not the asker's: such a page may be short, and still has a next one."""
    for number in range(6):
        await house.do(c.SetAgentPhone(agent="eve", phone=str(number)))
        await house.do(c.SetAgentPhone(agent="ann", phone=str(number)))
    wanted = await rows(house, "lea", limit=200)
    monkeypatch.setattr(limits, "AUDIT_READS_MAX", 2)
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await house.call("GET", f"/api/v1/audit?limit=3&before={cursor}", "lea")
        assert len(page.body["rows"]) <= 3
        found += page.body["rows"]
        cursor = page.body["next"]
        if not cursor:
            break
    assert found == wanted and len(found) >= 6
    (await house.call("GET", "/api/v1/audit?before=yesterday", "lea")).problem(400, "bad_request")
