"""Writes docs/reference from the code: `make reference`. tests/architecture/test_reference.py fails on a difference.

Whoever reads these pages can trust them, and nobody has to keep them: the source of each is the docstring or the table
that the server itself runs on.
"""

import inspect
from pathlib import Path
from typing import get_args

import msgspec

from router.api.problems import STATUSES
from router.core import commands, events, transitions
from router.core.item import ItemState
from router.core.rejections import CODES

ROOT = Path(__file__).resolve().parents[2]
HEAD = "<!-- Written by `make reference` from {source}: change it there. -->\n"


def pages() -> dict[str, str]:
    """Path below docs/reference -> text of the page."""
    return {"rejections.md": rejections(), "states.md": states(), "log.md": log()}


def rejections() -> str:
    """Every code that an answer may carry, with its HTTP status."""
    rows = [f"| `{code}` | {STATUSES[code]} | {meaning} |" for code, meaning in CODES.items()]
    own = [f"| `{code}` | {status} |" for code, status in STATUSES.items() if code not in CODES]
    return "\n".join(
        [
            HEAD.format(source="router/core/rejections.py and router/api/problems.py"),
            "# Codes of refusals\n",
            "A refusal is a value: nothing has moved. Over HTTP it is a problem detail (RFC 9457) with this `code`.\n",
            "| code | HTTP | meaning |\n|---|---|---|",
            *rows,
            "\nThe API itself refuses with these, before a command exists:\n",
            "| code | HTTP |\n|---|---|",
            *own,
            "",
        ]
    )


def states() -> str:
    """The life of an item as a diagram and as the two tables that the core runs on."""
    arrows = [
        f"    {source} --> {target}: {event.__name__}"
        for event, (sources, target) in transitions.EVENTS.items()
        for source in get_args(ItemState)
        if source in sources
    ]
    heard = [
        f"| `{command.__name__}` | {', '.join(state for state in get_args(ItemState) if state in when)} |"
        for command, when in transitions.COMMANDS.items()
    ]
    return "\n".join(
        [
            HEAD.format(source="router/core/transitions.py"),
            "# The life of a work item\n",
            "```mermaid\nstateDiagram-v2",
            "    [*] --> queued: ItemOpened",
            *arrows,
            "    closed --> [*]: ItemsForgotten\n```\n",
            "An agent's command is heard only in these states of the item; elsewhere it is refused as `wrong_state`.\n",
            "| command | states |\n|---|---|",
            *heard,
            "",
        ]
    )


def log() -> str:
    """Every command and every event with its fields."""
    return "\n".join(
        [
            HEAD.format(source="router/core/commands.py and router/core/events.py"),
            "# What the log holds\n",
            "Commands may be refused; events are facts. Times (`at`) are ticks: milliseconds in production.\n",
            "## Commands\n",
            *(described(each) for each in get_args(commands.Command)),
            "## Events\n",
            *(described(each) for each in get_args(events.Event)),
        ]
    )


def described(shape: type[msgspec.Struct]) -> str:
    """One class: its name, what it means, its fields (those with a default may be left out)."""
    shown = [
        f"`{each.name}`" if each.required else f"`{each.name}`?"
        for each in msgspec.structs.fields(shape)
        if each.name != "at"
    ]
    return f"### {shape.__name__}\n\n{inspect.getdoc(shape)}\n\nFields: {', '.join(shown) or 'none'}.\n"


def main() -> None:
    """Write all pages."""
    for name, text in pages().items():
        (ROOT / "docs" / "reference" / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
