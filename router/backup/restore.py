"""Restores a backup into an empty folder, and where the settings name them, into a Redis and a data base of yours.

Nothing appears anywhere before all of it has been checked. What the old nodes did after the backup is not known here.
They may have sent the mails that were waiting: so each of them ends *unknown*, and is sent again only when a person
says so. A node without faces decides that aside, as commands in its log, before anything can be served.
"""

import asyncio
import json
import os
import re
import shutil
from pathlib import Path
from typing import Final, NamedTuple

from channels.email.threads import sent_key
from router.archive.errors import MoveRefused
from router.archive.migrate import revision_of
from router.archive.transfer import move
from router.backup import limits
from router.backup.blobs import given
from router.backup.bundle import ASIDE, BESIDE, BLOBS, NODE, SECRET, SETTINGS, Facts, unpack
from router.backup.errors import BackupError
from router.backup.history import DATABASE, file_of
from router.backup.told import Steps
from router.core.commands import Command, EndDelivery, Forget, StartDelivery
from router.core.conversation import Delivery
from router.gateway import StoreError
from router.node.running import Running, running
from router.runtime.carry import Carrier, anything, clear, reached
from router.runtime.embedded import Embedded
from router.settings import Settings

_REDIS: Final = "redis"
_IN_ORDER: Final = (DATABASE, BLOBS, SECRET, NODE, SETTINGS, _REDIS)
"""How the parts appear in the folder: the log last, since a node that finds history without its log does not start."""

_FOLDER: Final = re.compile(r"^data_dir\s*=.*$", re.MULTILINE)
_PLACES: Final = re.compile(r"^(?:redis_url|database_url|blobs_url)\s*=.*\n?", re.MULTILINE)
_ROLES: Final = re.compile(r"^roles\s*=(?:\s*\[[^\]]*\].*|.*)\n?", re.MULTILINE)
_REPLICATED: Final = re.compile(r"""^(?:durability\s*=\s*["']replicated["']|replicas\s*=).*\n?""", re.MULTILINE)
"""Lines of the settings: where the old nodes had what they knew, what one of several did, what it asked of Redis."""


class Restored(NamedTuple):
    """What was restored, and how many mails were waiting or under way and are *unknown* now."""

    facts: Facts
    unknown: int


def restore(file: Path, settings: Settings, steps: Steps) -> Restored:
    """Restore `file` into the data folder of these settings, which is new or empty, and into the Redis, the data base
    and the place for blobs that they name, which have nothing of the domain.

    It runs event loops of its own. Raises BackupError, StartError, StoreError and OSError; then nothing is there.
    """
    _check(settings)
    folder = settings.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    aside = folder / ASIDE
    aside.mkdir(mode=0o700, parents=True)
    try:
        facts = unpack(file, aside, steps("reading"))
        _check_fits(settings, aside, facts)
        unknown = asyncio.run(_settled(_settings(aside, facts, settings.redis_binary)))
        _move_out(settings, aside, facts, steps)
        _move_in(settings, aside, facts)
        os.sync()
    finally:
        shutil.rmtree(aside)
    return Restored(facts, unknown)


def _check(settings: Settings) -> None:
    folder, file = settings.data_dir, file_of(settings.database_url)
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(
            f"{folder} is not empty, and a backup is never mixed with what is there: stop its server and move the "
            "folder away, or name another one with --data"
        )
    if file is not None and file != folder / DATABASE:
        raise BackupError(f"a SQLite history is restored as {folder / DATABASE}: leave database_url out")
    if file is None and revision_of(settings.database_url):
        raise BackupError("the data base is not empty (database_url): name an empty one")
    if settings.redis_url and asyncio.run(_anything(settings)):
        raise BackupError(
            f"the Redis (redis_url) has a domain {settings.domain} already: name an empty one, or another number in it"
        )


async def _anything(settings: Settings) -> bool:
    async with reached(settings.redis_url, settings.domain) as redis:
        return await anything(redis, f"{{{settings.domain}}}:")


def _check_fits(settings: Settings, aside: Path, facts: Facts) -> None:
    """What the nodes will be started with must be what the backup was made with. Raises BackupError."""
    if settings.redis_url and settings.domain != facts.domain:
        raise BackupError(f"the backup is of the domain {facts.domain}: set domain to that, not to {settings.domain}")
    if settings.secret and settings.secret != _secret_in(aside):
        raise BackupError(
            "the secret in the settings is not that of the backup, by which customers are known: leave it out, and it "
            "is restored, or set it to what it was"
        )


# -- to your servers ----------------------------------------------------------------------------------------


def _move_out(settings: Settings, aside: Path, facts: Facts, steps: Steps) -> None:
    """Bring the parts that the settings have elsewhere there: history last, since it comes whole or not at all."""
    if settings.blobs_url != f"file://{settings.data_dir / BLOBS}":
        given(aside / BLOBS, settings.blobs_url)
        shutil.rmtree(aside / BLOBS, ignore_errors=True)
    if settings.redis_url:
        asyncio.run(_carried(settings, aside, steps))
    if file_of(settings.database_url) is None:
        try:
            _move_history(settings, aside, steps)
        except BaseException:
            if settings.redis_url:
                asyncio.run(_cleared(settings))
            raise


