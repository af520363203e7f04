"""The past, folded again: from the newest snapshot before it, or from the very first event.

Every entry is checked against the one before (position and digest), and against snapshots where there are any:
what comes out is what the writer held in memory at that instant, or an error.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import func, select

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


class Folded:
    """A state that is led through the log, entry by entry. `position` is its last event, `place` its last whole entry.

    It begins before the first event, or with a state at the end of an entry.
    """

    def __init__(self, state: State | None = None, place: Place = START) -> None:
        self.state = state if state is not None else State()
        self.position = place.position
        self.place = place

    def take(self, last: int, data: bytes, digest: str, to: int | None = None) -> None:
        """Go on by the entry with these bytes, or by those of its events that are up to `to`. Raises OtherHistory."""
        for position, event in enumerate(follow(self.place, last, data, digest).events, self.place.position + 1):
            if to is not None and position > to:
                break
            if position > self.position:
                evolve(self.state, event)
                self.position = position
        quiet(self.state)
        if self.position == last:
            self.place = Place(last, digest)


async def fold(
    database: Database, at: int | None = None, *, begin: Folded | None = None, routing: bool = True
) -> Folded:
    """The state after event `at` (None: after the last archived one); `routing` as of `State`.

    `begin` is led on, and must not be past `at`; without it, the newest snapshot is.
    Raises OtherHistory for entries that do not follow from each other, ShapeTooNew for those of a newer version.
    """
    folded = begin if begin is not None else await newest_snapshot(database, at, routing=routing)
    async for last, data, digest in archived(database, folded.place.position, at):
        folded.take(last, data, digest, at)
        await asyncio.sleep(0)
    return folded


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


async def newest_snapshot(database: Database, at: int | None = None, *, routing: bool = True) -> Folded:
    """The state of the newest snapshot (up to event `at`), or that before the first event. Raises ShapeTooNew."""
    query = select(snapshots).order_by(snapshots.c.position.desc()).limit(1)
    if at is not None:
        query = query.where(snapshots.c.position <= at)
    async with database.reading() as connection:
        found = (await connection.execute(query)).one_or_none()
    if found is None:
        return Folded(State(routing=routing))
    if found.shape > codec.SHAPE:
        raise ShapeTooNew(found.shape, codec.SHAPE)
    records = (((kind, id), codec.decode_record(kind, data)) for kind, id, data in _decode_records(found.data))
    state = load(records, routing=routing)
    quiet(state)
    return Folded(state, Place(found.position, found.digest))


async def snapshot_digests(database: Database) -> dict[int, str]:
    """Of each snapshot its position and the digest of its state."""
    async with database.reading() as connection:
        rows = (await connection.execute(select(snapshots.c.position, snapshots.c.state_digest))).all()
    return {row.position: row.state_digest for row in rows}


async def newest_snapshot_position(database: Database, at: int) -> int:
    """Where the newest snapshot up to event `at` was made; 0 for none."""
    query = select(func.max(snapshots.c.position)).where(snapshots.c.position <= at)
    async with database.reading() as connection:
        return (await connection.execute(query)).scalar() or 0
