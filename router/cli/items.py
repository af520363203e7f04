"""`firstline explain ITEM`: why an item waits, now or then."""

from typing import Annotated, Any

import typer

from router.cli.client import connected
from router.cli.console import emit, local, show, table
from router.cli.options import At, Json, Login, Url, url_of
from router.cli.running import run

_MS = 1_000
_MINUTE_S = 60
_HOUR_S = 3_600
_AGENTS = ("active", "wrapping")
"""States in which an item is with its agent, and what was still to come does not come."""


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
    """Say why an item waits, or waited then: what it asks, each step taken, what keeps each agent, what would end it.

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
    whom = f" with {body['agent']}" if body["agent"] else ""
    verb, when = ("was", f" ({local(body['at_ms'])})") if at else ("is", "")
    show(f"{item} {verb} {body['state']}{whom} after event {body['position']}{when}")
    show(f"It asks {asks(body['asks'])}.")
    if body["estimate"] is not None:
        show(waits(body["estimate"]))
    now = body["at_ms"]
    waiting = body["state"] not in _AGENTS
    steps = [_step(one, now) for one in body["steps"] if one["taken"] or waiting]
    table("\nSteps", ["at", "", "step"], steps)
    if body["endings"]:
        table("\nWhat would end the wait", ["when", "agents", "why not yet", "undone by"], _endings(body, now))
    table("\nAgents", ["agent", "reason", "about", "until"], [_agent(one, now) for one in body["agents"]])


def asks(asked: dict[str, Any]) -> str:
    """What an item asks, in words."""
    needed = ", ".join(f"{term} {level}" for term, level in asked.get("requirement", {}).items())
    parts = [needed or "no skill"]
    if asked.get("wishes"):
        parts.append("wishes " + ", ".join(f"{term} {level}" for term, level in asked["wishes"].items()))
    if asked.get("only"):
        parts.append(f"waits for {asked['only']} alone")
    if asked.get("teams"):
        parts.append("agents of " + ", ".join(asked["teams"]) + " too")
    if asked.get("queues"):
        parts.append("whoever serves " + ", ".join(asked["queues"]) + " too")
    if asked.get("priority"):
        parts.append(f"priority {asked['priority']}")
    if asked.get("rules"):
        parts.append("classified by " + ", ".join(asked["rules"]))
    return "; ".join(parts)


def waits(estimate: dict[str, Any]) -> str:
    """An estimate in a sentence."""
    place = f"Number {estimate['position']} of its queue"
    if estimate["agents"]:
        place += f", {estimate['ahead']} go before it"
    there = f"{estimate['agents']} agents who may take it are there"
    if estimate["expected_ms"] is None:
        why = {"nobody": "nobody who may take it is there", "no_history": "nothing was answered there yet"}
        return f"{place}; how long it will wait is not known: {why.get(estimate.get('reason', ''), 'no method')}."
    low, expected, high = (lasts(estimate[name]) for name in ("low_ms", "expected_ms", "high_ms"))
    sure = f"{low} to {high} with {estimate['confidence']} % confidence"
    return f"{place}; {there}. Expected to wait {expected} more ({sure}, by {estimate['method'].replace('_', ' ')})."


def lasts(ms: float) -> str:
    """A duration for people: 45 s, 4:05, 1:04:05."""
    seconds = max(round(ms / _MS), 0)
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, _MINUTE_S)
    if seconds < _HOUR_S:
        return f"{minutes}:{rest:02}"
    return f"{minutes // _MINUTE_S}:{minutes % _MINUTE_S:02}:{rest:02}"


def _step(one: dict[str, Any], now: int) -> list[str]:
    what = one["kind"].replace("_", " ")
    if one.get("step"):
        fields = (
            f"{name} {_plain(value)}".rstrip() for name, value in one["step"].items() if name != "after_ms" and value
        )
        what = "; ".join(fields) or what
    return [local(one["at_ms"]), "taken" if one["taken"] else f"in {lasts(one['at_ms'] - now)}", what]


def _plain(value: Any) -> str:
    """A field of a step as a file would say it: names in a row, nothing for what is simply so."""
    match value:
        case True:
            return ""
        case list():
            return ", ".join(value)
        case dict():
            return ", ".join(f"{name} {level}" for name, level in value.items())
        case _:
            return str(value)


def _endings(body: dict[str, Any], now: int) -> list[list[str]]:
    return [
        [
            _when(one.get("at_ms"), now),
            str(one.get("agents", "") or ""),
            " ".join(filter(None, (one["reason"], one.get("subject", "")))),
            ", ".join(dict.fromkeys(one.get("events", ()))),
        ]
        for one in body["endings"]
    ]


def _agent(one: dict[str, Any], now: int) -> list[str]:
    about = one.get("detail", "")
    if one.get("place"):
        about = f"{one['place']}. with {one['points']}"
    return [one["agent"], one["reason"], about, _when(one.get("until_at_ms"), now)]


def _when(at_ms: int | None, now: int) -> str:
    return "" if at_ms is None else f"in {lasts(at_ms - now)}"
