"""`firstline report day`: the figures of a day as CSV, for spreadsheets and other programs."""

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from router.cli.client import connected
from router.cli.console import emit
from router.cli.options import Json, Login, Url, url_of
from router.cli.running import run
from router.gateway import Figures

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(no_args_is_help=True, help="Figures of what happened.")
    group.callback()(lambda: None)
    group.command()(day)
    app.add_typer(group, name="report")


def day(
    *,
    date: Annotated[str, typer.Option(help="The day, like 2026-11-22. Default: today.")] = "",
    by: Annotated[str, typer.Option(help="One or several of quarter, queue, channel, agent.")] = "quarter",
    queue: Annotated[str, typer.Option(help="Only this queue.")] = "",
    zone: Annotated[str, typer.Option(help="The time zone of the day. Default: that of the queue or centre.")] = "",
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Write the figures of a day as CSV: a row for each quarter hour, queue, channel or agent, and one for all.

    Today is counted up to now. What each column means stands in the glossary, under Metrics.
    """
    server_url = url_of(url)
    query = {"date": date, "by": by, "queue": queue, "zone": zone}

    async def asked() -> Any:
        async with connected(server_url, login) as server:
            return (await server.request("GET", "/api/v1/reports/day", query=query)).body

    report = run(asked())
    if json:
        emit(report)
    else:
        csv.writer(sys.stdout).writerows(_lines(report))


def _lines(report: dict[str, Any]) -> Iterator[list[Any]]:
    """The heading, the rows, and all of them together with `total` in the first column."""
    by, figures = report["by"], list(Figures.__struct_fields__)
    yield [*by, *figures] if by else ["", *figures]
    for row in report["rows"] if by else ():
        keys = [_local(row[name], report["zone"]) if name == "quarter" else harmless(row[name]) for name in by]
        yield [*keys, *(row[name] for name in figures)]
    yield ["total", *[""] * (len(by) - 1), *(report["total"][name] for name in figures)]


def _local(at_ms: int, zone: str) -> str:
    """The instant on the clocks there, with its offset: the hour that comes twice in autumn is told apart."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def harmless(text: str) -> str:
    """The text so that no spreadsheet runs it: what looks like a formula begins with an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text
