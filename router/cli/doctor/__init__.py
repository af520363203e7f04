"""`firstline doctor`: what is wrong with an installation, and how to mend it.

Each module looks at one part and yields findings, `examine` asks them in turn. None changes anything: what a server
would make at its start is only said to be missing. They are loaded when asked for: they need nearly all of the house.
"""

from typing import Annotated

import typer

from router import logs
from router.cli.console import emit, table
from router.cli.options import Config, Data, Json, settings_of
from router.cli.outcome import CommandError, Exit
from router.cli.running import run
from router.settings import SettingsError, file_of


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(doctor)


def doctor(
    config: Config = None,
    data: Data = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Leave out mail servers, and a Redis or a PostgreSQL of yours.")
    ] = False,
    json: Json = False,
) -> None:
    """Say what is wrong and how to mend it: settings, machine, stores, mailboxes, the centre, a running server.

    Changes nothing. `bad` keeps a server from running or from keeping its promises; a `warning` can wait.
    """
    from router.cli.doctor.examine import everything, without_settings

    file = file_of(data, config=config)
    try:
        settings = settings_of(config, data)
    except SettingsError as error:
        found = without_settings(file, error)
    else:
        logs.configure(level="critical", form=settings.log.form)
        found = run(everything(settings, file, offline=offline))
    bad = sum(finding.verdict == "bad" for finding in found)
    if json:
        emit({"ok": not bad, "findings": found})
    else:
        rows = [[one.verdict, one.check, one.what + (f". {one.mend}" if one.mend else "")] for one in found]
        table("Doctor", ["", "check", "what"], rows)
    if bad:
        raise CommandError(Exit.FAILED, f"{bad} of these must be mended.")
