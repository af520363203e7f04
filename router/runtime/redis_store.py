"""The store of a domain on Redis or Valkey. One script per step that must be all or nothing (`lua/`).

All keys of a domain share one hash tag, so that they lie in one slot of a cluster. Nothing here tries twice: a
write whose reply was lost may have happened, and only its caller knows by which key to ask again (redis-py's own
default repeats every command ten times). Blocking reads have connections of their own, and all the time that they
block.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from importlib import resources
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar, cast

import msgspec
import structlog
from msgspec.structs import asdict
from redis import exceptions as redis_errors
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from router.core.state import Ref
from router.gateway import Fenced, Full, OutboxEntry, Outcome, StoreError
from router.runtime import limits, metrics
from router.runtime.errors import ShapeTooNew
from router.runtime.redis_place import Found, Place, moved, place_of
from router.runtime.store import Commit, Lease, Loaded, Placed, Put, Standing
from router.wire.codec import SHAPE

log = structlog.stdlib.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

_LUA: Final = {
    name: (resources.files("router.runtime") / "lua" / f"{name}.lua").read_text()
    for name in (
        "submit",
        "commit",
        "acquire",
        "renew",
        "hold",
        "attend",
        "beat",
        "crashed",
        "trim",
        "done",
        "safe",
    )
}
_STANDING: Final = Standing.__struct_fields__
_encode_outcome = msgspec.msgpack.Encoder().encode
_decode_outcome = msgspec.msgpack.Decoder(Outcome).decode


def _within(
    seconds: float,
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Ends a call after this time, and makes whatever the client raises one of the two errors of the port.

    The time-out is ours and not the client's: on Python 3.11 its own (`asyncio.wait_for`) loses a cancellation that
    comes in the moment a request was sent, and a task that should end would block on.
    """

    def translated(method: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @functools.wraps(method)
        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                async with asyncio.timeout(seconds):
                    return await method(*args, **kwargs)
            except (redis_errors.RedisError, OSError) as error:
                message = str(error) or type(error).__name__
                if message.startswith("FENCED"):
                    raise Fenced(message) from error
                if message.startswith("FULL"):
                    raise Full(message) from error
                if isinstance(error, redis_errors.ReadOnlyError | redis_errors.MovedError):
                    await cast("RedisStore", args[0]).reconnect()
                raise StoreError(message) from error

        return call

    return translated


_CALL_S: Final = limits.CALL_TIMEOUT_S
_WAIT_S: Final = limits.READ_WAIT_S_MAX + limits.READ_MARGIN_S


class RedisStore:
    """The `Store` port on a Redis of at least 7.0 or a Valkey. Make with `connect`, then `await open()`."""

    def __init__(self, clients: "Clients", domain: str, replicas: int = 0) -> None:
        """Neither client may retry or time out by itself. `replicas`: how many must have a write before it counts."""
        self._writes, self._reads, self._place = clients
        self._replicas = replicas
        self._prefix = f"{{{domain}}}:"
        self._meta = self._key("meta")
        self._commands = self._key("commands")
        self._events = self._key("events")
        self._records = self._key("records")
        self._lease = self._key("lease")
        self._safe = self._key("safe")
        self._scripts = {name: self._writes.register_script(text) for name, text in _LUA.items()}

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

    async def _run(self, name: str, keys: Sequence[str], *args: Any) -> Any:
        return await cast(Awaitable[Any], self._scripts[name](keys=keys, args=args))

    async def _sure(self, name: str, keys: Sequence[str], *args: Any) -> Any:
        """Run a script that writes, and wait for the replicas: on the same connection, or WAIT waits for nothing."""
        if not self._replicas:
            return await self._run(name, keys, *args)
        async with self._writes.pipeline(transaction=False) as pipe:
            await cast(Awaitable[Any], self._scripts[name](keys=keys, args=args, client=pipe))
            pipe.wait(self._replicas, limits.REPLICAS_WAIT_MS)
            reply, have = await pipe.execute(raise_on_error=False)
        for answer in (reply, have):
            if isinstance(answer, Exception):
                raise answer
        if have < self._replicas:
            await self.reconnect()
            raise StoreError(f"{have} of {self._replicas} replicas have what was written")
        return reply

    @_within(_CALL_S)
    async def open(self) -> None:
        """Check that the stored shape is one we know. Raises ShapeTooNew, and StoreError when nobody answers."""
        await self._check_shape()

    async def _check_shape(self) -> None:
        stored = int(await self._writes.hget(self._meta, "shape") or 0)
        if stored > SHAPE:
            raise ShapeTooNew(stored, SHAPE)

    # -- where it is ----------------------------------------------------------------------------------------

    async def reconnect(self) -> None:
        """Drop every connection of a store that may have moved: calls under way end with a StoreError."""
        if self._place is not None:
            for client in (self._writes, self._reads):
                await client.connection_pool.disconnect()

    async def watch(self) -> None:
        """Until cancelled: leave a master that was deposed, for it may go on to answer. Only asks where it can move."""
        known = None
        while self._place is not None:
            found = await moved(self._place, known)
            if known is not None and found != known:
                log.warning("store_moved")
                metrics.STORE_MOVES.inc()
                await self.reconnect()
            known = found
            await asyncio.sleep(limits.PLACE_LOOK_S)
        await asyncio.Event().wait()

    @_within(_CALL_S)
    async def about(self, section: str) -> dict[str, Any]:
        """What the server says of itself: a section of INFO."""
        return await self._writes.info(section)

    @_within(_CALL_S)
    async def kept(self, *names: str) -> dict[str, str] | None:
        """The server's settings of these names; None when we may not ask."""
        try:
            told = await self._writes.config_get(*names)
        except redis_errors.ResponseError:
            return None
        return {str(name): str(value) for name, value in told.items()}

    # -- commands -------------------------------------------------------------------------------------------

    @_within(_CALL_S)
    async def submit(self, puts: Sequence[Put]) -> list[Placed]:
        """One script call for all of them, in this order. After a lost reply, ask again: the keys recognise it."""
        args: list[Any] = [self._prefix, limits.KEY_TTL_S, limits.COMMANDS_WAITING_MAX, len(puts)]
        for put in puts:
            args += (put.key, put.fingerprint, put.data, len(put.contents))
            for id, data in put.contents.items():
                args += (id, data)
        reply = await self._sure("submit", [self._meta, self._commands], *args)
        return [
            Placed(command=command, duplicate=state == 1, conflict=state == 2)
            for command, state in zip(reply[::2], reply[1::2], strict=True)
        ]

    @_within(_CALL_S)
    async def placed(self, key: str) -> int | None:
        """The position of the command under this key, if there is one; no other one ever gets a lower one."""
        kept = _bytes(await self._writes.get(self._key("key", key)))
        return None if kept is None else int(kept.partition(b" ")[0])

    @_within(_WAIT_S)
    async def commands(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes]]:
        """Commands past `after`, at most `limit`, waiting up to `wait_s` for the first."""
        found = await self._read(self._commands, after, limit, wait_s)
        return [(_position(id), fields[b"d"]) for id, fields in found]

    async def _read(self, stream: str, after: int, limit: int, wait_s: float) -> list[tuple[bytes, dict[bytes, bytes]]]:
        reply = await self._reads.xread({stream: f"{after}-0"}, count=limit, block=_block(wait_s))
        return _entries(reply)

    @_within(_CALL_S)
    async def outcome(self, key: str) -> Outcome | None:
        """How the command under this key ended, if it has. With replicas, only what they have: a refusal is no entry
        that followers would wait for."""
        data = _bytes(await self._writes.get(self._key("outcome", key)))
        if data is None:
            return None
        await self._wait()
        return _decode_outcome(data)

    @_within(_CALL_S)
    async def crashed(self, command: int) -> int:
        """Count that this command made a writer die."""
        return int(await self._run("crashed", [self._key("crash", str(command))], limits.CRASH_TTL_S))

    @_within(_CALL_S)
    async def crashes(self, command: int) -> int:
        """How many writers this command has killed."""
        return int(await self._writes.get(self._key("crash", str(command))) or 0)

    # -- contents -------------------------------------------------------------------------------------------

    @_within(_CALL_S)
    async def contents(self, ids: Sequence[str]) -> list[bytes | None]:
        """The bytes under each id; None where there are none."""
        if not ids:
            return []
        return [_bytes(data) for data in await self._writes.mget([self._key("content", id) for id in ids])]

    @_within(_CALL_S)
    async def drop_contents(self, ids: Iterable[str]) -> None:
        """Forget these contents: they lie elsewhere now, or nowhere."""
        keys = [self._key("content", id) for id in ids]
        for start in range(0, len(keys), limits.FIELDS_PER_CALL):
            await self._writes.unlink(*keys[start : start + limits.FIELDS_PER_CALL])

    # -- the writer -----------------------------------------------------------------------------------------

    @_within(_CALL_S)
    async def acquire(self, owner: str, ttl_ms: int) -> Lease | None:
        """The lease, if nobody else holds it. Raises ShapeTooNew."""
        epoch = await self._sure("acquire", [self._lease, self._meta], owner, ttl_ms, SHAPE)
        if epoch < 0:
            await self._check_shape()
        if epoch > 0 and self._replicas:  # replicas have the lease, and so all that the last writer left unsaid
            await self._run("safe", [self._meta, self._safe], await self._head())
        return Lease(owner=owner, epoch=epoch) if epoch > 0 else None

    @_within(_CALL_S)
    async def renew(self, lease: Lease, ttl_ms: int) -> bool:
        """Keep the lease; False when it is no longer ours."""
        return bool(await self._run("renew", [self._lease, self._meta], lease.owner, lease.epoch, ttl_ms))

    @_within(_CALL_S)
    async def release(self, lease: Lease) -> None:
        """Give the lease back at once."""
        await self._run("renew", [self._lease, self._meta], lease.owner, lease.epoch, 0)

    @_within(_CALL_S)
    async def led(self) -> bool:
        """Whether anybody has the lease."""
        return bool(await self._writes.exists(self._lease))

    @_within(_CALL_S)
    async def hold(self, duty: str, owner: str, ttl_ms: int) -> bool:
        """Take or keep a duty; False when it is somebody else's."""
        return bool(await self._run("hold", [self._key("duty", duty), self._key("duties")], owner, ttl_ms, duty))

    @_within(_CALL_S)
    async def let_go(self, duty: str, owner: str) -> None:
        """Give a duty back at once, if it is ours."""
        await self._run("hold", [self._key("duty", duty), self._key("duties")], owner, 0, duty)

    @_within(_CALL_S)
    async def attend(self, node: str, about: bytes, ttl_ms: int) -> dict[str, bytes]:
        """Say that a node is there, and hear who is."""
        flat = await self._run("attend", [self._key("nodes")], node, ttl_ms, about)
        return {name.decode(): told for name, told in zip(flat[::2], flat[1::2], strict=True)}

    @_within(_CALL_S)
    async def standing(self) -> Standing:
        """Where the domain stands, in one atomic read."""
        standing = _standing(await self._writes.hmget(self._meta, _STANDING))
        await self._prove(standing.position)
        return standing

    @_within(_CALL_S)
    async def forget_holders(self) -> None:
        """Free the lease and every duty, and forget who was there. For who knows that nobody is."""
        names: Any = await cast(Awaitable[Any], self._writes.smembers(self._key("duties")))
        duties = [self._key("duty", name.decode()) for name in names]
        await self._writes.unlink(self._lease, self._key("nodes"), *duties)

    @_within(limits.START_WAIT_S)
    async def load(self) -> Loaded:
        """Position and records in one atomic read. No script: it would hold Redis four times as long (measured)."""
        pipe = self._writes.pipeline(transaction=True)
        pipe.hmget(self._meta, _STANDING)
        pipe.hgetall(self._records)
        meta, records = await pipe.execute()
        standing = _standing(meta)
        await self._prove(standing.position)
        return Loaded(**asdict(standing), records=[(_ref(field), data) for field, data in records.items()])

    async def _prove(self, position: int) -> None:
        """Make sure that the replicas have everything up to here: what was loaded is shown. Raises StoreError."""
        if self._replicas and position > int(await self._writes.hget(self._meta, "safe") or 0):
            await self._wait()
            await self._run("safe", [self._meta, self._safe], position)

    async def _wait(self) -> None:
        """Until the replicas have all that is there now. Raises StoreError."""
        if self._replicas:
            await self._sure("beat", [self._key("gateway", "none")], 1)  # a WAIT waits for writes of its connection

    @_within(_CALL_S)
    async def commit(self, commit: Commit) -> None:
        """One fenced step. A StoreError leaves open whether it happened: the writer must load again."""
        if len(commit.data) > limits.COMMIT_BYTES_MAX:
            raise StoreError(f"an entry of {len(commit.data)} bytes is too large for one commit")
        args: list[Any] = [
            self._prefix,
            commit.epoch,
            commit.expected,
            commit.last,
            commit.before,
            commit.digest,
            commit.data,
            commit.command,
            commit.at,
            limits.KEY_TTL_S,
            limits.FIELDS_PER_CALL,
            len(commit.puts),
            len(commit.drops),
            len(commit.outcomes),
            len(commit.outbox),
        ]
        for ref, data in commit.puts:
            args += (_field(ref), data)
        args += (_field(ref) for ref in commit.drops)
        for key, outcome in commit.outcomes:
            args += (key, _encode_outcome(outcome))
        for out in commit.outbox:
            args += (out.channel, out.position, out.body)
        await self._sure("commit", [self._meta, self._events, self._records, self._commands], *args)
        if self._replicas:
            await self._run("safe", [self._meta, self._safe], commit.last)

    # -- followers ------------------------------------------------------------------------------------------

    @_within(_WAIT_S)
    async def entries(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes, str]]:
        """Entries that end past `after`: last position, data, digest. With replicas, only those that are safe."""
        if self._replicas:
            found = await self._safe_entries(after, limit, wait_s)
        else:
            found = await self._read(self._events, after, limit, wait_s)
        return [(_position(id), fields[b"d"], fields[b"h"].decode()) for id, fields in found]

    async def _safe_entries(self, after: int, limit: int, wait_s: float) -> list[tuple[bytes, dict[bytes, bytes]]]:
        told = await self._read(self._safe, after, 1, wait_s)
        if not told:
            return []
        span = await self._reads.xrange(self._events, min=f"({after}-0", max=told[0][0], count=limit)
        return _entries([(self._events, span)])

    async def _until_safe(self, entries: list[OutboxEntry]) -> None:
        """Wait until these may leave the house. Raises StoreError: they stay pending and come again."""
        last = max((entry.position for entry in entries), default=0)
        if self._replicas and last and not await self._read(self._safe, last - 1, 1, limits.CALL_TIMEOUT_S):
            raise StoreError(f"position {last} is not on {self._replicas} replicas yet")

    @_within(_CALL_S)
    async def head(self) -> int:
        """The last event position."""
        return await self._head()

    async def _head(self) -> int:
        return int(await self._writes.hget(self._meta, "position") or 0)

    @_within(_CALL_S)
    async def first_entry(self) -> int:
        """The first event position still in the stream (position + 1 when it is empty)."""
        found = _entries([(self._events, await self._writes.xrange(self._events, count=1))])
        if found:
            return int(found[0][1][b"f"])
        return await self._head() + 1

    @_within(_CALL_S)
    async def trim(self, position: int) -> None:
        """Entries that end at or before `position` may go; the newest one stays."""
        await self._run("trim", [self._meta, self._events], position)

    @_within(_CALL_S)
    async def beat(self, gateway: str, ttl_ms: int) -> None:
        """Say that a gateway lives."""
        await self._run("beat", [self._key("gateway", gateway)], ttl_ms)

    @_within(_CALL_S)
    async def beating(self, gateways: Sequence[str]) -> list[bool]:
        """Which of these gateways have said so in time."""
        if not gateways:
            return []
        return [value is not None for value in await self._writes.mget([self._key("gateway", g) for g in gateways])]

    # -- outboxes -------------------------------------------------------------------------------------------

    @_within(_CALL_S)
    async def outbox_group(self, channel: str, group: str, start: str = "0") -> None:
        """Make sure the consumer group exists; it begins at `start` when it is new."""
        try:
            await self._writes.xgroup_create(self._key("outbox", channel), group, id=start, mkstream=True)
        except redis_errors.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    @_within(_WAIT_S)
    async def outbox_read(
        self, channel: str, group: str, consumer: str, count: int, wait_s: float, *, own: bool = False
    ) -> list[OutboxEntry]:
        """New entries for this consumer. With `own`, those handed to it before and never acknowledged, and those
        that another consumer has let lie for `OUTBOX_IDLE_MS`."""
        stream = self._key("outbox", channel)
        if not own:
            new = await self._reads.xreadgroup(group, consumer, {stream: ">"}, count=count, block=_block(wait_s))
            entries = [_out(id, fields) for id, fields in _entries(new)]
            await self._until_safe(entries)
            return entries
        await self._writes.xautoclaim(stream, group, consumer, limits.OUTBOX_IDLE_MS, count=count, justid=True)
        found = _entries(await self._writes.xreadgroup(group, consumer, {stream: "0"}, count=count))
        if not found:
            return []
        pending = await self._writes.xpending_range(
            stream, group, min=found[0][0], max=found[-1][0], count=len(found), consumername=consumer
        )
        handed_out: dict[Any, Any] = {row["message_id"]: row["times_delivered"] for row in pending}
        again = [_out(id, fields, max(1, handed_out.get(id, 1) - 1)) for id, fields in found]
        await self._until_safe(again)
        return again

    @_within(_CALL_S)
    async def outbox_done(self, channel: str, group: str, ids: Sequence[str]) -> None:
        """These were dealt with; what every group has dealt with leaves the stream."""
        if ids:
            await self._run("done", [self._key("outbox", channel)], group, *ids)

    @_within(_CALL_S)
    async def outbox_groups(self, channel: str) -> list[str]:
        """The consumer groups of a channel."""
        try:
            groups = await self._writes.xinfo_groups(self._key("outbox", channel))
        except redis_errors.ResponseError as error:
            if "no such key" not in str(error):
                raise
            return []
        return [group["name"].decode() for group in groups]

    @_within(_CALL_S)
    async def outbox_drop(self, channel: str, group: str) -> None:
        """End a consumer group, if there is one. What only it had not dealt with leaves at the next `outbox_done`."""
        try:
            await self._writes.xgroup_destroy(self._key("outbox", channel), group)
        except redis_errors.ResponseError as error:
            if "requires the key to exist" not in str(error):
                raise

    async def close(self) -> None:
        """Close all connections; blocking reads end with a StoreError."""
        await self._reads.aclose(close_connection_pool=True)
        await self._writes.aclose(close_connection_pool=True)
        if self._place is not None:
            await self._place.close()


