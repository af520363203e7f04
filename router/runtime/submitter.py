"""Makes the commands of one process durable, many in one call. Awaiting the store for each would cost 5 times as much.

One call is in flight; what comes meanwhile goes into the next. While commands come faster than calls end, each call
first waits a moment for company. Nothing is promised before the store has answered.
"""

import asyncio
from collections import deque

import structlog

from router.gateway import Full, StoreError
from router.runtime import limits, metrics
from router.runtime.store import Placed, Put, Store

log = structlog.stdlib.get_logger()


class Submitter:
    """The one way of this process into the command stream. `run` must be running."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: deque[tuple[Put, asyncio.Future[Placed]]] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    async def submit(self, put: Put) -> Placed:
        """Make one command durable. Raises StoreError: nothing is promised, ask again under the same key; and Full."""
        if len(put.data) > limits.COMMAND_BYTES_MAX:
            raise StoreError(f"a command of {len(put.data)} bytes is too large")
        if len(self._queue) >= limits.SUBMIT_QUEUE_MAX or self._bytes >= limits.SUBMIT_QUEUE_BYTES_MAX:
            raise Full("too many commands are waiting for the store")
        answer: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()
        self._queue.append((put, answer))
        self._bytes += _size(put)
        self._wake.set()
        return await answer

    async def run(self) -> None:
        """Submit until cancelled. Who still waits then gets a StoreError."""
        busy = False
        try:
            while True:
                await self._wake.wait()
                if busy:
                    await asyncio.sleep(limits.SUBMIT_GATHER_S)
                batch = self._next()
                busy = len(batch) > 1
                if batch:
                    await self._submit(batch)
                else:
                    self._wake.clear()
        finally:
            while self._queue:
                _fail(self._pop()[1], StoreError("this node is stopping"))

    def _next(self) -> list[tuple[Put, asyncio.Future[Placed]]]:
        """What the next call carries: whoever gave up waiting before it was sent is left out."""
        batch: list[tuple[Put, asyncio.Future[Placed]]] = []
        size = 0
        while self._queue and len(batch) < limits.SUBMIT_BATCH_MAX and size < limits.SUBMIT_BATCH_BYTES:
            put, answer = self._pop()
            if not answer.done():
                batch.append((put, answer))
                size += _size(put)
        metrics.SUBMIT_QUEUE.set(len(self._queue))
        return batch

    def _pop(self) -> tuple[Put, asyncio.Future[Placed]]:
        put, answer = self._queue.popleft()
        self._bytes -= _size(put)
        return put, answer

    async def _submit(self, batch: list[tuple[Put, asyncio.Future[Placed]]]) -> None:
        try:
            placed = await self._placed([put for put, _ in batch])
        except StoreError as error:
            for _, answer in batch:
                _fail(answer, type(error)(str(error)))
        except BaseException:
            for _, answer in batch:
                _fail(answer, StoreError("this node is stopping"))
            raise
        else:
            for (_, answer), place in zip(batch, placed, strict=True):
                if not answer.done():
                    answer.set_result(place)

    async def _placed(self, puts: list[Put]) -> list[Placed]:
        """Ask again when the store did not answer: it may have them, and knows them by their keys."""
        pause = limits.SUBMIT_RETRY_S
        for left in reversed(range(limits.SUBMIT_TRIES)):
            try:
                with metrics.SUBMITS.time():
                    return await self._store.submit(puts)
            except Full:
                raise
            except StoreError as error:
                if not left:
                    raise
                log.warning("submit_retried", commands=len(puts), error=str(error))
            await asyncio.sleep(pause)
            pause *= 2
        raise AssertionError("the last try returns or raises")


def _size(put: Put) -> int:
    return len(put.data) + sum(map(len, put.contents.values()))


def _fail(answer: asyncio.Future[Placed], error: StoreError) -> None:
    if not answer.done():
        answer.set_exception(error)
