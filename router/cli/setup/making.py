"""An installation made of answers: files staged, centre applied as one command, accounts made, files placed.

All of it on the data folder, by a node without faces that lives for it, with the same code as `config apply` and
`user add`. Files are placed when all that could fail is done, and the admin is made last: without one, init may simply
be started again.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from router.centre.export import stamped
from router.cli.centres import LocalCentre
from router.cli.client import reachable
from router.cli.options import url_of_settings
from router.cli.outcome import CommandError, Exit
from router.cli.people import LocalPeople, Person
from router.cli.setup.answers import Agent, Answers
from router.cli.setup.answers import Person as Asked
from router.cli.setup.centre import TEAMS, centre_text
from router.cli.setup.files import File, Staged, secret_files, settings_text
from router.runtime.accounts import Grant
from router.settings import Settings, prepare

if TYPE_CHECKING:
    from router.node.running import Running


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where the files go: `toml` may lie in the data folder or elsewhere (`--config`)."""

    toml: Path
    data_dir: Path

    @property
    def centre(self) -> Path:
        """Beside the settings."""
        return self.toml.with_name("centre.yaml")


class Login(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who can log in now. A `password` that was made up is here, and is changed at the first login."""

    login: str
    does: str
    password: str = ""


async def refuse_unless_new(settings: Settings) -> None:
    """Raises CommandError when there is a server or an installation already: those are changed by other commands."""
    if await reachable(url_of_settings(settings)):
        raise CommandError(
            Exit.REFUSED,
            f"A server answers at {url_of_settings(settings)}: it is set up. Change it with 'firstline config apply' "
            "and 'firstline user add', or set up another with --data and FIRSTLINE_PORT.",
        )
    if (settings.data_dir / "node").exists():
        from router.node import running as nodes

        async with nodes.running(await asyncio.to_thread(prepare, settings)) as running:
            _refuse_admins(running, settings)


async def make(answers: Answers, settings: Settings, places: Places) -> list[Login]:
    """Make the installation. Raises CommandError, StartError, StoreError; then there is no admin yet."""
    from router.node import running as nodes

    text = centre_text(answers)
    prepared = await asyncio.to_thread(prepare, settings)
    with Staged(_files(answers, places, text)) as staged:
        async with nodes.running(prepared) as running:
            _refuse_admins(running, settings)
            centre = LocalCentre(running.gateway)
            wanted = text.encode()
            if (await centre.compare(wanted, "file")).differences:
                await centre.apply(wanted, "file")
            people = LocalPeople(running.accounts, running.gateway.state)
            agents = [await _account(people, agent) for agent in answers.agents]
            staged.change(places.centre, stamped(text, running.gateway.state.meta.revision))
            staged.place()
            return [await _account(people, answers.leader), *agents]


def _refuse_admins(running: "Running", settings: Settings) -> None:
    """An admin is made last: where one is, somebody has set this up."""
    if any(grant.role == "admin" for account in running.accounts.accounts() for grant in account.grants):
        raise CommandError(
            Exit.REFUSED,
            f"{settings.data_dir} is set up already. Start it with 'firstline serve', change it with "
            "'firstline config apply' and 'firstline user add', or name another folder with --data.",
        )


def _files(answers: Answers, places: Places, centre: str) -> list[File]:
    mailbox = answers.mailbox.settings() if answers.mailbox is not None else None
    paths, files = secret_files(mailbox, places.toml.parent.absolute())
    before = places.toml.read_text(encoding="utf-8") if places.toml.exists() else ""
    elsewhere = not before and places.toml.parent.absolute() != places.data_dir
    toml = settings_text(mailbox, paths, before=before, data_dir=places.data_dir if elsewhere else None)
    return [*files, File(path=places.toml, text=toml), File(path=places.centre, text=centre)]


async def _account(people: LocalPeople, asked: Asked) -> Login:
    made = await people.put(_person(asked), asked.password or None)
    if not made and not asked.password:  # there since an init that did not come to its end
        made = await people.reset(asked.login)
    return Login(login=asked.login, does=_does(asked), password=made)


def _person(asked: Asked) -> Person:
    if isinstance(asked, Agent):
        return Person(login=asked.login, agent=asked.login, grants=(Grant(role="agent", teams=(TEAMS[asked.line],)),))
    teams = tuple(TEAMS.values())
    return Person(login=asked.login, grants=(Grant(role="admin"), Grant(role="supervisor", teams=teams)))


def _does(asked: Asked) -> str:
    if isinstance(asked, Agent):
        return "answers, first line" if asked.line == 1 else "answers, specialist"
    return "leads, and sets everything up"
