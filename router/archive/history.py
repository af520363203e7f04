"""Reading history: what intake asks about things that left memory, and what people read of the past.

Only what the archiver has written; a caller who needs the very latest asks `position` and adds what it follows.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Row, Select, Table, and_, bindparam, desc, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from router.archive import audit, limits, replay
from router.archive.database import Database, in_parts
from router.archive.naturals import CALL
from router.archive.schema import (
    archive_position,
    contents,
    conversations,
    deliveries,
    entries,
    items,
    legs,
    messages,
    notes,
    queue_visits,
    stories,
    thread_keys,
)
from router.gateway import AuditPage, Thread, story_row
from router.wire import codec
from router.wire.codec import Entry


def _columns(table: Table, *names: str) -> list[Column[Any]]:
    return [table.c[name] for name in names]


_BY_CALL = select(items.c.conversation).where(items.c.call == bindparam("key")).limit(1)
_BY_NATURAL_KEY = select(messages.c.conversation).where(messages.c.natural_key == bindparam("key")).limit(1)
_THREAD = (
    conversations.c.id.label("conversation"),
    *_columns(conversations, "item", "seq", "customer", "channel", "reference", "merged_into"),
    *_columns(items, "last_agent", "reopen_count"),
)
_BY_REFERENCE = (
    select(*_THREAD)
    .join_from(conversations, items, conversations.c.item == items.c.id)
    .where(conversations.c.reference == bindparam("reference"))
    .limit(1)
)
_BY_ID = (
    select(*_THREAD)
    .join_from(conversations, items, conversations.c.item == items.c.id)
    .where(conversations.c.id == bindparam("id"))
)
_LATEST_BY_THREAD = (
    select(thread_keys.c.position, *_THREAD)
    .join_from(thread_keys, conversations, thread_keys.c.conversation == conversations.c.id)
    .join(items, conversations.c.item == items.c.id)
    .where(thread_keys.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(desc(thread_keys.c.position))
    .limit(1)
)
"""Asked for every contact: built once. The last one finds the latest use of any of the keys."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some items, the latest closed first, and the cursor that the next ones are asked with ('' at the end)."""

    items: list[dict[str, Any]]
    cursor: str


