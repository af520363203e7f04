"""`firstline init`: from nothing to an installation that a team of two can work with."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from router import logs
from router.cli.console import emit, say, show, table
from router.cli.options import Config, Data, Json, settings_of, url_of_settings
from router.cli.outcome import CommandError, Exit
from router.cli.running import run
from router.cli.setup import answers as a
from router.cli.setup.making import Login, Places, make, refuse_unless_new
from router.settings import Settings, file_of, load


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    """What is there now: what to type to start it, where it then is, what was written, who can log in."""

    start: str
    url: str
    chat: str
    settings: Path
    centre: Path
    logins: list[Login]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(init)


def init(
    *,
    answers: Annotated[
        Path | None, typer.Option(help="A YAML file with the answers, as in docs/first-steps.md: nothing is asked.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Add to a firstline.toml and replace a centre.yaml that are there; keep *.old."),
    ] = False,
    untested: Annotated[
        bool, typer.Option("--untested", help="With --answers: do not try the mailbox and the mail server.")
    ] = False,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Ask for a mailbox, a mail server and the first log-ins, try them, and set everything up.

    Writes firstline.toml, centre.yaml and the passwords of the mailbox (mode 0600) side by side, makes the accounts
    and applies the centre. Nothing is written before everything is known, and nothing that is there is written over
    unasked.
    """
    toml = file_of(data, config=config)
    settings = settings_of(config, data) if toml.exists() else _without_file(data)
    places = Places(toml=toml.expanduser().absolute(), data_dir=settings.data_dir)
    logs.configure(level="error", form=settings.log.form)
    run(refuse_unless_new(settings))
    given = a.read(answers) if answers is not None else None
    _check_places(places, replace, ask=given is None)
    if given is None:
        given = _asked()
    elif given.mailbox is not None and not untested:
        run(_try(given.mailbox))
    logins = run(make(given, settings, places))
    url = settings.public_url or url_of_settings(settings)
    made = _Made(
        start=_start(config, data),
        url=url,
        chat=f"{url}/chat?site={given.chat.site}" if given.chat is not None else "",
        settings=places.toml,
        centre=places.centre,
        logins=logins,
    )
    if json:
        emit(made)
    else:
        _show(made)


def _without_file(data: Path | None) -> Settings:
    """The settings, but for those of a file that FIRSTLINE_CONFIG names and that init is about to write."""
    environ = {name: value for name, value in os.environ.items() if name != "FIRSTLINE_CONFIG"}
    return load({"data_dir": str(data) if data else None}, environ=environ)


def _asked() -> a.Answers:
    from router.cli.setup.questions import ask

    if not sys.stdin.isatty():
        raise CommandError(Exit.USAGE, "Nobody is there to be asked: give a file of --answers (docs/first-steps.md).")
    return ask()


async def _try(mailbox: a.Mailbox) -> None:
    """Raises CommandError with what does not work."""
    from channels.email.probe import Trouble, try_imap, try_smtp

    try:
        await try_imap(mailbox.imap)
        await try_smtp(mailbox.smtp, mailbox.address)
    except Trouble as trouble:
        raise CommandError(Exit.FAILED, f"{trouble} Nothing was set up.", trouble=trouble.code) from trouble


def _check_places(places: Places, replace: bool, *, ask: bool) -> None:
    """Raises CommandError when a file is there that nobody agreed to change."""
    for file, does in ((places.toml, "Add the mailbox to it"), (places.centre, "Replace it")):
        if not file.exists() or replace:
            continue
        if not ask or not sys.stdin.isatty():
            raise CommandError(Exit.REFUSED, f"{file} is there already: move it away, or say --replace (keeps *.old).")
        if not typer.confirm(f"{file} is there already. {does}? The old one is kept as {file.name}.old.", err=True):
            raise CommandError(Exit.REFUSED, f"{file} stays as it is, and nothing was set up.")


def _start(config: Path | None, data: Path | None) -> str:
    """What to type to start the server that was set up."""
    options = [f"--config {shlex.quote(str(config))}"] if config else []
    options += [f"--data {shlex.quote(str(data))}"] if data else []
    return " ".join(["firstline serve", *options])


def _show(made: _Made) -> None:
    show(f"Written: {made.settings} and {made.centre}.")
    rows = [[one.login, one.does, one.password] for one in made.logins]
    table("Who logs in", ["login", "does", "first password"], rows)
    if any(one.password for one in made.logins):
        say("These passwords are shown this once; whoever logs in with one chooses another.")
    show(f"\nStart it:            {made.start}")
    show(f"Everybody logs in:   {made.url}/")
    if made.chat:
        show(f"Chat as a customer:  {made.chat}")
    show("docs/first-steps.md goes on from here. If something is not well: firstline doctor.")
