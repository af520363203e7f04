"""Does the log lead to what is kept? Folds it again and holds it against every digest on its way.

Three things are compared: each entry with the one before it, each snapshot with the state at its place, and, when the
store can be read, the live records with the state at its end. Nothing is written anywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple, TypeAlias

from sqlalchemy import func, select

from router.archive.database import Database
from router.archive.errors import OtherHistory
from router.archive.replay import Folded, Place, archived, newest_snapshot, snapshot_digests
from router.archive.schema import archive_position, entries
from router.core.state import State, load
from router.runtime.limits import ENTRIES_READ_MAX
from router.runtime.store import Loaded, Store
from router.wire import codec

Told: TypeAlias = Callable[[int, int], None]
"""Is told at which event of how many it is."""


class Proof(NamedTuple):
    """The state that the log leads to, at `place`; everything held.

    It began after event `began`; `archived` is where SQL ends, what lies behind it was read from the store. `records`:
    whether the live records were compared too.
    """

    state: State
    position: int
    place: Place
    began: int
    archived: int
    entries: int
    snapshots: int
    records: bool


async def prove(
    database: Database,
    store: Store | None = None,
    at: int | None = None,
    *,
    from_snapshot: bool = False,
    told: Told = lambda done, total: None,
) -> Proof:
    """Fold from the first event, or from the newest snapshot, up to event `at` or the end of everything.

    Raises OtherHistory where something differs, ShapeTooNew for entries of a newer version, StoreError.
    """
    loaded = await store.load() if store is not None else None
    walk = _Walk(database, store, at if loaded is None else min(at or loaded.position, loaded.position))
    await walk.begin(from_snapshot=from_snapshot)
    total = walk.end if walk.end is not None else await _newest(database)
    async for position in walk.steps():
        told(position, total)
        await asyncio.sleep(0)
    compared = loaded is not None and walk.end == loaded.position
    if loaded is not None and compared:
        _compare(walk.folded, loaded)
    return walk.proof(compared)


class _Walk:
    """One way through the log: entries from SQL, then from the store, and the snapshots that are passed."""

    def __init__(self, database: Database, store: Store | None, end: int | None) -> None:
        self.end = end
        self.folded = Folded()
        self._database = database
        self._store = store
        self._began = 0
        self._archived = 0
        self._entries = 0
        self._digests: dict[int, str] = {}
        self._snapshots = 0

    async def begin(self, *, from_snapshot: bool) -> None:
        """Go to where it begins. Raises OtherHistory for a snapshot that is not what its digest says."""
        self._digests = await snapshot_digests(self._database)
        if from_snapshot:
            self.folded = await newest_snapshot(self._database, self.end)
            self._began = self._archived = self.folded.position
            await self._look()

    async def steps(self) -> AsyncIterator[int]:
        """Take entry after entry; the position after each."""
        async for last, data, digest in self._log():
            self.folded.take(last, data, digest, self.end)
            self._entries += 1
            await self._look()
            yield self.folded.position

    async def _log(self) -> AsyncIterator[tuple[int, bytes, str]]:
        async for entry in archived(self._database, self.folded.place.position, self.end):
            yield entry
            self._archived = self.folded.position
        await self._check_end()
        while self._store is not None and self.end is not None and self.folded.position < self.end:
            found = await self._store.entries(self.folded.place.position, ENTRIES_READ_MAX, 0.0)
            if not found:
                raise OtherHistory(self.folded.position, f"the store ends at event {self.end}")
            for entry in found:
                if self.folded.position < self.end:
                    yield entry

    async def _check_end(self) -> None:
        """SQL says how far it is: its entries must go that far."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(archive_position))).one()
        if (self.end is None or self.end >= row.position) and self.folded.place != (row.position, row.digest):
            raise OtherHistory(self.folded.position, f"history says that it ends at event {row.position}")

    async def _look(self) -> None:
        """A snapshot made here must be of this very state."""
        place, state = self.folded.place, self.folded.state
        if self.folded.position != place.position or place.position not in self._digests:
            return
        self._snapshots += 1
        if self._digests[place.position] != state.digest():
            kept = await newest_snapshot(self._database, place.position)
            raise OtherHistory(
                place.position,
                f"the snapshot made there is not what the events lead to: {first_difference(state, kept.state)}",
            )

    def proof(self, records: bool) -> Proof:
        """What was found to hold."""
        return Proof(
            state=self.folded.state,
            position=self.folded.position,
            place=self.folded.place,
            began=self._began,
            archived=self._archived,
            entries=self._entries,
            snapshots=self._snapshots,
            records=records,
        )


def _compare(folded: Folded, loaded: Loaded) -> None:
    if folded.place != (loaded.position, loaded.digest):
        raise OtherHistory(folded.position, f"the store ends at event {loaded.position} (or with another digest)")
    kept = load(((ref, codec.decode_record(ref[0], data)) for ref, data in loaded.records), routing=False)
    if folded.state.digest() != kept.digest():
        found = first_difference(folded.state, kept)
        raise OtherHistory(folded.position, f"the records of the store are not what its events lead to: {found}")


def first_difference(folded: State, kept: State) -> str:
    """The first record that is not the same in both, by kind and id: never what is in it."""
    ours, theirs = dict(folded.records()), dict(kept.records())
    for kind, id in sorted(ours.keys() | theirs.keys()):
        ref = kind, id
        if ref not in theirs or ref not in ours:
            return f"{kind} {id} is only {'in the log' if ref in ours else 'in what is kept'}"
        if ours[ref] != theirs[ref]:
            return f"{kind} {id} differs"
    return "a digest that is not of these records"


async def _newest(database: Database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.max(entries.c.last)))).scalar() or 0
