"""Moving from SQLite to PostgreSQL: all of it, at any instant of a running server, and never two that may start."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from router.archive import schema
from router.archive.accounts import SqlAccounts
from router.archive.database import Database, plain_engine
from router.archive.errors import CopyDiffers, DatabaseMoved, DatabaseUnfinished, MoveRefused
from router.archive.migrate import MOVED, UNFINISHED, downgrade, newest, revision_of, upgrade
from router.archive.replay import fold
from router.archive.transfer import Moved, Tell, fetch, move
from router.core import commands as c
from router.gateway import StoreError
from router.runtime.accounts import Account, ApiKey
from router.runtime.acts import Act
from tests.archive.domain import Domain, dump, rows

pytestmark = pytest.mark.service

NEWEST = newest()
ACT = Act(by="root", command="test", at_ms=1)


class Old:
    """An installation on SQLite, whose server has the data base open until it is stopped."""

    def __init__(self, url: str, target: str) -> None:
        self.url = url
        self.target = target
        self.domain = Domain()
        self.database: Database

    async def begin(self) -> None:
        """A morning in history: work that is done and work that is open; people and a key."""
        self.database = await Database.open(self.url)
        domain = self.domain
        domain.core.sign_on("ann", "eve")
        domain.memory.contents |= {"t-a": b"a text", "addr-a": b"an address"}
        domain.core.do(domain.core.message("a", keys=("T1", "t1", "é", "\U0001f600", "\uffee")))
        domain.core.do(c.AcceptReservation(item="i-a", agent="ann"))
        domain.core.call("k")
        await self.archive()
        accounts = SqlAccounts(self.database)
        await accounts.put_account(Account(login="ann"), "hash", act=ACT)
        await accounts.put_key(ApiKey(id="k", name="phone", hash="h"), act=ACT)

    async def archive(self) -> None:
        await self.domain.commit()
        await self.domain.archive(self.database)

    async def stop(self) -> None:
        await self.database.close()

    async def move(self, tell: Tell = lambda what, done, total: None) -> Moved:
        """What `firstline migrate --to` does."""
        return await asyncio.to_thread(move, self.url, self.target, tell)

    async def moved_in_one_call(self) -> Moved:
        """The server is stopped first, and the move then needs no second call."""
        await self.stop()
        return await self.move()


@pytest.fixture
async def old(sqlite_url: str, postgresql_url: str) -> AsyncIterator[Old]:
    old = Old(sqlite_url, postgresql_url)
    await old.begin()
    yield old


async def everything(url: str) -> dict[str, Any]:
    """All rows of all tables, the archive's position too, and the state that the log leads to."""
    database = await Database.open(url)
    try:
        tables: dict[str, Any] = await dump(database)
        place = await rows(database, "archive_position")
        return tables | {"place": place, "state": (await fold(database)).state.digest()}
    finally:
        await database.close()


async def execute(url: str, *statements: Any) -> None:
    """Do this to a data base behind everybody's back."""

    def do() -> None:
        engine = plain_engine(url)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement) if isinstance(statement, str) else statement)
        engine.dispose()

    await asyncio.to_thread(do)


async def marked(url: str, revision: str) -> None:
    await execute(url, f"UPDATE alembic_version SET version_num = '{revision}'")


def _files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def revision(url: str) -> str:
    return await asyncio.to_thread(revision_of, url)


async def test_while_a_server_runs_all_is_copied_and_nothing_may_start_on_the_copy(old: Old) -> None:
    """The copy is one moment of the original, and the original goes on."""
    first = await old.move()
    assert (first.finished, first.position, first.written) == (False, old.domain.position, first.rows)
    with pytest.raises(DatabaseUnfinished, match="leave database_url as it was"):
        await upgrade(old.target)
    await upgrade(old.url)
    assert await everything(old.target) == await everything(old.url)
    await old.stop()


