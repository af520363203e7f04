"""Reads a YAML node tree into the shapes of `document`, noting every problem with its line, column and key path.

It follows the types, so that a shape and its checks are written once. Scalars are taken as they are written: YAML's
own guesses (`no` a truth value, `1:30` a number) never apply where a text is expected. Nothing is ever constructed
from a tag, and values reached through aliases count each time, so that a small file cannot unfold into a large one.
"""

import difflib
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec
import yaml
from msgspec import inspect

from queues.queue import ANY_QUEUE
from router.centre import limits
from router.centre.forms import FORMS
from router.centre.terms import Asked, Malformed, is_long, unfolded
from skills import skills_in

BAD: Final[Any] = object()
"""What a value that cannot be read is read as. With a problem noted nothing that was read is used."""

_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "timestamp", "value", "merge"))
_TAGS = _SCALARS | {_TAG + "null", _TAG + "map", _TAG + "seq"}
_TERM = "term"
_TABLE = "a table of keys and values"
_LIST = "a list"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong, where it stands (1-based) and what may have been meant, or done about it.

    `code` names the kind of fault where it has one; a `warning` may well be meant.
    """

    line: int
    column: int
    path: str
    message: str
    hint: str = ""
    code: str = ""
    warning: bool = False

    def __str__(self) -> str:
        """One line for people."""
        where = f"line {self.line}, column {self.column}"
        hint = f" ({self.hint})" if self.hint else ""
        code = f" [{self.code}]" if self.code else ""
        said = f"{self.message}{hint}{code}"
        return f"{where}: {self.path}: {said}" if self.path else f"{where}: {said}"


class Place(NamedTuple):
    """Where something stands in the file."""

    line: int
    column: int
    path: str


class TooMuch(Exception):
    """The file unfolds into more values than a centre can have."""


class Reader:
    """One reading of one file. `defined` and `referred` are what the checks of references need afterwards."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.defined: dict[str, dict[str, Place]] = {}
        self.referred: list[tuple[str, str, Place]] = []
        self.places: dict[str, Place] = {}
        self._read = 0

    def problem(self, place: Place, message: str, hint: str = "", code: str = "") -> None:
        """Note a problem."""
        line, column, path = place
        self.problems.append(Problem(line=line, column=column, path=path, message=message, hint=hint, code=code))

    def read(self, node: yaml.Node, shape: inspect.Type, path: str = "") -> Any:
        """The value of a node in this shape, or `BAD` with a problem noted."""
        place = _place(node, path)
        self.places[path] = place
        self._read += 1
        if self._read > limits.NODES_MAX:
            raise TooMuch
        if node.tag not in _TAGS:
            self.problem(place, f"the tag {node.tag} has no place in a centre file")
            return BAD
        match shape:
            case inspect.Metadata():
                return self._annotated(node, shape, place)
            case inspect.UnionType():
                return self._union(node, shape, place)
            case inspect.StructType():
                return self._struct(node, shape, place)
            case inspect.DictType():
                return self._dict(node, shape, place)
            case inspect.VarTupleType():
                return self._list(node, shape, place)
            case _:
                return self._scalar(node, shape, place)

    # -- containers -----------------------------------------------------------------------------------------

    def _struct(self, node: yaml.Node, shape: inspect.StructType, place: Place) -> Any:
        fields = {field.name: field for field in shape.fields}
        found: dict[str, Any] = {}
        for key, at, part in self._pairs(node, place):
            if key in fields:
                found[key] = self._entry(part, fields[key].type, at)
            else:
                self.problem(at, f"there is no key '{key}' here", near(key, fields))
        absent = [name for name, field in fields.items() if field.required and name not in found]
        if absent and _is_null(node):
            return self._expected(node, _TABLE, place)
        for name in absent if isinstance(node, yaml.MappingNode) else ():
            self.problem(place, f"the key '{name}' is missing")
        return BAD if absent else shape.cls(**found)

    def _dict(self, node: yaml.Node, shape: inspect.DictType, place: Place) -> Any:
        found: dict[str, Any] = {}
        pairs = self._pairs(node, place)
        for key, at, part in self._terms(pairs) if _is_term(shape.key_type) else pairs:
            name = self._text(key, shape.key_type, at)
            if name in found:
                self.problem(at, f"'{name}' stands here twice", "leave one of them out")
            found[key if name is BAD else name] = self._entry(part, shape.value_type, at)
        return found

    def _terms(self, pairs: Iterable[tuple[str, Place, yaml.Node]]) -> Iterable[tuple[str, Place, yaml.Node]]:
        """The terms of a requirement with their levels: as they are, or those that `any` and `not` stand for."""
        for key, at, part in pairs:
            if not is_long(key, part):
                yield key, at, part
                continue
            for term in self._unfolded(key, at, part):
                yield term.text, at, term.at_level(part)

    def _unfolded(self, key: str, at: Place, node: yaml.Node) -> list[Asked]:
        try:
            return unfolded(key, node)
        except Malformed as error:
            self.problem(at, str(error), error.hint)
            return []

    def _one_term(self, node: yaml.MappingNode, shape: inspect.Metadata, place: Place) -> Any:
        """A term without a level that is written the longer way: `{any: [french, dutch]}`."""
        noted = len(self.problems)
        pairs = list(self._pairs(node, place))
        found = [term for key, at, part in pairs if is_long(key, part) for term in self._unfolded(key, at, part)]
        if len(pairs) == len(found) == 1 and found[0].level is None:
            return self._text(found[0].text, shape, place)
        if len(self.problems) == noted:
            self.problem(place, "expected one term without a level", "write {any: [french, dutch]} or {not: trainee}")
        return BAD

    def _entry(self, node: yaml.Node, shape: inspect.Type, at: Place) -> Any:
        value = self.read(node, shape, at.path)
        self.places[at.path] = at
        return value

    def _list(self, node: yaml.Node, shape: inspect.VarTupleType, place: Place) -> Any:
        if _is_null(node):
            return ()
        if not isinstance(node, yaml.SequenceNode):
            return self._expected(node, _LIST, place)
        return tuple(
            self.read(part, shape.item_type, f"{place.path}[{index}]") for index, part in enumerate(node.value)
        )

    def _pairs(self, node: yaml.Node, place: Place) -> Iterable[tuple[str, Place, yaml.Node]]:
        """The keys of a table with their places; every key once, whatever is wrong with the others."""
        if _is_null(node):
            return
        if not isinstance(node, yaml.MappingNode):
            self._expected(node, _TABLE, place)
            return
        seen: dict[str, int] = {}
        for key, part in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.problem(_place(key, place.path), "a key must be a single value")
                continue
            if key.tag not in _TAGS:
                self.problem(
                    _place(key, place.path),
                    f"{key.tag} is a tag to YAML",
                    "put a key that begins with ! in quotes, or write not: trainee",
                )
                continue
            at = _place(key, f"{place.path}.{key.value}" if place.path else key.value)
            if key.value in seen:
                self.problem(at, f"the key '{key.value}' stands here twice", f"first on line {seen[key.value]}")
                continue
            seen[key.value] = at.line
            yield key.value, at, part

    # -- single values --------------------------------------------------------------------------------------

    def _annotated(self, node: yaml.Node, shape: inspect.Metadata, place: Place) -> Any:
        form = (shape.extra or {}).get("form")
        if not form and not (shape.extra or {}).get("refers"):
            return self.read(node, shape.type, place.path)
        if form == _TERM and isinstance(node, yaml.MappingNode):
            return self._one_term(node, shape, place)
        if not isinstance(node, yaml.ScalarNode) or node.tag not in _SCALARS:
            return self._expected(node, FORMS[form].noun if form else f"the id of a {shape.extra['refers']}", place)  # type: ignore[index]
        return self._text(node.value, shape, place)

    def _text(self, text: str, shape: inspect.Type, place: Place) -> Any:
        """A text (a key, or a value with a form) as its type asks; definitions and references are noted."""
        if isinstance(shape, inspect.LiteralType):
            if text in shape.values:
                return text
            self.problem(place, f"'{text}' is not one of {', '.join(map(str, shape.values))}", near(text, shape.values))
            return BAD
        extra = (shape.extra or {}) if isinstance(shape, inspect.Metadata) else {}
        if kind := extra.get("defines"):
            self.defined.setdefault(kind, {})[text] = place
        if kind := extra.get("refers"):
            self.referred.append((kind, text, place))
        try:
            value = FORMS[extra["form"]].read(text) if "form" in extra else text
        except ValueError as error:
            self.problem(place, f"'{text}' {error}", near(text, FORMS[extra["form"]].choices))
            return BAD
        if kind := extra.get("names"):
            self.referred += [(kind, id, place) for id in skills_in(value) if id not in ("", ANY_QUEUE)]
        return value

    def _union(self, node: yaml.Node, shape: inspect.UnionType, place: Place) -> Any:
        """Of the alternatives, the one of the node's kind: a table, or a single value."""
        parts = [part for part in shape.types if not isinstance(part, inspect.NoneType)]
        table = [part for part in parts if isinstance(part, inspect.StructType | inspect.DictType)]
        single = [part for part in parts if part not in table]
        wanted = table if not single or (table and isinstance(node, yaml.MappingNode)) else single
        return self.read(node, wanted[0], place.path)

    def _scalar(self, node: yaml.Node, shape: inspect.Type, place: Place) -> Any:
        match shape:
            case inspect.StrType():
                return self._string(node, shape, place)
            case inspect.IntType():
                return self._integer(node, shape, place)
            case inspect.BoolType():
                if isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "bool" and node.value in ("true", "false"):
                    return node.value == "true"
                return self._expected(node, "true or false", place)
            case _:
                if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
                    return self._text(node.value, shape, place)
                return self._expected(node, "a text", place)

    def _string(self, node: yaml.Node, shape: inspect.StrType, place: Place) -> Any:
        if not isinstance(node, yaml.ScalarNode) or node.tag not in _SCALARS:
            return self._expected(node, "a text", place)
        if shape.max_length is not None and len(node.value) > shape.max_length:
            self.problem(place, f"the text is longer than {shape.max_length} characters")
            return BAD
        return node.value

    def _integer(self, node: yaml.Node, shape: inspect.IntType, place: Place) -> Any:
        digits = node.value.removeprefix("-") if isinstance(node, yaml.ScalarNode) else ""
        if node.tag != _TAG + "int" or not (digits.isdecimal() and len(digits) <= 15) or digits != str(int(digits)):
            return self._expected(node, "a whole number", place)
        value = int(node.value)
        if (shape.ge is not None and value < shape.ge) or (shape.le is not None and value > shape.le):
            upto = f"{shape.ge} to {shape.le}" if shape.le is not None else f"at least {shape.ge}"
            self.problem(place, f"{value} is outside what is allowed: {upto}")
            return BAD
        return value

    # -- what is wrong --------------------------------------------------------------------------------------

    def _expected(self, node: yaml.Node, what: str, place: Place) -> Any:
        if _is_null(node):
            self.problem(place, f"a value is missing here: {what}")
        elif not isinstance(node, yaml.ScalarNode):
            self.problem(place, f"expected {what}, found {_TABLE if isinstance(node, yaml.MappingNode) else _LIST}")
        else:
            self.problem(place, f"expected {what}, found '{node.value}'")
        return BAD


def _is_term(shape: inspect.Type) -> bool:
    return isinstance(shape, inspect.Metadata) and (shape.extra or {}).get("form") == _TERM


def near(word: str, known: Iterable[object]) -> str:
    """What may have been meant by a word that is not known, as a hint; empty if nothing is alike."""
    close = difflib.get_close_matches(word, [str(other) for other in known], n=1, cutoff=limits.SIMILAR)
    return f"did you mean '{close[0]}'?" if close else ""


def _place(node: yaml.Node, path: str) -> Place:
    mark = node.start_mark
    return Place(mark.line + 1, mark.column + 1, path) if mark else Place(1, 1, path)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "null"
