"""Who did what: what the log did and what was done beside it, as one list by time."""

from typing import Any

import pytest

from router.archive import deeds
from router.archive.database import Database
from router.archive.history import SqlHistory
from router.core import commands as c
from router.runtime.acts import Act
from tests.archive.domain import Domain, rows


async def _do(database: Database, at_ms: int, subject: str, by: str = "ann") -> None:
    act = Act(by=by, command="PutAccount", at_ms=at_ms, correlation="req")
    async with database.writing() as connection:
        await deeds.record(connection, act, "account", subject, before={"disabled": False}, after={"disabled": True})


async def _acts(database: Database) -> list[dict[str, Any]]:
    """What commands did: without the centre that the world begins with."""
    return [row for row in await rows(database, "audit") if row["command"]]


async def _changed_skill(database: Database) -> Domain:
    domain = Domain()
    domain.core.sign_on("ann")
    await domain.commit()
    await domain.do(c.SetAgentSkill(agent="ann", skill="tax", level=2), by="chief")
    await domain.archive(database)
    return domain


async def test_deeds_and_events_are_one_list_the_newest_first(database: Database) -> None:
    """A deed of before and one of after a changed skill; what each of them was, and is."""
    domain = await _changed_skill(database)
    await _do(database, domain.core.now - 1, "early")
    await _do(database, domain.core.now + 1, "late")
    page = await SqlHistory(database).audit(limit=3)
    assert [row["subject"] for row in page.rows] == ["late", "ann", "early"]
    skill, deed = page.rows[1], page.rows[2]
    assert set(skill) == set(deed)
    assert (skill["by"], skill["command"], skill["kind"]) == ("chief", "SetAgentSkill", "agent")
    assert ["tax", 2] in skill["after"]["skills"]
    assert ["tax", 2] not in skill["before"]["skills"]
    assert (deed["by"], deed["command"], deed["correlation"]) == ("ann", "PutAccount", "req")
    assert (deed["before"], deed["after"]) == ({"disabled": False}, {"disabled": True})


async def test_pages_lose_and_repeat_nothing_within_one_instant(database: Database) -> None:
    """Four rows of the same millisecond from both sources, read one by one."""
    domain = await _changed_skill(database)
    for number in range(3):
        await _do(database, domain.core.now, f"s{number}")
    history, cursor, seen = SqlHistory(database), "", []
    while not seen or cursor:
        page = await history.audit(limit=1, before=cursor, from_ms=domain.core.now)
        seen += [row["subject"] for row in page.rows]
        cursor = page.cursor
    assert seen == ["s2", "s1", "s0", "ann"]


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({"kind": "agent", "by": "chief"}, ["ann"]),
        ({"kind": "account", "subject": "b"}, ["b"]),
        ({"by": "zoe"}, ["b"]),
        ({"from_ms": 20_000}, ["b"]),
        ({"from_ms": 1_001, "to_ms": 10_000}, ["ann"]),
        ({"from_ms": 10_000, "to_ms": 20_000}, ["a"]),
    ],
)
async def test_each_condition_holds_for_both_sources(
    database: Database, conditions: dict[str, str | int], found: list[str]
) -> None:
    """Kind, subject and person are equal; of a span the end is not in it."""
    await _changed_skill(database)
    await _do(database, 10_000, "a")
    await _do(database, 20_000, "b", by="zoe")
    page = await SqlHistory(database).audit(limit=50, **conditions)
    assert [row["subject"] for row in page.rows] == found


@pytest.mark.parametrize("cursor", ["x", "1-entries-2", "1-audit-b", "1-audit-2-3"])
async def test_a_cursor_that_is_none_of_ours_is_refused(database: Database, cursor: str) -> None:
    """Not a crash, and not a first page again."""
    with pytest.raises(ValueError, match=r"entries|unpack|invalid"):
        await SqlHistory(database).audit(limit=1, before=cursor)


async def test_a_forced_move_says_of_each_item_where_it_was_and_is(database: Database) -> None:
    """A supervisor moves everything an agent has: one row for each item, with who did it."""
    domain = Domain()
    domain.core.sign_on("ann")
    for name in ("a", "b"):
        domain.core.do(domain.core.message(name))
        domain.core.do(c.AcceptReservation(item=f"i-{name}", agent="ann"))
    await domain.commit()
    await domain.do(c.MoveItems(agent="ann", queue="expert"), by="chief")
    await domain.archive(database)
    moved = await _acts(database)
    assert [(row["subject"], row["by"], row["command"]) for row in moved] == [
        ("i-a", "chief", "MoveItems"),
        ("i-b", "chief", "MoveItems"),
    ]
    for row in moved:
        assert row["before"] == {"state": "active", "queue": "help", "agent": "ann", "only": ""}
        assert row["after"] == {"state": "queued", "queue": "expert", "agent": "", "only": ""}


async def test_a_closed_queue_and_the_end_of_what_was_lent_are_audited(database: Database) -> None:
    """With the queue and the agent as they were before and are after; the end of a loan is nobody's act."""
    domain = Domain()
    await domain.commit()
    await domain.do(c.CloseQueue(queue="help", message={"fr": "Fermé"}), by="chief")
    await domain.do(c.OpenQueue(queue="help"), by="chief")
    await domain.do(c.SetAgentSkill(agent="ann", skill="tax", level=2, until=domain.core.now + 100), by="chief")
    await domain.do(c.Pulse(), after=200)
    await domain.archive(database)
    closed, opened, lent, ended = await _acts(database)
    assert (closed["kind"], closed["subject"], closed["by"]) == ("queue", "help", "chief")
    assert closed["after"]["closed"]["message"] == {"fr": "Fermé"}
    assert (closed["before"]["closed"], opened["after"]["closed"]) == (None, None)
    assert lent["after"]["temporary"][0]["skill"] == "tax"
    assert (ended["subject"], ended["after"]["temporary"]) == ("ann", [])
