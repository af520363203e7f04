"""Proves a file that holds a log: a backup, or the data base of an archive by itself.

A backup is unpacked aside, and a private server is started on its copy of the append-only files: what was not archived
yet and the live records are in there. The file itself stays as it is.
"""

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from router.archive.database import Database
from router.archive.proof import Proof, prove
from router.backup.bundle import unpack
from router.backup.errors import BackupError, Damaged
from router.backup.make import opened
from router.backup.told import Steps
from router.runtime.errors import ServerFailed

_SQLITE: Final = b"SQLite format 3\0"
"""How the files of SQLite begin (sqlite.org/fileformat2.html, 1.3)."""

_Proving: TypeAlias = Callable[..., Coroutine[Any, Any, Proof]]


def prove_file(
    file: Path, at: int | None, steps: Steps, *, from_snapshot: bool = False, redis_binary: str = ""
) -> Proof:
    """Fold the log in `file` and compare what there is to compare; see `archive.proof`.

    It runs an event loop of its own. Raises OtherHistory where something differs; Damaged and BackupError for a file
    that cannot be read; OSError.
    """
    proving = partial(prove, at=at, from_snapshot=from_snapshot)
    if _is_archive(file):
        return asyncio.run(_of_archive(file, partial(proving, told=steps("folding"))))
    room = file.absolute().parent
    with tempfile.TemporaryDirectory(prefix=".firstline-", dir=room if os.access(room, os.W_OK) else None) as aside:
        facts = unpack(file, Path(aside), steps("reading"))
        try:
            copy = _of_copy(Path(aside), facts.domain, redis_binary, partial(proving, told=steps("folding")))
            return asyncio.run(copy)
        except ServerFailed as error:
            raise Damaged(f"no server can go on from what {file} holds ({error}). Take another backup") from error


async def _of_archive(file: Path, proving: _Proving) -> Proof:
    database = await Database.open(f"sqlite:///{file}", read_only=True)
    try:
        return await proving(database)
    finally:
        await asyncio.shield(database.close())


async def _of_copy(folder: Path, domain: str, redis_binary: str, proving: _Proving) -> Proof:
    async with opened(folder, domain, redis_binary) as copy:
        return await proving(copy.database, copy.store)


def _is_archive(file: Path) -> bool:
    """Whether it is a data base, and then one of ours. Raises BackupError for another's."""
    with file.open("rb") as content:
        if content.read(len(_SQLITE)) != _SQLITE:
            return False
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as database:
        try:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except sqlite3.DatabaseError as error:
            raise Damaged(f"{file} cannot be read: {error}") from error
    if not {"entries", "snapshots", "archive_position"} <= tables:
        raise BackupError(f"{file} is a data base, but no archive of Firstline")
    return True
