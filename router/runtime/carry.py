"""Carries a domain from one Redis to another, of any kinds and versions: as values, never as a server's own format.

In two parts, because history and log are two stores. `cut` takes what is true at one instant, and all contents: while
it runs, the archive must move nothing. `rest` takes what only grows and expires, and leaves out what came after that
instant. The domain may be at work all the time; it is asked nothing that holds it up longer than a follower does that
loads. What is only about who is there now (leases, heartbeats, duties, counts of crashes) is not carried.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, Final, TypeAlias, TypeVar, cast

from redis import exceptions as redis_errors
from redis.asyncio import Redis

from router.gateway import StoreError
from router.runtime import limits
from router.runtime.redis_store import clients

T = TypeVar("T")

CARRIED: Final = frozenset({"meta", "records", "commands", "events", "content", "key", "outcome", "outbox"})
LEFT: Final = frozenset({"lease", "safe", "gateway", "nodes", "duty", "duties", "crash"})
"""The kinds of keys of a domain, by what follows its name. `tests/runtime/test_carry.py` knows all that there are."""

Told: TypeAlias = Callable[[int, int], None]
"""Is told how many of how many are done; the total may be a guess."""

_Fields: TypeAlias = dict[bytes, bytes]


class NotEmpty(StoreError):
    """There are keys of the domain where it shall be carried to."""


@asynccontextmanager
async def reached(url: str, domain: str) -> AsyncIterator[Redis]:
    """A client of the Redis at this URL. What it raises becomes a StoreError."""
    made = clients(url, domain)
    try:
        yield made.writes
    except (redis_errors.RedisError, OSError) as error:
        raise StoreError(f"Redis does not answer as it should: {error}") from error
    finally:
        for client in (made.writes, made.reads):
            await client.aclose(close_connection_pool=True)
        if made.place is not None:
            await made.place.close()


class Carrier:
    """One domain on its way. `await cut()`, then `await rest()`; before its end nothing starts at the target."""

    def __init__(self, source: Redis, target: Redis, domain: str, told: Told = lambda done, total: None) -> None:
        self._source = source
        self._target = target
        self._prefix = f"{{{domain}}}:"
        self._told = told
        self._done = 0
        self._meta: _Fields = {}

    def _key(self, name: str) -> str:
        return self._prefix + name

    async def cut(self) -> int:
        """Carry records, undecided commands, entries and contents; the event position of all that. Raises NotEmpty."""
        if await anything(self._target, self._prefix):
            raise NotEmpty("there are keys of this domain there already")
        pipe = self._source.pipeline(transaction=True)
        for key in ("meta", "records"):
            pipe.hgetall(self._key(key))
        pipe.xrange(self._key("commands"))
        self._meta, records, commands = await _soon(pipe.execute())
        self._meta.pop(b"safe", None)  # where it goes, no replica has anything yet
        for part in _parts(records.items()):
            await self._written(self._target.hset(self._key("records"), mapping=dict(part)), len(part))
        await self._write(commands, self._adds("commands"))
        async for page in self._entries("events", self._number("position")):
            await self._write(page, self._adds("events"))
        async for names in self._pages("content"):
            found = await _soon(self._source.mget(names))
            there = {name: data for name, data in zip(names, found, strict=True) if data is not None}
            if there:
                await self._written(self._target.mset(there), len(there))
        return self._number("position")

    async def rest(self) -> None:
        """Carry the idempotency keys of what is there, with the outcomes of what is decided, and the outboxes."""
        async for names in self._pages("key"):
            await self._carry_keys(names)
        async for names in self._pages("outbox"):
            for name in names:
                await self._carry_outbox(name.decode().removeprefix(self._prefix))
        if self._meta:
            await cast(Awaitable[Any], self._target.hset(self._key("meta"), mapping=cast(Any, self._meta)))

    def _number(self, field: str) -> int:
        return int(self._meta.get(field.encode(), b"0"))

    # -- keys and outcomes ----------------------------------------------------------------------------------

    async def _carry_keys(self, names: Sequence[bytes]) -> None:
        """A key says which command it is of: one that came after the cut was never accepted where this goes."""
        outcomes = [name.replace(b":key:", b":outcome:", 1) for name in names]
        keys, ended = await self._expiring(names), await self._expiring(outcomes)
        kept: list[tuple[bytes, bytes, int]] = []
        for name, outcome, key, end in zip(names, outcomes, keys, ended, strict=True):
            if key is None or (command := int(key[0].partition(b" ")[0])) > self._number("submitted"):
                continue
            kept.append((name, *key))
            if end is not None and command <= self._number("command"):
                kept.append((outcome, *end))
        await self._write(kept, lambda pipe, one: pipe.set(one[0], one[1], pxat=one[2]))

    async def _expiring(self, names: Sequence[bytes]) -> list[tuple[bytes, int] | None]:
        """Values, and the instants at which they expire (Unix ms); None for one that has."""
        values = await _soon(self._source.mget(names))
        pipe = self._source.pipeline(transaction=False)
        for name in names:
            pipe.pexpiretime(cast(str, name))
        ends = await _soon(pipe.execute())
        return [
            (value, at) if value is not None and at > 0 else None
            for value, at in zip(cast(list[bytes | None], values), ends, strict=True)
        ]

    # -- outboxes -------------------------------------------------------------------------------------------

    async def _carry_outbox(self, stream: str) -> None:
        """What was not dealt with at the cut and is not by now, for each group; numbers go on where they are."""
        key, position = self._key(stream), self._number("position")
        info = await self._source.xinfo_stream(key)
        async for page in self._entries(stream, None):
            await self._write([one for one in page if int(one[1][b"p"]) <= position], self._adds(stream))
        for group in await self._source.xinfo_groups(key):
            start = group["last-delivered-id"]
            if group["pending"]:
                start = _before((await self._source.xpending(key, group["name"]))["min"])
            await self._target.xgroup_create(key, group["name"], id=start, mkstream=True)
        if await self._target.exists(key):
            await cast(Any, self._target).execute_command("XSETID", key, info["last-generated-id"])

    # -- many at once ---------------------------------------------------------------------------------------

    async def _entries(self, stream: str, last: int | None) -> AsyncIterator[list[tuple[bytes, _Fields]]]:
        """The entries of a stream up to the one with this number, page by page."""
        place, end = "-", "+" if last is None else f"{last}-0"
        while last is None or last > 0:
            reading = self._source.xrange(self._key(stream), min=place, max=end, count=limits.ENTRIES_READ_MAX)
            page = cast(list[tuple[bytes, _Fields]], await _soon(reading))
            if not page:
                return
            yield page
            place = f"({page[-1][0].decode()}"

    async def _pages(self, kind: str) -> AsyncIterator[list[bytes]]:
        """The names of all keys of a kind; those that come and go meanwhile may be among them, or not."""
        seen: list[bytes] = []
        async for name in self._source.scan_iter(match=f"{self._prefix}{kind}:*", count=limits.CARRY_KEYS):
            seen.append(name)
            if len(seen) == limits.CARRY_KEYS:
                yield seen
                seen = []
        if seen:
            yield seen

    def _adds(self, stream: str) -> Callable[[Any, tuple[bytes, _Fields]], Any]:
        return lambda pipe, entry: pipe.xadd(self._key(stream), entry[1], id=entry[0])

    async def _write(self, values: Iterable[T], write: Callable[[Any, T], Any]) -> None:
        """Write these at the target, each as `write` says, many in one round trip."""
        for part in _parts(values):
            pipe = self._target.pipeline(transaction=False)
            for value in part:
                write(pipe, value)
            await self._written(pipe.execute(), len(part))

    async def _written(self, answer: Any, count: int) -> None:
        await _soon(answer)
        self._done += count
        self._told(self._done, self._done + limits.CARRY_KEYS)


async def anything(redis: Redis, prefix: str) -> bool:
    """Whether there is any key with this prefix."""
    async for _ in redis.scan_iter(match=f"{prefix}*", count=limits.CARRY_KEYS):
        return True
    return False


async def clear(redis: Redis, domain: str) -> None:
    """Remove everything of a domain."""
    prefix = f"{{{domain}}}:"
    names = [name async for name in redis.scan_iter(match=f"{prefix}*", count=limits.CARRY_KEYS)]
    for start in range(0, len(names), limits.CARRY_KEYS):
        await redis.unlink(*names[start : start + limits.CARRY_KEYS])


async def commands_of(redis: Redis, domain: str, keys: Sequence[str]) -> list[int]:
    """Which commands these idempotency keys are of; 0 for one that is not known."""
    found = await redis.mget([f"{{{domain}}}:key:{key}" for key in keys]) if keys else []
    return [int(value.partition(b" ")[0]) if value is not None else 0 for value in cast(list[bytes | None], found)]


def _parts(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while part := list(islice(rest, limits.CARRY_KEYS)):
        yield part


async def _soon(answer: Awaitable[T]) -> T:
    """The answer, within the time in which any server that works has one."""
    async with asyncio.timeout(limits.START_WAIT_S):
        return await answer


def _before(id: bytes) -> str:
    """The highest id of a stream below this one."""
    ms, _, seq = id.decode().partition("-")
    return f"{ms}-{int(seq) - 1}" if int(seq) else f"{int(ms) - 1}-{limits.STREAM_SEQ_MAX}"
