"""The filter before SQL: it never denies a key that history has, whichever way the key came there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import Table

from router.archive import limits
from router.archive.archiver import Archiver
from router.archive.database import Database
from router.archive.history import SqlHistory
from router.archive.migrate import upgrade
from router.archive.naturals import Naturals, Sieve
from router.archive.schema import conversations, items, messages
from router.core.commands import ReceiveMessage
from router.core.events import ItemOpened, MessageReceived
from router.core.facts import Facts, MessageFacts
from router.core.limits import MESSAGES_KEYS_KEPT_MAX
from router.core.state import State
from router.gateway import Applied, Receipt
from router.runtime.domain import Domain
from router.runtime.memory import MemoryStore
from router.runtime.memory import World as MemoryWorld
from router.runtime.system import SystemClock
from router.wire.codec import Entry
from tests.core.world import CENTRE
from tests.runtime.conftest import build
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


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    await upgrade(url)
    database = await Database.open(url)
    yield database
    await database.close()


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NATURALS_LOOK_S", 0)


async def test_keys_of_sql_and_of_events_are_known(database: Database) -> None:
    naturals = Naturals(database)
    history = SqlHistory(database, naturals.perhaps)
    given: list[tuple[Table, dict[str, object]]] = [
        (conversations, {"id": "c1"}),
        (items, {"id": "i1", "conversation": "c1", "call": "k1"}),
        (messages, {"conversation": "c1", "seq": 1, "item": "i1", "natural_key": "n1"}),
    ]
    async with database.writing() as sql:
        for table, row in given:
            await sql.execute(table.insert(), [row | _filled(table, row)])
    assert naturals.perhaps("anything"), "before everything is loaded SQL is asked"
    state = State()
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
    assert all(naturals.perhaps(key) for key in ("call:k1", "n1", "call:k4", "n5"))
    assert await history.find_natural("call:k1") == "c1" and await history.find_natural("n1") == "c1"
    assert await history.find_natural("call:nobody") is None
    naturals.reset(state, 0)
    assert naturals.perhaps("nobody"), "after a jump of the follower SQL is asked until it is loaded again"
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading


async def test_a_mail_that_another_node_took_is_known_when_it_comes_again(database: Database, tmp_path: Path) -> None:
    """Whenever: also when its conversation had more messages since than a state remembers. So for a node that followed,
    and for one that came later and found the archive behind: it says "surely not" only once the archive has come."""
    world = MemoryWorld(SystemClock())
    one, early, late = (
        build(MemoryStore(world), tmp_path, node=name, writes=name == "one") for name in ("one", "early", "late")
    )
    sieves = [Naturals(database), Naturals(database)]
    archiver = Archiver(database, MemoryStore(world), one, linger_s=0)
    async with AsyncExitStack() as stack:
        await _started(stack, one)
        await _started(stack, early, sieves[0])
        await _decided(one, await one.submit(CENTRE))
        for number in range(MESSAGES_KEYS_KEPT_MAX + 2):
            await _mail(one, number)
        await _started(stack, late, sieves[1])
        await eventually(lambda: early.position == one.position and not sieves[0].perhaps("nobody"))
        for _ in range(20):  # its questions come in between these: it would be done if it did not wait
            await database.ask(lambda sql: None)
        assert [sieve.perhaps("nat-0") for sieve in sieves] == [True, True]
        assert sieves[1].perhaps("nobody"), "the archive is behind"
        await archiver.start()
        while archiver.lag(one.position):
            await archiver.step()
        await eventually(lambda: not sieves[1].perhaps("nobody"))
        for sieve in sieves:
            assert await SqlHistory(database, sieve.perhaps).find_natural("nat-0") == "c"


async def _started(stack: AsyncExitStack, node: Domain, naturals: Naturals | None = None) -> None:
    """As a node wires them."""
    if naturals is not None:
        node.listen(naturals.follow)
        node.on_reset(naturals.reset)
    await node.start()
    stack.push_async_callback(node.stop)
    if naturals is not None:
        naturals.reset(node.state, node.position)
        stack.callback(asyncio.create_task(naturals.run()).cancel)


async def _mail(node: Domain, number: int) -> None:
    message = MessageFacts(id=f"m-{number}", content=f"t-{number}", natural_key=f"nat-{number}")
    command = ReceiveMessage(channel="email", conversation="c", item="i", message=message, facts=Facts(queue="help"))
    await _decided(node, await node.submit(command))


async def _decided(node: Domain, receipt: Receipt) -> None:
    outcome = await node.outcome(receipt, 5.0)
    assert outcome is not None and not outcome.rejection


def _filled(table: Table, given: dict[str, object]) -> dict[str, object]:
    """Values for the columns that must have one and that the test does not care about."""
    kinds = {str: "", int: 0, bytes: b"", bool: False, dict: {}, list: []}
    return {
        column.name: kinds.get(column.type.python_type, "")
        for column in table.columns
        if not column.nullable and column.name not in given and column.default is None and column.server_default is None
    }
