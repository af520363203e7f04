"""The command line `firstline`: the tree of its commands, and how each error becomes a message and an exit code."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from router.cli import (
    accounts,
    backup,
    bench,
    board,
    config,
    doctor,
    events,
    init,
    items,
    keys,
    migrate,
    nodes,
    preview,
    repair,
    replay,
    report,
    serve,
    simulate,
)
from router.cli.console import emit, say
from router.cli.options import JSON_ASKED
from router.cli.outcome import MEANINGS, CommandError, Exit
from router.gateway import StoreError
from router.runtime.errors import StartError
from router.settings import SettingsError

EXIT_CODES = "Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."


class _Group(TyperGroup):
    """Turns what commands raise into a message on standard error (with --json also an object) and an exit code."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except CommandError as error:
            raise _stopped(ctx, error) from error
        except SettingsError as error:
            raise _stopped(ctx, CommandError(Exit.ENVIRONMENT, str(error), problems=error.problems)) from error
        except StartError as error:
            raise _stopped(ctx, CommandError(Exit.ENVIRONMENT, f"Cannot start: {error}.")) from error
        except StoreError as error:
            message = (
                f"Redis or the data base cannot be reached, or refuses: {str(error).rstrip('.')}. "
                "See that they run, and redis_url and database_url in the settings."
            )
            raise _stopped(ctx, CommandError(Exit.ENVIRONMENT, message)) from error


def _stopped(ctx: typer.Context, error: CommandError) -> typer.Exit:
    say(error.message)
    if ctx.find_root().meta.get(JSON_ASKED):
        emit({"error": error.message, "exit": error.exit.value, **error.details})
    return typer.Exit(error.exit.value)


app = typer.Typer(
    cls=_Group,
    name="firstline",
    no_args_is_help=True,
    help="Omnichannel routing and queue server for first-line service desks.",
    epilog=EXIT_CODES,
    pretty_exceptions_enable=False,
)
_COMMANDS: tuple[Callable[[typer.Typer], None], ...] = (
    init.register,
    serve.register,
    bench.register,
    config.register,
    accounts.register,
    keys.register,
    events.register,
    items.register,
    preview.register,
    board.register,
    nodes.register,
    replay.register,
    migrate.register,
    report.register,
    doctor.register,
    backup.register,
    repair.register,
    simulate.register,
)
for _register in _COMMANDS:
    _register(app)
