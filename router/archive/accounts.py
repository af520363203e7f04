"""Accounts and API keys in SQL, with a directory in memory: every call is checked, so a check may not cost a query."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from router.archive.database import Database
from router.archive.schema import accounts, api_keys
from router.runtime.accounts import Account, ApiKey, Grant


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

    async def put_account(self, account: Account, password_hash: str | None = None) -> None:
        """Add or change an account. Without `password_hash` the password stays what it is."""
        row = msgspec.to_builtins(account)
        if password_hash is not None:
            row["password_hash"] = password_hash
        async with self._database.writing() as connection:
            await self._database.upsert(connection, accounts, [row])
        self._accounts[account.login] = account

    async def put_key(self, key: ApiKey) -> None:
        """Add or change a key. Another hash under the same id is another secret: the old one is void."""
        async with self._database.writing() as connection:
            await self._database.upsert(connection, api_keys, [msgspec.to_builtins(key)])
        self._keys = {known.hash: known for known in self._keys.values() if known.id != key.id} | {key.hash: key}
