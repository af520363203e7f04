"""Command lines of files under deploy/, read by the real command line, and not run."""

from typing import Any

import typer

from router.cli.app import app


def parsed(arguments: list[str]) -> dict[str, Any]:
    """The parameters of `firstline <arguments>`. Raises UsageError for what the command line does not have."""
    name, *rest = arguments
    command: Any = typer.main.get_command(app)
    context = command.commands[name].make_context(name, rest)
    return dict(context.params)
