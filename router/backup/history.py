"""History at one instant, from SQLite or PostgreSQL, held while the nodes on it work on.

The archive moves what a node knows from the log to history. While this holds it, it moves nothing: that is the moment
to take the log, whose end then follows from what is seen here. Afterwards the archive goes on, and what is seen here
stays as it was for as long as it is open.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, make_url, select, text

from router.archive.database import as_store_errors, plain_engine
from router.archive.errors import MoveRefused
from router.archive.migrate import revision_of
from router.archive.schema import archive_position
from router.archive.transfer import fetch
from router.backup import limits
from router.backup.errors import BackupError, Damaged
from router.backup.told import Told

DATABASE: Final = "archive.db"
"""The file that history is in a backup, wherever it was before."""


class History(Protocol):
    """What is seen of history."""

    def let_go(self) -> None:
        """Let the archive go on."""
        ...

    def bytes(self) -> int:
        """About how many bytes it takes when it is written down."""
        ...

    def write(self, to: Path, told: Told) -> None:
        """Write it down as a SQLite file. Raises Damaged and BackupError."""
        ...


def file_of(database_url: str) -> Path | None:
    """The file of a SQLite data base; None for any other."""
    url = make_url(database_url)
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


@contextmanager
def seen(database_url: str) -> Iterator[History]:
    """History at the instant of this call, with the archive held until `let_go`. Raises BackupError, StoreError."""
    with ExitStack() as stack:
        file = file_of(database_url)
        yield _in_file(file, stack) if file is not None else _in_server(database_url, stack)


# -- SQLite -------------------------------------------------------------------------------------------------


class _InFile:
    def __init__(self, reading: sqlite3.Connection, holding: sqlite3.Connection) -> None:
        self._reading = reading
        self._holding = holding

    def let_go(self) -> None:
        self._holding.close()

    def bytes(self) -> int:
        [pages] = self._reading.execute("PRAGMA page_count").fetchone()
        [page] = self._reading.execute("PRAGMA page_size").fetchone()
        return int(pages * page)

    def write(self, to: Path, told: Told) -> None:
        [page] = self._reading.execute("PRAGMA page_size").fetchone()
        with _readable(), closing(sqlite3.connect(to)) as copy:
            self._reading.backup(
                copy, pages=limits.PAGES, progress=lambda _, left, all: told((all - left) * page, all * page)
            )
            [verdict] = copy.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise Damaged(f"history is damaged, and was not backed up: {verdict}")


def _in_file(file: Path, stack: ExitStack) -> History:
    if not file.exists():
        raise BackupError(f"there is nothing to back up in {file.parent}: has a server ever run on it?")
    with _readable():
        reading, holding = (stack.enter_context(closing(_connected(file))) for _ in range(2))
        holding.execute("BEGIN IMMEDIATE")
        reading.execute("BEGIN")
        reading.execute("SELECT position FROM archive_position").fetchone()
    return _InFile(reading, holding)


def _connected(path: Path) -> sqlite3.Connection:
    """A connection that may be used from any thread, by one at a time."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=limits.LOCK_WAIT_S, check_same_thread=False)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"history cannot be read: {error}") from error


# -- PostgreSQL ---------------------------------------------------------------------------------------------


class _InServer:
    def __init__(self, reading: Connection, holding: Connection) -> None:
        self._reading = reading
        self._holding = holding

    def let_go(self) -> None:
        self._holding.close()

    def bytes(self) -> int:
        with as_store_errors():
            return int(self._reading.scalar(text("SELECT pg_database_size(current_database())")) or 0)

    def write(self, to: Path, told: Told) -> None:
        try:
            with as_store_errors():
                fetch(self._reading, f"sqlite:///{to}", lambda what, done, total: told(done, total))
        except MoveRefused as error:
            raise BackupError(str(error)) from error


def _in_server(url: str, stack: ExitStack) -> History:
    """The row that the archive locks for each of its transactions is locked here, so that it waits."""
    if not revision_of(url):
        raise BackupError("there is nothing to back up in the data base: has a server ever run on it?")
    engine = plain_engine(url)
    stack.callback(engine.dispose)
    with as_store_errors():
        holding, reading = stack.enter_context(engine.connect()), stack.enter_context(engine.connect())
        holding.execute(text(f"SET LOCAL lock_timeout = {int(1_000 * limits.LOCK_WAIT_S)}"))
        holding.execute(select(archive_position.c.position).with_for_update())
        reading = reading.execution_options(isolation_level="REPEATABLE READ")
        reading.execute(select(archive_position.c.position))
    return _InServer(reading, holding)