async def test_what_was_added_changed_and_erased_meanwhile_follows_and_the_old_one_is_closed(old: Old) -> None:
    """The second call, with the server stopped, writes only what differs."""
    first = await old.move()
    old.domain.core.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"), after=10)
    old.domain.core.do(c.EndCall(call="k"), after=10)
    await old.archive()
    await old.stop()
    await execute(
        old.url,
        delete(schema.contents).where(schema.contents.c.id == "t-a"),
        update(schema.accounts).values(disabled=True),
    )
    before = await everything(old.url)
    second = await old.move()
    assert (second.finished, second.position, second.deleted) == (True, old.domain.position, 1)
    assert 0 < second.written < first.written
    with pytest.raises(DatabaseMoved, match="set database_url"):
        await upgrade(old.url)
    await upgrade(old.target)
    assert await revision(old.target) == NEWEST
    assert await everything(old.target) == before
    assert before["contents"] == [("addr-a", b"an address")]


async def test_the_way_back_is_into_a_file_that_is_a_data_base_like_any_other(old: Old, tmp_path: Path) -> None:
    """One instant of PostgreSQL, whatever is written there meanwhile: with it, backups have one form."""
    await old.moved_in_one_call()
    before, copy = await everything(old.target), f"sqlite:///{tmp_path / 'copy.db'}"

    def fetched() -> None:
        engine = plain_engine(old.target)
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as seen:
            seen.execute(select(schema.archive_position))
            with engine.begin() as meanwhile:
                meanwhile.execute(delete(schema.contents))
            fetch(seen, copy)
        engine.dispose()

    await asyncio.to_thread(fetched)
    assert await revision(copy) == NEWEST
    assert await everything(copy) == before
    assert before["contents"] and await everything(old.target) != before


async def test_only_this_versions_data_base_is_fetched(old: Old, tmp_path: Path) -> None:
    """What another version wrote is that version's to back up."""
    await old.moved_in_one_call()
    await marked(old.target, "0001")

    def fetched() -> None:
        engine = plain_engine(old.target)
        try:
            with engine.connect() as seen:
                fetch(seen, f"sqlite:///{tmp_path / 'copy.db'}")
        finally:
            engine.dispose()

    with pytest.raises(MoveRefused, match="at revision 0001"):
        await asyncio.to_thread(fetched)


async def test_work_goes_on_in_the_new_data_base(old: Old) -> None:
    """The archiver follows the log from where the copy ends; numbers that the data base gives are not given twice."""
    assert (await old.moved_in_one_call()).finished
    old.database = await Database.open(old.target)
    old.domain.core.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    await old.archive()
    assert (await fold(old.database)).state.digest() == old.domain.core.state.digest()
    before = [row["id"] for row in await rows(old.database, "deeds")]
    await SqlAccounts(old.database).put_account(Account(login="new"), "hash", act=ACT)
    assert [row["id"] for row in await rows(old.database, "deeds")] == [*before, max(before) + 1]
    await old.stop()


async def test_what_postgresql_does_not_take_comes_as_it_does(old: Old) -> None:
    """A NUL in a text that somebody typed, which SQLite kept."""
    await execute(old.url, update(schema.api_keys).values(name="odd \0 name"))
    assert (await old.moved_in_one_call()).finished
    assert (await everything(old.target))["api_keys"][0][1] == "odd \ufffd name"


