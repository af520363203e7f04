"""`firstline demo` and `firstline bench`: the real server with players, and figures beside their reference."""

from typing import Annotated

import typer

from router.bench.limits import (
    BUSY_AGENTS,
    FIXED_S,
    FSYNC_ROUNDS,
    FSYNC_S,
    KILLS,
    OPEN_ITEMS,
    REPEAT_MIN,
    ROUTING_SECONDS,
    SIMULATED_CONTACTS,
    SIMULATED_ROUNDS,
    STORM_CLIENTS,
    STORM_ROUNDS,
)
from router.cli.options import Json
from router.cli.outcome import CommandError, Exit


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(demo)
    group = typer.Typer(no_args_is_help=True, help="Figures, each beside its reference in one run.")
    group.command()(push)
    group.command()(durability)
    group.command()(storm)
    group.command()(routing)
    group.command()(simulate)
    group.callback()(lambda: None)
    app.add_typer(group, name="bench")


def demo(
    seconds: Annotated[float | None, typer.Option(help="End by itself after so long. Default: Ctrl-C ends it.")] = None,
    json: Json = False,
) -> None:
    """Run the real server on the sample centre, with customers and agents who play, and show it happen.

    With --json the last line is one JSON object. Ends with 1 if anything was lost or given to two agents.
    """
    from router.bench.demo import run

    _ended(run(seconds=seconds, as_json=json))


def push(
    seconds: Annotated[float, typer.Option(help="How long one measurement at the fixed rate lasts.")] = FIXED_S,
    repeat: Annotated[int, typer.Option(help="How often each side is measured; medians are given.")] = REPEAT_MIN,
    json: Json = False,
) -> None:
    """Measure events pushed to 1,000 agents, beside a bare skeleton on the same machine in the same run."""
    from router.bench.push import run

    _ended(run(seconds=seconds, repeat=repeat, as_json=json))


def durability(
    *,
    seconds: Annotated[float, typer.Option(help="How long one measurement of accepted events lasts.")] = FSYNC_S,
    rounds: Annotated[int, typer.Option(min=1, help="How often each way of fsync is measured.")] = FSYNC_ROUNDS,
    kills: Annotated[int, typer.Option(help="How often the active writer is killed.")] = KILLS,
    items: Annotated[int, typer.Option(min=1, help="Open items of the node that is killed and recovers.")] = OPEN_ITEMS,
    agents: Annotated[int, typer.Option(min=1, help="Agents of that node.")] = BUSY_AGENTS,
    json: Json = False,
) -> None:
    """Measure what safety costs and how fast everything is back: fsync, a killed writer, a killed full node.

    Two nodes need a PostgreSQL, which is started if it is installed. Filling the store takes minutes.
    """
    from router.bench.durability import Sizes, run

    sizes = Sizes(seconds=seconds, rounds=rounds, kills=kills, items=items, agents=agents)
    _ended(run(sizes, as_json=json))


def storm(
    clients: Annotated[int, typer.Option(help="Agents who lose their connection at once.")] = STORM_CLIENTS,
    rounds: Annotated[int, typer.Option(help="How often; the worst one is given.")] = STORM_ROUNDS,
    json: Json = False,
) -> None:
    """Cut thousands of agents off in one moment, and measure until all are back, pushes to others, and memory."""
    from router.bench.storm import run

    _ended(run(clients=clients, rounds=rounds, as_json=json))


def routing(
    seconds: Annotated[float, typer.Option(help="How long the lifecycles of one row are measured.")] = ROUTING_SECONDS,
    only: Annotated[list[str] | None, typer.Option(help="Only this row (100/1k); may be repeated.")] = None,
    json: Json = False,
) -> None:
    """Measure what routing costs at any size, in process, beside a plain scan of everything that waits.

    All rows take some ten minutes, most of them filling the big ones. Ends with 1 if the scan decided differently.
    """
    from router.bench.routing import chosen, run

    try:
        sizes = chosen(only or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--only") from error
    _ended(run(sizes, seconds=seconds, as_json=json))


def simulate(
    contacts: Annotated[int, typer.Option(min=1_000, help="Contacts of each simulator in each round.")] = (
        SIMULATED_CONTACTS
    ),
    rounds: Annotated[int, typer.Option(min=1, help="How often all three are measured; medians are given.")] = (
        SIMULATED_ROUNDS
    ),
    json: Json = False,
) -> None:
    """Measure simulated contacts a second of the whole core, beside SimPy and Ciw in the same run."""
    try:
        import ciw  # noqa: F401
        import simpy  # noqa: F401
    except ImportError as error:
        raise CommandError(Exit.ENVIRONMENT, f"{error.name} is not installed: pip install simpy ciw.") from error
    from router.bench.simulate import run

    _ended(run(contacts=contacts, rounds=rounds, as_json=json))


def _ended(code: int) -> None:
    if code:
        raise typer.Exit(Exit.FAILED.value)
