"""A routing domain as one process sees it: the `Gateway` port, made of store, submitter, follower and blobs.

Every process that takes anything in or pushes anything out has one. It also stands by as the writer, unless told
not to. All its tasks live and die together: what ends one of them unexpectedly ends all, and `wait` raises it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

import structlog

from router.core.commands import Command, LoseGateway
from router.core.state import State
from router.gateway import Clock, Ids, KeyConflict, Listener, Outcome, Receipt, StoreError
from router.runtime import limits
from router.runtime.blobs import Blobs
from router.runtime.follower import Follower, Reset
from router.runtime.outbox import StoreOutbox
from router.runtime.outcomes import Outcomes
from router.runtime.store import Put, Store
from router.runtime.submitter import Submitter
from router.runtime.together import together
from router.runtime.writer import Writer
from router.wire.codec import Submission, encode
from router.wire.codec import fingerprint as fingerprint_of

log = structlog.stdlib.get_logger()

CONSUMER: Final = "duty"
"""The name under which outboxes are read."""

Elsewhere: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[bytes | None]]]
"""Reads contents that have left the store."""


class Domain:
    """The `Gateway` port of this process. `await start()`, then use it, watch `wait()`, and `await stop()`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        blobs: Blobs,
        *,
        node: str,
        writes: bool = True,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """`node` names this process among the domain's, and is the same after a restart.

        `writes`: stand by as the writer. `elsewhere` finds contents that the store no longer has.
        """
        self._store = store
        self._ids = ids
        self._blobs = blobs
        self._node = node
        self._elsewhere = elsewhere
        self.gateway_id = ids.new("gw")
        """The id of this process as a gateway of agents' clients (`ConnectClient.gateway`); new with every start."""
        self._submitter = Submitter(store)
        self._follower = Follower(store)
        self._outcomes = Outcomes(self._look)
        self._follower.listen(lambda applied, state: self._outcomes.applied(applied))
        self._writer = Writer(
            store, clock, ids.new("writer"), follower=self._follower, decided=self._decided, lose=self._lose
        )
        self._writes = writes
        self._running: asyncio.Task[None] | None = None

    # -- life -----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Load the state and start all tasks. Raises StoreError when the store does not answer, and StartError."""
        try:
            async with asyncio.timeout(limits.START_WAIT_S):
                await self._store.open()
                await self._follower.load()
                await self._store.beat(self.gateway_id, limits.GATEWAY_TTL_MS)
        except TimeoutError as error:
            raise StoreError(f"the state was not loaded within {limits.START_WAIT_S:.0f} s") from error
        self._running = asyncio.create_task(self._run(), name="domain")

    async def wait(self) -> None:
        """Until the domain ends. Raises what ended it."""
        assert self._running is not None, "wait() before start()"
        await asyncio.shield(self._running)

    async def stop(self) -> None:
        """End all tasks; the lease is given back. The store stays open: it is the caller's.

        What ended the domain before is not raised again: that is what `wait` is for.
        """
        if self._running is None:
            return
        self._running.cancel()
        [error] = await asyncio.gather(self._running, return_exceptions=True)
        if error is not None and not isinstance(error, asyncio.CancelledError):
            log.error("domain_failed", error=repr(error))
        self._running = None

    async def _run(self) -> None:
        tasks = [self._submitter.run(), self._follower.run(), self._outcomes.run(), self._beat()]
        if self._writes:
            tasks.append(self._writer.run())
        await together(*tasks)

    async def _beat(self) -> None:
        """Say every `GATEWAY_BEAT_S` that this gateway lives."""
        while True:
            await asyncio.sleep(limits.GATEWAY_BEAT_S)
            try:
                await self._store.beat(self.gateway_id, limits.GATEWAY_TTL_MS)
            except StoreError as error:
                log.warning("heartbeat_failed", gateway=self.gateway_id, error=str(error))

    # -- commands -------------------------------------------------------------------------------------------

    async def submit(
        self,
        command: Command,
        *,
        key: str = "",
        by: str = "",
        correlation: str = "",
        contents: Mapping[str, bytes] | None = None,
        fingerprint: str = "",
    ) -> Receipt:
        """Make a command durable, with the contents it names. Raises KeyConflict and StoreError."""
        known_by = key or self._ids.new("cmd")
        data = encode(Submission(command=command, key=known_by, by=by, correlation=correlation))
        mark = fingerprint or (fingerprint_of(command) if key else "-")
        placed = await self._submitter.submit(
            Put(key=known_by, fingerprint=mark, data=data, contents=dict(contents) if contents else {})
        )
        if placed.conflict:
            raise KeyConflict(known_by)
        return Receipt(key=known_by, command=placed.command, duplicate=placed.duplicate)

    async def outcome(self, receipt: Receipt, wait_s: float = 2.0) -> Outcome | None:
        """How the command ended, once this node has applied it; None if that is not known in time."""
        return await self._outcomes.wait(receipt, wait_s)

    async def outcome_of(self, key: str) -> Outcome | None:
        """How the command under this key ended, from the store: once this node has seen it, for then it is safe."""
        outcome = await self._store.outcome(key)
        seen = outcome is not None and await self.reached(outcome.position, limits.CALL_TIMEOUT_S)
        return outcome if seen else None

    async def placed(self, key: str) -> int | None:
        """Where in the log the command under this key lies, if there is one, decided or not. Raises StoreError."""
        return await self._store.placed(key)

    async def _look(self, key: str) -> Outcome | None:
        """The outcome under this key, if this node has applied what led to it."""
        outcome = await self._store.outcome(key)
        return outcome if outcome is not None and outcome.position <= self.position else None

    def _decided(self, ended: Sequence[tuple[int, Outcome]]) -> None:
        self._outcomes.ended(ended, self.position)

    async def _lose(self, gateway: str) -> Receipt:
        return await self.submit(LoseGateway(gateway=gateway), by=self._node)

    @property
    def decides(self) -> bool:
        """Whether this process is the writer just now, as far as it knows."""
        return self._writer.decides

    # -- following ------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """This node's followed state: read only, and only between two awaits."""
        return self._follower.state

    @property
    def position(self) -> int:
        """The event position of `state`."""
        return self._follower.position

    def stale(self) -> str:
        """Why nothing should be decided by this node's state: it has not heard of the log for a while. Else empty."""
        silent_s = asyncio.get_running_loop().time() - self._follower.heard_at
        return f"this node has not heard of the log for {silent_s:.0f} s" if silent_s > limits.STALE_S else ""

    def listen(self, listener: Listener) -> None:
        """Call `listener` for each entry from now on. What it raises ends the domain."""
        self._follower.listen(listener)

    def on_reset(self, reset: Reset) -> None:
        """Call `reset` whenever the state was loaded anew: whatever was derived from entries is void."""
        self._follower.on_reset(reset)

    async def reached(self, position: int, wait_s: float = 2.0) -> bool:
        """Whether this node's state is at `position` or beyond, waiting for it if need be."""
        return await self._follower.reached(position, wait_s)

    # -- what lies beside -----------------------------------------------------------------------------------

    def outbox(self, channel: str, group: str) -> StoreOutbox:
        """The outbox of a channel for one consumer group. One node at a time reads it (a duty), under one name: so
        the next one finds at once what the last one had in hand."""
        return StoreOutbox(self._store, channel, group, CONSUMER)

    async def outbox_groups(self, channel: str) -> list[str]:
        """The consumer groups of a channel; `state` then has all that they were made for. Raises StoreError."""
        groups = await self._store.outbox_groups(channel)
        if not await self.reached(await self._store.head(), limits.CALL_TIMEOUT_S):
            raise StoreError("this node is behind")
        return groups

    async def contents(self, ids: Sequence[str]) -> list[bytes | None]:
        """Texts by content id, wherever they lie by now; None where there is none (any more)."""
        found = await self._store.contents(ids)
        missing = [id for id, data in zip(ids, found, strict=True) if data is None]
        if not missing or self._elsewhere is None:
            return found
        moved = dict(zip(missing, await self._elsewhere(missing), strict=True))
        return [moved.get(id) if data is None else data for id, data in zip(ids, found, strict=True)]

    async def put_blob(self, data: bytes) -> str:
        """Keep a large content and return the id to name it by."""
        return await self._blobs.put(data)

    async def blob(self, blob: str) -> bytes | None:
        """A large content by its id."""
        return await self._blobs.get(blob)
