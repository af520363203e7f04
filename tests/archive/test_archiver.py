"""The archiver: exactly once whatever dies, restart, moving contents, forgetting, trimming, another history."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from router.archive import schema
from router.archive.database import Database
from router.archive.errors import OtherHistory
from router.archive.settling import Settling
from router.core import commands as c
from router.core import events as e
from router.gateway import StoreError
from tests.archive.domain import Domain, archiving, committed_in_parts, dump, rows
from tests.core.test_walk import Walker
from tests.support import eventually


class Died(BaseException):
    """The process is gone at this await."""


class Fuse:
    """Dies at the nth place that could fail, and counts the places."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.passed = 0

    def burn(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise Died


class FusedStore:
    """A store (or gateway) at whose every call, before and after it, the process may die."""

    def __init__(self, real: Any, fuse: Fuse) -> None:
        self._real = real
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **options: Any) -> Any:
            self._fuse.burn()
            result = await getattr(self._real, name)(*args, **options)
            self._fuse.burn()
            return result

        return call


class FusedDatabase(Database):
    """A data base in whose transactions, and right after each commit, the process may die."""

    fuse = Fuse()

    @asynccontextmanager
    async def writing(self, *, alone: str = "") -> AsyncIterator[AsyncConnection]:
        self.fuse.burn()
        async with super().writing(alone=alone) as connection:
            yield connection
            self.fuse.burn()
        self.fuse.burn()

    async def upsert(self, connection: AsyncConnection, table: Any, rows: Sequence[dict[str, Any]]) -> None:
        self.fuse.burn()
        await super().upsert(connection, table, rows)


async def _life(domain: Domain, database: Database, fuse: Fuse) -> None:
    """Archive two steps of a domain, each by an archiver that may die and the one that follows it."""
    core = domain.core
    await domain.commit()
    for part in range(2):
        core.do(core.message(f"m{part}", keys=(f"t{part}",)), after=1)
        domain.memory.contents |= {f"t-m{part}": b"text", f"addr-m{part}": b"address"}
        item = core.item(f"i-m{part}")
        if item.state == "reserved":
            core.do(c.AcceptReservation(item=item.id, agent=item.agent))
            core.do(c.CompleteItem(item=item.id, agent=item.agent, disposition="done"))
        await domain.commit()
        try:
            gateway: Any = FusedStore(domain, fuse)
            archiver = domain.archiver(database, store=FusedStore(domain.store, fuse), gateway=gateway, tail_events=0)
            await archiver.start()
            await archiver.step()
        except Died:
            await domain.archive(database)
    await domain.archive(database)


async def _lived(url: str, fuse: Fuse) -> tuple[dict[str, Any], Domain]:
    domain = Domain()
    domain.core.sign_on("ann")
    fused = await FusedDatabase.open(url)
    assert isinstance(fused, FusedDatabase)
    fused.fuse = fuse
    await _life(domain, fused, fuse)
    written = await dump(fused)
    await fused.close()
    return written, domain


@pytest.mark.slow
async def test_exactly_once_whatever_await_it_dies_at(migrated_file: Path, tmp_path: Path) -> None:
    """Death at every place that could fail, one run each: history is that of the run that never died."""

    def fresh(name: str) -> str:
        path = tmp_path / name
        path.write_bytes(migrated_file.read_bytes())
        return f"sqlite:///{path}"

    unhurt = Fuse()
    expected, _ = await _lived(fresh("unhurt.db"), unhurt)
    assert unhurt.passed > 20
    for at in range(1, unhurt.passed + 1):
        written, domain = await _lived(fresh(f"{at}.db"), Fuse(at))
        assert written == expected, f"died at {at}"
        assert domain.memory.contents == {}, f"died at {at}"


async def test_a_commit_whose_answer_was_lost_is_not_written_twice(sqlite_url: str) -> None:
    """The data base said nothing though it had committed: the same archiver finds its own rows and goes on."""

    class Mute(Database):
        lost = 0

        @asynccontextmanager
        async def writing(self, *, alone: str = "") -> AsyncIterator[AsyncConnection]:
            async with super().writing(alone=alone) as connection:
                yield connection
            self.lost += 1
            if self.lost == 1:
                raise StoreError("no answer")

    database = await Mute.open(sqlite_url)
    domain = Domain()
    await domain.commit()
    archiver = domain.archiver(database)
    await archiver.start()
    with pytest.raises(StoreError):
        await archiver.step()
    assert archiver.position == 0
    await archiver.step()
    assert archiver.position == domain.position
    assert len(await rows(database, "entries")) == 1
    await database.close()


