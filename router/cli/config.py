"""`firstline config check|apply|export|sample`: a contact centre as a file."""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import typer
import yaml

from router.centre import sample
from router.centre.diff import Difference, Take
from router.centre.export import stamped
from router.centre.faults import faults
from router.centre.parse import CentreFileError, Parsed, parse
from router.centre.reader import Problem
from router.cli import limits
from router.cli.centres import Applied, centre_at
from router.cli.console import emit, say, show, table
from router.cli.options import Data, Json, Login, Url
from router.cli.outcome import CommandError, Exit
from router.cli.running import Place, place_of, run

File = Annotated[Path, typer.Argument(help="The centre file; - is standard input.", show_default=False)]
_MARKS = {"added": "+", "removed": "-", "changed": "~"}
_WORDS: Final = (("added", "new"), ("changed", "changed"), ("removed", "removed"))


class _Ask(msgspec.Struct, frozen=True, kw_only=True):
    """How to go about applying: which side wins, whether to show, to ask, to go on."""

    take: Take | None
    confirm: bool
    only_show: bool
    quiet: bool


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(no_args_is_help=True, help="A contact centre as a file: check it, apply it, export it.")
    group.command()(check)
    group.command()(apply)
    group.command()(export)
    group.command("sample")(sample_)
    group.command("drop-skill")(drop_skill)
    app.add_typer(group, name="config")


def check(
    file: File,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail too.")] = False,
    json: Json = False,
) -> None:
    """Say everything that is wrong with a centre file, with line, column and key. Needs no server.

    Also what it cannot mean: rules that never hold, requirements that nobody meets, steps that change nothing or come
    after the target. Such a file can be applied all the same; docs/classification.md lists the codes.
    """
    parsed = _parsed(file, _read(file))
    found = tuple(faults(parsed))
    if any(strict or not one.warning for one in found):
        raise _faulty(file, found)
    counts = _counts(parsed)
    if json:
        emit({"ok": True, "revision": parsed.revision, "records": counts, "warnings": found})
        return
    for one in found:
        say(f"{file}: warning: {one}")
    title = parsed.document.name or str(file)
    show(f"{title}: good. " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))


