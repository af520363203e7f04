"""The store of a domain: the port that Redis and its in-memory twin provide. `tests/contract` holds both to it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from router.core.state import Ref
from router.gateway import OutboxEntry, Outcome


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """A command to make durable: its bytes (a wire Submission), its idempotency key, what tells it from another
    command under that key, and the contents it brings."""

    key: str
    fingerprint: str
    data: bytes
    contents: dict[str, bytes] = {}


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Where a command lies: its dense position (1, 2, ...) in the command stream. `duplicate`: it lay there already.
    `conflict`: the key was used for another command and nothing was done."""

    command: int
    duplicate: bool = False
    conflict: bool = False


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to write for a time. `epoch` is the fencing token: it grows with every new holder."""

    owner: str
    epoch: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a domain stands: the last event position, the digest of its entry, the last decided command, the epoch of
    its writer and the instant of the last commit."""

    position: int
    digest: str
    command: int
    epoch: int
    at: int


class Loaded(Standing, frozen=True, kw_only=True):
    """Everything at one instant: where the domain stands, and all records as (ref, bytes)."""

    records: list[tuple[Ref, bytes]]


class Out(msgspec.Struct, frozen=True, kw_only=True):
    """Something for an outbox: which channel, which event position made it, and its body (JSON)."""

    channel: str
    position: int
    body: bytes


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One fenced step. Refused whole unless `epoch` is the current one and `expected` the last event position.

    `data` is the wire Entry whose events end at `last` (== expected when it has none, then only outcomes are
    written and no entry is appended). `outcomes` maps idempotency keys to how their commands ended.
    """

    epoch: int
    expected: int
    last: int
    before: str
    digest: str
    data: bytes
    command: int
    at: int
    puts: list[tuple[Ref, bytes]] = []
    drops: list[Ref] = []
    outcomes: list[tuple[str, Outcome]] = []
    outbox: list[Out] = []


class Store(Protocol):
    """All methods raise `StoreError` when the store cannot be reached or refuses; `commit` raises `Fenced`."""

    async def open(self) -> None:
        """Check that the stored shape is one we know, before anything else. Raises `errors.ShapeTooNew`."""
        ...

    async def submit(self, puts: Sequence[Put]) -> list[Placed]:
        """Make commands durable in this order, all or none of them reported."""
        ...

    async def placed(self, key: str) -> int | None:
        """The position of the command under this key, if there is one. A later one gets a higher position."""
        ...

    async def commands(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes]]:
        """Commands past `after`, at most `limit`, waiting up to `wait_s` for the first."""
        ...

    async def acquire(self, owner: str, ttl_ms: int) -> Lease | None:
        """The lease, if nobody else holds it. Each has a higher epoch than the one before, whoever had that.

        From then on the data has the shape of this version. Raises `errors.ShapeTooNew` when it has a newer one.
        """
        ...

    async def renew(self, lease: Lease, ttl_ms: int) -> bool:
        """Keep the lease; False when it is no longer ours."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give the lease back at once."""
        ...

    async def led(self) -> bool:
        """Whether anybody has the lease."""
        ...

    async def hold(self, duty: str, owner: str, ttl_ms: int) -> bool:
        """Take or keep a duty (work that one node does for all); False when it is somebody else's."""
        ...

    async def let_go(self, duty: str, owner: str) -> None:
        """Give a duty back at once, if it is ours."""
        ...

    async def attend(self, node: str, about: bytes, ttl_ms: int) -> dict[str, bytes]:
        """Say that a node is there (0: it leaves), and hear who is: by name, what each says of itself."""
        ...

    async def standing(self) -> Standing:
        """Where the domain stands, in one atomic read: once a lease is acquired, the last holder cannot move it."""
        ...

    async def load(self) -> Loaded:
        """Position and records in one atomic read."""
        ...

    async def commit(self, commit: Commit) -> None: ...

    async def entries(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes, str]]:
        """Entries whose last position is past `after`: (last position, data, digest), waiting for the first."""
        ...

    async def head(self) -> int:
        """The last event position: lower than one seen before when the store was set back."""
        ...

    async def first_entry(self) -> int:
        """The first event position still in the stream (position + 1 when it is empty)."""
        ...

    async def outcome(self, key: str) -> Outcome | None: ...

    async def contents(self, ids: Sequence[str]) -> list[bytes | None]: ...

    async def drop_contents(self, ids: Iterable[str]) -> None: ...

    async def trim(self, position: int) -> None:
        """Entries that end at or before `position` are archived and may go."""
        ...

    async def beat(self, gateway: str, ttl_ms: int) -> None:
        """Say that a gateway lives."""
        ...

    async def beating(self, gateways: Sequence[str]) -> list[bool]:
        """Which of these gateways have said so in time."""
        ...

    async def crashed(self, command: int) -> int:
        """Count (and return how often) this command made a writer die: the next one sets it aside."""
        ...

    async def crashes(self, command: int) -> int: ...

    async def outbox_group(self, channel: str, group: str, start: str = "0") -> None:
        """Make sure the consumer group exists."""
        ...

    async def outbox_read(
        self, channel: str, group: str, consumer: str, count: int, wait_s: float, *, own: bool = False
    ) -> list[OutboxEntry]:
        """New entries for this consumer; with `own`, those handed to it before and never acknowledged, and those
        that another consumer of the group has let lie for `limits.OUTBOX_IDLE_MS`."""
        ...

    async def outbox_done(self, channel: str, group: str, ids: Sequence[str]) -> None: ...

    async def outbox_groups(self, channel: str) -> list[str]:
        """The consumer groups of a channel: what one of them has not dealt with is kept."""
        ...

    async def outbox_drop(self, channel: str, group: str) -> None:
        """End a consumer group, if there is one: what only it had not dealt with may go."""
        ...

    async def close(self) -> None: ...