async def test_a_data_base_that_is_away_is_waited_for(sqlite_url: str) -> None:
    """F29: routing goes on meanwhile, and history catches up by itself."""

    class Flaky(Database):
        away = 3

        @asynccontextmanager
        async def writing(self, *, alone: str = "") -> AsyncIterator[AsyncConnection]:
            self.away -= 1
            if self.away >= 0:
                raise StoreError("away")
            async with super().writing(alone=alone) as connection:
                yield connection

    database = await Flaky.open(sqlite_url)
    domain = Domain()
    await domain.commit()
    archiver = domain.archiver(database)
    await archiver.start()
    async with archiving(archiver):
        await archiver.drained(domain.position)
    assert len(await rows(database, "entries")) == 1
    await database.close()


async def test_two_archivers_write_each_event_once(database: Database) -> None:
    """One data base, two nodes: who comes second sees it, drops what it made and goes on from there."""
    domain = Domain()
    domain.core.sign_on("ann", "bob")
    first, second = domain.archiver(database), domain.archiver(database)
    await first.start()
    await second.start()
    for part in range(4):
        domain.core.call(f"k{part}")
        await domain.commit()
        for archiver in (first, second) if part % 2 else (second, first):
            await archiver.step()
    for archiver in (first, second):
        while archiver.lag(domain.position):
            await archiver.step()
    assert [row["last"] for row in await rows(database, "entries")] == list(domain.memory.entries)
    assert len(await rows(database, "items")) == 4


async def test_a_restart_goes_on_where_it_stopped(database: Database) -> None:
    """One archiver for all, or a new one for each entry: the same history, on both data bases."""
    walker = Walker(3)
    walker.walk(200)
    domain = Domain()
    events = walker.world.log
    for start in range(0, len(events), 60):
        await committed_in_parts(domain, events[start : start + 60], seed=start)
        await domain.archive(database, snapshot_events=150)
    assert len(await rows(database, "snapshots")) == domain.position // 150
    assert [row["last"] for row in await rows(database, "entries")] == list(domain.memory.entries)


async def test_contents_move_to_sql_and_leave_the_store(database: Database) -> None:
    """Only those that an event names, and only once they are in SQL."""
    domain = Domain()
    domain.memory.contents["other"] = b"of a command not decided yet"
    await domain.do(domain.core.message("a"), contents={"t-a": b"text", "addr-a": b"address"})
    await domain.archive(database)
    assert domain.memory.contents == {"other": b"of a command not decided yet"}
    assert [(row["id"], row["data"]) for row in await rows(database, "contents")] == [
        ("addr-a", b"address"),
        ("t-a", b"text"),
    ]


async def test_closed_items_are_forgotten_once_they_are_archived(database: Database) -> None:
    """Only closed ones, only after the commit, and each is asked for once."""
    domain = Domain()
    domain.core.sign_on("ann")
    for name in ("a", "b"):
        domain.core.do(domain.core.message(name))
    domain.core.do(c.AcceptReservation(item="i-a", agent="ann"))
    domain.core.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    await domain.commit()
    archiver = domain.archiver(database)
    await archiver.start()
    async with archiving(archiver):
        await eventually(lambda: "i-a" not in domain.core.state.items)
        await archiver.drained(domain.position)
    assert domain.submitted == [c.Forget(items=("i-a",))]
    assert [row["state"] for row in await rows(database, "items")] == ["closed", "reserved"]


async def test_a_closed_item_rests_before_it_is_forgotten(database: Database) -> None:
    """A node that is a little behind must find it, or it would look at history that is newer than its state."""
    domain = Domain()
    domain.core.call("k")
    domain.core.do(c.EndCall(call="k"))
    await domain.commit()
    archiver = domain.archiver(database, rest_s=3_600.0)
    await archiver.start()
    while archiver.lag(domain.position):
        await archiver.step()
    await archiver.step()
    assert domain.submitted == []
    await domain.archiver(database).step()
    assert [type(command) for command in domain.submitted] == [c.Forget]


async def test_two_messages_of_one_number_do_not_end_history(database: Database) -> None:
    """It would be a defect of ours, and a node that can never start again would be a worse one."""
    domain = Domain()
    for id in ("a", "b"):
        domain.core.do(domain.core.message(id, conversation="c-a", last_seq=0))
        domain.core.sign_on("ann")
        domain.core.do(c.AcceptReservation(item=f"i-{id}", agent="ann"))
        domain.core.do(c.CompleteItem(item=f"i-{id}", agent="ann", disposition="done"))
        domain.core.do(c.Forget(items=(f"i-{id}",)))
    domain.core.do(domain.core.message("z"))
    await domain.commit()
    with capture_logs() as told:
        await domain.archive(database)
    assert [(row["conversation"], row["seq"], row["id"]) for row in await rows(database, "messages")] == [
        ("c-a", 1, "m-a"),
        ("c-z", 1, "m-z"),
    ]
    assert [line["event"] for line in told if line.get("alarm")] == ["message_number_taken"]


