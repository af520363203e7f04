"""The worker of one endpoint: reads its consumer group, delivers in order per item, retries what failed.

An entry is acknowledged when it was delivered, was not asked for, or was given up. Until then it stays in the
outbox and comes again after a restart: a receiver may see an entry twice, under the same `webhook-id`.
A failed entry waits for its next attempt by itself; what came after it goes on.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from channels.webhook import limits
from channels.webhook.attempt import Answer, webhook_id
from queues.endpoint import Endpoint
from router.gateway import Outbox, OutboxEntry, StoreError

log = structlog.get_logger(__name__)


class Post(Protocol):
    """One attempt."""

    def __call__(self, endpoint: Endpoint, entry: OutboxEntry) -> Awaitable[Answer]: ...


class Worker:
    """Delivers what one endpoint asked for. `current` gives its record now; `since` is the position before which
    it did not exist; `gone` is told when the receiver answers 410."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        current: Callable[[], Endpoint | None],
        since: int,
        post: Post,
        gone: Callable[[Endpoint], Awaitable[None]],
        chance: Callable[[], float],
        retry_s: Sequence[float],
    ) -> None:
        self._outbox = outbox
        self._current = current
        self._since = since
        self._post = post
        self._gone = gone
        self._chance = chance
        self._retry_s = retry_s
        self._finished: list[str] = []
        self._to_acknowledge = asyncio.Event()
        self._turns: dict[str, asyncio.Future[None]] = {}
        self._retrying: OrderedDict[str, asyncio.Task[None]] = OrderedDict()
        self._first = asyncio.Semaphore(limits.FIRST_MAX)
        self._attempts = asyncio.Semaphore(limits.CONCURRENT_MAX)

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._acknowledge())
                while True:
                    for entry in await self._read():
                        await self._take(tasks, entry)
        finally:
            with contextlib.suppress(StoreError):
                await self._outbox.done(self._finished)

    async def _take(self, tasks: asyncio.TaskGroup, entry: OutboxEntry) -> None:
        endpoint = self._current()
        if endpoint is None or not self._asked(endpoint, entry):
            self._done(entry)
            return
        await self._first.acquire()
        tasks.create_task(self._carry(entry, *self._turn(entry)))

    async def _read(self) -> Sequence[OutboxEntry]:
        try:
            return await self._outbox.read(limits.READ_MAX, limits.READ_WAIT_S)
        except StoreError:
            await asyncio.sleep(limits.STORE_PAUSE_S)
            return ()

    def _turn(self, entry: OutboxEntry) -> tuple[asyncio.Future[None] | None, asyncio.Future[None]]:
        """The turn before this entry's (None: nobody's) and its own: entries of one item go one after another."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        item = _lane(entry)
        before = self._turns.get(item)
        self._turns[item] = mine
        return before, mine

    async def _carry(self, entry: OutboxEntry, before: asyncio.Future[None] | None, mine: asyncio.Future[None]) -> None:
        try:
            if before is not None:
                await asyncio.wait([before])
            again_s = await self._attempt(entry, 0)
        finally:
            mine.set_result(None)
            if self._turns.get(_lane(entry)) is mine:
                del self._turns[_lane(entry)]
            self._first.release()
        if again_s is not None:
            await self._retry(entry, again_s)

    async def _retry(self, entry: OutboxEntry, wait_s: float | None) -> None:
        """Try again by the schedule, until it succeeds, is given up or makes room for newer failures."""
        task = asyncio.current_task()
        assert task is not None
        self._retrying[entry.id] = task
        if len(self._retrying) > limits.RETRYING_MAX:
            self._retrying.popitem(last=False)[1].cancel("make room")
        attempt = 1
        try:
            while wait_s is not None:
                await asyncio.sleep(wait_s)
                wait_s = await self._attempt(entry, attempt)
                attempt += 1
        except asyncio.CancelledError:
            if entry.id in self._retrying:
                raise
            log.warning("webhook_given_up", entry=webhook_id(entry), attempts=attempt, reason="full")
            task.uncancel()
            self._done(entry)
        self._retrying.pop(entry.id, None)

    async def _attempt(self, entry: OutboxEntry, attempt: int) -> float | None:
        """Try once. None: it is over with this entry; else the seconds until the next attempt."""
        endpoint = self._current()
        if endpoint is None or not self._asked(endpoint, entry):
            self._done(entry)
            return None
        async with self._attempts:
            answer = await self._post(endpoint, entry)
        _note(endpoint, entry, answer, attempt)
        if answer.gone:
            await self._gone(endpoint)
        if not answer.delivered and attempt < len(self._retry_s):
            wait_s = self._retry_s[attempt] * (1 + limits.JITTER_SHARE * self._chance())
            return max(wait_s, answer.retry_after_s)
        if not answer.delivered:
            log.warning("webhook_given_up", entry=webhook_id(entry), endpoint=endpoint.id, attempts=attempt + 1)
        self._done(entry)
        return None

    def _asked(self, endpoint: Endpoint, entry: OutboxEntry) -> bool:
        if entry.position <= self._since:
            return False
        return "*" in endpoint.events or entry.body["type"] in endpoint.events

    def _done(self, entry: OutboxEntry) -> None:
        self._finished.append(entry.id)
        self._to_acknowledge.set()

    async def _acknowledge(self) -> None:
        """Tell the outbox what is finished, many at once; when the store fails, until it works again."""
        while True:
            await self._to_acknowledge.wait()
            self._to_acknowledge.clear()
            ids = self._finished[:]
            try:
                await self._outbox.done(ids)
            except StoreError:
                self._to_acknowledge.set()
                await asyncio.sleep(limits.STORE_PAUSE_S)
            else:
                del self._finished[: len(ids)]


def _lane(entry: OutboxEntry) -> str:
    return str(entry.body.get("item", ""))


def _note(endpoint: Endpoint, entry: OutboxEntry, answer: Answer, attempt: int) -> None:
    say = log.info if answer.delivered else log.warning
    say(
        "webhook_attempted",
        endpoint=endpoint.id,
        entry=webhook_id(entry),
        type=entry.body["type"],
        item=entry.body.get("item", ""),
        attempt=attempt + 1,
        status=answer.status,
        error=answer.error,
    )
