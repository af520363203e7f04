"""Reading who did what: `audit` (what the log did) and `deeds` (what was done beside it) as one list by time."""

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, Table, and_, desc, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from router.archive.schema import audit, deeds

_SOURCES: Final[dict[str, tuple[Table, str]]] = {"audit": (audit, "position"), "deeds": (deeds, "id")}
"""Where rows come from, with the column that orders those of one instant."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are asked for; '' and None are no condition. `from_ms` is included, `to_ms` is not (Unix ms)."""

    kind: str = ""
    subject: str = ""
    by: str = ""
    from_ms: int | None = None
    to_ms: int | None = None


class Place(msgspec.Struct, frozen=True, order=True):
    """A row's place in the list, the later the greater."""

    at_ms: int
    source: str
    key: int


async def rows_before(
    connection: AsyncConnection, wanted: Wanted, place: Place | None, limit: int
) -> list[tuple[Place, dict[str, Any]]]:
    """The newest `limit` rows that come before `place` (None: of all), the newest first."""
    found: list[tuple[Place, dict[str, Any]]] = []
    for source, (table, key) in _SOURCES.items():
        query = _query(table, key, wanted).where(_earlier(source, place)).limit(limit)
        for row in await connection.execute(query):
            fields = dict(row._mapping)
            found.append((Place(row.at_ms, source, fields.pop(key)), fields))
    return sorted(found, key=lambda one: one[0], reverse=True)[:limit]


def place_of(cursor: str) -> Place | None:
    """The place that a cursor names, None for ''. Raises ValueError for one that was not made by `cursor_of`."""
    if not cursor:
        return None
    at_ms, source, key = cursor.split("-")
    if source not in _SOURCES:
        raise ValueError(f"{source} holds no audit rows")
    return Place(int(at_ms), source, int(key))


def cursor_of(place: Place) -> str:
    """The text by which a caller names a place."""
    return f"{place.at_ms}-{place.source}-{place.key}"


def _query(table: Table, key: str, wanted: Wanted) -> Select[Any]:
    query = select(table).order_by(desc(table.c.at_ms), desc(table.c[key]))
    for name in ("kind", "subject", "by"):
        value = getattr(wanted, name)
        if value:
            query = query.where(table.c[name] == value)
    if wanted.from_ms is not None:
        query = query.where(table.c.at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        query = query.where(table.c.at_ms < wanted.to_ms)
    return query


def _earlier(source: str, place: Place | None) -> ColumnElement[bool]:
    if place is None:
        return true()
    table, key = _SOURCES[source]
    if source != place.source:
        return table.c.at_ms < place.at_ms if source > place.source else table.c.at_ms <= place.at_ms
    return or_(table.c.at_ms < place.at_ms, and_(table.c.at_ms == place.at_ms, table.c[key] < place.key))
