"""Moving an installation from SQLite to PostgreSQL: every row of every table, while the server runs, without loss.

`move` makes the target equal to the source. While anything has the source open it copies one consistent view of it and
leaves the target marked unfinished, so that no server starts there. Called again when nothing has the source open, it
takes the source for itself, copies what has changed since, compares every table, marks the source as moved, and only
then the target as complete: at no instant would a server start on both. It may be interrupted anywhere and called
again.

Rows are told apart by primary key and compared by their bytes: new and changed ones are written, those that are gone
are deleted, whatever the table means. The archive's position moves with them, and the store (Redis) is trimmed only
behind that of the data base in use, so the log goes on from where the copy ends.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Column, Connection, Engine, String, Table, delete, func, inspect, select, text, tuple_
from sqlalchemy import insert as add
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import ProgrammingError

from router.archive import limits
from router.archive.database import as_store_errors, in_parts, plain_engine
from router.archive.errors import CopyDiffers, MoveRefused
from router.archive.migrate import MOVED, UNFINISHED, build, mark, newest, revision_in
from router.archive.rows import storable
from router.archive.schema import archive_position, entries, metadata

Tell: TypeAlias = Callable[[str, int, int], None]
"""Called now and then with what is being done, how many rows of it are, and how many there will be."""

_Row: TypeAlias = tuple[Any, ...]

_LOCK: Final = 0x66697273746C6D76
"""Key of the PostgreSQL advisory lock that a move into a data base holds ("firstlmv")."""

_encode = msgspec.msgpack.Encoder().encode


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a call of `move` did. `finished`: the target is complete and the source is closed; else call it again.

    `position` is the event up to which the target has everything, `rows` how many it has of everything; `written` and
    `deleted` are those that this call had to.
    """

    finished: bool
    position: int
    rows: int
    written: int
    deleted: int


class _Sum(NamedTuple):
    """What is compared of a table: the number of rows, and a digest of them all in the order of their keys."""

    rows: int
    digest: str


def move(source: str, target: str, tell: Tell = lambda what, done, total: None) -> Moved:
    """Make `target` (a postgresql: URL) equal to `source` (a sqlite: one), and finish if nobody else uses the source.

    Blocks. Raises MoveRefused, DatabaseUnusable, and StoreError when one of them is away.
    """
    with _engine(source) as here, _engine(target) as there, as_store_errors():
        _there(here)
        with here.connect() as old, there.connect() as new:
            alone = _alone(old)
            with old.execution_options(immediate=alone).begin():
                revision = _revision(old)
                with new.begin():
                    _prepare(old, new, revision)
                    copy = _Copy(old, new, tell)
                    copy.delete_gone()
                    copy.write_changed()
                    if alone:
                        copy.compare()
                    new.execute(text("ANALYZE"))  # until autovacuum does it, the planner takes full tables for empty
                if alone:
                    mark(old, revision + MOVED)
            if alone:
                with new.begin():
                    mark(new, revision)
    return copy.result(finished=alone)


def fetch(old: Connection, target: str, tell: Tell = lambda what, done, total: None) -> None:
    """Write all that `old` sees into a new SQLite file (`target` is its URL), which is then a data base like any other.

    `old` is in a transaction that sees one instant. Blocks. Raises MoveRefused for a schema that is not this version's,
    and StoreError.
    """
    if (found := revision_in(old)) != newest():
        raise MoveRefused(
            f"the data base is at revision {found or 'none'}, this version of Firstline is at {newest()}: use the "
            "version that its servers have"
        )
    total, done = sum(_count(old, table) for table in metadata.sorted_tables), 0
    with _engine(target) as there, as_store_errors(), there.connect() as new, _all_at_once(new):
        build(new)
        for table in metadata.sorted_tables:
            new.execute(delete(table))
            with _stream(old, table, list(table.columns)) as rows:
                for part in in_parts(rows, limits.MOVE_ROWS):
                    new.execute(add(table), [dict(zip(table.columns.keys(), row, strict=True)) for row in part])
                    done += len(part)
                    tell("copy", done, total)


