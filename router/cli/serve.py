"""`firstline serve` and `firstline version`."""

import platform
from importlib.metadata import version as installed
from typing import Annotated, Any

import typer

from channels.email.settings import mailboxes
from router import compiled, logs
from router.cli.console import emit, show
from router.cli.options import Config, Data, Json, settings_of
from router.settings import SettingsError, prepare


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(serve)
    app.command()(version)


def serve(
    *,
    config: Config = None,
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Where to listen.")] = None,
    port: Annotated[int | None, typer.Option(help="Where to listen; 0 takes a free port.")] = None,
    redis_url: Annotated[str | None, typer.Option(help="Your Redis, instead of a private one.")] = None,
    database_url: Annotated[str | None, typer.Option(help="Your PostgreSQL, instead of SQLite.")] = None,
    roles: Annotated[
        str | None, typer.Option(help="What this node does, of gateway,writer,mail,archive. Default: all of it.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    log_form: Annotated[str | None, typer.Option(help="json, console, or auto: console on a terminal.")] = None,
) -> None:
    """Run the server until SIGTERM or Ctrl-C; both stop it in an orderly way."""
    options: dict[str, Any] = {"host": host, "port": port, "redis_url": redis_url, "database_url": database_url}
    options |= {"roles": roles.split(",") if roles else None}
    options |= {"log.level": log_level, "log.form": log_form}
    settings = settings_of(config, data, **options)
    try:
        mailboxes(settings.mailboxes)
    except ValueError as error:
        raise SettingsError([f"{error}. Correct it in firstline.toml."]) from error
    settings = prepare(settings)
    logs.configure(settings.log.level, settings.log.form)
    from router.cli import running

    running.serve(settings)


def version(json: Json = False) -> None:
    """Say which version this is, and whether its core is compiled."""
    found = installed("firstline")
    if json:
        emit({"firstline": found, "python": platform.python_version(), "core": compiled.core()})
    else:
        show(f"firstline {found} (Python {platform.python_version()}; core: {compiled.core()})")
