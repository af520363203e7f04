"""`firstline repair`: cut the damaged end off the private server's append-only file, and say first what is lost."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router import logs
from router.cli.console import emit, show
from router.cli.options import Config, Data, Json, settings_of
from router.cli.outcome import CommandError, Exit
from router.settings import Settings

if TYPE_CHECKING:
    from router.runtime.damage import Damage


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(repair)


def repair(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Copy the folder of the log aside, then cut.")] = False,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say where the log of the private server is damaged, and what is lost by cutting it there; with --yes, cut.

    For a server that refuses to start because of its append-only file, as after a power loss. Without --yes nothing is
    changed. It refuses while a server runs on the data folder. Where a backup is newer than the damage, restore that.
    """
    from router.runtime.damage import copy_aside, cut, find
    from router.runtime.embedded import find_server, held

    settings = settings_of(config, data)
    logs.configure(level="critical", form=settings.log.form)
    folder = _folder(settings)
    try:
        with held(folder):
            damage = find(folder, find_server(settings.redis_binary), settings.domain)
            if damage is None:
                _say_whole(folder, json)
                return
            aside = copy_aside(folder) if yes else None
            if aside is not None:
                cut(damage)
    except OSError as error:
        raise CommandError(Exit.ENVIRONMENT, f"The folder cannot be copied and cut: {error}.") from error
    _say(damage, aside, asyncio.run(_archived(settings)), json)


def _folder(settings: Settings) -> Path:
    """Of the private server. Raises CommandError where there is none."""
    if settings.redis_url:
        raise CommandError(
            Exit.ENVIRONMENT, "redis_url names a Redis of yours: mend that with its own redis-check-aof --fix."
        )
    folder = settings.data_dir / "redis"
    if not folder.is_dir():
        raise CommandError(Exit.ENVIRONMENT, f"{settings.data_dir} holds no log: name the data folder with --data.")
    return folder


async def _archived(settings: Settings) -> int:
    """Up to which event history goes. Raises StoreError and StartError."""
    from router.archive.database import Database
    from router.archive.history import SqlHistory
    from router.cli.doctor.database import is_made

    if not await asyncio.to_thread(is_made, settings):
        return 0
    database = await Database.open(settings.database_url)
    try:
        return await SqlHistory(database).position()
    finally:
        await database.close()


def _say_whole(folder: Path, json: bool) -> None:
    if json:
        emit({"damaged": False})
    else:
        show(f"The log in {folder} is not damaged: there is nothing to repair.")


def _say(damage: "Damage", aside: Path | None, archived: int, json: bool) -> None:
    """What was found, what was done, what to do. Raises CommandError unless the log is mended now."""
    facts = {
        "damaged": True,
        "file": damage.file,
        "good_bytes": damage.good,
        "cut_bytes": damage.bytes,
        "lost_commands": damage.lost.commands,
        "lost_events": _lost_events(damage),
        "kept_position": damage.kept,
        "archived_position": archived,
        "copy": aside,
    }
    if not json:
        show(_found(damage))
        if aside is not None:
            show(f"It was cut there. {aside} has everything as it was.")
    if 0 < damage.kept < archived:
        raise CommandError(
            Exit.FAILED,
            f"History has events up to {archived}, and the log, once cut, ends at {damage.kept}: no server starts on "
            "that. Restore a backup into a new folder.",
            **facts,
        )
    if aside is None:
        raise CommandError(
            Exit.FAILED, "Nothing was changed. To cut the damaged end off, call it again with --yes.", **facts
        )
    if json:
        emit(facts)


def _lost_events(damage: "Damage") -> int:
    return max(0, damage.lost.position - damage.kept) if damage.lost.position else 0


def _found(damage: "Damage") -> str:
    """The damage, for a person."""
    lost, events = damage.lost.commands, _lost_events(damage)
    where = f"{damage.file} is damaged after {damage.good:,} bytes. Cutting it there takes {damage.bytes:,} bytes off"
    if damage.later:
        where += f", of this file and {len(damage.later)} after it"
    if not lost and not events:
        return f"{where}: nothing that was accepted is among them."
    return f"{where}: among them {lost:,} accepted commands and {events:,} events that can be recognised."
