"""Accounts and API keys in SQL, with a directory in memory: every call is checked, so a check may not cost a query.

What this node writes is in the directory at once; what other nodes write, a second later. A version is written once:
of two nodes that change one account at the same time, the second is told.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, NoReturn

import msgspec
import structlog
from sqlalchemy import Connection, Row, func, select

from router.archive import deeds, limits
from router.archive.database import Database, in_parts
from router.archive.schema import accounts, api_keys
from router.gateway import StoreError
from router.runtime.accounts import Account, AccountOvertaken, ApiKey, Grant
from router.runtime.acts import Act

log = structlog.stdlib.get_logger()

_LOCK: Final = "accounts"


class _News(NamedTuple):
    """What is otherwise in SQL than it was known: accounts (`stamp` tells whether there may be any), and all keys."""

    stamp: tuple[int, int]
    people: list[Account]
    keys: dict[str, ApiKey]


class SqlAccounts:
    """Implements `router.runtime.accounts.Accounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._accounts: dict[str, Account] = {}
        self._keys: dict[str, ApiKey] = {}
        self._stamp = (0, 0)
        self._told: list[Callable[[str], None]] = []
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Read the directory. Raises StoreError."""
        await self.catch_up()

    async def run(self) -> NoReturn:
        """Read again and again what others wrote, until cancelled. What was read counts while the data base is away."""
        while True:
            await asyncio.sleep(limits.ACCOUNTS_REREAD_S)
            try:
                await self.catch_up()
            except StoreError as error:
                log.warning("accounts_not_reread", reason=str(error))

    async def catch_up(self) -> None:
        """Read what others wrote. Raises StoreError."""
        async with self._turn:
            news = await self._database.ask(partial(_news, self._stamp, self._accounts))
            self._stamp, self._keys = news.stamp, news.keys
            for account in news.people:
                self._learn(account)

    def on_change(self, told: Callable[[str], None]) -> None:
        """See `Accounts`."""
        self._told.append(told)

    def _learn(self, account: Account) -> None:
        self._accounts[account.login] = account
        for told in self._told:
            told(account.login)

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

    async def put_account(self, account: Account, password_hash: str | None = None, *, act: Act | None) -> Account:
        """Add or change an account, and write down who did. Without `password_hash` the password stays what it is."""
        try:
            async with self._turn:
                written = await self._write(account, password_hash, act)
                self._learn(written)
        except AccountOvertaken:
            await self.catch_up()
            raise
        return written

    async def _write(self, account: Account, password_hash: str | None, act: Act | None) -> Account:
        written = msgspec.structs.replace(account, version=account.version + 1)
        row = msgspec.to_builtins(written)
        secret = {"password_hash": password_hash} if password_hash is not None else {}
        async with self._database.writing(alone=_LOCK) as connection:
            there = await connection.execute(select(accounts).where(accounts.c.login == account.login))
            before = next(map(_account, there), None)
            if account.version != (before.version if before is not None else 0):
                raise AccountOvertaken(account.login)
            await self._database.upsert(connection, accounts, [row | secret])
            if act is not None:
                was = msgspec.to_builtins(before) if before is not None else None
                await deeds.record(connection, act, "account", account.login, before=was, after=row)
        return written

    async def put_key(self, key: ApiKey, *, act: Act) -> None:
        """Add or change a key, and write down who did. Another hash under the same id is another secret: the old one
        is void."""
        async with self._turn, self._database.writing(alone=_LOCK) as connection:
            there = await connection.execute(select(api_keys).where(api_keys.c.id == key.id))
            before = next((_shown(_key(row)) for row in there), None)
            await self._database.upsert(connection, api_keys, [msgspec.to_builtins(key)])
            await deeds.record(connection, act, "key", key.id, before=before, after=_shown(key))
        self._keys = {one.hash: one for one in self._keys.values() if one.id != key.id} | {key.hash: key}


def _news(stamp: tuple[int, int], known: Mapping[str, Account], sql: Connection) -> _News:
    """No account is deleted, and each write raises a version: while number and sum stay, nothing has happened."""
    keys = {row.hash: _key(row) for row in sql.execute(select(api_keys))}
    count, versions = sql.execute(select(func.count(), func.coalesce(func.sum(accounts.c.version), 0))).one()
    now = (int(count), int(versions))
    if now == stamp:
        return _News(now, [], keys)
    new = [
        row.login
        for row in sql.execute(select(accounts.c.login, accounts.c.version))
        if row.login not in known or known[row.login].version != row.version
    ]
    rows = (row for part in in_parts(new) for row in sql.execute(select(accounts).where(accounts.c.login.in_(part))))
    return _News(now, [_account(row) for row in rows], keys)


def _account(row: Row[Any]) -> Account:
    return Account(
        login=row.login,
        agent=row.agent,
        grants=msgspec.convert(row.grants, tuple[Grant, ...]),
        disabled=row.disabled,
        version=row.version,
        must_change=row.must_change,
    )


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(id=row.id, name=row.name, hash=row.hash, disabled=row.disabled)


def _shown(key: ApiKey) -> dict[str, Any]:
    """What a deed says of a key: not the hash of its secret."""
    return {"id": key.id, "name": key.name, "disabled": key.disabled}
