"""Instants in the log: which events had happened by then. Found by bisecting the entries, which needs no index.

The clock of a domain never goes back, and all events of an entry happened at its instant, so instants are in the order
of positions.
"""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from router.archive.schema import archive_position, entries


class Extent(NamedTuple):
    """What the archive holds: events `first` to `last`, which happened from `first_at` to `last_at` (Unix ms)."""

    first: int
    last: int
    first_at: int
    last_at: int


async def extent(connection: AsyncConnection) -> Extent | None:
    """What there is; None while there is nothing."""
    query = select(entries.c.first, entries.c.last, entries.c.at_ms)
    oldest = (await connection.execute(query.order_by(entries.c.last).limit(1))).one_or_none()
    newest = (await connection.execute(query.order_by(entries.c.last.desc()).limit(1))).one_or_none()
    if oldest is None or newest is None:
        return None
    return Extent(oldest.first, newest.last, oldest.at_ms, newest.at_ms)


async def position_at(connection: AsyncConnection, at_ms: int) -> int:
    """The last event that had happened by an instant; 0 for none."""
    end = (await connection.execute(select(archive_position.c.position))).scalar_one()
    first, _ = await entry_from(connection, at_ms + 1, end)
    return first - 1


async def instant_of(connection: AsyncConnection, position: int) -> int:
    """When an archived event happened."""
    query = select(entries.c.at_ms).where(entries.c.last >= position).order_by(entries.c.last).limit(1)
    at_ms: int = (await connection.execute(query)).scalar_one()
    return at_ms


async def entry_from(connection: AsyncConnection, at_ms: int, end: int) -> tuple[int, int]:
    """First and last position of the first entry at or after an instant; past and up to `end` when there is none."""
    following = select(entries.c.first, entries.c.last, entries.c.at_ms).order_by(entries.c.last).limit(1)
    low, high, found = 0, end, (end + 1, end)
    while low < high:
        middle = (low + high) // 2
        row = (await connection.execute(following.where(entries.c.last > middle))).one()
        if row.at_ms < at_ms:
            low = row.last
        else:
            high, found = middle, (row.first, row.last)
    return found
