"""The door to SQL: what it promises of SQLite, and what it makes of a data base that is away."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from router.archive import limits
from router.archive.database import Database
from router.archive.errors import DatabaseUnusable
from router.archive.history import SqlHistory
from router.archive.migrate import upgrade
from router.archive.schema import alarms, messages
from router.archive.sqlite import connection
from router.gateway import StoreError, Unstorable
from tests.archive.domain import Domain, rows

ALARM = {"position": 1, "at_ms": 1, "code": "c", "subject": "s", "count": 1}


async def test_sqlite_is_opened_as_promised(sqlite_url: str) -> None:
    """WAL, every commit synced, foreign keys checked: for readers, the writer and single questions alike."""
    database = await Database.open(sqlite_url)
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    async with database.writing() as connection:
        written = [await connection.scalar(text(f"PRAGMA {name}")) for name in pragmas]
    asked = await database.ask(lambda plain: [plain.scalar(text(f"PRAGMA {name}")) for name in pragmas])
    assert written == asked == ["wal", 2, 1]
    await database.close()


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    """Also when it fails at the last moment."""
    with pytest.raises(RuntimeError):
        async with database.writing() as connection:
            await connection.execute(alarms.insert(), [ALARM])
            raise RuntimeError
    assert await rows(database, "alarms") == []


async def test_a_reader_sees_one_moment(database: Database) -> None:
    """What is committed meanwhile is seen by the next reader, not by this one."""
    async with database.reading() as reader:
        assert (await reader.execute(select(alarms))).all() == []
        async with database.writing() as writer:
            await writer.execute(alarms.insert(), [ALARM])
        assert (await reader.execute(select(alarms))).all() == []
    assert len(await rows(database, "alarms")) == 1
    assert await database.ask(lambda plain: len(plain.execute(select(alarms)).all())) == 1


async def test_a_connection_that_is_given_up_twice_ends(tmp_path: Path) -> None:
    """As that of a cancelled reader whose node stops: whoever still closes it waits for nobody."""
    given_up = await connection(str(tmp_path / "some.db"))
    closing = asyncio.create_task(given_up.close())
    asyncio.get_running_loop().call_soon(given_up.stop)
    async with asyncio.timeout(5):
        await closing


async def test_a_defect_of_ours_is_not_taken_for_a_data_base_that_is_away(database: Database) -> None:
    """A message without its conversation breaks a foreign key: to try again would not help."""
    with pytest.raises(Exception, match=r"(?i)foreign key|not.null"):
        async with database.writing() as connection:
            await connection.execute(messages.insert(), [{"position": 1, "conversation": "none", "seq": 1}])


@pytest.mark.service
async def test_a_value_that_no_column_holds_is_its_callers(migrated_template: str, postgresql: str) -> None:
    """PostgreSQL takes no NUL: that is neither a defect of ours nor a data base that is away."""
    database = await Database.open(f"postgresql://postgres@/{migrated_template}?host={postgresql}")
    with pytest.raises(Unstorable, match="NUL"):
        async with database.reading() as connection:
            await connection.execute(select(alarms).where(alarms.c.code == "a\0b"))
    await database.close()


async def test_an_error_does_not_say_what_was_in_the_row(database: Database) -> None:
    """It is logged, and a customer's card has no place in a log."""
    with pytest.raises(DBAPIError) as failed:
        async with database.writing() as connection:
            await connection.execute(alarms.insert(), [ALARM | {"code": "secret", "subject": None}])
    assert "parameters hidden" in str(failed.value).partition("[SQL")[2]


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql://postgres@/x?host=/nowhere"])
async def test_a_data_base_that_is_away_is_a_store_error(url: str) -> None:
    """Whoever asks says so to whoever asked them, and tries again later."""
    with pytest.raises(StoreError, match=r"the data base does not answer: (unable to open|connection is bad)"):
        await upgrade(url)
    database = await Database.open(url)
    with pytest.raises(StoreError):
        await SqlHistory(database).find_natural("n")
    with pytest.raises(StoreError):
        await SqlHistory(database).messages("c")
    with pytest.raises(StoreError):
        async with database.writing():
            pass
    await database.close()


@pytest.mark.parametrize("url", ["mysql://host/x", "nonsense", "postgresql+asyncpg://host/x"])
async def test_a_data_base_that_cannot_be_used_is_refused_with_what_to_do(url: str) -> None:
    """Another kind, no URL at all, a driver of somebody else."""
    for refused in (upgrade(url), Database.open(url)):
        with pytest.raises(DatabaseUnusable, match="postgresql://user:password@host/name"):
            await refused


@pytest.mark.service
async def test_connections_that_were_cut_are_made_anew(postgresql_url: str) -> None:
    """A PostgreSQL that restarts under us costs at most one try of each."""
    await upgrade(postgresql_url)
    database = await Database.open(postgresql_url)
    history = SqlHistory(database)
    domain = Domain()
    await domain.commit()
    archiver = domain.archiver(database)
    await archiver.start()
    assert await history.find_natural("n") is None
    operator = await Database.open(postgresql_url)
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    cut = text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    await operator.ask(lambda plain: plain.execute(cut).all())
    await operator.close()
    await archiver.step()
    assert archiver.position == domain.position
    with pytest.raises(StoreError):
        await history.find_natural("n")
    assert await history.find_natural("n") is None
    await database.close()


async def test_a_data_base_that_is_frozen_is_away(
    postgresql_migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks is told in time; who asks next too; and when it moves again, so do the answers."""
    monkeypatch.setattr(limits, "ASK_S_MAX", 0.1)
    database = await Database.open(postgresql_migrated_url)
    for _ in range(2):
        with pytest.raises(StoreError, match="does not answer"):
            await database.ask(lambda plain: plain.scalar(text("SELECT pg_sleep(0.5)")))
    monkeypatch.undo()
    assert await database.ask(lambda plain: plain.scalar(text("SELECT 7"))) == 7
    await database.close()
