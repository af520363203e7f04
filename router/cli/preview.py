"""`firstline preview`: what a change would do to what waits. `firstline skills`: the skills matrix as a CSV file."""

import csv
import io
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from router.cli.client import Server, connected
from router.cli.console import emit, say, show, table
from router.cli.options import Json, Login, Url, url_of
from router.cli.outcome import CommandError, Exit
from router.cli.running import run
from skills import PROFICIENCY_MAX

_MATRIX = "/api/v1/skill-matrix"
_FIXED = ("agent", "name")
"""Columns of the file that are no skills."""

File = Annotated[str, typer.Argument(help="The file; - for standard input or output.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(preview)
    skills = typer.Typer(no_args_is_help=True, help="The skills matrix: who can do what and how well, as a CSV file.")
    skills.command("export")(export)
    skills.command("import")(import_)
    app.add_typer(skills, name="skills")


def preview(
    file: Annotated[
        str, typer.Argument(help="The change as JSON (the body of POST /api/v1/preview); - for standard input.")
    ] = "",
    *,
    skill: Annotated[
        list[str] | None,
        typer.Option("--skill", metavar="AGENT=SKILL:LEVEL", help="A level of a skill (0: taken away); several times."),
    ] = None,
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Say which waiting items a change would touch and who would be offered what, without doing it."""
    body = _read_json(file) if file else {}
    if skill:
        body["skills"] = [*body.get("skills", ()), *map(cell, skill)]
    if not body:
        raise CommandError(Exit.USAGE, "Name a file with the change, or a cell with --skill AGENT=SKILL:LEVEL.")
    found = run(_previewed(url_of(url), login, body))
    if json:
        emit(found)
    else:
        _show(found)


def export(
    file: File = "-",
    *,
    team: Annotated[str, typer.Option(help="Only agents of this team.")] = "",
    url: Url = "",
    login: Login = "",
) -> None:
    """Write the matrix: a line for each agent you may edit, a column for each skill, empty where they have it not."""
    server_url = url_of(url)

    async def read() -> dict[str, Any]:
        async with connected(server_url, login) as server:
            return (await _matrix(server, team))[0]

    text = as_csv(run(read()))
    if file == "-":
        sys.stdout.write(text)
    else:
        Path(file).write_text(text, encoding="utf-8", newline="")
        say(f"Written to {file}.")


def import_(
    file: File,
    *,
    dry_run: Annotated[bool, typer.Option("--preview", help="Only say what it would change and do.")] = False,
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Make the matrix as the file says, all of it as one change or nothing.

    Agents and skills that the file does not name stay as they are; an empty cell takes the skill away.
    """
    text, server_url = _text(file), url_of(url)

    async def put() -> Any:
        async with connected(server_url, login) as server:
            matrix, etag = await _matrix(server, "")
            edits = differences(matrix, text)
            if not edits:
                return {"edits": 0}
            if dry_run:
                answer = await server.request("POST", "/api/v1/preview", json={"skills": edits})
                return {"edits": len(edits)} | answer.body
            made = await server.request("PATCH", _MATRIX, json={"edits": edits}, etag=etag)
            return {"edits": len(edits)} | await server.outcome(made)

    found = run(put())
    if json:
        emit(found)
        return
    show(f"{found['edits']} cells {'would change' if dry_run else 'changed'}.")
    if dry_run and found["edits"]:
        _show(found)


def cell(text: str) -> dict[str, Any]:
    """One cell as it is written on the command line. Raises CommandError."""
    agent, _, rest = text.partition("=")
    skill, _, level = rest.rpartition(":")
    if not (agent and skill and level.isdecimal()):
        raise CommandError(Exit.USAGE, f"Write a cell as AGENT=SKILL:LEVEL, not {text!r}.")
    return {"agent": agent, "skill": skill, "level": int(level)}


def as_csv(matrix: dict[str, Any]) -> str:
    """The matrix as a CSV file."""
    skills = [one["id"] for one in matrix["skills"]]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*_FIXED, *skills])
    for row in matrix["agents"]:
        writer.writerow([row["id"], row["name"], *(row["skills"].get(skill, "") for skill in skills)])
    return file.getvalue()


def differences(matrix: dict[str, Any], text: str) -> list[dict[str, Any]]:
    """The cells in which a file differs from the matrix. Raises CommandError for a file that is none."""
    rows = csv.DictReader(io.StringIO(text))
    if "agent" not in (rows.fieldnames or ()):
        raise CommandError(Exit.USAGE, "The first line must name the columns: agent, and then the skills.")
    have = {row["id"]: row["skills"] for row in matrix["agents"]}
    found = []
    for row in rows:
        agent = row["agent"]
        if agent not in have:
            raise CommandError(Exit.REFUSED, f"Line {rows.line_num}: there is no agent {agent!r} that you may edit.")
        for skill, value in row.items():
            if skill in _FIXED or not isinstance(value, str):
                continue
            level = int(value) if value.strip().isdecimal() else 0 if not value.strip() else -1
            if not 0 <= level <= PROFICIENCY_MAX:
                raise CommandError(Exit.USAGE, f"Line {rows.line_num}: the level of {skill} is {value!r}, not 0 to 5.")
            if level != have[agent].get(skill, 0):
                found.append({"agent": agent, "skill": skill, "level": level})
    return found


async def _matrix(server: Server, team: str) -> tuple[dict[str, Any], str]:
    """The whole matrix, and the ETag of its first page: what is changed after that is noticed."""
    query = {"team": team} if team else {}
    first = await server.request("GET", _MATRIX, query=query)
    whole, page = first.body, first.body
    while page["next"]:
        page = (await server.request("GET", _MATRIX, query=query | {"after": page["next"]})).body
        whole["agents"] += page["agents"]
    return whole, first.headers["ETag"]


async def _previewed(url: str, login: str, body: dict[str, Any]) -> Any:
    async with connected(url, login) as server:
        return (await server.request("POST", "/api/v1/preview", json=body)).body


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(Exit.USAGE, f"Cannot read {file}: {error.strerror}.") from error


def _read_json(file: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(_text(file).encode(), type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise CommandError(Exit.USAGE, f"{file} is no JSON object: {error}.") from error


def _show(found: dict[str, Any]) -> None:
    rows = [
        [queue, *(str(counts[name]) for name in ("waiting", "gained", "lost", "possible", "impossible"))]
        for queue, counts in found["queues"].items()
    ]
    if not rows:
        show("Nothing that waits would be touched.")
    else:
        columns = ["queue", "waiting", "more could", "fewer could", "possible at last", "nobody could"]
        table(f"{found['items_total']} waiting items would be touched", columns, rows)
    if found["offers_total"]:
        offers = [[one["item"], one["queue"], one["agent"]] for one in found["offers"]]
        table(f"\n{found['offers_total']} would be offered at once", ["item", "queue", "agent"], offers)