class SqlHistory:
    """Implements `router.gateway.Timelines`. All methods raise StoreError when the data base is away."""

    def __init__(
        self,
        database: Database,
        perhaps: Callable[[str], bool] = lambda key: True,
        whose: Callable[[str], str] = lambda key: key,
    ) -> None:
        """`perhaps` says of a natural key whether SQL has to be asked for it (see `naturals`), `whose` of the key of
        an address which customer has it (see `customers`)."""
        self._database = database
        self._perhaps = perhaps
        self._whose = whose

    async def position(self) -> int:
        """The event position up to which the archive has everything."""
        query = select(archive_position.c.position)
        position: int = await self._database.ask(lambda connection: connection.execute(query).scalar_one())
        return position

    # -- what intake asks -----------------------------------------------------------------------------------

    async def find_thread(self, thread_keys_: Sequence[str]) -> Thread | None:
        """The conversation that one of these thread keys belongs to; the one it was last seen in, if several."""
        return await self._database.ask(partial(_find_thread, thread_keys_))

    async def find_reference(self, reference: str) -> Thread | None:
        """The conversation that people call by this reference. Those of before there were any have none."""
        return None if not reference else await self._database.ask(partial(_find_reference, reference))

    def whose(self, key: str) -> str:
        """The customer whose address has this key ('' for nobody's)."""
        return self._whose(key)

    async def find_natural(self, natural_key: str) -> str | None:
        """The conversation that has a message with this natural key, or a call (`call:` and its id)."""
        if not self._perhaps(natural_key):
            return None
        call = natural_key.startswith(CALL)
        query, key = (_BY_CALL, natural_key.removeprefix(CALL)) if call else (_BY_NATURAL_KEY, natural_key)
        return await self._database.ask(lambda connection: connection.scalar(query, {"key": key}))

    async def messages(self, conversation: str, after: int = 0) -> list[dict[str, Any]]:
        """Messages past `after` in order: seq, id, side, agent, item, at_ms, content (its id), size, delivery."""
        query = (
            select(*_columns(messages, "seq", "id", "side", "agent", "item", "at_ms", "content", "size", "delivery"))
            .where(messages.c.conversation == conversation, messages.c.seq > after)
            .order_by(messages.c.seq)
        )
        async with self._database.reading() as connection:
            return [dict(row._mapping) for row in await connection.execute(query)]

    async def knows(self, item: str) -> bool:
        """Whether there ever was an item with this id, as far as it is archived."""
        async with self._database.reading() as connection:
            return (await connection.execute(select(items.c.id).where(items.c.id == item))).first() is not None

    async def contents(self, ids: Sequence[str]) -> list[bytes | None]:
        """Texts that were moved from the store to SQL, by id; None for one that is not here."""
        found = await self._database.ask(partial(_find_contents, ids))
        return [found.get(id) for id in ids]

    # -- what people read -----------------------------------------------------------------------------------

    async def item(self, item: str) -> dict[str, Any] | None:
        """An item as its view shows it, with `outcome`, and its `legs`, `queue_visits` and `notes` in order."""
        async with self._database.reading() as connection:
            found = (await connection.execute(_items().where(items.c.id == item))).one_or_none()
            if found is None:
                return None
            view: dict[str, Any] = dict(found._mapping) | {"reservation": None, "seen": {}}
            view = view.pop("more") | view
            view["deliveries"] = await _deliveries(connection, found.conversation)
            for name, table in (("legs", legs), ("queue_visits", queue_visits), ("notes", notes)):
                view[name] = await _of_item(connection, table, item)
        return view

    async def conversation(self, conversation: str) -> dict[str, Any] | None:
        """A conversation: id, channel, reference, customer, language, items (their ids, the oldest first), and the
        conversations that are read with it (`split_from`, `splits`, `merged_into`, `merged`)."""
        named = ("id", "channel", "reference", "customer", "language", "split_from", "merged_into")
        query = select(*_columns(conversations, *named))
        of_it = select(items.c.id).where(items.c.conversation == conversation, items.c.consults == "")
        async with self._database.reading() as connection:
            found = (await connection.execute(query.where(conversations.c.id == conversation))).one_or_none()
            if found is None:
                return None
            ids = await connection.scalars(of_it.order_by(items.c.opened_at_ms, items.c.id))
            kept = dict(found._mapping) | {"items": list(ids)}
            for name, column in (("splits", conversations.c.split_from), ("merged", conversations.c.merged_into)):
                parts = select(conversations.c.id).where(column == conversation).order_by(conversations.c.opened_at_ms)
                kept[name] = list(await connection.scalars(parts))
            return kept

    async def timeline(self, item: str) -> list[dict[str, Any]]:
        """What happened to an item, the oldest first: one `story_row` for each event that names it."""
        query = select(stories.c.position, stories.c.entry).where(stories.c.item == item).order_by(stories.c.position)
        async with self._database.reading() as connection:
            places = (await connection.execute(query)).all()
            decoded: dict[int, Entry] = {}
            for part in in_parts(dict.fromkeys(place.entry for place in places)):
                rows = await connection.execute(select(entries.c.last, entries.c.data).where(entries.c.last.in_(part)))
                decoded |= {row.last: codec.decode_entry(row.data) for row in rows}
        told = ((place.position, decoded[place.entry]) for place in places)
        return [story_row(position, entry.events[position - entry.first]) for position, entry in told]

    async def closed_items(self, queues: Sequence[str] | None = None, cursor: str = "", limit: int = 50) -> Page:
        """Closed items (of these queues), the latest first, `limit` of them from where `cursor` stopped.

        Raises ValueError for a cursor that was not given out here.
        """
        query = _items().where(items.c.closed_at_ms.is_not(None))
        if queues is not None:
            query = query.where(items.c.queue.in_(queues))
        if cursor:
            at, _, id = cursor.partition("-")
            same = and_(items.c.closed_at_ms == int(at), items.c.id < id)
            query = query.where(or_(items.c.closed_at_ms < int(at), same))
        size = min(limit, limits.PAGE_MAX)
        query = query.order_by(desc(items.c.closed_at_ms), desc(items.c.id)).limit(size)
        async with self._database.reading() as connection:
            found = [dict(row._mapping) for row in await connection.execute(query)]
        last = found[-1] if len(found) == size else None
        return Page(items=found, cursor=f"{last['closed_at_ms']}-{last['id']}" if last else "")

    async def audit(self, *, before: str = "", limit: int, **conditions: Any) -> AuditPage:
        """Who changed what, the newest first, `limit` rows from where the cursor `before` stopped.

        `conditions` are those of `audit.Wanted`. Raises ValueError for a cursor that was not given out here.
        """
        wanted, place = audit.Wanted(**conditions), audit.place_of(before)
        async with self._database.reading() as connection:
            found = await audit.rows_before(connection, wanted, place, min(limit, limits.PAGE_MAX) + 1)
        rows = found[: min(limit, limits.PAGE_MAX)]
        cursor = audit.cursor_of(rows[-1][0]) if len(found) > len(rows) else ""
        return AuditPage(rows=[row for _, row in rows], cursor=cursor)

    async def replay(self, after: int, to: int | None = None) -> AsyncIterator[Entry]:
        """The entries past event `after`, up to the one that holds `to` (None: all there are)."""
        async for _, data, _ in replay.archived(self._database, after, to):
            yield codec.decode_entry(data)


