"""The filter before SQL: it never denies a key that history has, whichever way the key came there."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Table

from router.archive.database import Database
from router.archive.history import SqlHistory
from router.archive.migrate import upgrade
from router.archive.naturals import Naturals, Sieve
from router.archive.schema import conversations, items, messages
from router.core.events import ItemOpened, MessageReceived
from router.core.facts import Facts, MessageFacts
from router.core.item import WorkItem
from router.core.state import State
from router.gateway import Applied
from router.wire.codec import Entry
from tests.support import eventually


def test_a_key_that_was_added_is_never_denied_and_few_others_pass() -> None:
    sieve = Sieve()
    for number in range(20_000):
        sieve.add(f"key {number}")
    assert all(f"key {number}" in sieve for number in range(20_000))
    assert sum(f"other {number}" in sieve for number in range(20_000)) < 20


def applied(*events: ItemOpened | MessageReceived) -> Applied:
    entry = Entry(first=1, last=len(events), epoch=1, before="", at=1, events=events)
    return Applied(position=len(events), entry=entry, touched=(), data=b"")


async def test_keys_of_sql_of_memory_and_of_events_are_known(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    await upgrade(url)
    database = await Database.open(url)
    naturals = Naturals(database)
    history = SqlHistory(database, naturals.perhaps)
    async with database.writing() as sql:
        for table, row in (
            (conversations, {"id": "c1"}),
            (items, {"id": "i1", "conversation": "c1", "call": "k1"}),
            (messages, {"conversation": "c1", "seq": 1, "item": "i1", "natural_key": "n1"}),
        ):
            await sql.execute(table.insert(), [row | _filled(table, row)])
    assert naturals.perhaps("anything"), "before everything is loaded SQL is asked"
    state = State()
    state.put("item", "i3", WorkItem(id="i3", conversation="c3", channel="phone", state="closed", call="k3"))
    state.settle()
    naturals.reset(state, 0)
    loading = asyncio.create_task(naturals.run())
    await eventually(lambda: not naturals.perhaps("nobody"))
    naturals.follow(
        applied(
            ItemOpened(at=1, item="i4", conversation="c4", channel="phone", facts=Facts(), call="k4"),
            MessageReceived(
                at=1, conversation="c5", item="i5", seq=1, message=MessageFacts(id="m", content="t", natural_key="n5")
            ),
        ),
        state,
    )
    assert all(naturals.perhaps(key) for key in ("call:k1", "n1", "call:k3", "call:k4", "n5"))
    assert await history.find_natural("call:k1") == "c1" and await history.find_natural("n1") == "c1"
    assert await history.find_natural("call:nobody") is None
    naturals.reset(state, 0)
    assert naturals.perhaps("nobody"), "after a jump of the follower SQL is asked until it is loaded again"
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    await database.close()


def _filled(table: Table, given: dict[str, object]) -> dict[str, object]:
    """Values for the columns that must have one and that the test does not care about."""
    kinds = {str: "", int: 0, bytes: b"", bool: False, dict: {}, list: []}
    return {
        column.name: kinds.get(column.type.python_type, "")
        for column in table.columns
        if not column.nullable and column.name not in given and column.default is None and column.server_default is None
    }
