"""Accounts without a server: the rules of the API, on the data folder here."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from router.archive.accounts import SqlAccounts
from router.archive.database import Database
from router.archive.history import SqlHistory
from router.archive.migrate import upgrade
from router.cli.outcome import CommandError
from router.cli.people import LocalPeople, Person
from router.core.state import State
from router.runtime.accounts import Grant


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty archive."""
    url = f"sqlite:///{tmp_path / 'archive.db'}"
    await upgrade(url)
    database = await Database.open(url)
    yield database
    await database.close()


async def test_a_first_account_gets_a_first_password_and_the_audit_names_the_console(database: Database) -> None:
    accounts = SqlAccounts(database)
    people = LocalPeople(accounts, State())
    root = Person(login="root", grants=(Grant(role="admin"),))
    made = await people.put(root, None)
    reset = await people.reset("root")
    assert made != reset and made.count("-") == reset.count("-") == 3
    account = accounts.account("root")
    assert account is not None and (account.must_change, account.version) == (True, 2)
    assert await people.put(root, "a password of my own") == ""
    account = accounts.account("root")
    assert account is not None and (account.must_change, account.version) == (False, 3)
    rows = (await SqlHistory(database).audit(limit=10)).rows
    assert [(row["by"], row["command"], row["subject"]) for row in rows] == [
        ("console", "PutAccount", "root"),
        ("console", "ResetPassword", "root"),
        ("console", "PutAccount", "root"),
    ]


async def test_who_was_slower_than_a_node_is_told(database: Database) -> None:
    """An account that a server changed meanwhile is not put back to what it was."""
    accounts, elsewhere = SqlAccounts(database), SqlAccounts(database)
    people = LocalPeople(accounts, State())
    await people.put(Person(login="root", grants=(Grant(role="admin"),)), None)
    await elsewhere.start()
    account = elsewhere.account("root")
    assert account is not None
    await elsewhere.put_account(msgspec.structs.replace(account, disabled=True), act=None)
    with pytest.raises(CommandError, match="changed at the same time"):
        await people.reset("root")
    assert (await people.persons())[0].disabled


async def test_what_is_not_there_is_refused_in_words(database: Database) -> None:
    people = LocalPeople(SqlAccounts(database), State())
    with pytest.raises(CommandError, match="There is no account x"):
        await people.reset("x")
    with pytest.raises(CommandError, match="There is no agent x"):
        await people.put(Person(login="x", agent="x"), None)
