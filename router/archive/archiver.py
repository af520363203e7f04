"""The archiver: follows the log from its own position in SQL and writes each event into history exactly once.

Rows, the entries themselves, the contents they name and the position that says how far it is go into one
transaction, so a crash between any two steps is harmless: what is not in is done again, what is in is not.
It reads the store, not the live follower, and its own state comes from SQL alone: after any downtime it goes on
where it stopped. Only what is safely in SQL leaves the store: contents, entries behind the tail, closed items.
"""

import asyncio
from collections import deque
from typing import Any, Protocol

import msgspec
import structlog
from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from router.archive import limits, schema
from router.archive.database import Database, in_parts
from router.archive.errors import OtherHistory
from router.archive.joint import check_store
from router.archive.newcomers import introduce
from router.archive.replay import Place, archived, encode_records, fold, follow
from router.archive.rows import Batch, Chronicle, Open, Row, contents_of, storable
from router.archive.settling import Settling
from router.core.commands import Command, Forget
from router.gateway import StoreError
from router.runtime.store import Store
from router.wire import codec

_log = structlog.get_logger(__name__)


class _Pending(msgspec.Struct, kw_only=True):
    """One transaction that is to be written: it leads from one place in the log to another."""

    before: Place
    after: Place
    entries: list[dict[str, Any]]
    batch: Batch
    snapshot: dict[str, Any] | None


class Submits(Protocol):
    """What the archiver needs to tell the domain that closed items may leave memory."""

    async def submit(self, command: Command, *, key: str, by: str) -> object: ...


