"""`firstline simulate`: the core on virtual time, against theory and for supervisors who ask what if."""

from pathlib import Path
from typing import Annotated

import typer

from router.cli.console import emit, say, show, table
from router.cli.options import Json
from router.cli.outcome import CommandError, Exit
from router.cli.progress import bars


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(no_args_is_help=True, help="The very core that routes, on virtual time.")
    group.command()(verify)
    group.callback()(lambda: None)
    app.add_typer(group, name="simulate")


def verify(
    file: Annotated[Path, typer.Argument(help="A file of schema routing-vectors/1.", show_default=False)],
    *,
    contacts: Annotated[
        int | None,
        typer.Option(min=2_000, help="Contacts of each row. Default: what its tolerance asks for, 40,000 to 250,000."),
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only the row, trace or row of metrics with this id.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Default: one for each core.")] = None,
    json: Json = False,
) -> None:
    """Run models of queueing theory with known results, and traces contact by contact, on the core that routes.

    With --json the last line is one JSON object. Ends with 1 if any figure is beyond its tolerance.
    """
    from router.simulate.theory.vectors import VectorsError, read
    from router.simulate.theory.verify import verify as judged

    try:
        vectors = read(file)
    except VectorsError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    known = {each.id for each in vectors.every()}
    if unknown := [id for id in only or () if id not in known]:
        raise CommandError(Exit.USAGE, f"{file} has no {', '.join(unknown)}.")
    with bars(quiet=False) as step:
        verdict = judged(vectors, contacts=contacts, only=only or (), processes=processes, told=step("verify"))
    differing = [f"{trace.id}: {trace.differs}" for trace in verdict.traces if not trace.ok]
    differing += [f"{row.id}: {row.differs}" for row in verdict.metric_rows if not row.ok]
    for line in differing:
        say(line)
    for left in verdict.unsupported:
        say(f"{left.id} is unsupported: {left.reason}")
    wrong = [each for each in verdict.rows if not each.ok]
    if json:
        emit(verdict.told())
    else:
        if wrong:
            cells = [
                [each.id, each.metric, f"{each.expected:.6g}", f"{each.measured:.6g}", f"{each.tolerance:.2g}"]
                for each in wrong
            ]
            table("Beyond their tolerance:", ["id", "metric", "expected", "measured", "tolerance"], cells)
        done = len(verdict.rows), len(verdict.traces), len(verdict.metric_rows)
        show(
            f"{done[0]} figures, {done[1]} traces, {done[2]} rows of metrics: {verdict.failed} failed, "
            f"{len(verdict.unsupported)} unsupported."
        )
    if verdict.failed:
        raise typer.Exit(Exit.FAILED.value)
