"""A live centre to the text of a file, and single values to how a file writes them.

It follows the same shapes as the reader: exporting and reading back gives the same records.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import yaml
from msgspec import inspect

from router.centre.convert import document_of, shape_of
from router.centre.document import Document
from router.centre.forms import FORMS
from router.core.commands import CentreRecord
from router.core.state import State

_WIDTH = 120  # columns
_REVISION = re.compile(r"^revision:[^\n]*", re.MULTILINE)
_SHAPES: dict[type[Any], inspect.Type] = {}


class _Dumper(yaml.SafeDumper):
    """Writes each value where it stands: no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def export(state: State) -> str:
    """The whole centre as a file, in a stable order. Its `revision` is the state it was taken from."""
    plain = _plain(document_of(state), _shape(Document))
    plain = {"revision": state.meta.revision} | plain
    return "\n".join(_section(key, value) for key, value in plain.items())


def written(record: CentreRecord) -> dict[str, Any]:
    """A record as the file writes it: plain values under the file's keys, defaults left out."""
    shape = shape_of(record)
    if isinstance(shape, dict):
        return dict(shape)
    found: dict[str, Any] = _plain(shape, _shape(type(shape)))
    return found


def stamped(text: str, revision: int) -> str:
    """The same file, written against this revision: only the one line changes, comments stay."""
    line = f"revision: {revision}"
    if _REVISION.search(text):
        return _REVISION.sub(line, text, count=1)
    return f"{line}\n{text}"


def _section(key: str, value: Any) -> str:
    flow = None if isinstance(value, dict | list) else False  # None: the innermost tables and lists on one line
    return yaml.dump(
        {key: value}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=flow, width=_WIDTH
    )


def _shape(type_: type[Any]) -> inspect.Type:
    if type_ not in _SHAPES:
        _SHAPES[type_] = inspect.type_info(type_)
    return _SHAPES[type_]


def _plain(value: Any, shape: inspect.Type) -> Any:
    """The value in the texts, numbers, tables and lists of which YAML is made."""
    match shape:
        case inspect.Metadata():
            form = (shape.extra or {}).get("form")
            return FORMS[form].write(value) if form else _plain(value, shape.type)
        case inspect.UnionType():
            table = next(
                (part for part in shape.types if isinstance(part, inspect.StructType | inspect.DictType)), None
            )
            return _plain(value, table) if table and isinstance(value, dict | msgspec.Struct) else value
        case inspect.StructType():
            return _fields(value, shape)
        case inspect.DictType():
            return {key: _plain(part, shape.value_type) for key, part in value.items()}
        case inspect.VarTupleType():
            return [_plain(part, shape.item_type) for part in value]
        case _:
            return value


def _fields(value: Any, shape: inspect.StructType) -> dict[str, Any]:
    found: Mapping[str, tuple[Any, inspect.Field]] = {
        field.name: (getattr(value, field.name), field) for field in shape.fields
    }
    return {name: _plain(part, field.type) for name, (part, field) in found.items() if not _is_default(part, field)}


def _is_default(value: Any, field: inspect.Field) -> bool:
    if field.required:
        return False
    default = field.default_factory() if callable(field.default_factory) else field.default
    return bool(value == default)
