"""The store in memory: the twin of `RedisStore`, for tests, demonstrations and the fault simulator.

A `World` is what a Redis server holds; each `MemoryStore` is one client of it. It follows the given clock and the
running loop only, so it lives on a virtual-time loop as well. It keeps nothing over the end of the process.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

import msgspec
from msgspec.structs import asdict
from sortedcontainers import SortedDict

from router.core.state import Ref
from router.gateway import Clock, Fenced, Full, OutboxEntry, Outcome, StoreError
from router.runtime import limits
from router.runtime.errors import ShapeTooNew
from router.runtime.store import Commit, Lease, Loaded, Out, Placed, Put, Standing
from router.wire.codec import SHAPE

T = TypeVar("T")


class _Key(msgspec.Struct):
    command: int
    fingerprint: str
    until: int


class _Pending(msgspec.Struct):
    consumer: str
    since: int
    times: int = 1


class _Group(msgspec.Struct):
    """A consumer group: the last entry handed out, and what was never acknowledged."""

    last: int
    pending: dict[int, _Pending] = {}


class World:
    """What the clients of one server share: everything that a domain has durable. Plain data and no waiting."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.shape = 0
        self.epoch = 0
        self.position = 0
        self.digest = ""
        self.command = 0
        self.at = 0
        self.submitted = 0
        self.records: dict[Ref, bytes] = {}
        self.commands: dict[int, bytes] = {}
        self.entries: SortedDict[int, tuple[int, bytes, str]] = SortedDict()
        self.keys: dict[str, _Key] = {}
        self.outcomes: dict[str, tuple[int, Outcome]] = {}
        self.contents: dict[str, bytes] = {}
        self.crashes: dict[int, int] = {}
        self.lease: tuple[str, int] | None = None
        self.duties: dict[str, tuple[str, int]] = {}
        self.nodes: dict[str, tuple[bytes, int]] = {}
        self.beats: dict[str, int] = {}
        self.outboxes: dict[str, SortedDict[int, Out]] = {}
        self.groups: dict[tuple[str, str], _Group] = {}
        self.out_seq = 0
        self._changed = asyncio.Event()

    def changed(self) -> asyncio.Event:
        """An event that is set at the next change."""
        return self._changed

    def notify(self) -> None:
        """Wake everybody who waits for something new."""
        self._changed.set()
        self._changed = asyncio.Event()

    def holder(self) -> str:
        """Who holds the lease now ('' nobody)."""
        if self.lease is None or self.lease[1] <= self.clock.now_ms():
            return ""
        return self.lease[0]


