"""A bar for each step of a long work, on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

Told: TypeAlias = Callable[[int, int], None]
"""Is told how much of how much is done."""


@contextmanager
def bars(quiet: bool) -> Iterator[Callable[[str], Told]]:
    """Says what is done now, and gives whom to tell how far it is."""
    columns = (TextColumn("{task.description:>8}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:

        def step(what: str) -> Told:
            task = progress.add_task(what, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        yield step
