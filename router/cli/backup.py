"""`firstline backup FILE` and `firstline restore FILE`: a node, or all of several, in one file, and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from router import logs
from router.backup.errors import BackupError, Damaged
from router.cli.console import emit, say, show
from router.cli.options import Config, Data, Json, settings_of
from router.cli.outcome import CommandError, Exit
from router.cli.progress import bars
from router.settings import file_of


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to make; it must not exist.", show_default=False)],
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write everything that a node knows, or several together, into one file, while they work or stand still, and
    prove that it can be gone on from.

    Nothing that was accepted before the command began is missing in it. The file holds the secret and what customers
    wrote: keep it as you keep passwords. Needs free disk space beside FILE of twice the log and the history.
    """
    from router.backup.make import make

    settings = settings_of(config, data)
    logs.configure(level="error", form=settings.log.form)
    with explained(), bars(json) as steps:
        facts = make(settings, file, steps, config=file_of(data, config=config))
        size = file.stat().st_size
    if json:
        emit({"file": file, "bytes": size, "position": facts.position, "archived": facts.archived})
    else:
        show(f"{file}: {size / 1_000_000:.1f} MB, everything up to event {facts.position}. It holds the secret.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file made by `firstline backup`.", show_default=False)],
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Put a backup into an empty or new data folder, so that `firstline serve` goes on from there.

    Where --config or the environment name a Redis and a data base (redis_url, database_url), the log and history go
    there, and must not be there yet. Any backup fits, wherever it was made.

    Mails that were on their way out when the backup was made are marked unknown, because the old node may have sent
    them since: they are sent again only when a person says so. See to it that the old node never starts again.
    """
    from router.backup.restore import restore

    settings = settings_of(config, data)
    logs.configure(level="error", form=settings.log.form)
    with explained(), bars(json) as steps:
        restored = restore(file, settings, steps)
    if json:
        emit({"data": settings.data_dir, "position": restored.facts.position, "unknown": restored.unknown})
        return
    show(f"{settings.data_dir} is restored, up to event {restored.facts.position}.")
    if restored.unknown:
        say(f"Mails that were on their way out and may have been sent, unknown to agents now: {restored.unknown}.")


@contextmanager
def explained() -> Iterator[None]:
    """What is in the way becomes a message and an exit code."""
    try:
        yield
    except Damaged as error:
        raise CommandError(Exit.FAILED, f"{_sentence(error)}.") from error
    except BackupError as error:
        raise CommandError(Exit.ENVIRONMENT, f"{_sentence(error)}.") from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise CommandError(Exit.ENVIRONMENT, f"The system refuses{where}: {error.strerror or error}.") from error


def _sentence(error: Exception) -> str:
    said = str(error)
    return said[:1].upper() + said[1:]