async def _carried(settings: Settings, aside: Path, steps: Steps) -> None:
    server = Embedded(aside / _REDIS, settings.redis_binary)
    await server.start()
    try:
        async with (
            reached(server.url, settings.domain) as source,
            reached(settings.redis_url, settings.domain) as target,
        ):
            carrier = Carrier(source, target, settings.domain, steps("writing"))
            try:
                await carrier.cut()
                await carrier.rest()
            except BaseException:
                await clear(target, settings.domain)
                raise
    finally:
        await server.stop()
    await asyncio.to_thread(shutil.rmtree, aside / _REDIS)


async def _cleared(settings: Settings) -> None:
    async with reached(settings.redis_url, settings.domain) as redis:
        await clear(redis, settings.domain)


def _move_history(settings: Settings, aside: Path, steps: Steps) -> None:
    told = steps("writing")
    try:
        moved = move(
            f"sqlite:///{aside / DATABASE}", settings.database_url, lambda what, done, total: told(done, total)
        )
    except MoveRefused as error:
        raise BackupError(str(error)) from error
    assert moved.finished, "nobody else has the file open"
    (aside / DATABASE).unlink()


# -- to the folder ------------------------------------------------------------------------------------------


def _move_in(settings: Settings, aside: Path, facts: Facts) -> None:
    """Let the parts appear, with settings that name this folder and these places and no other."""
    folder = settings.data_dir
    if (aside / SETTINGS).exists():
        text = (aside / SETTINGS).read_text(encoding="utf-8")
        (aside / SETTINGS).write_text(at_home(text, settings, facts), encoding="utf-8")
    for path in (*(aside / BESIDE).glob("*"), *(aside / name for name in _IN_ORDER)):
        if path.exists():
            path.rename(folder / path.name)


def at_home(text: str, settings: Settings, facts: Facts) -> str:
    """The settings with the folder they are in now, its files where they named the old one, and the places of now:
    whoever starts a server with them must not start the old nodes again. It does all that one node alone has to do."""
    folder = settings.data_dir.absolute()
    text = _FOLDER.sub(lambda _: f"data_dir = {_quoted(str(folder))}", text)
    text = _ROLES.sub("", _PLACES.sub("", text)).replace(f"file:{facts.beside}/", f"file:{folder}/")
    if not settings.redis_url:
        text = _REPLICATED.sub("", text)
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in _places(settings)) + text


def _places(settings: Settings) -> list[tuple[str, str]]:
    """The settings that say where something is which is not in the data folder."""
    places = [("redis_url", settings.redis_url)] if settings.redis_url else []
    if file_of(settings.database_url) is None:
        places.append(("database_url", settings.database_url))
    if settings.blobs_url != f"file://{settings.data_dir / BLOBS}":
        places.append(("blobs_url", settings.blobs_url))
    return places


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# -- what is decided aside ----------------------------------------------------------------------------------


def _settings(folder: Path, facts: Facts, redis_binary: str) -> Settings:
    """Those of a node that only decides; its own may name files that this machine has not got yet."""
    return Settings(
        data_dir=folder,
        domain=facts.domain,
        secret=_secret_in(folder),
        redis_binary=redis_binary,
        database_url=f"sqlite:///{folder / DATABASE}",
        blobs_url=f"file://{folder / BLOBS}",
    )


def _secret_in(folder: Path) -> str:
    return (folder / SECRET).read_text(encoding="ascii").strip()


async def _settled(settings: Settings) -> int:
    """Decide what was accepted and undecided, then end all deliveries that have no end. How many those were."""
    async with running(settings) as node:
        await _decided(node, Forget(items=()))
        open = [each for each in node.gateway.state.deliveries.values() if each.state in ("queued", "sending")]
        for delivery in open:
            for command in _perhaps_sent(delivery, node.secret):
                await _decided(node, command)
    return len(open)


def _perhaps_sent(delivery: Delivery, secret: bytes) -> list[Command]:
    waiting = delivery.state == "queued"
    attempt = delivery.attempt + waiting
    begun: list[Command] = [StartDelivery(delivery=delivery.id, attempt=attempt)] if waiting else []
    ended = EndDelivery(
        delivery=delivery.id,
        attempt=attempt,
        result="unknown",
        code="restored",
        thread_keys=(sent_key(secret, delivery.id),),
    )
    return [*begun, ended]


async def _decided(node: Running, command: Command) -> None:
    """Submit a command, and wait until it and all before it are decided."""
    receipt = await node.gateway.submit(command, key=node.ids.new("restore"), by="restore")
    outcome = await node.gateway.outcome(receipt, limits.SETTLE_S_MAX)
    if outcome is None:
        raise StoreError(f"the restored node decided nothing within {limits.SETTLE_S_MAX:.0f} s")
    await node.gateway.reached(outcome.position)
