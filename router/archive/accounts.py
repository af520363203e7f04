"""Accounts and API keys in SQL, with a directory in memory: every call is checked, so a check may not cost a query."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from router.archive import deeds
from router.archive.database import Database
from router.archive.schema import accounts, api_keys
from router.runtime.accounts import Account, ApiKey, Grant
from router.runtime.acts import Act


class SqlAccounts:
    """Implements `router.runtime.accounts.Accounts`. `start` may be called again to see what other nodes wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._accounts: dict[str, Account] = {}
        self._keys: dict[str, ApiKey] = {}

    async def start(self) -> None:
        """Read the directory."""
        async with self._database.reading() as connection:
            people = (await connection.execute(select(accounts).order_by(accounts.c.login))).all()
            keys = (await connection.execute(select(api_keys).order_by(api_keys.c.id))).all()
        self._accounts = {
            row.login: Account(
                login=row.login,
                agent=row.agent,
                grants=msgspec.convert(row.grants, tuple[Grant, ...]),
                disabled=row.disabled,
                version=row.version,
                must_change=row.must_change,
            )
            for row in people
        }
        self._keys = {row.hash: ApiKey(id=row.id, name=row.name, hash=row.hash, disabled=row.disabled) for row in keys}

    def account(self, login: str) -> Account | None:
        """The account with this login, disabled or not."""
        return self._accounts.get(login)

    def accounts(self) -> Sequence[Account]:
        """All accounts, by login."""
        return [self._accounts[login] for login in sorted(self._accounts)]

    def key(self, hash: str) -> ApiKey | None:
        """The key whose secret has this hash (SHA-256, hex), disabled or not."""
        return self._keys.get(hash)

    def keys(self) -> Sequence[ApiKey]:
        """All keys, by id."""
        return sorted(self._keys.values(), key=lambda key: key.id)

    async def password_hash(self, login: str) -> str | None:
        """The argon2 hash of this login's password; None when there is no such account, or no password yet."""
        async with self._database.reading() as connection:
            found: str | None = await connection.scalar(
                select(accounts.c.password_hash).where(accounts.c.login == login)
            )
        return found

    async def put_account(self, account: Account, password_hash: str | None = None, *, act: Act | None) -> None:
        """Add or change an account, and write down who did. Without `password_hash` the password stays what it is."""
        row = msgspec.to_builtins(account)
        known = self._accounts.get(account.login)
        before = msgspec.to_builtins(known) if known is not None else None
        secret = {"password_hash": password_hash} if password_hash is not None else {}
        async with self._database.writing() as connection:
            await self._database.upsert(connection, accounts, [row | secret])
            if act is not None:
                await deeds.record(connection, act, "account", account.login, before=before, after=row)
        self._accounts[account.login] = account

    async def put_key(self, key: ApiKey, *, act: Act) -> None:
        """Add or change a key, and write down who did. Another hash under the same id is another secret: the old one
        is void."""
        known = next((one for one in self._keys.values() if one.id == key.id), None)
        before = _shown(known) if known is not None else None
        async with self._database.writing() as connection:
            await self._database.upsert(connection, api_keys, [msgspec.to_builtins(key)])
            await deeds.record(connection, act, "key", key.id, before=before, after=_shown(key))
        self._keys = {one.hash: one for one in self._keys.values() if one.id != key.id} | {key.hash: key}


def _shown(key: ApiKey) -> dict[str, Any]:
    """What a deed says of a key: not the hash of its secret."""
    return {"id": key.id, "name": key.name, "disabled": key.disabled}