class Clients(NamedTuple):
    """How a store reaches its server: calls that answer at once, reads that wait, and the place if it may move."""

    writes: Redis
    reads: Redis
    place: Place | None = None


def connect(url: str, domain: str, *, replicas: int = 0) -> RedisStore:
    """A store at a `redis://`, `rediss://`, `unix://`, `sentinel://` or `cluster://` URL. Nothing is opened before the
    first call.

    With `replicas`, a submit or commit counts only once that many replicas have it: followers and outboxes are shown
    nothing before, and a StoreError tells that it is not known. All nodes of a domain must ask for the same.
    Raises ValueError for a URL that names no place.
    """
    return RedisStore(clients(url, domain), domain, replicas)


def clients(url: str, domain: str) -> Clients:
    """Clients for what a domain's store does. Raises ValueError for a URL that names no place."""
    found = place_of(url, domain)
    if found is None:
        return Clients(
            Redis.from_pool(BlockingConnectionPool.from_url(url, **_settings(limits.WRITE_CONNECTIONS_MAX))),
            Redis.from_pool(BlockingConnectionPool.from_url(url, **_settings(limits.READ_CONNECTIONS_MAX))),
        )
    place, secrets = found
    there: dict[str, Any] = {"connection_class": Found, "place": place, **secrets}
    return Clients(
        Redis.from_pool(BlockingConnectionPool(**there, **_settings(limits.WRITE_CONNECTIONS_MAX))),
        Redis.from_pool(BlockingConnectionPool(**there, **_settings(limits.READ_CONNECTIONS_MAX))),
        place,
    )