def _find_thread(keys: Sequence[str], connection: Connection) -> Thread | None:
    found = [row for part in in_parts(keys) for row in connection.execute(_LATEST_BY_THREAD, {"keys": part}).all()]
    if not found:
        return None
    return _thread(max(found, key=lambda row: int(row.position)), connection)


def _find_reference(reference: str, connection: Connection) -> Thread | None:
    found = connection.execute(_BY_REFERENCE, {"reference": reference}).one_or_none()
    return _thread(found, connection) if found is not None else None


def _thread(row: Row[Any], connection: Connection) -> Thread:
    """The thread of a conversation: of the one in which it goes on, if it was merged."""
    for _ in range(limits.MERGES_FOLLOWED_MAX):
        into = connection.execute(_BY_ID, {"id": row.merged_into}).one_or_none() if row.merged_into else None
        if into is None:
            break
        row = into
    return Thread(**{name: row._mapping[name] for name in Thread.__struct_fields__})


def _find_contents(ids: Sequence[str], connection: Connection) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in in_parts(ids):
        found |= {row.id: row.data for row in connection.execute(select(contents).where(contents.c.id.in_(part)))}
    return found


def _items() -> Select[Any]:
    """Items with what their view shows of the conversation."""
    return select(
        items,
        conversations.c.reference,
        conversations.c.address,
        conversations.c.seq.label("messages"),
        conversations.c.gone.label("customer_left"),
        conversations.c.merged_into,
    ).join_from(items, conversations, items.c.conversation == conversations.c.id)


async def _of_item(connection: AsyncConnection, table: Table, item: str) -> list[dict[str, Any]]:
    rows = await connection.execute(select(table).where(table.c.item == item).order_by(table.c.position))
    return [dict(row._mapping) for row in rows]


async def _deliveries(connection: AsyncConnection, conversation: str) -> dict[str, dict[str, Any]]:
    query = select(*_columns(deliveries, "id", "state", "attempt", "code", "message"))
    rows = await connection.execute(query.where(deliveries.c.conversation == conversation))
    return {row.id: {key: value for key, value in row._mapping.items() if key != "id"} for row in rows}