class Archiver:
    """Run `run` as a task of the node, after `start`. Two at once on one data base do no harm: one of them yields."""

    def __init__(
        self,
        database: Database,
        store: Store,
        gateway: Submits,
        *,
        linger_s: float = limits.LINGER_S,
        tail_events: int = limits.TAIL_EVENTS,
        snapshot_events: int = limits.SNAPSHOT_EVENTS,
        settle_s: float = 0.0,
        rest_s: float = 0.0,
    ) -> None:
        """`settle_s`: entries younger than this may still be lost (see `settling`). `rest_s`: so long closed items stay
        in memory, that no node knows only a state from before them."""
        self._database = database
        self._store = store
        self._gateway = gateway
        self._linger_s = linger_s
        self._tail_events = tail_events
        self._snapshot_events = snapshot_events
        self._settling = Settling(settle_s) if settle_s else None
        self._rest_s = rest_s
        self._closed_at: dict[str, float] = {}
        self._place = Place(0, "")
        self._chronicle: Chronicle | None = None
        self._unread: deque[tuple[int, bytes, str]] = deque()
        self._pending: _Pending | None = None
        self._to_drop: list[str] = []
        self._moved = 0
        self._trimmed = 0
        self._asked: set[str] = set()
        self._advanced = asyncio.Condition()

    @property
    def position(self) -> int:
        """The event position up to which everything is in SQL."""
        return self._place.position

    def lag(self, position: int) -> int:
        """How many events the archive is behind `position`. Beyond `limits.LAG_EVENTS_MAX` intake answers 503."""
        return max(0, position - self._place.position)

    async def drained(self, position: int) -> None:
        """Return once everything up to `position` is in SQL."""
        async with self._advanced:
            await self._advanced.wait_for(lambda: self._place.position >= position)

    async def start(self) -> None:
        """Read from SQL where it stopped, and finish what had to wait for that transaction.

        Raises OtherHistory when the store does not go on from there, StoreError when it or SQL is away.
        """
        await self._restore()
        await self._clear_store()
        _log.info("archive_started", position=self.position)

    async def run(self, ended: asyncio.Event | None = None) -> None:
        """Archive for ever, or until `ended` is set and there is nothing left. It may also be killed at any instant.

        While the store or SQL is away it waits (not when it has ended). Raises OtherHistory, and what is a defect.
        """
        pause = limits.RETRY_FIRST_S
        while True:
            last, before = ended is not None and ended.is_set(), self.position
            try:
                more = await self.step()
            except StoreError as error:
                if last:
                    raise
                _log.warning("archive_waits", position=self.position, reason=str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, limits.RETRY_MAX_S)
                continue
            if last and self.position == before:
                return
            pause = limits.RETRY_FIRST_S
            if not (more or last):
                await asyncio.sleep(self._linger_s)

    async def step(self) -> bool:
        """Archive what there is, at most one transaction of it. Whether there is more to do at once.

        Raises StoreError when the store or SQL is away; the next call goes on where this one failed.
        """
        chronicle = self._chronicle or await self._restore()
        pending = self._pending or await self._read(chronicle)
        if pending is not None:
            self._pending = pending
            await self._write(pending)
        await self._clear_store()
        await self._forget(idle=pending is None)
        return bool(self._unread) or self._pending is not None

    # -- where it stopped -----------------------------------------------------------------------------------

    async def _restore(self) -> Chronicle:
        """The state at the archived position, and the rows that have no end there, from SQL alone."""
        self._pending = None
        self._unread.clear()
        self._asked.clear()
        async with self._database.reading() as connection:
            row = (await connection.execute(select(schema.archive_position))).one()
            open = await _open_rows(connection)
        folded = await fold(self._database, row.position)
        self._place = Place(row.position, row.digest)
        if folded.place != self._place:
            raise OtherHistory(row.position, f"its entries end at event {folded.place.position}")
        await check_store(self._store, self._place)
        async for _, data, _ in archived(self._database, row.moved, row.position):
            self._to_drop += (name for event in codec.decode_entry(data).events for name in contents_of(event))
        self._moved = row.moved
        self._chronicle = Chronicle(folded.state, open)
        return self._chronicle

    # -- one transaction ------------------------------------------------------------------------------------

    async def _read(self, chronicle: Chronicle) -> _Pending | None:
        if not self._unread:
            self._unread.extend(await self._entries())
        place = self._place
        rows: list[dict[str, Any]] = []
        while self._unread and place.position - self._place.position < limits.BATCH_EVENTS_MAX:
            last, data, digest = self._unread.popleft()
            entry = follow(place, last, data, digest)
            place = Place(last, digest)
            chronicle.tell(entry)
            rows.append(
                {
                    "last": last,
                    "first": entry.first,
                    "epoch": entry.epoch,
                    "at_ms": entry.at,
                    "digest": digest,
                    "data": data,
                }
            )
            await asyncio.sleep(0)
        if not rows:
            return None
        snapshot = await self._snapshot(chronicle, place)
        return _Pending(before=self._place, after=place, entries=rows, batch=chronicle.take(), snapshot=snapshot)

    async def _entries(self) -> list[tuple[int, bytes, str]]:
        """What is new in the log and cannot be lost any more."""
        end = await self._store.head() if self._settling else 0
        found = await self._store.entries(self._place.position, limits.READ_ENTRIES_MAX, limits.READ_WAIT_S)
        if self._settling is None:
            return found
        sure = self._settling.sure(asyncio.get_running_loop().time(), end)
        return [entry for entry in found if entry[0] <= sure]

    async def _snapshot(self, chronicle: Chronicle, place: Place) -> dict[str, Any] | None:
        """The state at `place`, when the step to it crosses a multiple of the snapshot distance."""
        if place.position // self._snapshot_events == self._place.position // self._snapshot_events:
            return None
        records = []
        for count, ((kind, id), record) in enumerate(chronicle.state.records(), 1):
            records.append((kind, id, codec.encode(record)))
            if count % limits.SNAPSHOT_YIELD_RECORDS == 0:
                await asyncio.sleep(0)
        return {
            "position": place.position,
            "digest": place.digest,
            "state_digest": chronicle.state.digest(),
            "shape": codec.SHAPE,
            "data": encode_records(records),
        }

    async def _write(self, pending: _Pending) -> None:
        contents = await self._contents(pending.batch.contents)
        async with self._database.writing() as connection:
            place = await _locked_place(connection)
            if place == pending.before:
                await self._write_rows(connection, pending, contents)
        if place not in (pending.before, pending.after):
            _log.warning("archive_overtaken", position=self.position, by=place.position)
            self._chronicle = None
            self._pending = None
            return
        self._pending = None
        self._to_drop += pending.batch.contents
        async with self._advanced:
            self._place = pending.after
            self._advanced.notify_all()

    async def _contents(self, ids: list[str]) -> list[dict[str, Any]]:
        """The named contents that lie in the store (the others are in SQL already, or were erased)."""
        found: list[dict[str, Any]] = []
        for part in in_parts(ids):
            texts = await self._store.contents(part)
            found += ({"id": id, "data": text} for id, text in zip(part, texts, strict=True) if text is not None)
        return found

    async def _write_rows(self, connection: AsyncConnection, pending: _Pending, contents: list[dict[str, Any]]) -> None:
        await connection.execute(insert(schema.entries), pending.entries)
        by_table = pending.batch.by_table()
        for table in schema.metadata.sorted_tables:
            await self._write_table(connection, table, by_table.get(table.name, []))
        for conversation, customer in pending.batch.moved.items():
            for table, key in ((schema.conversations, "id"), (schema.items, "conversation")):
                theirs = update(table).where(table.c[key] == conversation)
                await connection.execute(theirs.values(customer=storable(customer)))
        if contents:
            await self._database.upsert(connection, schema.contents, contents)
        texts = {row["id"]: row["data"] for row in contents}
        await introduce(self._database, connection, pending.batch.callers, texts)
        if pending.snapshot is not None:
            await connection.execute(insert(schema.snapshots), [pending.snapshot])
        await connection.execute(
            update(schema.archive_position).values(
                position=pending.after.position, digest=pending.after.digest, moved=self._moved
            )
        )

    async def _write_table(
        self, connection: AsyncConnection, table: Table, rows: list[tuple[tuple[Any, ...], Row]]
    ) -> None:
        """Inserts, then updates; rows with the same columns go in one call."""
        keys = [column.name for column in table.primary_key]
        groups: dict[tuple[bool, tuple[str, ...]], list[dict[str, Any]]] = {}
        for key, row in rows:
            names = keys if row.new else [f"key_{name}" for name in keys]
            group = groups.setdefault((row.new, tuple(sorted(row.values))), [])
            fields = dict(zip(names, key, strict=True)) | row.values
            group.append({name: storable(value) for name, value in fields.items()})
        for (new, _), values in sorted(groups.items(), key=lambda group: not group[0][0]):
            if table is schema.thread_keys:
                await self._database.upsert(connection, table, values)
            elif table is schema.messages and new:
                await self._write_messages(connection, values)
            elif new:
                await connection.execute(insert(table), values)
            else:
                there = (table.c[name] == bindparam(f"key_{name}") for name in keys)
                await connection.execute(update(table).where(*there), values)

    async def _write_messages(self, connection: AsyncConnection, values: list[dict[str, Any]]) -> None:
        """Two messages of one number would be a defect of ours; history does not end over it. The log has both."""
        try:
            async with connection.begin_nested():
                await connection.execute(insert(schema.messages), values)
        except IntegrityError:
            conversations = sorted({row["conversation"] for row in values})
            _log.error("message_number_taken", conversations=conversations, alarm=True)
            await self._database.add(connection, schema.messages, values)

    # -- what may leave the store ---------------------------------------------------------------------------

    async def _clear_store(self) -> None:
        """Contents that are in SQL now, and entries behind the tail."""
        while self._to_drop:
            part = self._to_drop[: limits.SQL_NAMES_MAX]
            await self._store.drop_contents(part)
            del self._to_drop[: len(part)]
        self._moved = self._place.position
        behind = self._place.position - self._tail_events
        if behind >= self._trimmed + limits.TRIM_STEP_EVENTS:
            await self._store.trim(behind)
            self._trimmed = behind

    async def _forget(self, *, idle: bool) -> None:
        """Let closed items leave memory: many at once, or whatever there is when nothing else is to be done."""
        if self._chronicle is None or self._pending is not None:
            return
        now = asyncio.get_running_loop().time()
        self._asked.intersection_update(self._chronicle.closed)
        self._closed_at = {item: self._closed_at.get(item, now) for item in self._chronicle.closed}
        rested = (item for item, at in self._closed_at.items() if now - at >= self._rest_s)
        closed = [item for item in rested if item not in self._asked]
        if not idle and len(closed) < limits.FORGET_ITEMS_MAX:
            return
        for items in in_parts(closed, limits.FORGET_ITEMS_MAX):
            command = Forget(items=tuple(items))
            key = f"forget-{self.position}-{codec.fingerprint(command)}"
            await self._gateway.submit(command, key=key, by="archive")
            self._asked.update(items)


async def _locked_place(connection: AsyncConnection) -> Place:
    """How far SQL is; nobody else moves it until the transaction ends."""
    position = schema.archive_position.c
    row = (await connection.execute(select(position.position, position.digest).with_for_update())).one()
    return Place(row.position, row.digest)


async def _open_rows(connection: AsyncConnection) -> Open:
    """Legs, visits and intervals that have no end yet."""
    legs, visits, intervals = schema.legs.c, schema.queue_visits.c, schema.agent_intervals.c
    said = (intervals.agent, intervals.position, intervals.presence, intervals.reason, intervals.activity)
    return Open(
        legs={
            (row.item, row.agent): row.position
            for row in await connection.execute(
                select(legs.item, legs.agent, legs.position).where(legs.ended_at_ms.is_(None))
            )
        },
        visits={
            row.item: row.position
            for row in await connection.execute(select(visits.item, visits.position).where(visits.left_at_ms.is_(None)))
        },
        intervals={
            row.agent: (row.position, (row.presence, row.reason, row.activity))
            for row in await connection.execute(select(*said).where(intervals.to_ms.is_(None)))
        },
    )
