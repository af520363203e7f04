"""`firstline user add|list|disable|password|reset`: people who log in."""

import getpass
import os
import re
import secrets
import sys
from typing import Annotated, Any, get_args

import msgspec
import typer

from router.cli.console import emit, say, show, table
from router.cli.options import Data, Json, Login, Url
from router.cli.outcome import CommandError, Exit
from router.cli.people import People, Person, with_people
from router.cli.running import place_of
from router.runtime.accounts import Grant, Role

Name = Annotated[str, typer.Argument(help="The login.", show_default=False)]
Generate = Annotated[bool, typer.Option("--generate", help="Make a random password and print it.")]
LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(no_args_is_help=True, help="People who log in: agents, supervisors, admins.")
    group.command()(add)
    group.command("list")(list_)
    group.command()(disable)
    group.command()(password)
    group.command()(reset)
    app.add_typer(group, name="user")


def add(
    name: Name,
    *,
    grant: Annotated[
        list[str],
        typer.Option(help="ROLE or ROLE:TEAM,TEAM with role agent, supervisor or admin; may be given several times."),
    ],
    agent: Annotated[str, typer.Option(help="The agent they work as.")] = "",
    generate: Generate = False,
    first_password: Annotated[
        bool, typer.Option("--first-password", help="Make a password that they must change at once, and print it.")
    ] = False,
    data: Data = None,
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Make an account. The first one, an admin, is made before the server ever runs.

    The password is asked for, or is that of FIRSTLINE_NEW_PASSWORD, or is made here.
    """
    if not LOGIN.fullmatch(name):
        raise CommandError(Exit.USAGE, "A login has at most 64 characters: a-z, 0-9 and . _ @ + -.")
    person = Person(login=name, agent=agent, grants=tuple(_grant(text) for text in grant))
    chosen = None if first_password else _new_password(generate)

    async def make(people: People) -> str:
        if any(other.login == name for other in await people.persons()):
            raise CommandError(Exit.REFUSED, f"There is an account {name} already.")
        return await people.put(person, chosen)

    made = with_people(place_of(url, login, data), make)
    _told(
        msgspec.structs.replace(person, must_change=bool(made)), made or (chosen if generate and chosen else ""), json
    )


def list_(*, data: Data = None, url: Url = "", login: Login = "", json: Json = False) -> None:
    """Show the accounts that you may change."""

    async def found(people: People) -> Any:
        return sorted(await people.persons(), key=lambda person: person.login)

    persons = with_people(place_of(url, login, data), found)
    if json:
        emit(persons)
        return
    rows = [[one.login, one.agent, _grants(one), _state(one)] for one in persons]
    table("Accounts", ["login", "agent", "grants", ""], rows)


def disable(name: Name, *, data: Data = None, url: Url = "", login: Login = "", json: Json = False) -> None:
    """Close an account. Its sessions end at once."""

    async def close(people: People) -> Person:
        person = msgspec.structs.replace(await _one(people, name), disabled=True)
        await people.put(person, None)
        return person

    _told(with_people(place_of(url, login, data), close), "", json)


def password(
    name: Name,
    *,
    generate: Generate = False,
    data: Data = None,
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Give an account a new password. Its sessions end at once."""
    chosen = _new_password(generate)

    async def change(people: People) -> Person:
        person = msgspec.structs.replace(await _one(people, name), must_change=False)
        await people.put(person, chosen)
        return person

    _told(with_people(place_of(url, login, data), change), chosen if generate else "", json)


def reset(name: Name, *, data: Data = None, url: Url = "", login: Login = "", json: Json = False) -> None:
    """Give somebody who forgot theirs a password that they must change at once. Their sessions end."""

    async def change(people: People) -> tuple[Person, str]:
        person = await _one(people, name)
        return person, await people.reset(name)

    person, made = with_people(place_of(url, login, data), change)
    _told(msgspec.structs.replace(person, must_change=True), made, json)


async def _one(people: People, name: str) -> Person:
    for person in await people.persons():
        if person.login == name:
            return person
    raise CommandError(Exit.REFUSED, f"There is no account {name} that you may change. See 'firstline user list'.")


def _grant(text: str) -> Grant:
    role, _, teams = text.partition(":")
    named = tuple(team for team in teams.split(",") if team)
    if role not in get_args(Role):
        raise CommandError(Exit.USAGE, f"'{role}' is no role: say agent, supervisor or admin.")
    if role != "admin" and not named:
        raise CommandError(Exit.USAGE, f"Name the teams, as in --grant {role}:housing. Only an admin's may be all.")
    return Grant(role=role, teams=named)  # type: ignore[arg-type]


def _grants(person: Person) -> str:
    return " ".join(grant.role + (":" + ",".join(grant.teams) if grant.teams else "") for grant in person.grants)


def _state(person: Person) -> str:
    if person.disabled:
        return "disabled"
    return "first password" if person.must_change else ""


def _new_password(generate: bool) -> str:
    if generate:
        return secrets.token_urlsafe()
    if given := os.environ.get("FIRSTLINE_NEW_PASSWORD"):
        return given
    if not sys.stdin.isatty():
        raise CommandError(Exit.USAGE, "Give the password in FIRSTLINE_NEW_PASSWORD, or have one made by --generate.")
    chosen = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != chosen:
        raise CommandError(Exit.USAGE, "The two are not alike. Nothing was changed.")
    return chosen


def _told(person: Person, made: str, json: bool) -> None:
    if json:
        emit({**msgspec.to_builtins(person), **({"password": made} if made else {})})
        return
    state = "disabled" if person.disabled else _grants(person)
    show(f"{person.login}: {state}")
    if made:
        show(f"password: {made}")
        say("It is shown this once.")
