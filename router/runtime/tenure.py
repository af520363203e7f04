"""One tenure of a writer: from the load to the loss of the lease, of the store, or of trust in its own state.

It never mends anything. Whatever goes wrong ends the tenure; the next one begins with what the store has.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog

from router.core.due import next_deadline
from router.core.match import pending
from router.core.state import State
from router.gateway import Clock, Outcome
from router.runtime import limits, metrics
from router.runtime.batch import Batch, Crash
from router.runtime.follower import Follower
from router.runtime.instant import Instant
from router.runtime.loading import loaded, writers_twin
from router.runtime.store import Lease, Store

log = structlog.stdlib.get_logger()

Decided: TypeAlias = Callable[[Sequence[tuple[int, Outcome]]], None]
"""Told about the outcomes of a commit that appended no entry, so that no follower will hear of them."""


class Tenure:
    """Decides commands in order and commits them, one commit in flight. `await load()` first, then `run()`."""

    def __init__(self, store: Store, clock: Clock, lease: Lease, decided: Decided) -> None:
        self._store = store
        self._clock = clock
        self._decided = decided
        self._epoch = lease.epoch
        self.state = State()
        self._position = 0
        self._digest = ""
        self._command = 0
        self._instant = Instant(0, clock.now_ms(), clock.monotonic_ms())
        self._deadly: frozenset[int] | None = None
        self._pulsing = True

    async def load(self, follower: Follower) -> None:
        """Take position and records from the store, or the records from a follower that stands exactly there: nobody
        moves the log while the lease is ours, and who lost it commits nothing. Raises StoreError."""
        where = await self._store.standing()
        if await follower.stands(where):
            self.state = await writers_twin(follower.state)
        else:
            where, self.state = await loaded(self._store, routing=True)
        self._position, self._digest, self._command = where.position, where.digest, where.command
        self._instant = Instant(where.at, self._clock.now_ms(), self._clock.monotonic_ms())

    async def run(self) -> None:
        """Decide until something ends it: Fenced, StoreError, Crash, or cancellation. The state is void then."""
        try:
            await self._decide()
        finally:
            self.state.lines.untie()

    async def _decide(self) -> None:
        if await self._store.crashes(0) >= limits.CRASHES_MAX:
            self._pulsing = False
            log.error("pulse_set_aside", reason=f"made {limits.CRASHES_MAX} writers die")
        while True:
            await self._turn()

    async def _turn(self) -> None:
        """Everything that is waiting, then what is due: an accept sent in time is decided before its time-out."""
        at = self._now()
        due = self._due(at)
        commands = await self._store.commands(self._command, limits.COMMIT_COMMANDS_MAX, 0 if due else self._idle_s(at))
        if not due:
            at = self._now()
        if self._deadly is None:
            self._deadly = await self._killers([command for command, _ in commands])
        began = asyncio.get_running_loop().time()
        batch = Batch(self.state, self._position, at)
        try:
            for command, data in commands:
                if batch.full(len(data)):
                    await self._commit(batch, command - 1)
                    batch = Batch(self.state, self._position, at)
                batch.take(command, data, deadly=command in self._deadly)
            last = commands[-1][0] if commands else self._command
            if due and len(commands) < limits.COMMIT_COMMANDS_MAX:
                batch.pulse()
            if batch:
                await self._commit(batch, last)
                metrics.COMMITS.observe(asyncio.get_running_loop().time() - began)
            elif due and self._due(at):
                await asyncio.sleep(limits.PULSE_PAUSE_S)
        except Crash as crash:
            count = await self._store.crashed(crash.command)
            log.error("writer_crashed", command=crash.command, count=count, reason=crash.reason)
            raise

    async def _commit(self, batch: Batch, command: int) -> None:
        commit = batch.seal(self._epoch, self._digest, command)
        if len(commit.data) > limits.COMMIT_BYTES_MAX:
            raise Crash(command, f"an entry of {len(commit.data)} bytes")
        await self._store.commit(commit)
        entry = commit.last > self._position
        self._position, self._digest, self._command = commit.last, commit.digest, command
        metrics.BATCH.observe(len(batch))
        self._count(batch)
        log.debug("commit", position=commit.last, commands=len(batch), command=command)
        if not entry:
            self._decided(batch.ended)

    def _count(self, batch: Batch) -> None:
        rejected = sum(bool(outcome.rejection) for _, outcome in batch.ended)
        metrics.COMMANDS.labels("rejected").inc(rejected)
        metrics.COMMANDS.labels("accepted").inc(len(batch.ended) - rejected)
        for command, outcome in batch.ended:
            if outcome.rejection == "poisoned":
                log.error("command_poisoned", command=command, position=outcome.position)

    async def _killers(self, commands: Sequence[int]) -> frozenset[int]:
        """Which commands have killed writers. One that did lies among the first that are read after the load."""
        return frozenset([c for c in commands if await self._store.crashes(c) >= limits.CRASHES_MAX])

    def _now(self) -> int:
        at, jump_ms = self._instant.read(self._clock.now_ms(), self._clock.monotonic_ms())
        if jump_ms:
            metrics.CLOCK_JUMPS.inc()
            log.error("clock_jumped", jump_ms=jump_ms, at_ms=at)
        return at

    def _due(self, at: int) -> bool:
        if not self._pulsing:
            return False
        deadline = next_deadline(self.state)
        return (deadline is not None and deadline <= at) or pending(self.state)

    def _idle_s(self, at: int) -> float:
        """How long nothing can become due: the one wait of the writer."""
        deadline = next_deadline(self.state) if self._pulsing else None
        if deadline is None:
            return limits.READ_WAIT_S_MAX
        return min(max(deadline - at, 1) / 1000, limits.READ_WAIT_S_MAX)
