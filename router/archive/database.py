"""The door to SQL: an async engine, any number of readers, one writer at a time.

SQLite (WAL, every commit synced, foreign keys on) by default, PostgreSQL by URL (needs the extra `postgresql`).
Nothing else in the archive knows which of the two it is.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from router.archive import limits, sqlite
from router.archive.errors import DatabaseUnusable, Refused
from router.gateway import StoreError, Unstorable

T = TypeVar("T")

_OURS: Final = (IntegrityError, ProgrammingError, NotSupportedError)
"""What SQL raises for a defect of ours; anything else it raises means that it is away, busy or full."""

_REFUSED: Final = re.compile(
    r"authentication failed|no password supplied|no pg_hba.conf entry|FATAL: .* does not exist"
)
"""What PostgreSQL says to who comes with a wrong name or password. Its driver tells no code before it is let in."""

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
"""Scheme of the URL -> dialect and driver. psycopg is both: async for the server, plain for a thread."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={limits.BUSY_TIMEOUT_MS}",
)
_PRAGMAS_READ_ONLY: Final = ("PRAGMA query_only=ON", f"PRAGMA busy_timeout={limits.BUSY_TIMEOUT_MS}")


class Database:
    """Connections to one data base. Make it with `open`."""

    def __init__(self, engine: AsyncEngine, plain: Engine) -> None:
        self._engine = engine
        self._plain = plain
        self._asked: Connection | None = None
        self._asking = ThreadPoolExecutor(1, "archive-asking")
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, *, read_only: bool = False) -> "Database":
        """The data base at a `sqlite:` or `postgresql:` URL. Nothing is connected yet. Raises DatabaseUnusable.

        `read_only`: a SQLite file is left as it is, also if it is no server's. In a thread, because a driver is loaded
        from disk.
        """
        return await asyncio.to_thread(
            lambda: cls(_engine(url, read_only=read_only), plain_engine(url, read_only=read_only))
        )

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """The answer to one short read, over a connection of its own in a thread of its own.

        For what intake asks about every contact: a tenth of the CPU that `reading` takes for one row (measured).
        Raises StoreError when the data base is away, or frozen: then the thread stays behind and all who ask are told.
        """
        with as_store_errors():
            async with asyncio.timeout(limits.ASK_S_MAX):
                return await asyncio.get_running_loop().run_in_executor(self._asking, self._answer, question)

    def _answer(self, question: Callable[[Connection], T]) -> T:
        if self._asked is None or self._asked.invalidated:
            self._hang_up()
            self._asked = self._plain.connect()
        with self._asked.begin():
            return question(self._asked)

    def _hang_up(self) -> None:
        if self._asked is not None:
            self._asked.close()
        self._asked = None
        self._plain.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view, for reads only. Raises StoreError when the data base is away."""
        with as_store_errors():
            async with self._engine.connect() as connection:
                if not self._is_sqlite:
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                yield connection

    @asynccontextmanager
    async def writing(self, *, alone: str = "") -> AsyncIterator[AsyncConnection]:
        """One transaction of the one writer: committed at the end, or nothing of it is there. `alone`: see `alone`.

        Raises StoreError when the data base is away; if that happens at the very end, it may be there all the same.
        """
        with as_store_errors():
            async with self._writing, self._engine.connect() as connection:
                await connection.execution_options(immediate=True)
                async with connection.begin():
                    if alone:
                        await self.alone(connection, alone)
                    yield connection

    async def alone(self, connection: AsyncConnection, name: str) -> None:
        """From here to the end of the transaction no other one, on any node, is past the same `name`.

        What is read then stays true until it is written. In SQLite every writer is alone anyway.
        """
        if not self._is_sqlite:
            key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
            await connection.execute(select(func.pg_advisory_xact_lock(key)))

    async def upsert(self, connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows of equal columns, or replace those that are there under the same primary key."""
        insert = (sqlite_insert if self._is_sqlite else postgresql_insert)(table)
        keys = [column.name for column in table.primary_key]
        changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
        await connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), rows)

    async def add(self, connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert those of the rows (of equal columns) whose primary key is not there yet."""
        if rows:
            insert = (sqlite_insert if self._is_sqlite else postgresql_insert)(table)
            await connection.execute(insert.on_conflict_do_nothing(), rows)

    async def close(self) -> None:
        """Give all connections back."""
        await asyncio.get_running_loop().run_in_executor(self._asking, self._hang_up)
        self._asking.shutdown(wait=False)
        await self._engine.dispose()

    @property
    def _is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"


@contextmanager
def as_store_errors() -> Iterator[None]:
    """What is theirs becomes a StoreError, to be tried again; a caller's value that does not fit, Unstorable; what is
    ours stays what it is."""
    try:
        yield
    except _OURS:
        raise
    except DataError as error:
        raise Unstorable(str(error.orig).partition("\n")[0]) from error
    except (DBAPIError, PoolTimeout, OSError) as error:
        said = str(getattr(error, "orig", error)).partition("\n")[0] or type(error).__name__
        if _REFUSED.search(said):
            raise Refused(f"the data base lets nobody in: {said}") from error
        raise StoreError(f"the data base does not answer: {said}") from error


def _async_url(url: str) -> URL:
    """The URL with the async driver that we use for its kind of data base."""
    parsed = make_url(url)
    if parsed.drivername not in _DRIVERS:
        raise ArgumentError(f"{parsed.drivername} is not one of {', '.join(_DRIVERS)}")
    return parsed.set(drivername=_DRIVERS[parsed.drivername])


def _link(url: URL) -> dict[str, Any]:
    """How long the link to a data base may be silent; SQLite has none, but a connection of ours."""
    if url.drivername == _DRIVERS["sqlite"]:
        return {"async_creator_fn": sqlite.connection}
    if url.get_backend_name() != "postgresql":
        return {}
    return {"connect_timeout": limits.CONNECT_S_MAX, "tcp_user_timeout": limits.SILENT_MS_MAX}


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except (ArgumentError, ModuleNotFoundError) as error:
        raise DatabaseUnusable(str(error)) from error


def _engine(url: str, *, read_only: bool) -> AsyncEngine:
    with _usable():
        parsed = _async_url(url)
        pool: dict[str, Any] = {"pool_size": limits.READERS_MAX, "max_overflow": 0, "pool_pre_ping": True}
        engine = create_async_engine(parsed, hide_parameters=True, connect_args=_link(parsed), **pool)
    _as_promised(engine.sync_engine, _PRAGMAS_READ_ONLY if read_only else _PRAGMAS)
    if engine.dialect.name == "postgresql":
        event.listen(engine.sync_engine, "connect", _let_go)
    return engine


def plain_engine(url: str, *, read_only: bool = False) -> Engine:
    """An engine without asyncio, for use in a thread; `read_only` as of `Database.open`. Raises DatabaseUnusable."""
    with _usable():
        parsed = _async_url(url)
        plain = parsed.set(drivername=parsed.drivername.replace("+aiosqlite", "+pysqlite"))
        made = create_engine(plain, hide_parameters=True, connect_args=_link(plain))
    return _as_promised(made, _PRAGMAS_READ_ONLY if read_only else _PRAGMAS)


def _as_promised(engine: Engine, pragmas: Sequence[str]) -> Engine:
    """The engine, with SQLite connections that keep what we promise: synced, checked, and BEGIN is ours."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_configure, pragmas))
        event.listen(engine, "begin", _begin)
    return engine


def _let_go(connection: Any, _record: Any) -> None:
    """PostgreSQL ends a transaction that stands still, as that of a node that is frozen or cut off: its locks would
    hold up the others."""
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {limits.TRANSACTION_IDLE_MS}")
    cursor.close()
    connection.commit()


def _configure(pragmas: Sequence[str], connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    """A writer takes the lock at once: a reader that turns writer would fail instead of waiting."""
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def in_parts(values: Iterable[T], size: int = limits.SQL_NAMES_MAX) -> Iterator[list[T]]:
    """The values in lists that one statement can take."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part
