"""One instant of a data folder, held while the node on it works on.

What a node knows lies in the append-only files of its private server and in SQL, and the archive moves it from the one
to the other. It cannot while SQL is locked, and in that moment (milliseconds) the cut is made: of SQL by a read
transaction, which sees that instant for as long as it is open; of the append-only files by opening them and noting how
long they are. So it is what a power cut would have left just then, which every start can go on from.
The node is asked nothing and notices nothing; it may also stand still, start or die meanwhile.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeAlias

from router.backup import limits
from router.backup.errors import BackupError, Damaged

DATABASE: Final = "archive.db"
LOGS: Final = "redis/appendonlydir"
_MANIFEST: Final = "appendonly.aof.manifest"
_LISTED: Final = re.compile(r"^file (\S+) seq \d+ type [bi]\b", re.MULTILINE)
"""A line of the manifest about a base or an increment; what has type h is on its way out."""

Told: TypeAlias = Callable[[int, int], None]
"""Is told how many bytes of how many are done."""


class Log(NamedTuple):
    """One append-only file, of which the first `bytes` count."""

    name: str
    file: BinaryIO
    bytes: int


class Cut(NamedTuple):
    """The instant: a connection that sees SQL as it was, and the append-only files as long as they were."""

    database: sqlite3.Connection
    manifest: bytes
    logs: list[Log]


@contextmanager
def cut(folder: Path) -> Iterator[Cut]:
    """The instant of this call in the data folder `folder`. Raises BackupError, sqlite3.Error, OSError."""
    with ExitStack() as stack:
        reading = stack.enter_context(closing(_connected(folder / DATABASE)))
        with closing(_connected(folder / DATABASE)) as locking:
            locking.execute("BEGIN IMMEDIATE")
            reading.execute("BEGIN")
            reading.execute("SELECT position FROM archive_position").fetchone()
            manifest, logs = _logs(folder / LOGS, stack)
        yield Cut(reading, manifest, logs)


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=limits.LOCK_WAIT_S)


def _logs(folder: Path, stack: ExitStack) -> tuple[bytes, list[Log]]:
    """The files that the manifest names, open: they stay readable when the server replaces them by others."""
    for _ in range(limits.CUT_TRIES_MAX):
        manifest = (folder / _MANIFEST).read_bytes()
        names = _LISTED.findall(manifest.decode())
        try:
            files = [stack.enter_context((folder / name).open("rb")) for name in names]
        except FileNotFoundError:
            continue
        if (folder / _MANIFEST).read_bytes() == manifest:
            sizes = [os.fstat(file.fileno()).st_size for file in files]
            return manifest, [Log(*each) for each in zip(names, files, sizes, strict=True)]
    raise BackupError(f"the files in {folder} were replaced again and again: try once more")


def stage(instant: Cut, into: Path, told: Told) -> None:
    """Write the instant down as a data folder of its own."""
    _copy_database(instant.database, into / DATABASE, told)
    logs = into / LOGS
    logs.mkdir(mode=0o700, parents=True)
    (logs / _MANIFEST).write_bytes(instant.manifest)
    total, done = sum(log.bytes for log in instant.logs), 0
    for log in instant.logs:
        left = log.bytes
        with (logs / log.name).open("wb") as copy:
            while left and (part := log.file.read(min(left, limits.CHUNK_BYTES))):
                copy.write(part)
                left -= len(part)
                done += len(part)
                told(done, total)


def _copy_database(database: sqlite3.Connection, to: Path, told: Told) -> None:
    [page] = database.execute("PRAGMA page_size").fetchone()
    with closing(sqlite3.connect(to)) as copy:
        database.backup(copy, pages=limits.PAGES, progress=lambda _, left, all: told((all - left) * page, all * page))
        [verdict] = copy.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise Damaged(f"history is damaged, and was not backed up: {verdict}")


def room_for(instant: Cut) -> int:
    """How many bytes the instant takes when it is written down."""
    [pages] = instant.database.execute("PRAGMA page_count").fetchone()
    [page] = instant.database.execute("PRAGMA page_size").fetchone()
    return int(pages * page) + sum(log.bytes for log in instant.logs)


def check_room(folder: Path, bytes: int) -> None:
    """Raises BackupError when the disk of `folder` cannot take that many."""
    free = shutil.disk_usage(folder).free
    if free < bytes:
        raise BackupError(
            f"{folder} has {free >> 20} MiB free and {bytes >> 20} MiB are needed: make room, or write to another disk"
        )
