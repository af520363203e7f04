"""Who waits for the outcome of which command. Most are answered by the follower within milliseconds, for the price
of one future; a sweeper looks after those that no entry will ever name, and ends the waits that took too long."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import msgspec
import structlog

from router.gateway import Applied, Outcome, Receipt, StoreError
from router.runtime import limits

log = structlog.stdlib.get_logger()

Look: TypeAlias = Callable[[str], Awaitable[Outcome | None]]


class _Waiter(msgspec.Struct):
    answer: asyncio.Future[Outcome | None]
    key: str
    until: float
    look_at: float
    pause: float = limits.OUTCOME_POLL_S


class Outcomes:
    """Outcomes by command position. `look` asks the store for the outcome under a key, and knows nothing yet of one
    that this node's follower has not reached."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._recent: dict[int, Outcome] = {}
        self._waiting: dict[int, list[_Waiter]] = {}
        self._early: list[tuple[int, Outcome]] = []
        self._wake = asyncio.Event()

    async def wait(self, receipt: Receipt, wait_s: float) -> Outcome | None:
        """The outcome as soon as this node knows it and has applied what led to it, or None after `wait_s`."""
        known = self._recent.get(receipt.command)
        if known is not None:
            return known
        loop = asyncio.get_running_loop()
        now = loop.time()
        look_at = now if receipt.duplicate else now + limits.OUTCOME_POLL_S
        waiter = _Waiter(loop.create_future(), receipt.key, now + wait_s, look_at)
        self._waiting.setdefault(receipt.command, []).append(waiter)
        self._wake.set()
        return await waiter.answer

    def applied(self, applied: Applied) -> None:
        """The follower has applied this entry: its commands have ended."""
        position = applied.entry.first - 1
        for handled in applied.entry.handled:
            position += handled.events
            if handled.command:
                outcome = Outcome(
                    position=position, rejection=handled.rejection, subject=handled.subject, refs=handled.refs
                )
                self._resolve(handled.command, outcome)
        self._release(applied.position)

    def ended(self, ended: Sequence[tuple[int, Outcome]], position: int) -> None:
        """The writer of this process has ended these commands without an entry; the follower is at `position`."""
        self._early += ended
        self._release(position)

    def _release(self, position: int) -> None:
        """Tell about early outcomes that the follower has caught up with."""
        if not self._early:
            return
        kept = [pair for pair in self._early if pair[1].position > position]
        for command, outcome in self._early:
            if outcome.position <= position:
                self._resolve(command, outcome)
        self._early = kept[-limits.OUTCOMES_RECENT_MAX :]

    def _resolve(self, command: int, outcome: Outcome) -> None:
        self._recent[command] = outcome
        if len(self._recent) > limits.OUTCOMES_RECENT_MAX:
            del self._recent[next(iter(self._recent))]
        for waiter in self._waiting.pop(command, ()):
            _answer(waiter, outcome)

    # -- the sweeper ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Sweep until cancelled. Who still waits then is told that nothing is known."""
        try:
            while True:
                await self._wake.wait()
                await self._sweep()
                if not self._waiting:
                    self._wake.clear()
                await asyncio.sleep(limits.OUTCOME_POLL_S)
        finally:
            for waiters in self._waiting.values():
                for waiter in waiters:
                    _answer(waiter, None)
            self._waiting.clear()

    async def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for command, waiters in list(self._waiting.items()):
            for waiter in list(waiters):
                if now >= waiter.until:
                    _answer(waiter, None)
                elif now >= waiter.look_at and not waiter.answer.done():
                    waiter.look_at, waiter.pause = now + waiter.pause, min(2 * waiter.pause, limits.OUTCOME_POLL_S_MAX)
                    await self._ask(command, waiter)
            left = [waiter for waiter in waiters if not waiter.answer.done()]
            if left:
                waiters[:] = left
            elif self._waiting.get(command) is waiters:
                del self._waiting[command]

    async def _ask(self, command: int, waiter: _Waiter) -> None:
        """Look into the store."""
        try:
            outcome = await self._look(waiter.key)
        except StoreError as error:
            log.warning("outcome_not_read", command=command, error=str(error))
            return
        if outcome is not None:
            _answer(waiter, outcome)


def _answer(waiter: _Waiter, outcome: Outcome | None) -> None:
    if not waiter.answer.done():
        waiter.answer.set_result(outcome)
