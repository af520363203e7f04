"""Writes docs/reference from the code: `make reference`. tests/architecture/test_reference.py fails on a difference.

Whoever reads these pages can trust them, and nobody has to keep them: the source of each is the docstring or the table
that the server itself runs on.
"""

import ast
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec

from channels import intake
from channels.email import settings as mailbox
from router import settings
from router.api.problems import STATUSES
from router.core import commands, events, transitions
from router.core.item import ItemState
from router.core.rejections import CODES
from tests.tools import reference_centre, reference_cli

ROOT = Path(__file__).resolve().parents[2]
HEAD = "<!-- Written by `make reference` from {source}: change it there. -->\n"

MAILBOX: dict[str, type[msgspec.Struct]] = {
    "mailboxes.NAME": mailbox.MailboxSettings,
    "mailboxes.NAME.imap": mailbox.Imap,
    "mailboxes.NAME.smtp": mailbox.Smtp,
}


def pages() -> dict[str, str]:
    """Path below docs/reference -> text of the page."""
    return {
        "rejections.md": rejections(),
        "states.md": states(),
        "log.md": log(),
        "events.md": incoming(),
        "settings.md": settings_page(),
        "metrics.md": metrics_page(),
        "cli.md": reference_cli.page(HEAD.format(source="router/cli")),
        "centre.md": reference_centre.page(HEAD.format(source="router/centre/document.py")),
    }


def rejections() -> str:
    """Every code that an answer may carry, with its HTTP status."""
    rows = [f"| `{code}` | {STATUSES[code]} | {meaning} |" for code, meaning in CODES.items()]
    own = [f"| `{code}` | {status} |" for code, status in STATUSES.items() if code not in CODES]
    return "\n".join(
        [
            HEAD.format(source="router/core/rejections.py, router/api/problems.py and channels"),
            "# Codes of refusals\n",
            "A refusal is a value: nothing has moved. Over HTTP it is a problem detail (RFC 9457) with this `code`.\n",
            "| code | HTTP | meaning |\n|---|---|---|",
            *rows,
            "\nThe API itself refuses with these, before a command exists:\n",
            "| code | HTTP |\n|---|---|",
            *own,
            "\nEvents are also refused with these, with a pointer to what is wrong:\n",
            "| code | HTTP |\n|---|---|",
            *(f"| `{code}` | {status} |" for code, status in sorted(refused_events())),
            "",
        ]
    )


def refused_events() -> set[tuple[str, int]]:
    """(code, HTTP status) of each EventRefused in the channels."""
    found = set()
    for path in (ROOT / "channels").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="EventRefused"), args=[ast.Constant(value=str() as code), _, *more]):
                    statuses = (each.value for each in more[1:] if isinstance(each, ast.Constant))
                    found.add((code, next((status for status in statuses if isinstance(status, int)), 400)))
                case _:
                    pass
    return found


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


def incoming() -> str:
    """Every event that an integrator may post."""
    shapes = {name: kind.shape for name, kind in intake._KINDS.items()} | {intake.MAIL: intake.MailReceived}
    return "\n".join(
        [
            HEAD.format(source="channels/intake.py and the channels' events.py"),
            "# Events that integrators post\n",
            "CloudEvents 1.0 to `POST /api/v1/events`: one as `application/cloudevents+json`, several as",
            "`application/cloudevents-batch+json`. `source` and `id` recognise a repetition.",
            "What `data` holds, by `type`:\n",
            *(posted(name, shape) for name, shape in shapes.items()),
        ]
    )


def posted(name: str, shape: type[msgspec.Struct]) -> str:
    """One event type: what it says, and the fields of its data with their JSON types."""
    _, components = msgspec.json.schema_components([shape])
    schema = components[shape.__name__]
    rows = [
        f"| `{field}` | {kind(part, components)} | {'yes' if field in schema['required'] else 'no'} |"
        for field, part in sorted(schema["properties"].items(), key=lambda each: each[0] not in schema["required"])
    ]
    said = " ".join((inspect.getdoc(shape) or "").split()).removeprefix(f"`{name}`: ")
    return "\n".join([f"## `{name}`\n", f"{said}\n", "| field | type | required |\n|---|---|---|", *rows, ""])