def _settings(connections: int) -> dict[str, Any]:
    return {
        "max_connections": connections,
        "timeout": limits.POOL_WAIT_S,
        "socket_timeout": None,
        "socket_connect_timeout": limits.CONNECT_TIMEOUT_S,
        "health_check_interval": limits.HEALTH_CHECK_S,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "driver_info": None,  # by default the client reads its own version from disk for each connection
    }


def _block(wait_s: float) -> int | None:
    """The BLOCK argument: None does not wait (0 would mean for ever)."""
    return max(1, int(min(wait_s, limits.READ_WAIT_S_MAX) * 1000)) if wait_s > 0 else None


def _entries(reply: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """The entries of a reply about one stream. A deleted pending entry has no fields and is left out."""
    return [(id, fields) for id, fields in reply[0][1] if fields] if reply else []


def _bytes(value: Any) -> bytes | None:
    """A reply of a client that does not decode."""
    return cast(bytes | None, value)


def _position(id: bytes) -> int:
    return int(id.partition(b"-")[0])


def _standing(meta: Sequence[Any]) -> Standing:
    position, digest, command, epoch, at = meta
    return Standing(
        position=int(position or 0),
        digest=(digest or b"").decode(),
        command=int(command or 0),
        epoch=int(epoch or 0),
        at=int(at or 0),
    )


def _field(ref: Ref) -> str:
    return f"{ref[0]}/{ref[1]}"


def _ref(field: bytes) -> Ref:
    kind, _, id = field.decode().partition("/")
    return kind, id


def _out(id: bytes, fields: dict[bytes, bytes], attempts: int = 0) -> OutboxEntry:
    return OutboxEntry(
        id=id.decode(), position=int(fields[b"p"]), body=msgspec.json.decode(fields[b"b"]), attempts=attempts
    )
