"""Copies of all records of a state, for a second one: what is decoded once need not be read and decoded twice."""

from collections.abc import Iterator
from copy import copy
from functools import cache
from typing import Any, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from router.core.state import Ref, State


def copies(state: State) -> Iterator[tuple[Ref, Any]]:
    """Every record, to be given to another state. What is frozen is shared; what `evolve` changes is copied."""
    for kind in state.kinds():
        for id, record in list(state.table(kind).items()):
            yield (kind, id), record if type(record).__struct_config__.frozen else _own(record)


def _own(record: Struct) -> Struct:
    """A copy that has nothing in common with the record but what cannot change."""
    own = copy(record)
    for name in _tables_of(type(record)):
        table = getattr(own, name)
        setattr(own, name, dict(table) if table is not None else None)
    return own


@cache
def _tables_of(shape: type[Struct]) -> tuple[str, ...]:
    """The fields of a record that can be changed in place."""
    return tuple(field.name for field in fields(shape) if _is_table(field.type))


def _is_table(kind: Any) -> bool:
    """Whether a field of this type holds a table, or may."""
    return get_origin(kind) is dict or any(map(_is_table, get_args(kind)))