@pytest.mark.parametrize("running", [True, False])
async def test_a_call_that_was_interrupted_is_made_again(
    old: Old, running: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of copying, or of comparing: nothing of it is there, and the old data base is as it was."""
    monkeypatch.setattr("router.archive.limits.MOVE_TELL_ROWS", 5)
    if not running:
        await old.stop()

    def interrupt(what: str, done: int, total: int) -> None:
        if done > total // 2 and (running or what == "compare"):
            raise Interrupted

    with pytest.raises(Interrupted):
        await old.move(interrupt)
    assert await revision(old.target) == ""
    await upgrade(old.url)
    done = await old.move()
    assert done.finished != running
    assert (await everything(old.target))["place"] == (await everything(old.url))["place"]
    if running:
        await old.stop()


class Interrupted(Exception):
    """What Ctrl-C is, at a chosen instant."""


async def test_between_closing_the_old_one_and_opening_the_new_one_neither_starts(old: Old) -> None:
    """Whoever was interrupted there calls again, which finishes it; once more finds it done."""
    await old.moved_in_one_call()
    await marked(old.target, NEWEST + UNFINISHED)
    for url in (old.url, old.target):
        with pytest.raises((DatabaseMoved, DatabaseUnfinished)):
            await upgrade(url)
    again = await old.move()
    assert (again.finished, again.written) == (True, 0)
    await upgrade(old.target)
    with pytest.raises(MoveRefused, match="set database_url to it"):
        await old.move()


async def test_a_copy_that_is_not_equal_closes_nothing(old: Old) -> None:
    """Here a trigger of somebody's spoils what is written."""
    await old.move()
    await old.stop()
    spoil = "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.login := 'x'; RETURN NEW; END $$"
    await execute(
        old.target, spoil, "CREATE TRIGGER spoil BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION spoil()"
    )
    await execute(old.url, update(schema.accounts).values(version=7))
    with pytest.raises(CopyDiffers, match="table accounts"):
        await old.move()
    await upgrade(old.url)
    with pytest.raises(DatabaseUnfinished):
        await upgrade(old.target)


async def test_two_moves_into_one_data_base_do_not_meet(old: Old) -> None:
    """The second one says so and ends."""
    second: list[BaseException] = []

    def meanwhile(what: str, done: int, total: int) -> None:
        try:
            move(old.url, old.target)
        except MoveRefused as error:
            second.append(error)

    await old.move(meanwhile)
    await old.stop()
    assert "another 'firstline migrate'" in str(second[0])


# -- refused ------------------------------------------------------------------------------------------------


async def test_a_data_base_that_is_in_use_is_left_alone(old: Old) -> None:
    """Somebody else's tables, or an installation of ours."""
    await execute(old.target, "CREATE TABLE theirs (x int)")
    with pytest.raises(MoveRefused, match="not empty"):
        await old.move()
    await execute(old.target, "DROP TABLE theirs")
    await upgrade(old.target)
    with pytest.raises(MoveRefused, match="not empty"):
        await old.move()
    await upgrade(old.url)
    await old.stop()


async def test_an_unfinished_move_of_another_installation_is_not_gone_on_with(old: Old, tmp_path: Path) -> None:
    await old.move()
    await old.stop()
    other = Old(f"sqlite:///{tmp_path / 'other.db'}", old.target)
    await upgrade(other.url)
    other.domain.core.now += 1
    await other.begin()
    await other.stop()
    with pytest.raises(MoveRefused, match="another installation"):
        await other.move()


async def test_a_data_base_of_another_revision_is_not_moved(old: Old, tmp_path: Path) -> None:
    """Nor one that is none; nothing is made where nothing was."""
    await old.stop()
    await downgrade(old.url, "0001")
    with pytest.raises(MoveRefused, match="at revision 0001"):
        await old.move()
    old.url = old.url.replace("history.db", "nothing.db")
    with pytest.raises(MoveRefused, match="no history to move"):
        await old.move()
    assert _files(tmp_path) == ["history.db"]


@pytest.fixture
def latin_url(postgresql: str) -> str:
    """An empty PostgreSQL data base that is not in UTF-8."""
    create = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    subprocess.run(["psql", "-q", "-h", postgresql, "-U", "postgres", "-c", create], check=True)
    return f"postgresql://postgres@/latin?host={postgresql}"


async def test_a_data_base_that_cannot_hold_every_text_is_refused(old: Old, latin_url: str) -> None:
    """Names in Greek and in Polish fit into no Latin 1."""
    await old.stop()
    old.target = latin_url
    with pytest.raises(MoveRefused, match="ENCODING 'UTF8'"):
        await old.move()


async def test_a_target_that_is_away_is_a_store_error(old: Old) -> None:
    await old.stop()
    old.target = "postgresql://postgres@/x?host=/nowhere"
    with pytest.raises(StoreError):
        await old.move()
    await upgrade(old.url)


async def test_the_old_file_is_one_file_at_rest(old: Old, tmp_path: Path) -> None:
    """No write-ahead log is left beside it that somebody could forget to keep."""
    await old.moved_in_one_call()
    assert _files(tmp_path) == ["history.db"]
    assert await revision(old.url) == NEWEST + MOVED


def test_every_number_that_a_data_base_gives_itself_is_of_one_kind() -> None:
    """Those columns go on behind what was moved; any other way of counting would have to be moved too."""
    counting = [table.name for table in schema.metadata.tables.values() if table.autoincrement_column is not None]
    assert counting == ["deeds"]
    defaults = [column for table in schema.metadata.tables.values() for column in table.c if column.identity]
    assert defaults == []