@pytest.mark.parametrize("taken", [True, False])
async def test_forgetting_survives_a_store_that_fails(database: Database, taken: bool) -> None:
    """Refused or only the answer lost: in the end the item is forgotten, and history has it once."""
    domain = Domain()
    domain.core.call("k")
    domain.core.do(c.EndCall(call="k"))
    await domain.commit()

    class Failing:
        failed = False

        async def submit(self, command: c.Command, **options: Any) -> None:
            if taken or self.failed:
                await domain.submit(command, **options)
            if not self.failed:
                self.failed = True
                raise StoreError("no answer")

    archiver = domain.archiver(database, gateway=Failing())
    await archiver.start()
    async with archiving(archiver):
        await eventually(lambda: "i-k" not in domain.core.state.items)
        await archiver.drained(domain.position)
    assert len(await rows(database, "items")) == 1


async def test_the_store_is_trimmed_behind_the_tail(database: Database) -> None:
    """A follower that is a little behind still finds its entries."""
    domain = Domain()
    await committed_in_parts(domain, [e.AlarmRaised(at=at, code="x", subject="y") for at in range(1_500)])
    await domain.archive(database, tail_events=200)
    first = await domain.store.first_entry()
    assert 1_000 <= first <= domain.position - 199
    again = domain.archiver(database)
    await again.start()
    assert again.position == domain.position


async def test_another_store_is_refused(database: Database) -> None:
    """A store of another history, one that is behind, one whose entries were trimmed too early: loudly."""
    domain = Domain()
    domain.core.sign_on("ann")
    await committed_in_parts(domain, domain.core.log)
    await domain.archive(database)
    other = Domain()
    other.core.sign_on("bob", "eve", "ann")
    with pytest.raises(OtherHistory, match="ends at event 0"):
        await other.archiver(database).start()
    await other.commit(other.core.log[: domain.position])
    with pytest.raises(OtherHistory, match="digest"):
        await other.archiver(database).start()


async def test_a_hole_in_the_store_is_refused(database: Database) -> None:
    """An old backup of SQL beside a store that was trimmed since: never skip what is missing."""
    domain = Domain()
    await domain.commit()
    first = domain.position
    domain.core.sign_on("ann")
    await domain.commit()
    await domain.store.trim(first)
    archiver = domain.archiver(database)
    await archiver.start()
    with pytest.raises(OtherHistory, match=f"next entry begins at event {first + 1}"):
        await archiver.step()


async def test_a_broken_archive_is_noticed_at_start(database: Database) -> None:
    """Entries that are not what their digest says: somebody changed history."""
    domain = Domain()
    await domain.commit()
    await domain.archive(database)
    async with database.writing() as connection:
        await connection.execute(update(schema.entries).values(digest="0" * 16))
    with pytest.raises(OtherHistory, match="digest"):
        await domain.archiver(database).start()


async def test_lag_is_what_is_not_in_sql_yet(database: Database) -> None:
    """Readiness looks at it."""
    domain = Domain()
    await domain.commit()
    archiver = domain.archiver(database)
    await archiver.start()
    assert archiver.lag(domain.position) == domain.position
    await archiver.step()
    assert archiver.lag(domain.position) == 0


async def test_what_the_log_may_still_lose_is_not_in_history(database: Database) -> None:
    """A log that syncs each second ends a moment earlier after a power loss: history that knew more would keep every
    node from starting."""
    domain = Domain()
    await domain.commit()
    archiver = domain.archiver(database, settle_s=0.3)
    await archiver.start()
    for _ in range(3):
        await archiver.step()
        assert archiver.position == 0
    async with archiving(archiver):
        await archiver.drained(domain.position)


def test_only_what_was_there_long_enough_is_sure() -> None:
    settling = Settling(4.0)
    assert [settling.sure(at, last) for at, last in ((0, 5), (1, 9), (3.9, 9))] == [0, 0, 0]
    assert [settling.sure(at, last) for at, last in ((4, 20), (5, 30), (7.9, 30), (8, 31))] == [5, 9, 9, 20]


def test_a_log_that_went_back_is_not_sure_of_what_it_was() -> None:
    settling = Settling(4.0)
    settling.sure(0, 50)
    assert settling.sure(4, 30) == 0
    assert settling.sure(8, 31) == 30
