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
    group.command("what-if")(what_if)
    group.command()(acceptance)
    group.callback()(lambda: None)
    app.add_typer(group, name="simulate")


def verify(
    file: Annotated[Path, typer.Argument(help="A file of schema routing-vectors/1.", show_default=False)],
    *,
    contacts: Annotated[
        int | None,
        typer.Option(min=2_000, help="Contacts of each row. Default: what its tolerance asks for, 30,000 to 200,000."),
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
        raise CommandError(Exit.USAGE, f"{file} has no row, trace or row of metrics with the id {', '.join(unknown)}.")
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


def what_if(
    centre: Annotated[Path, typer.Argument(help="The centre file as it is.", show_default=False)],
    *,
    load: Annotated[Path, typer.Option(help="The day: who comes, how long they take (docs/simulate.md).")],
    more: Annotated[list[str] | None, typer.Option(help="Another agent like this one; may be said again.")] = None,
    against: Annotated[Path | None, typer.Option(help="The centre file as it would be.")] = None,
    days: Annotated[int, typer.Option(min=3, help="How many days both sides meet.")] = 10,
    seed: Annotated[int, typer.Option(help="Other days.")] = 1,
    processes: Annotated[int | None, typer.Option(min=1, help="Default: one for each core.")] = None,
    json: Json = False,
) -> None:
    """How the service level of a day would change with one more agent, or another plan, and how sure that is.

    Both centres meet the same contacts, so that even a small difference shows in few days.
    """
    from router.simulate.theory import what_if as days_of
    from router.simulate.theory.spread import spread

    if not more and against is None:
        raise CommandError(Exit.USAGE, "Say what would be different: --more AGENT, or --against FILE.")
    try:
        now, meets = days_of.read_centre(centre), days_of.read_load(load)
        then = days_of.with_more(days_of.read_centre(against) if against else now, more or ())
        with bars(quiet=False) as step:
            pairs = spread(
                days_of.pair,
                [(now, then, meets, each) for each in days_of.seeds(days, seed)],
                processes=processes,
                told=step("days"),
            )
    except days_of.WhatIfError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    found = days_of.compared(pairs)
    if json:
        emit(found)
        return
    show(
        f"{found.days} days of {found.contacts:,.0f} contacts. Service level (answered within the target / offered): "
        f"{found.service_level:.1%} now, {found.service_level_then:.1%} then."
    )
    show(
        f"Difference: {100 * found.difference:+.2f} points, give or take {100 * found.half_width:.2f} (95 %; "
        f"{100 * found.half_width_own_days:.2f} had each side met days of its own)."
    )
    show(f"Abandoned: {found.abandoned:.1%} now, {found.abandoned_then:.1%} then.")
    if found.asa_s is not None and found.asa_s_then is not None:
        show(f"Mean wait of who was answered: {found.asa_s:.1f} s now, {found.asa_s_then:.1f} s then.")


def acceptance(
    file: Annotated[Path, typer.Argument(help="A file of schema routing-vectors/1.", show_default=False)],
    *,
    results: Annotated[Path, typer.Option(help="Where what is done is kept.")] = Path("acceptance.jsonl"),
    only: Annotated[list[str] | None, typer.Option(help="Only this figure: 1 to 12.")] = None,
    scale: Annotated[float, typer.Option(help="This part of the contacts that the figures ask for.")] = 1.0,
    processes: Annotated[int | None, typer.Option(min=1, help="Default: one for each core.")] = None,
    json: Json = False,
) -> None:
    """The acceptance figures of routing, each with its goal. Hours; goes on where the last call ended.

    Ends with 1 if a figure misses its goal.
    """
    from router.simulate.theory.acceptance import Keeper, accept
    from router.simulate.theory.vectors import VectorsError, read

    try:
        vectors = read(file)
    except VectorsError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    missed = 0
    with bars(quiet=False) as step:
        told = step("figures")
        keeper = Keeper(results)
        for figure, lines in accept(
            vectors, file, keeper, scale=scale, only=only or (), processes=processes, told=told
        ):
            show(f"{figure.name}. {figure.title}")
            for line in lines:
                missed += not line.ok
                if json:
                    emit(line)
                else:
                    show(f"   {'ok    ' if line.ok else 'MISSED'} {line.what}: {line.value} (goal {line.goal})")
    if missed:
        raise typer.Exit(Exit.FAILED.value)
