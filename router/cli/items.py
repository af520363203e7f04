"""`firstline explain ITEM`: why an item waits, now or then."""

from typing import Annotated, Any

import typer

from router.cli.client import connected
from router.cli.console import emit, table
from router.cli.options import Json, Login, Url, url_of
from router.cli.running import run


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(explain)


def explain(
    item: Annotated[str, typer.Argument(help="The item's id.", show_default=False)],
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Say why an item waits: for each agent, the rule that keeps them from it."""

    server_url = url_of(url)

    async def asked() -> Any:
        async with connected(server_url, login) as server:
            return (await server.request("GET", f"/api/v1/items/{item}/explain")).body

    body = run(asked())
    if json:
        emit(body)
        return
    rows = [[one["agent"], one["reason"]] for one in body["agents"]]
    whom = f" with {body['agent']}" if body["agent"] else ""
    table(f"{item} is {body['state']}{whom} at position {body['position']}", ["agent", "reason"], rows)