def apply(
    file: File,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Apply without asking.")] = False,
    take: Annotated[
        Literal["file", "live"] | None,
        typer.Option(help="Whose side wins where the centre was changed live after the file's revision."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the difference.")] = False,
    data: Data = None,
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Show what a file would change in the live centre, ask, and change it: all of it, or nothing.

    What the file does not name stays. When it is applied, the file's `revision:` line is brought up to date, so
    that the next apply knows what was changed live since.
    """
    text = _read(file)
    ask = _Ask(take=take, confirm=not yes, only_show=dry_run, quiet=json and yes)
    try:
        done = run(_apply(text, place_of(url, login, data), ask))
    except CentreFileError as error:
        raise _invalid(file, error) from error
    if done.applied:
        _stamp(file, text, done.revision)
    if json:
        emit(done)
    elif done.applied:
        show(f"Applied. The centre is at revision {done.revision}.")
    elif not done.differences:
        show("Nothing to change: the live centre is what the file says.")


def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write; standard output if left out.")] = None,
    *,
    data: Data = None,
    url: Url = "",
    login: Login = "",
) -> None:
    """Write the live centre as a file. Checking it and applying it changes nothing."""
    text = run(_export(place_of(url, login, data)))
    if file is None:
        sys.stdout.write(text)
    else:
        _write(file, text)
        say(f"Written to {file}.")


def drop_skill(
    skill: Annotated[str, typer.Argument(help="The skill that goes.", show_default=False)],
    *,
    becomes: Annotated[
        str | None,
        typer.Option(help="The skill that takes its place in all that names it; empty for none.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    data: Data = None,
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Delete a skill. Without --becomes it is refused while anything names it; with it, agents, queues, rules and what
    open items ask are rewritten in the same change, and what waits is matched at once."""
    what = {"remove": [f"skill/{skill}"]} if becomes is None else {"skills_become": {skill: becomes}}
    text = yaml.safe_dump(what).encode()
    ask = _Ask(take="file", confirm=not yes, only_show=False, quiet=json and yes)
    try:
        done = run(_apply(text, place_of(url, login, data), ask))
    except CentreFileError as error:
        raise _invalid(Path("drop-skill"), error) from error
    if not done.applied:
        raise CommandError(Exit.FAILED, f"There is no skill '{skill}'.")
    if json:
        emit(done)
    else:
        show(f"Done. The centre is at revision {done.revision}.")


def sample_() -> None:
    """Write the sample centre: a public service in four languages, to begin one's own from."""
    sys.stdout.write(sample.text())


# -- files --------------------------------------------------------------------------------------------------


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CommandError(Exit.ENVIRONMENT, f"{file} cannot be read: {error.strerror}.") from error


def _write(file: Path, text: str) -> None:
    """Replace the file at once, or leave the old one whole."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        if file.exists():
            beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CommandError(Exit.ENVIRONMENT, f"{file} cannot be written: {error.strerror}.") from error


def _parsed(file: Path, text: bytes) -> Parsed:
    try:
        return parse(text)
    except CentreFileError as error:
        raise _invalid(file, error) from error


def _invalid(file: Path, error: CentreFileError) -> CommandError:
    return _faulty(file, error.problems)


def _faulty(file: Path, problems: tuple[Problem, ...]) -> CommandError:
    kept = problems[: limits.PROBLEMS_SHOWN_MAX]
    shown = [f"{file}: {'warning: ' if problem.warning else ''}{problem}" for problem in kept]
    rest = len(problems) - len(shown)
    return CommandError(
        Exit.FAILED, "\n".join([*shown, *([f"... and {rest} more"] if rest else [])]), problems=problems
    )


def _counts(parsed: Parsed) -> dict[str, int]:
    document = parsed.document
    sections = ("skills", "hours", "queues", "teams", "agents", "categories", "entry_points", "rules", "endpoints")
    counts = {section: len(getattr(document, section)) for section in sections}
    counts["codes"] = sum(len(codes) for codes in document.codes.values())
    return {section: count for section, count in counts.items() if count}


def _stamp(file: Path, text: bytes, revision: int) -> None:
    """Bring the file's revision up to date, or say how."""
    if str(file) == "-":
        return
    new = stamped(text.decode("utf-8-sig"), revision)
    try:
        assert parse(new).revision == revision
        _write(file, new)
    except (CentreFileError, AssertionError, CommandError):
        say(f"Set 'revision: {revision}' in {file} before you apply it again.")


# -- the live centre ----------------------------------------------------------------------------------------


async def _apply(text: bytes, place: Place, ask: "_Ask") -> Applied:
    async with centre_at(place) as centre:
        planned = await centre.compare(text, ask.take)
        if not ask.quiet:
            _show(planned)
        if planned.conflicts:
            raise CommandError(
                Exit.FAILED,
                f"{len(planned.conflicts)} of these were changed live after the file's revision (marked !): "
                "nothing was applied. Export and merge, or give --take file (it wins) or --take live (they stay).",
                differences=planned.differences,
                conflicts=planned.conflicts,
            )
        if ask.only_show or not planned.differences:
            return planned
        if ask.confirm and not await asyncio.to_thread(_confirmed):
            raise CommandError(Exit.FAILED, "Nothing was applied.")
        return await centre.apply(text, ask.take)


async def _export(place: Place) -> str:
    async with centre_at(place) as centre:
        return await centre.text()


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise CommandError(Exit.USAGE, "Nobody is there to be asked: look with --dry-run, then apply with --yes.")
    return typer.confirm("Apply this?", err=True)


def _show(planned: Applied) -> None:
    """The difference, one line for each field."""
    if planned.differences:
        rows = [_row(difference) for difference in planned.differences]
        table("What the file changes", ["", "record", "field", "live", "file"], rows)
        counts: Counter[str] = Counter({(one.kind, one.id): one.what for one in planned.differences}.values())
        say("Records: " + ", ".join(f"{counts[what]} {word}" for what, word in _WORDS if counts[what]) + ".")
    for kind, id in planned.kept:
        say(f"{kind}/{id} stays as it is live.")


def _row(one: Difference) -> list[str]:
    mark = _MARKS[one.what] + ("!" if one.conflict else "")
    return [mark, f"{one.kind}/{one.id}", one.field, _cell(one.live), _cell(one.file)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
