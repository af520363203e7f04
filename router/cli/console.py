"""Where the command line writes: results to standard output, everything said to people to standard error.

With --json the result is one JSON object (or one per line) on standard output, and nothing else is there.
"""

import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table


def stdout() -> Console:
    """The console of results. Made per use, because tests and pipes exchange the stream."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    """Tell a person something that is no result."""
    Console(file=sys.stderr, highlight=False, soft_wrap=True).print(message, markup=False)


def show(message: str) -> None:
    """A line of the result, for a person."""
    stdout().print(message, markup=False)


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A result in rows, for a person."""
    made = Table(show_edge=False, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(cell.replace("[", r"\[") for cell in row))
    show(title)
    Console(file=sys.stdout, highlight=False).print(made)


def local(at_ms: int) -> str:
    """An instant on the clock of this machine, with its offset."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).astimezone().isoformat(" ", "seconds")


def emit(value: Any) -> None:
    """The result for a program: one JSON object on one line."""
    sys.stdout.write(msgspec.json.encode(value, enc_hook=str).decode() + "\n")
    sys.stdout.flush()
