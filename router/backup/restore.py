"""Restores a backup into an empty folder. It appears there only when all of it has been checked.

What the old node did after the backup is not known here. It may have sent the mails that were waiting: so each of them
ends *unknown*, and is sent again only when a person says so. The restored node itself decides that, as commands in its
log, before the folder can be served.
"""

import asyncio
import json
import os
import re
import shutil
from pathlib import Path
from typing import Final, NamedTuple

from channels.email.threads import sent_key
from router.backup import limits
from router.backup.bundle import ASIDE, BESIDE, BLOBS, NODE, SECRET, SETTINGS, Facts, unpack
from router.backup.cut import DATABASE
from router.backup.errors import BackupError
from router.backup.make import Steps
from router.core.commands import Command, EndDelivery, Forget, StartDelivery
from router.core.conversation import Delivery
from router.gateway import StoreError
from router.node import running as node
from router.settings import Settings

_IN_ORDER: Final = (DATABASE, BLOBS, SECRET, NODE, SETTINGS, "redis")
"""How the parts appear in the folder: the log last, since a node that finds history without its log does not start."""

_FOLDER: Final = re.compile(r"^data_dir\s*=.*$", re.MULTILINE)
_HISTORY: Final = re.compile(r"^database_url\s*=.*\n?", re.MULTILINE)
"""Lines of the settings. Of a node that can be backed up, history is in the data folder, as it is unsaid."""


class Restored(NamedTuple):
    """What was restored, and how many mails were waiting or under way and are *unknown* now."""

    facts: Facts
    unknown: int


def restore(file: Path, folder: Path, steps: Steps, *, redis_binary: str = "") -> Restored:
    """Restore `file` into `folder`, which is new or empty. `redis_binary` as in the settings.

    It runs an event loop of its own. Raises BackupError, StartError, StoreError and OSError; then nothing is there.
    """
    _check(folder)
    aside = folder / ASIDE
    aside.mkdir(mode=0o700, parents=True)
    try:
        facts = unpack(file, aside, steps("reading"))
        unknown = asyncio.run(_settled(_settings(aside, facts, redis_binary)))
        _move_in(aside, folder, facts)
        os.sync()
    finally:
        shutil.rmtree(aside)
    return Restored(facts, unknown)


def _check(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(
            f"{folder} is not empty, and a backup is never mixed with what is there: stop its server and move the "
            "folder away, or name another one with --data"
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def _move_in(aside: Path, folder: Path, facts: Facts) -> None:
    """Let the parts appear, with settings that name this folder and no other."""
    if (aside / SETTINGS).exists():
        text = (aside / SETTINGS).read_text(encoding="utf-8")
        (aside / SETTINGS).write_text(_at_home(text, folder.absolute(), facts), encoding="utf-8")
    for path in (*(aside / BESIDE).glob("*"), *(aside / name for name in _IN_ORDER)):
        if path.exists():
            path.rename(folder / path.name)


def _at_home(text: str, folder: Path, facts: Facts) -> str:
    """The settings with the folder they are in now, and its files, where they named the old one: whoever starts a
    server with them must not start the old node again."""
    text = _FOLDER.sub(lambda _: f"data_dir = {json.dumps(str(folder), ensure_ascii=False)}", text)
    return _HISTORY.sub("", text).replace(f"file:{facts.beside}/", f"file:{folder}/")


def _settings(folder: Path, facts: Facts, redis_binary: str) -> Settings:
    """Those of a node that only decides; its own may name files that this machine has not got yet."""
    return Settings(
        data_dir=folder,
        domain=facts.domain,
        secret=(folder / SECRET).read_text(encoding="ascii").strip(),
        redis_binary=redis_binary,
        database_url=f"sqlite:///{folder / DATABASE}",
        blobs_url=f"file://{folder / BLOBS}",
    )


async def _settled(settings: Settings) -> int:
    """Decide what was accepted and undecided, then end all deliveries that have no end. How many those were."""
    async with node.running(settings) as running:
        await _decided(running, Forget(items=()))
        open = [each for each in running.gateway.state.deliveries.values() if each.state in ("queued", "sending")]
        for delivery in open:
            for command in _perhaps_sent(delivery, running.secret):
                await _decided(running, command)
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


async def _decided(running: node.Running, command: Command) -> None:
    """Submit a command, and wait until it and all before it are decided."""
    receipt = await running.gateway.submit(command, key=running.ids.new("restore"), by="restore")
    outcome = await running.gateway.outcome(receipt, limits.SETTLE_S_MAX)
    if outcome is None:
        raise StoreError(f"the restored node decided nothing within {limits.SETTLE_S_MAX:.0f} s")
    await running.gateway.reached(outcome.position)
