"""`firstline explain ITEM` and `firstline replay`: why an item waits, and what the log leads to."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import make_url

from router.archive.database import Database
from router.archive.replay import Folded, fold
from router.cli.client import connected
from router.cli.console import emit, show, table
from router.cli.options import Config, Data, Json, Login, Url, settings_of, url_of
from router.cli.outcome import CommandError, Exit
from router.cli.running import run
from router.core.invariants import check
from router.core.state import State


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(explain)
    app.command()(replay)


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


def replay(
    at: Annotated[int | None, typer.Option(help="Stop after this event. Default: the last archived one.")] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Use no snapshot, and hold each one against the log.")
    ] = False,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Fold the archived log again, checking every digest and every rule of the state it leads to.

    Needs only the data base: the server may run or not. Ends with 1 if the log does not hold together.
    """
    settings = settings_of(config, data)
    folded = run(_folded(settings.database_url, at, from_start))
    broken = check(folded.state)
    counts, digest = _counts(folded.state), folded.state.digest()
    if json:
        emit({"position": folded.position, "digest": digest, "records": counts, "broken": broken})
    else:
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        show(f"position {folded.position}, state {digest}: {said or 'empty'}")
    if broken:
        raise CommandError(Exit.FAILED, "The state breaks rules:\n" + "\n".join(broken))


async def _folded(url: str, at: int | None, from_start: bool) -> Folded:
    path = make_url(url).database if url.startswith("sqlite") else None
    if path and not await asyncio.to_thread(Path(path).exists):
        raise CommandError(Exit.ENVIRONMENT, f"There is no archive at {path}: has a server ever run on this folder?")
    database = await Database.open(url)
    try:
        return await fold(database, at, from_start=from_start)
    finally:
        await asyncio.shield(database.close())


def _counts(state: State) -> dict[str, int]:
    return dict(sorted(Counter(kind for (kind, _), _ in state.records()).items()))
