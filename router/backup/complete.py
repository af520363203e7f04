"""Is everything there that goes with the log? What its entries name, and by what a repeated command is recognised.

Events and records are proved by folding. That misses a text of which they have only the name, and a key that only the
store has: with the first, an agent would see nothing; with the second, a call told twice would ring twice.
"""

from collections.abc import AsyncIterator, Iterable

from redis.asyncio import Redis
from sqlalchemy import select

from router.archive.database import Database, in_parts
from router.archive.errors import OtherHistory
from router.archive.rows import contents_of
from router.archive.schema import contents
from router.backup import limits
from router.runtime.carry import commands_of
from router.runtime.limits import ENTRIES_READ_MAX, KEY_TTL_S
from router.runtime.store import Store
from router.wire import codec
from router.wire.codec import Entry


async def check(store: Store, redis: Redis, database: Database, *, domain: str, archived: int, now_ms: int) -> None:
    """Raises OtherHistory unless all is there: contents of the events that history does not have (those after
    `archived`), and keys of the commands that may still be told again. `redis` is where the store is."""
    sure_after_ms = now_ms - 1_000 * (KEY_TTL_S - limits.KEY_MARGIN_S)
    async for entry in _entries(store):
        if entry.last > archived:
            named = {name for event in entry.events for name in contents_of(event)}
            await _check_contents(store, database, named, entry)
        if entry.at > sure_after_ms:
            keys = {one.key: one.command for one in entry.handled if one.key and one.command}
            await _check_keys(redis, domain, keys, entry.last)
    standing = await store.standing()
    place = standing.command
    while found := await store.commands(place, ENTRIES_READ_MAX, 0.0):
        submitted = {codec.decode_submission(data).key: command for command, data in found}
        await _check_keys(redis, domain, submitted, standing.position)
        place = found[-1][0]


async def _entries(store: Store) -> AsyncIterator[Entry]:
    place = await store.first_entry() - 1
    while found := await store.entries(place, ENTRIES_READ_MAX, 0.0):
        for _, data, _ in found:
            yield codec.decode_entry(data)
        place = found[-1][0]


async def _check_contents(store: Store, database: Database, named: Iterable[str], entry: Entry) -> None:
    for part in in_parts(named):
        lying = await store.contents(part)
        missing = {name for name, data in zip(part, lying, strict=True) if data is None}
        if missing:
            async with database.reading() as connection:
                missing -= set(await connection.scalars(select(contents.c.id).where(contents.c.id.in_(missing))))
        if missing:
            raise OtherHistory(entry.last, f"the content {min(missing)}, named at most there, is nowhere")


async def _check_keys(redis: Redis, domain: str, keys: dict[str, int], position: int) -> None:
    for part in in_parts(keys):
        for key, known in zip(part, await commands_of(redis, domain, part), strict=True):
            if known != keys[key]:
                raise OtherHistory(position, f"command {keys[key]} would not be recognised if it came again")
