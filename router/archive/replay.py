"""The past, folded again: from the newest snapshot before it, or from the very first event.

Every entry is checked against the one before (position and digest), and against snapshots where there are any:
what comes out is what the writer held in memory at that instant, or an error.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import select

from router.archive import limits
from router.archive.database import Database
from router.archive.errors import OtherHistory
from router.archive.rows import quiet
from router.archive.schema import entries, snapshots
from router.core.evolve import evolve
from router.core.state import State, load
from router.runtime.errors import ShapeTooNew
from router.wire import codec
from router.wire.codec import Entry


class Place(NamedTuple):
    """A point of the log: the last position up to it, and the digest of the entry that ends there."""

    position: int
    digest: str


class Folded(NamedTuple):
    """The state at a position; `place` is the last whole entry in it."""

    state: State
    position: int
    place: Place


START: Final = Place(0, "")
"""Before the first event."""

_Records = list[tuple[str, str, bytes]]
_encode_records = msgspec.msgpack.Encoder().encode
_decode_records = msgspec.msgpack.Decoder(_Records).decode


def follow(place: Place, last: int, data: bytes, digest: str) -> Entry:
    """The entry with these bytes, if it is the one after `place`. Raises OtherHistory."""
    entry = codec.decode_entry(data)
    if entry.first != place.position + 1:
        raise OtherHistory(place.position, f"the next entry begins at event {entry.first}")
    if entry.last != last or entry.before != place.digest or codec.digest(place.digest, data) != digest:
        raise OtherHistory(place.position, f"the entry up to event {last} does not follow from it (digest)")
    return entry


async def fold(database: Database, at: int | None = None, *, from_start: bool = False) -> Folded:
    """The state after event `at` (None: after the last archived one).

    With `from_start` no snapshot is used, and each one that is passed must equal the fold.
    Raises OtherHistory for entries that do not follow from each other, ShapeTooNew for those of a newer version.
    """
    folded = Folded(State(), 0, START) if from_start else await _newest_snapshot(database, at)
    digests = await _snapshot_digests(database) if from_start else {}
    state, position, place = folded
    async for last, data, digest in archived(database, place.position, at):
        entry = follow(place, last, data, digest)
        for event in entry.events:
            if at is not None and position >= at:
                break
            evolve(state, event)
            position += 1
        quiet(state)
        await asyncio.sleep(0)
        if position < last:
            break
        place = Place(last, digest)
        if last in digests and digests[last] != state.digest():
            raise OtherHistory(last, "the snapshot made there is not what the events lead to")
    return Folded(state, position, place)


async def archived(database: Database, after: int, to: int | None = None) -> AsyncIterator[tuple[int, bytes, str]]:
    """Entries past `after`, up to the one that holds `to` (None: all): last position, bytes, digest."""
    while True:
        query = select(entries).where(entries.c.last > after).order_by(entries.c.last)
        if to is not None:
            query = query.where(entries.c.first <= to)
        async with database.reading() as connection:
            page = (await connection.execute(query.limit(limits.REPLAY_PAGE_ENTRIES))).all()
        for row in page:
            yield row.last, row.data, row.digest
        if len(page) < limits.REPLAY_PAGE_ENTRIES:
            return
        after = page[-1].last


def encode_records(records: _Records) -> bytes:
    """A snapshot's bytes from (kind, id, record bytes)."""
    return _encode_records(records)


async def _newest_snapshot(database: Database, at: int | None) -> Folded:
    query = select(snapshots).order_by(snapshots.c.position.desc()).limit(1)
    if at is not None:
        query = query.where(snapshots.c.position <= at)
    async with database.reading() as connection:
        found = (await connection.execute(query)).one_or_none()
    if found is None:
        return Folded(State(), 0, START)
    if found.shape > codec.SHAPE:
        raise ShapeTooNew(found.shape, codec.SHAPE)
    records = (((kind, id), codec.decode_record(kind, data)) for kind, id, data in _decode_records(found.data))
    state = load(records)
    quiet(state)
    return Folded(state, found.position, Place(found.position, found.digest))


async def _snapshot_digests(database: Database) -> dict[int, str]:
    async with database.reading() as connection:
        rows = (await connection.execute(select(snapshots.c.position, snapshots.c.state_digest))).all()
    return {row.position: row.state_digest for row in rows}
