"""Makes a backup: the instant is cut, written down aside, proved there, and only then becomes a file.

Wherever log and history were, in a data folder or in your Redis and PostgreSQL, in the backup they are the files of a
private server and of SQLite. Proved means what a restore would need: the server starts on these files, the log goes
on from where history ends without a hole, the records are what the events lead to, and nothing that belongs to them is
missing.
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from router.archive.database import Database
from router.archive.errors import OtherHistory
from router.archive.migrate import upgrade
from router.archive.proof import prove
from router.backup import complete, limits
from router.backup.blobs import taken
from router.backup.bundle import BESIDE, CENTRE, NODE, SECRET, SETTINGS, Facts, pack, takes
from router.backup.cut import LOGS, cut
from router.backup.errors import BackupError, Damaged
from router.backup.history import DATABASE, History, seen
from router.backup.told import Steps, Told
from router.runtime.carry import Carrier, reached
from router.runtime.embedded import Embedded
from router.runtime.errors import ServerFailed
from router.runtime.redis_store import RedisStore, connect
from router.runtime.system import SystemClock
from router.settings import Settings, prepare
from router.wire import codec

_NAMED: Final = re.compile(r"""["']file:(/[^"']+)["']""")
"""A file that stands in the settings instead of its content."""


def make(settings: Settings, to: Path, steps: Steps, *, config: Path) -> Facts:
    """Back up what the nodes of these settings know into the new file `to`. `config` is their file, there or not.

    It runs event loops of its own. Raises BackupError, StartError, StoreError and OSError; then there is no file.
    """
    _check(settings, to)
    secret = _secret(settings)
    beside = _beside(config, secret)
    with tempfile.TemporaryDirectory(prefix=".firstline-", dir=to.absolute().parent) as aside:
        copy = Path(aside)
        _write_down(settings, copy, steps)
        _note(settings, copy, config, secret, beside)
        facts = asyncio.run(_proved(settings, copy, config.absolute().parent, steps("proving")))
        pack(to, facts, [*_staged(copy), *taken(settings.blobs_url, copy)], steps("writing"))
    return facts


def _write_down(settings: Settings, copy: Path, steps: Steps) -> None:
    """Log and history of one instant, as a data folder would have them."""
    with ExitStack() as stack:
        history = stack.enter_context(seen(settings.database_url))
        if settings.redis_url:
            check_room(copy, 2 * history.bytes())
            asyncio.run(_carried(settings, copy, history, steps("copying")))
        else:
            log = cut(settings.data_dir, stack)
            history.let_go()
            check_room(copy, 2 * (history.bytes() + log.bytes()))
            log.write(copy, steps("copying"))
        history.write(copy / DATABASE, steps("copying"))


async def _carried(settings: Settings, copy: Path, history: History, told: Told) -> None:
    """Bring the log from your Redis into the files of a private server. Raises BackupError, StoreError, StartError."""
    server = Embedded(copy / "redis", settings.redis_binary, fsync="everysec")
    await server.start()
    try:
        async with (
            reached(settings.redis_url, settings.domain) as source,
            reached(server.url, settings.domain) as target,
        ):
            carrier = Carrier(source, target, settings.domain, told)
            if not await carrier.cut():
                raise BackupError(f"there is no domain {settings.domain} in that Redis: has a server ever run on it?")
            await asyncio.to_thread(history.let_go)
            await carrier.rest()
    finally:
        await server.stop()


def _check(settings: Settings, to: Path) -> None:
    if not settings.redis_url and not (settings.data_dir / LOGS).exists():
        raise BackupError(f"there is nothing to back up in {settings.data_dir}: has a server ever run on it?")
    if to.exists():
        raise BackupError(f"the file {to} exists: name a new one, or remove it first")


def check_room(folder: Path, bytes: int) -> None:
    """Raises BackupError when the disk of `folder` cannot take that many."""
    free = shutil.disk_usage(folder).free
    if free < bytes:
        raise BackupError(
            f"{folder} has {free >> 20} MiB free and {bytes >> 20} MiB are needed: make room, or write to another disk"
        )


def _secret(settings: Settings) -> str:
    """The secret that all nodes share. Raises BackupError where it is not known."""
    if not settings.secret and not (settings.data_dir / SECRET).exists():
        raise BackupError(
            f"the secret of the nodes is not here: name it in the settings (secret), or their data folder, not "
            f"{settings.data_dir}"
        )
    return prepare(settings).secret


def _beside(config: Path, secret: str) -> list[Path]:
    """The files beside the settings that belong to them: what they name (but the secret, which every backup has) and
    the centre. Raises BackupError for one that could not be restored under its name."""
    if not config.exists():
        return []
    folder = config.absolute().parent
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


def _note(settings: Settings, copy: Path, config: Path, secret: str, beside: list[Path]) -> None:
    """Add the small files: the secret wherever it is kept, the node's name, the settings and what lies beside them."""
    (copy / SECRET).write_text(secret + "\n", encoding="ascii")
    if (settings.data_dir / NODE).exists():
        (copy / NODE).write_bytes((settings.data_dir / NODE).read_bytes())
    if config.exists():
        (copy / SETTINGS).write_bytes(config.read_bytes())
        (copy / BESIDE).mkdir()
        for path in beside:
            (copy / BESIDE / path.name).write_bytes(path.read_bytes())


async def _proved(settings: Settings, copy: Path, beside: Path, told: Told) -> Facts:
    """What the copy is of. Raises Damaged when it could not be gone on from."""
    clock = SystemClock()
    try:
        async with opened(copy, settings.domain, settings.redis_binary) as there:
            proof = await prove(there.database, there.store, from_snapshot=True, told=told)
            async with reached(there.url, settings.domain) as redis:
                await complete.check(
                    there.store,
                    redis,
                    there.database,
                    domain=settings.domain,
                    archived=proof.archived,
                    now_ms=clock.now_ms(),
                )
    except (ServerFailed, OtherHistory, msgspec.DecodeError, UnicodeDecodeError) as error:
        where = f"of domain {settings.domain}" if settings.redis_url else f"in {settings.data_dir}"
        raise Damaged(
            f"what is {where} does not hold together, and no server could go on from a copy of it "
            f"({error}). Stop the servers, keep everything as it is, and restore an earlier backup elsewhere"
        ) from error
    return Facts(
        format=limits.FORMAT,
        firstline=version("firstline"),
        shape=codec.SHAPE,
        made_at_ms=clock.now_ms(),
        domain=settings.domain,
        beside=str(beside),
        position=proof.place.position,
        digest=proof.place.digest,
        archived=proof.archived,
    )


class Opened(NamedTuple):
    """Log and history that can be read, and the URL of the server that the log is in."""

    store: RedisStore
    database: Database
    url: str


@asynccontextmanager
async def opened(copy: Path, domain: str, redis_binary: str) -> AsyncIterator[Opened]:
    """Log and history of a data folder that is a copy, at the shape and schema of this version."""
    url = f"sqlite:///{copy / DATABASE}"
    await upgrade(url)
    server = Embedded(copy / "redis", redis_binary)
    await server.start()
    store, database = connect(server.url, domain), await Database.open(url)
    try:
        await store.open()
        yield Opened(store, database, server.url)
    finally:
        await database.close()
        await store.close()
        await server.stop()


def _staged(copy: Path) -> Iterator[tuple[str, Path]]:
    within = [f"{folder}/{path.name}" for folder in (BESIDE, LOGS) for path in sorted((copy / folder).glob("*"))]
    return ((name, copy / name) for name in (SECRET, NODE, SETTINGS, DATABASE, *within) if (copy / name).exists())
