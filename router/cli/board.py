"""`firstline board`: what waits in each queue and what each agent does, now or then."""

from typing import Any

import typer

from router.cli.client import connected
from router.cli.console import emit, local, table
from router.cli.options import At, Json, Login, Url, url_of
from router.cli.running import run

_DAY_S = 86_400


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(board)


def board(*, at: At = "", url: Url = "", login: Login = "", json: Json = False) -> None:
    """Show the queues and agents of your teams: what waits, since when and how much of it late; who does what.

    With --at as they were at that event or instant, from the archive.
    """
    server_url, query = url_of(url), {"at": at} if at else {}

    async def asked() -> Any:
        async with connected(server_url, login) as server:
            return (await server.request("GET", "/api/v1/board", query=query)).body

    body = run(asked())
    if json:
        emit(body)
        return
    now = body["at_ms"]
    queues = ["queue", "waiting", "oldest", "late", "stuck", "is"]
    table(
        f"The board at position {body['position']}, {local(now)}",
        queues,
        [_queue(row, now) for row in body["queues"]],
    )
    agents = ["agent", "state", "since", "does", "holds"]
    table("", agents, [_agent(row, now) for row in body["agents"]])


def _queue(row: dict[str, Any], now: int) -> list[str]:
    open = "closed by hand" if row["closed"] else "open" if row["open"] else "closed"
    oldest = _ago(row["oldest_entered_at_ms"], now)
    return [row["id"], str(row["waiting"]), oldest, str(row["late"]), str(row["stuck"]), open]


def _agent(row: dict[str, Any], now: int) -> list[str]:
    state = " ".join(filter(None, (row["state"], row["reason"] and f"({row['reason']})")))
    does = row["activity"] if row["connected"] else ""
    held = "\n".join(f"{one['channel']} {one['id']} {one['state']}" for one in row["items"])
    return [row["id"], "disabled" if row["disabled"] else state, _ago(row["since_at_ms"] or None, now), does, held]


def _ago(since: int | None, now: int) -> str:
    """How long ago, as on a clock: 4:05, 1:04:05; with days before it."""
    if since is None:
        return ""
    days, seconds = divmod(max(0, now - since) // 1_000, _DAY_S)
    hours, minutes = divmod(seconds // 60, 60)
    clock = f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours or days else f"{minutes}:{seconds % 60:02d}"
    return f"{days} d {clock}" if days else clock