class MemoryStore:
    """The `Store` port over a `World`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._closed = False

    async def open(self) -> None:
        """Check that the stored shape is one we know. Raises ShapeTooNew."""
        if self._world.shape > SHAPE:
            raise ShapeTooNew(self._world.shape, SHAPE)

    def _up(self) -> World:
        if self._closed:
            raise StoreError("the store is closed")
        return self._world

    async def _wait(self, found: Callable[[World], list[T]], wait_s: float) -> list[T]:
        """What `found` finds, as soon as it finds anything, or nothing after `wait_s`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + min(wait_s, limits.READ_WAIT_S_MAX)
        while not (result := found(self._up())):
            changed = self._world.changed()
            if loop.time() >= until:
                break
            try:
                async with asyncio.timeout_at(until):
                    await changed.wait()
            except TimeoutError:
                break
        return result

    # -- commands -------------------------------------------------------------------------------------------

    async def submit(self, puts: Sequence[Put]) -> list[Placed]:
        """Make commands durable in this order."""
        world = self._up()
        if world.submitted + len(puts) - world.command > limits.COMMANDS_WAITING_MAX:
            raise Full("FULL too many undecided commands")
        placed = [self._place(put) for put in puts]
        world.notify()
        return placed

    def _place(self, put: Put) -> Placed:
        world = self._world
        now = world.clock.now_ms()
        known = world.keys.get(put.key)
        if known is not None and known.until > now:
            same = known.fingerprint == put.fingerprint
            return Placed(command=known.command, duplicate=same, conflict=not same)
        world.submitted += 1
        world.commands[world.submitted] = put.data
        world.keys[put.key] = _Key(world.submitted, put.fingerprint, now + limits.KEY_TTL_S * 1000)
        world.contents.update(put.contents)
        return Placed(command=world.submitted)

    async def placed(self, key: str) -> int | None:
        """The position of the command under this key, if there is one."""
        world = self._up()
        kept = world.keys.get(key)
        return kept.command if kept is not None and kept.until > world.clock.now_ms() else None

    async def commands(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes]]:
        """Commands past `after`, at most `limit`, waiting up to `wait_s` for the first."""

        def found(world: World) -> list[tuple[int, bytes]]:
            first = max(after, world.command) + 1
            return [(n, world.commands[n]) for n in range(first, min(world.submitted, first + limit - 1) + 1)]

        return await self._wait(found, wait_s)

    async def outcome(self, key: str) -> Outcome | None:
        """How the command under this key ended, if it has."""
        world = self._up()
        kept = world.outcomes.get(key)
        return kept[1] if kept is not None and kept[0] > world.clock.now_ms() else None

    async def crashed(self, command: int) -> int:
        """Count that this command made a writer die."""
        crashes = self._up().crashes
        crashes[command] = crashes.get(command, 0) + 1
        return crashes[command]

    async def crashes(self, command: int) -> int:
        """How many writers this command has killed."""
        return self._up().crashes.get(command, 0)

    # -- contents -------------------------------------------------------------------------------------------

    async def contents(self, ids: Sequence[str]) -> list[bytes | None]:
        """The bytes under each id; None where there are none."""
        kept = self._up().contents
        return [kept.get(id) for id in ids]

    async def drop_contents(self, ids: Iterable[str]) -> None:
        """Forget these contents."""
        kept = self._up().contents
        for id in ids:
            kept.pop(id, None)

    # -- the writer -----------------------------------------------------------------------------------------

    async def acquire(self, owner: str, ttl_ms: int) -> Lease | None:
        """The lease, if nobody else holds it."""
        world = self._up()
        await self.open()
        holder = world.holder()
        if holder not in {"", owner}:
            return None
        world.shape = SHAPE
        world.epoch += 1
        world.lease = (owner, world.clock.now_ms() + ttl_ms)
        return Lease(owner=owner, epoch=world.epoch)

    async def renew(self, lease: Lease, ttl_ms: int) -> bool:
        """Keep the lease; False when it is no longer ours."""
        world = self._up()
        if world.holder() != lease.owner or world.epoch != lease.epoch:
            return False
        world.lease = (lease.owner, world.clock.now_ms() + ttl_ms)
        return True

    async def release(self, lease: Lease) -> None:
        """Give the lease back at once."""
        world = self._up()
        if world.holder() == lease.owner and world.epoch == lease.epoch:
            world.lease = None

    async def led(self) -> bool:
        """Whether anybody has the lease."""
        return bool(self._up().holder())

    async def hold(self, duty: str, owner: str, ttl_ms: int) -> bool:
        """Take or keep a duty."""
        world = self._up()
        now = world.clock.now_ms()
        holder, until = world.duties.get(duty, ("", 0))
        if until > now and holder != owner:
            return False
        world.duties[duty] = (owner, now + ttl_ms)
        return True

    async def let_go(self, duty: str, owner: str) -> None:
        """Give a duty back at once, if it is ours."""
        world = self._up()
        if world.duties.get(duty, ("", 0))[0] == owner:
            del world.duties[duty]

    async def attend(self, node: str, about: bytes, ttl_ms: int) -> dict[str, bytes]:
        """Say that a node is there, and hear who is."""
        world = self._up()
        now = world.clock.now_ms()
        world.nodes[node] = (about, now + ttl_ms)
        world.nodes = {name: kept for name, kept in world.nodes.items() if kept[1] > now}
        return {name: about for name, (about, _) in world.nodes.items()}

    async def standing(self) -> Standing:
        """Where the domain stands."""
        world = self._up()
        return Standing(
            position=world.position, digest=world.digest, command=world.command, epoch=world.epoch, at=world.at
        )

    async def load(self) -> Loaded:
        """Position and records at one instant."""
        world = self._up()
        return Loaded(**asdict(await self.standing()), records=list(world.records.items()))

    async def commit(self, commit: Commit) -> None:
        """One fenced step."""
        world = self._up()
        if len(commit.data) > limits.COMMIT_BYTES_MAX:
            raise StoreError(f"an entry of {len(commit.data)} bytes is too large for one commit")
        if commit.epoch != world.epoch:
            raise Fenced(f"FENCED epoch is {world.epoch}")
        if commit.expected != world.position or commit.before != world.digest:
            raise Fenced(f"FENCED position is {world.position}")
        if commit.last < commit.expected or commit.command < world.command:
            raise StoreError("ARGUMENTS go backwards")
        if commit.last > commit.expected:
            world.entries[commit.last] = (commit.expected + 1, commit.data, commit.digest)
        world.records.update(commit.puts)
        for ref in commit.drops:
            world.records.pop(ref, None)
        self._end(commit)
        world.notify()

    def _end(self, commit: Commit) -> None:
        world = self._world
        until = world.clock.now_ms() + limits.KEY_TTL_S * 1000
        for key, outcome in commit.outcomes:
            world.outcomes[key] = (until, outcome)
        for out in commit.outbox:
            world.out_seq += 1
            world.outboxes.setdefault(out.channel, SortedDict())[world.out_seq] = out
        for command in range(world.command + 1, commit.command + 1):
            world.commands.pop(command, None)
        world.position, world.digest = commit.last, commit.digest
        world.command, world.at = commit.command, commit.at

    # -- followers ------------------------------------------------------------------------------------------

    async def entries(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes, str]]:
        """Entries that end past `after`: last position, data, digest."""

        def found(world: World) -> list[tuple[int, bytes, str]]:
            later = islice(world.entries.irange(after, inclusive=(False, False)), limit)
            return [(last, *world.entries[last][1:]) for last in later]

        return await self._wait(found, wait_s)

    async def head(self) -> int:
        """The last event position."""
        return self._up().position

    async def first_entry(self) -> int:
        """The first event position still kept (position + 1 when there is none)."""
        world = self._up()
        return next((first for first, _, _ in world.entries.values()), world.position + 1)

    async def trim(self, position: int) -> None:
        """Entries that end at or before `position` may go; the newest one stays."""
        world = self._up()
        for last in list(world.entries.irange(maximum=min(position, world.position - 1))):
            del world.entries[last]

    async def beat(self, gateway: str, ttl_ms: int) -> None:
        """Say that a gateway lives."""
        world = self._up()
        world.beats[gateway] = world.clock.now_ms() + ttl_ms

    async def beating(self, gateways: Sequence[str]) -> list[bool]:
        """Which of these gateways have said so in time."""
        world = self._up()
        now = world.clock.now_ms()
        return [world.beats.get(gateway, 0) > now for gateway in gateways]

    # -- outboxes -------------------------------------------------------------------------------------------

    async def outbox_group(self, channel: str, group: str, start: str = "0") -> None:
        """Make sure the consumer group exists; `$` begins with what comes from now on."""
        world = self._up()
        last = world.out_seq if start == "$" else int(start.partition("-")[0])
        world.groups.setdefault((channel, group), _Group(last))

    async def outbox_read(
        self, channel: str, group: str, consumer: str, count: int, wait_s: float, *, own: bool = False
    ) -> list[OutboxEntry]:
        """New entries for this consumer. With `own`, those handed to it before and never acknowledged, and those
        that another consumer has let lie for `OUTBOX_IDLE_MS`."""
        if (channel, group) not in self._up().groups:
            raise StoreError(f"NOGROUP {group}")
        if own:
            return self._again(channel, group, consumer, count)
        return await self._wait(lambda world: self._next(world, channel, group, consumer, count), wait_s)

    def _next(self, world: World, channel: str, group: str, consumer: str, count: int) -> list[OutboxEntry]:
        at = world.groups[channel, group]
        box = world.outboxes.get(channel, SortedDict())
        found = list(islice(box.irange(at.last, inclusive=(False, False)), count))
        for seq in found:
            at.last = seq
            at.pending[seq] = _Pending(consumer, world.clock.now_ms())
        return [_out(seq, box[seq], 0) for seq in found]

    def _again(self, channel: str, group: str, consumer: str, count: int) -> list[OutboxEntry]:
        world = self._world
        now = world.clock.now_ms()
        found: list[OutboxEntry] = []
        for seq, pending in sorted(world.groups[channel, group].pending.items()):
            if len(found) == count:
                break
            if pending.consumer == consumer or now - pending.since >= limits.OUTBOX_IDLE_MS:
                found.append(_out(seq, world.outboxes[channel][seq], pending.times))
                pending.consumer, pending.since, pending.times = consumer, now, pending.times + 1
        return found

    async def outbox_done(self, channel: str, group: str, ids: Sequence[str]) -> None:
        """These were dealt with; what every group has dealt with goes."""
        world = self._up()
        if (channel, group) in world.groups:
            for id in ids:
                world.groups[channel, group].pending.pop(int(id.partition("-")[0]), None)
        groups = [at for (name, _), at in world.groups.items() if name == channel]
        low = min((min(at.pending, default=at.last + 1) for at in groups), default=0)
        box = world.outboxes.get(channel, SortedDict())
        for seq in list(box.irange(maximum=low - 1)):
            del box[seq]

    async def outbox_groups(self, channel: str) -> list[str]:
        """The consumer groups of a channel."""
        return [group for name, group in self._up().groups if name == channel]

    async def outbox_drop(self, channel: str, group: str) -> None:
        """End a consumer group, if there is one."""
        self._up().groups.pop((channel, group), None)

    async def close(self) -> None:
        """End this client; what it waits for ends with a StoreError, the world stays."""
        self._closed = True
        self._world.notify()


def _out(seq: int, out: Out, attempts: int) -> OutboxEntry:
    return OutboxEntry(id=f"{seq}-0", position=out.position, body=msgspec.json.decode(out.body), attempts=attempts)
