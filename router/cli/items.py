"""`firstline explain ITEM`: why an item waits, now or then."""

from typing import Annotated, Any

import typer

from router.cli.client import connected
from router.cli.console import emit, local, table
from router.cli.options import At, Json, Login, Url, url_of
from router.cli.running import run


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(explain)


def explain(
    item: Annotated[str, typer.Argument(help="The item's id.", show_default=False)],
    *,
    at: At = "",
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Say why an item waits, or waited then: for each agent, the rule that keeps them from it.

    With --at: what its state was at that event or instant, with whom it was, and why, from the archive.
    """

    server_url, query = url_of(url), {"at": at} if at else {}

    async def asked() -> Any:
        async with connected(server_url, login) as server:
            return (await server.request("GET", f"/api/v1/items/{item}/explain", query=query)).body

    body = run(asked())
    if json:
        emit(body)
        return
    rows = [[one["agent"], one["reason"]] for one in body["agents"]]
    whom = f" with {body['agent']}" if body["agent"] else ""
    verb, when = ("was", f" ({local(body['at_ms'])})") if at else ("is", "")
    table(f"{item} {verb} {body['state']}{whom} at position {body['position']}{when}", ["agent", "reason"], rows)
