"""Proves a file that holds a log: a backup, or the data base of an archive by itself.

A backup is unpacked aside, and a private server is started on its copy of the append-only files: what was not archived
yet and the live records are in there. The file itself stays as it is.
"""

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from router.archive.database import Database
from router.archive.proof import Proof, prove
from router.backup.bundle import unpack
from router.backup.errors import BackupError, Damaged
from router.backup.make import opened
from router.backup.told import Steps
from router.runtime.errors import ServerFailed
from router.runtime.store import Store

_SQLITE: Final = b"SQLite format 3\0"
"""How the files of SQLite begin (sqlite.org/fileformat2.html, 1.3)."""


async def prove_file(
    file: Path, at: int | None, steps: Steps, *, from_snapshot: bool = False, redis_binary: str = ""
) -> Proof:
    """Fold the log in `file` (an absolute path) and compare what there is to compare; see `archive.proof`.

    Raises OtherHistory where something differs; Damaged and BackupError for a file that cannot be read; OSError.
    """
    async with _log_in(file, steps, redis_binary) as (database, store):
        return await prove(database, store, at, from_snapshot=from_snapshot, told=steps("folding"))


@asynccontextmanager
async def _log_in(file: Path, steps: Steps, redis_binary: str) -> AsyncIterator[tuple[Database, Store | None]]:
    if await asyncio.to_thread(_is_archive, file):
        database = await Database.open(f"sqlite:///{file}", read_only=True)
        try:
            yield database, None
        finally:
            await asyncio.shield(database.close())
        return
    room = file.parent if os.access(file.parent, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=".firstline-", dir=room) as aside:
        facts = await asyncio.to_thread(unpack, file, Path(aside), steps("reading"))
        try:
            async with opened(Path(aside), facts.domain, redis_binary) as copy:
                yield copy.database, copy.store
        except ServerFailed as error:
            raise Damaged(f"no server can go on from what {file} holds ({error}). Take another backup") from error


def _is_archive(file: Path) -> bool:
    """Whether it is a data base, and then one of ours. Raises BackupError for another's."""
    with file.open("rb") as content:
        if content.read(len(_SQLITE)) != _SQLITE:
            return False
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as database:
        try:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except sqlite3.DatabaseError as error:
            raise Damaged(f"{file} cannot be read: {error}") from error
    if not {"entries", "snapshots", "archive_position"} <= tables:
        raise BackupError(f"{file} is a data base, but no archive of Firstline")
    return True
