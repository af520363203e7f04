"""`firstline nodes`: which nodes are there, and what each of them does for all."""

from typing import Any

import typer

from router.cli.client import connected
from router.cli.console import emit, table
from router.cli.options import Json, Login, Url, url_of
from router.cli.running import run


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(nodes)


def nodes(*, url: Url = "", login: Login = "", json: Json = False) -> None:
    """Show the nodes that are one system: their roles, what each does for all of them, and which of them answers."""
    server_url = url_of(url)

    async def asked() -> Any:
        async with connected(server_url, login) as server:
            return (await server.request("GET", "/api/v1/nodes")).body

    body = run(asked())
    if json:
        emit(body)
        return
    rows = [
        [
            row["id"] + (" *" if row["answers"] else ""),
            row["version"],
            ", ".join(row["roles"]),
            ", ".join(row["duties"]),
        ]
        for row in body["rows"]
    ]
    table("Nodes (* answers)", ["node", "does", "roles", "version", "id"], rows)
