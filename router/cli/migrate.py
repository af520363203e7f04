"""`firstline migrate`: the schema of the data base, and moving it from SQLite to PostgreSQL."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from router.archive.errors import CopyDiffers, MoveRefused
from router.cli.client import reachable
from router.cli.console import emit, show
from router.cli.options import Config, Data, Json, settings_of, url_of
from router.cli.outcome import CommandError, Exit
from router.settings import Settings, prepare

if TYPE_CHECKING:
    from router.archive.transfer import Moved, Tell


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(migrate)


def migrate(
    *,
    to: Annotated[
        str, typer.Option(help="Move to this PostgreSQL data base: its URL, or file:PATH or env:NAME that holds it.")
    ] = "",
    source: Annotated[
        str, typer.Option("--from", help="The SQLite data base to be moved. Default: the one of the settings.")
    ] = "",
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Bring the data base to this version's schema; with --to, move it from SQLite to PostgreSQL.

    A move is two calls. While the server runs, the first copies nearly everything. Stop the server and call it again:
    it copies what has changed since, compares every table, and closes the old data base, so that no server starts on
    it by mistake. Then set database_url and start the server. Each call may be interrupted and made again.
    """
    settings = settings_of(config, data)
    if to:
        _move(source or _source(settings), settings_of(config, data, database_url=to).database_url, json)
    elif source:
        raise CommandError(Exit.USAGE, "--from goes with --to: name the data base to move to.")
    else:
        _upgrade(prepare(settings), json)


def _upgrade(settings: Settings, json: bool) -> None:
    from router.archive.migrate import newest, revision_of, upgrade

    before, after = revision_of(settings.database_url), newest()
    if before != after and asyncio.run(reachable(url_of("", settings.data_dir))):
        raise CommandError(Exit.ENVIRONMENT, "A server runs on this data base. Stop it first.")
    asyncio.run(upgrade(settings.database_url))
    if json:
        emit({"from": before, "to": after})
    elif before == after:
        show(f"The data base is at revision {after}, which is this version's: nothing to do.")
    else:
        show(f"The data base went from revision {before or 'none'} to {after}.")


def _source(settings: Settings) -> str:
    """The SQLite data base of the settings; the one of the data folder when they name the new one already."""
    url = settings.database_url
    return url if url.startswith("sqlite") else f"sqlite:///{settings.data_dir / 'archive.db'}"


def _move(source: str, target: str, json: bool) -> None:
    from router.archive.transfer import move

    named = _named(target)
    try:
        with _bars(json) as tell:
            moved = move(source, target, tell)
    except CopyDiffers as error:
        raise CommandError(Exit.FAILED, f"{_sentence(error)}.") from error
    except MoveRefused as error:
        raise CommandError(Exit.ENVIRONMENT, f"{_sentence(error)}.") from error
    if json:
        emit(moved)
    else:
        _say(moved, named)


def _say(moved: "Moved", named: str) -> None:
    have = f"{named} has {moved.rows:,} rows, everything up to event {moved.position} ({moved.written:,} written now)."
    if not moved.finished:
        show(f"{have}\nThe server goes on meanwhile. Stop it and run this command again: that finishes the move.")
        return
    show(
        f"{have}\nEvery table is equal to that of the old data base, which is closed now: no server starts on it.\n"
        "Set database_url to the new one and start the server. The old file is yours to keep or to delete."
    )


def _named(url: str) -> str:
    """The data base without anything secret. Raises CommandError for what is no URL of PostgreSQL."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or not parsed.drivername.startswith("postgres"):
        raise CommandError(
            Exit.USAGE, "--to takes the URL of a PostgreSQL data base: postgresql://user:password@host/name."
        )
    host = parsed.host or parsed.query.get("host", "this machine")
    return f"{parsed.database} on {host}"


def _sentence(error: Exception) -> str:
    said = str(error)
    return said[:1].upper() + said[1:]


@contextmanager
def _bars(quiet: bool) -> Iterator["Tell"]:
    """A bar for copying, and one for comparing, on a terminal."""
    columns = (TextColumn("{task.description:>8}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    console = Console(file=sys.stderr)
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done)

        yield tell