@contextmanager
def _all_at_once(connection: Connection) -> Iterator[None]:
    with connection.execution_options(immediate=True).begin():
        yield


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = plain_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


# -- the source ---------------------------------------------------------------------------------------------


def _there(source: Engine) -> None:
    path = source.url.database
    if source.dialect.name != "sqlite" or not path or not Path(path).exists():
        raise MoveRefused(f"there is no history to move at {path}: name the SQLite file with --from sqlite:///PATH")


def _alone(old: Connection) -> bool:
    """Whether nobody else has the file open. It then has no write-ahead log any more, and is one file at rest.

    SQLite leaves the WAL mode only for the sole connection (sqlite.org/wal.html), and a server keeps several.
    """
    raw = old.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.execute("PRAGMA busy_timeout=0")
    try:
        (mode,) = raw.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError:
        mode = "locked"
    raw.execute(f"PRAGMA busy_timeout={limits.BUSY_TIMEOUT_MS}")
    return bool(mode == "delete")


def _revision(old: Connection) -> str:
    """The revision of both sides. Raises MoveRefused unless it is this version's; MoveRefused also for an empty one."""
    found, ours = revision_in(old), newest()
    if found.removesuffix(MOVED) != ours:
        raise MoveRefused(
            f"the data base to be moved is at revision {found or 'none'}, this version of Firstline is at {ours}: "
            "start a server of this version on it first, or run 'firstline migrate' without --to"
        )
    return ours


# -- the target ---------------------------------------------------------------------------------------------


def _prepare(old: Connection, new: Connection, revision: str) -> None:
    """Make the tables in an empty target, or see that it is what an earlier call left. Raises MoveRefused."""
    if not new.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        raise MoveRefused("another 'firstline migrate' is filling this data base: wait for it, or end it")
    encoding = new.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise MoveRefused(f"the new data base is in {encoding}: create one with ENCODING 'UTF8'")
    if not inspect(new).get_table_names():
        try:
            build(new)
        except ProgrammingError as error:
            said = str(error.orig).partition("\n")[0]
            raise MoveRefused(
                f"no tables can be made in the new data base ({said}): give its user the right"
            ) from error
        mark(new, revision + UNFINISHED)
        return
    if not inspect(new).has_table("alembic_version") or not revision_in(new).endswith(UNFINISHED):
        raise MoveRefused(
            "the new data base is not empty, and what it holds is no unfinished move: name an empty one. (If the move "
            "is finished already, set database_url to it)"
        )
    if revision_in(new) != revision + UNFINISHED or _first_digest(new) not in ("", _first_digest(old)):
        raise MoveRefused(
            "the new data base holds an unfinished move of another installation, or of another version of Firstline: "
            "drop it, create it again and begin anew"
        )


def _first_digest(connection: Connection) -> str:
    """What tells one history from another: the digest of its first entry; '' when it has none."""
    return connection.scalar(select(entries.c.digest).order_by(entries.c.last).limit(1)) or ""


# -- the rows -----------------------------------------------------------------------------------------------


