"""`firstline key add|list|disable`: API keys of integrators."""

from typing import Annotated, Any

import typer

from router.cli.console import emit, say, show, table
from router.cli.options import Data, Json, Login, Url
from router.cli.people import Key, People, with_people
from router.cli.running import place_of


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(no_args_is_help=True, help="API keys of integrators: telephone systems, forms, other programs.")
    group.command()(add)
    group.command("list")(list_)
    group.command()(disable)
    app.add_typer(group, name="key")


def add(
    name: Annotated[str, typer.Argument(help="By what people recognise the integrator.", show_default=False)],
    *,
    data: Data = None,
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Make a key. Its secret is shown this once; only its hash is kept."""

    async def make(people: People) -> Key:
        return await people.add_key(name)

    key = with_people(place_of(url, login, data), make)
    if json:
        emit(key)
        return
    show(key.secret)
    say(f"This is the secret of {key.id}. It is shown this once: send it as 'Authorization: Bearer ...'.")


def list_(*, data: Data = None, url: Url = "", login: Login = "", json: Json = False) -> None:
    """Show all keys, without their secrets."""

    async def found(people: People) -> Any:
        return sorted(await people.keys(), key=lambda key: key.id)

    keys = with_people(place_of(url, login, data), found)
    if json:
        emit(keys)
        return
    table("Keys", ["id", "name", ""], [[key.id, key.name, "disabled" if key.disabled else ""] for key in keys])


def disable(
    id: Annotated[str, typer.Argument(help="The key's id.", show_default=False)],
    *,
    data: Data = None,
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Disable a key for good."""

    async def close(people: People) -> Key:
        return await people.disable_key(id)

    key = with_people(place_of(url, login, data), close)
    if json:
        emit(key)
    else:
        show(f"{key.id} is disabled.")
