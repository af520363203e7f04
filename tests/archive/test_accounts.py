"""Accounts in SQL: written through, read from memory, there again after a restart."""

import msgspec

from router.archive.accounts import SqlAccounts
from router.archive.database import Database
from router.runtime.accounts import Account, ApiKey, Grant
from router.runtime.acts import Act

ACT = Act(by="login:root", command="PutAccount", at_ms=1)


async def test_accounts_and_keys_survive_a_restart(database: Database) -> None:
    """What was put is read from memory at once, and from SQL by the next start."""
    account = Account(
        login="ann@example.org", agent="ann", grants=(Grant(role="agent"), Grant(role="supervisor", teams=("tax",)))
    )
    key = ApiKey(id="k1", name="phone system", hash="ab" * 32)
    first = SqlAccounts(database)
    await first.start()
    written = await first.put_account(account, "$argon2id$1", act=ACT)
    assert written == msgspec.structs.replace(account, version=1)
    await first.put_key(key, act=ACT)
    for directory in (first, SqlAccounts(database)):
        await directory.start()
        assert directory.account("ann@example.org") == written
        assert list(directory.accounts()) == [written]
        assert directory.key("ab" * 32) == key
        assert list(directory.keys()) == [key]
        assert await directory.password_hash("ann@example.org") == "$argon2id$1"


async def test_a_change_without_a_password_keeps_it(database: Database) -> None:
    """Disabling somebody is no reason to lose their password; a new version voids their tokens."""
    directory = SqlAccounts(database)
    await directory.put_account(Account(login="bob"), "hash", act=ACT)
    await directory.put_account(Account(login="bob", disabled=True, version=1), act=None)
    assert await directory.password_hash("bob") == "hash"
    await directory.start()
    assert directory.account("bob") == Account(login="bob", disabled=True, version=2)


async def test_a_renewed_key_voids_the_old_secret(database: Database) -> None:
    """One id, one secret."""
    directory = SqlAccounts(database)
    await directory.put_key(ApiKey(id="k", name="n", hash="old"), act=ACT)
    await directory.put_key(ApiKey(id="k", name="n", hash="new"), act=ACT)
    assert directory.key("old") is None
    await directory.start()
    assert [key.hash for key in list(directory.keys())] == ["new"]


async def test_nobody_is_nobody(database: Database) -> None:
    """Unknown logins and keys are None, not an error."""
    directory = SqlAccounts(database)
    await directory.start()
    assert directory.account("x") is None
    assert directory.key("x") is None
    assert await directory.password_hash("x") is None