class _Copy:
    """All tables, from one connection to the other, each inside one transaction."""

    def __init__(self, old: Connection, new: Connection, tell: Tell) -> None:
        self._old = old
        self._new = new
        self._tell = tell
        self._tables = metadata.sorted_tables
        self._total = sum(_count(old, table) for table in self._tables)
        self._position = old.scalar(select(archive_position.c.position)) or 0
        self._sums: dict[str, _Sum] = {}
        self._written = self._deleted = self._done = 0

    def delete_gone(self) -> None:
        """Delete what the source does not have any more: rows that others refer to last."""
        for table in reversed(self._tables):
            if not _count(self._new, table):
                continue
            key = list(table.primary_key)
            with _stream(self._new, table, key) as theirs, _stream(self._old, table, key) as ours:
                for part in in_parts(_not_in(theirs, ours)):
                    self._new.execute(delete(table).where(tuple_(*key).in_(part)))
                    self._deleted += len(part)

    def write_changed(self) -> None:
        """Write what the target does not have yet, or has otherwise: rows that others refer to first."""
        self._done = 0
        for table in self._tables:
            columns = list(table.columns)
            upsert = insert(table)
            changes = {column.name: upsert.excluded[column.name] for column in columns if not column.primary_key}
            upsert = upsert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)
            with _stream(self._new, table, columns) as theirs, _stream(self._old, table, columns) as ours:
                for part in in_parts(self._changed(table, ours, theirs), limits.MOVE_ROWS):
                    self._new.execute(upsert, [dict(zip(table.columns.keys(), row, strict=True)) for row in part])
                    self._written += len(part)
            _go_on_counting(self._new, table)

    def compare(self) -> None:
        """Read the target again, as it lies there. Raises CopyDiffers unless every table equals that of the source."""
        self._done = 0
        for table in self._tables:
            summed = _Summing()
            with _stream(self._new, table, list(table.columns)) as theirs:
                for row in theirs:
                    summed.add(_encode(row))
                    self._step("compare")
            if summed.sum() != self._sums[table.name]:
                raise CopyDiffers(table.name)

    def result(self, *, finished: bool) -> Moved:
        """What was done."""
        return Moved(
            finished=finished,
            position=self._position,
            rows=sum(summed.rows for summed in self._sums.values()),
            written=self._written,
            deleted=self._deleted,
        )

    def _changed(self, table: Table, ours: Iterator[_Row], theirs: Iterator[_Row]) -> Iterator[_Row]:
        """Our rows that are not on their side as they are. All of them are counted and summed."""
        places = [index for index, column in enumerate(table.columns) if column.primary_key]
        summed, their = _Summing(), next(theirs, None)
        for row in ours:
            data = _encode(row)
            summed.add(data)
            self._step("copy")
            if their is not None and all(their[place] == row[place] for place in places):
                if _encode(their) != data:
                    yield row
                their = next(theirs, None)
            else:
                yield row
        self._sums[table.name] = summed.sum()

    def _step(self, what: str) -> None:
        self._done += 1
        if self._done % limits.MOVE_TELL_ROWS == 0 or self._done == self._total:
            self._tell(what, self._done, self._total)


class _Summing:
    """Adds up a table, row by row."""

    def __init__(self) -> None:
        self._rows = 0
        self._digest = hashlib.blake2b(digest_size=16)

    def add(self, row: bytes) -> None:
        """One more row. Msgpack tells where each value ends, so no two tables look alike."""
        self._rows += 1
        self._digest.update(row)

    def sum(self) -> _Sum:
        """So far."""
        return _Sum(self._rows, self._digest.hexdigest())


@contextmanager
def _stream(connection: Connection, table: Table, columns: Sequence[Column[Any]]) -> Iterator[Iterator[_Row]]:
    """The rows in the order of their primary key: the same on both sides, that of code points for texts.

    Texts come as PostgreSQL takes them: the archiver has written them so, but not everything is the archiver's.
    """
    order = [
        column.collate("C") if connection.dialect.name == "postgresql" and isinstance(column.type, String) else column
        for column in table.primary_key
    ]
    query = select(*columns).select_from(table).order_by(*order)
    with connection.execute(query, execution_options={"yield_per": limits.MOVE_ROWS}) as result:
        yield (tuple(storable(value) for value in row) for row in result)


def _not_in(some: Iterator[_Row], others: Iterator[_Row]) -> Iterator[_Row]:
    """Those of `some` that are not among `others`; both are in order."""
    other = next(others, None)
    for one in some:
        while other is not None and other < one:
            other = next(others, None)
        if other != one:
            yield one


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _go_on_counting(new: Connection, table: Table) -> None:
    """Let numbers that the data base gives out itself go on behind those that are taken."""
    column = table.autoincrement_column
    if column is not None:
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        new.execute(
            select(func.setval(sequence, select(func.coalesce(func.max(column), 0) + 1).scalar_subquery(), False))
        )
