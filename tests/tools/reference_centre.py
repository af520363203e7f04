"""The page about centre.yaml: every section and key with its form and default, from the shapes that read the file."""

import inspect
import json
from typing import Any

from msgspec import inspect as shapes

from router.centre.document import Document
from router.centre.forms import FORMS


def page(head: str) -> str:
    """The whole page, below its `head`."""
    document = shapes.type_info(Document)
    assert isinstance(document, shapes.StructType)
    found: dict[str, shapes.StructType] = {"": document}
    for name, struct in nested(document):
        found.setdefault(name, struct)
    return "\n".join(
        [
            head,
            "# centre.yaml\n",
            "`firstline config check FILE` says what is wrong, line by line; `apply` shows what would change and",
            "changes it as one; `export` writes the live centre; `config sample` prints a whole one to begin from.\n",
            *(part(name, struct) for name, struct in found.items()),
        ]
    )


def nested(shape: shapes.Type) -> list[tuple[str, shapes.StructType]]:
    """The named shapes within a shape, each before those within it."""
    if isinstance(shape, shapes.StructType):
        inner = [pair for field in shape.fields for pair in nested(field.type)]
        return inner if shape.cls is Document else [(title(shape), shape), *inner]
    if isinstance(shape, shapes.Metadata) and named(shape.extra):
        return []
    parts = [getattr(shape, name) for name in ("type", "value_type", "item_type") if hasattr(shape, name)]
    return [pair for each in [*parts, *getattr(shape, "types", ())] for pair in nested(each)]


def title(struct: shapes.StructType) -> str:
    """What a shape is called: its class without the word Shape."""
    return struct.cls.__name__.removesuffix("Shape")


def part(name: str, struct: shapes.StructType) -> str:
    """One shape: what it says, and its keys."""
    rows = [f"| `{field.name}` | {written(field.type)} | {default(field)} |" for field in struct.fields]
    said = " ".join((inspect.getdoc(struct.cls) or "").split())
    heading = f"## {name}\n\n" if name else ""
    return f"{heading}{said}\n\n| key | value | default |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def written(shape: shapes.Type) -> str:
    """How a value is written."""
    match shape:
        case shapes.Metadata(type=inner, extra=extra):
            return named(extra) or written(inner)
        case shapes.StructType():
            return f"[{title(shape)}](#{title(shape).lower()})"
        case shapes.DictType(key_type=key, value_type=value):
            return f"map: {written(key)} → {written(value)}"
        case shapes.VarTupleType(item_type=item):
            return f"list: {written(item)}"
        case shapes.UnionType(types=types):
            return " or ".join(written(each) for each in types if not isinstance(each, shapes.NoneType))
        case shapes.LiteralType(values=values):
            return "one of " + ", ".join(f"`{value}`" for value in values)
        case shapes.IntType(ge=least, le=most):
            return (
                "number" + (f" from {least}" if least is not None else "") + (f" to {most}" if most is not None else "")
            )
        case shapes.BoolType():
            return "`true` or `false`"
        case shapes.StrType(max_length=longest):
            return f"text, at most {longest} characters" if longest else "text"
        case _:
            raise TypeError(f"no words for {shape}")


def named(extra: dict[str, Any] | None) -> str:
    """The words of a form, a new id, or the id of something else."""
    match extra or {}:
        case {"defines": kind}:
            return f"new `{kind}` id"
        case {"refers": kind}:
            return f"`{kind}` id"
        case {"form": form}:
            return FORMS[form].noun
        case _:
            return ""


def default(field: shapes.Field) -> str:
    """What a key that is left out means."""
    if field.required:
        return "must be said"
    value = field.default
    if isinstance(field.type, shapes.Metadata) and (field.type.extra or {}).get("form") == "duration":
        return f"`{FORMS['duration'].write(value)}`"
    plain = isinstance(value, bool | int | str) or value == ("*",)
    return f"`{json.dumps(value)}`" if plain and value != "" else ""
