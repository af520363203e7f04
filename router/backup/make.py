"""Makes a backup: the instant is cut, written down aside, proved there, and only then becomes a file.

Proved means what a restore would need: the private server starts on the copied files, the log goes on from where
history ends without a hole, and the records are what the events lead to.
"""

import asyncio
import re
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
from sqlalchemy import make_url

from router.archive.database import Database
from router.archive.errors import OtherHistory
from router.archive.migrate import upgrade
from router.archive.proof import prove
from router.backup import limits
from router.backup.bundle import BESIDE, BLOB, BLOBS, CENTRE, NODE, SECRET, SETTINGS, Facts, pack, takes
from router.backup.cut import DATABASE, LOGS, Told, check_room, cut, room_for, stage
from router.backup.errors import BackupError, Damaged
from router.runtime.embedded import Embedded
from router.runtime.errors import ServerFailed
from router.runtime.redis_store import RedisStore, connect
from router.runtime.system import SystemClock
from router.settings import Settings, prepare
from router.wire import codec

_NAMED: Final = re.compile(r"""["']file:(/[^"']+)["']""")
"""A file that stands in the settings instead of its content."""

Steps: TypeAlias = Callable[[str], Told]
"""Is told what is done now, and gives whom to tell how far it is."""


def make(settings: Settings, to: Path, steps: Steps, *, config: Path) -> Facts:
    """Back the node of these settings up into the new file `to`. `config` is their file, whether it is there or not.

    It runs an event loop of its own. Raises BackupError, StartError and OSError; then there is no file.
    """
    _check(settings, to)
    beside = _beside(settings, config)
    with tempfile.TemporaryDirectory(prefix=".firstline-", dir=to.absolute().parent) as aside:
        copy = Path(aside)
        _write_down(settings.data_dir, copy, steps)
        _note(settings, copy, config, beside)
        facts = asyncio.run(_proved(settings, copy, config.absolute().parent, steps("proving")))
        pack(to, facts, [*_staged(copy), *_blobs(settings)], steps("writing"))
    return facts


def _write_down(folder: Path, copy: Path, steps: Steps) -> None:
    try:
        with cut(folder) as instant:
            check_room(copy, 2 * room_for(instant))
            stage(instant, copy, steps("copying"))
    except sqlite3.Error as error:
        raise BackupError(f"the history in {folder} cannot be read: {error}") from error


def _check(settings: Settings, to: Path) -> None:
    folder = settings.data_dir
    if settings.redis_url or _file_of(settings.database_url) != folder / DATABASE:
        raise BackupError(
            "a Redis or a data base of yours (redis_url, database_url) is backed up by its own means, the data base "
            "first; this command is for a node that has everything in its data folder"
        )
    if not (folder / DATABASE).exists() or not (folder / LOGS).exists():
        raise BackupError(f"there is nothing to back up in {folder}: has a server ever run on it?")
    if to.exists():
        raise BackupError(f"the file {to} exists: name a new one, or remove it first")


def _file_of(database_url: str) -> Path | None:
    url = make_url(database_url)
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


def _beside(settings: Settings, config: Path) -> list[Path]:
    """The files beside the settings that belong to them: what they name (but the secret, which every backup has) and
    the centre. Raises BackupError for one that could not be restored under its name."""
    if not config.exists():
        return []
    folder, secret = config.absolute().parent, prepare(settings).secret
    named = (folder / CENTRE, *map(Path, _NAMED.findall(config.read_text(encoding="utf-8"))))
    found = [path for path in dict.fromkeys(named) if path.parent == folder and path.is_file()]
    kept = [path for path in found if path.name != SECRET or path.read_text(encoding="utf-8").strip() != secret]
    for path in kept:
        if not takes(f"{BESIDE}/{path.name}"):
            raise BackupError(
                f"{path} cannot be restored under its name: give it one of letters, digits, dots and dashes that no "
                "part of a data folder has, and name that in the settings"
            )
    return kept


def _note(settings: Settings, copy: Path, config: Path, beside: list[Path]) -> None:
    """Add the small files: the secret wherever it is kept, the node's name, the settings and what lies beside them."""
    (copy / SECRET).write_text(prepare(settings).secret + "\n", encoding="ascii")
    (copy / NODE).write_bytes((settings.data_dir / NODE).read_bytes())
    if config.exists():
        (copy / SETTINGS).write_bytes(config.read_bytes())
        (copy / BESIDE).mkdir()
        for path in beside:
            (copy / BESIDE / path.name).write_bytes(path.read_bytes())


async def _proved(settings: Settings, copy: Path, beside: Path, told: Told) -> Facts:
    """What the copy is of. Raises Damaged when it could not be gone on from."""
    try:
        async with opened(copy, settings.domain, settings.redis_binary) as (store, database):
            proof = await prove(database, store, from_snapshot=True, told=told)
    except (ServerFailed, OtherHistory, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Damaged(
            f"what is in {settings.data_dir} does not hold together, and no server could go on from a copy of it "
            f"({error}). Stop the server, keep the whole folder as it is, and restore an earlier backup elsewhere"
        ) from error
    return Facts(
        format=limits.FORMAT,
        firstline=version("firstline"),
        shape=codec.SHAPE,
        made_at_ms=SystemClock().now_ms(),
        domain=settings.domain,
        beside=str(beside),
        position=proof.place.position,
        digest=proof.place.digest,
        archived=proof.archived,
    )


@asynccontextmanager
async def opened(copy: Path, domain: str, redis_binary: str) -> AsyncIterator[tuple[RedisStore, Database]]:
    """Log and history of a data folder that is a copy, at the shape and schema of this version."""
    url = f"sqlite:///{copy / DATABASE}"
    await upgrade(url)
    server = Embedded(copy / "redis", redis_binary)
    await server.start()
    store, database = connect(server.url, domain), await Database.open(url)
    try:
        await store.open()
        yield store, database
    finally:
        await database.close()
        await store.close()
        await server.stop()


def _staged(copy: Path) -> Iterator[tuple[str, Path]]:
    within = [f"{folder}/{path.name}" for folder in (BESIDE, LOGS) for path in sorted((copy / folder).glob("*"))]
    return ((name, copy / name) for name in (SECRET, NODE, SETTINGS, DATABASE, *within) if (copy / name).exists())


def _blobs(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Blobs in the data folder. Listed after the cut: whatever it names is there, and never changes."""
    root = settings.data_dir / BLOBS
    for path in sorted(root.glob("*/*")):
        name = path.relative_to(root).as_posix()
        if BLOB.fullmatch(name):
            yield f"{BLOBS}/{name}", path