def kind(part: dict[str, Any], components: dict[str, Any]) -> str:
    """A JSON type in words."""
    if "$ref" in part:
        return kind(components[part["$ref"].split("/")[-1]], components)
    if "anyOf" in part:
        return " or ".join(kind(each, components) for each in part["anyOf"] if each != {"type": "null"})
    if "enum" in part:
        return ", ".join(f"`{each}`" for each in part["enum"])
    if isinstance(part.get("additionalProperties"), dict):
        return f"object of {kind(part['additionalProperties'], components)}"
    longest = f", at most {part['maxLength']} characters" if "maxLength" in part else ""
    least = f", from {part['minimum']} to {part['maximum']}" if "minimum" in part and "maximum" in part else ""
    return f"{part.get('type', 'anything')}{longest}{least}"


def settings_page() -> str:
    """Every setting: its key in firstline.toml, its variable in the environment, its default."""
    variables = {".".join(path): name for name, path in settings.ENVIRONMENT.items()}
    shapes: dict[str, type[msgspec.Struct]] = {"": settings.Settings, **settings._SECTIONS, **MAILBOX}
    rows = []
    for section, shape in shapes.items():
        for field in msgspec.structs.fields(shape):
            key = f"{section}.{field.name}".removeprefix(".")
            if key not in shapes and key not in ("mailboxes", "mailboxes.NAME.name"):
                variable = f"`{variables[key]}`" if key in variables else "only in the file"
                rows.append(f"| `{key}` | {variable} | {default(field)} |")
    said = [
        f"**{section or 'All'}.** " + " ".join((inspect.getdoc(shape) or "").split())
        for section, shape in shapes.items()
    ]
    return "\n".join(
        [
            HEAD.format(source="router/settings.py"),
            "# Settings\n",
            "`firstline.toml` in the data folder, overridden by the environment, overridden by options of the command",
            "line. A value may be `env:NAME` or `file:PATH`. Sections are tables of the file (`[smtp_intake]`).\n",
            "| key | environment | default |\n|---|---|---|",
            *rows,
            "",
            *(f"{paragraph}\n" for paragraph in said),
        ]
    )


def default(field: msgspec.structs.FieldInfo) -> str:
    """A default as one would write it."""
    if field.required:
        return "your data home" if field.name == "data_dir" else "must be said"
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return f"`{json.dumps(value)}`" if value not in ("", (), {}) else ""


def metrics_page() -> str:
    """Every figure of /metrics."""
    rows = [
        f"| `{name}` | {kind.lower()} | {', '.join(f'`{label}`' for label in labels)} | {said} |"
        for path in sorted((ROOT / "router").rglob("*.py"))
        for kind, name, said, labels in figures(ast.parse(path.read_text("utf-8")))
    ]
    return "\n".join(
        [
            HEAD.format(source="the modules that count"),
            "# Metrics\n",
            "What Prometheus reads at `/metrics`, with an API key as bearer token. Base units; no ids in labels.\n",
            "| name | kind | labels | meaning |\n|---|---|---|---|",
            *sorted(rows),
            "",
        ]
    )


def figures(tree: ast.Module) -> Iterator[tuple[str, str, str, list[str]]]:
    """(kind, name, meaning, labels) of each figure that a module makes."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="Counter" | "Gauge" | "Histogram" as kind),
                args=[ast.Constant(value=str() as name), ast.Constant(value=str() as said), *more],
            ):
                labels = more[0].elts if more and isinstance(more[0], ast.List) else []
                yield kind, name, said, [str(each.value) for each in labels if isinstance(each, ast.Constant)]
            case _:
                pass


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
