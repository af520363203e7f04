"""Replies on their way out: from the outbox, through SMTP, to an end: sent, failed or unknown.

That an attempt begins is durable before its first byte leaves; so a mail whose end we did not see was perhaps sent,
and is never sent again unless a person asks for it. An entry stays in the outbox until its delivery has ended.
"""

import asyncio
import weakref
from collections.abc import Mapping, Sequence
from typing import NoReturn

import structlog

from channels.email.addresses import canonical
from channels.email.compose import Letter, Unsendable, composed, envelope
from channels.email.limits import (
    ABANDONED_S,
    ATTEMPTS_MAX,
    OUTBOX_HELD_MAX,
    OUTBOX_READ_MAX,
    OUTBOX_WAIT_S,
    OUTCOME_WAIT_S,
    RETRY_S_MAX,
    RETRY_S_MIN,
    SENDS_MAX,
    STOP_S_MAX,
    STORE_RETRY_S,
)
from channels.email.reply import Replies
from channels.email.sender import Ending, Sender
from channels.email.settings import MailboxSettings
from channels.email.threads import sent_key
from router.core.commands import Command, EndDelivery, StartDelivery
from router.core.conversation import Delivery
from router.gateway import Clock, Gateway, History, KeyConflict, Outbox, OutboxEntry, Outcome, StoreError

_log = structlog.get_logger("email.outbound")

GROUP = "smtp"


class Outbound:
    """The worker of one node. `node` is the same after a restart, and another one on every node."""

    def __init__(
        self,
        gateway: Gateway,
        history: History,
        clock: Clock,
        mailboxes: Sequence[MailboxSettings],
        *,
        secret: bytes,
        node: str,
        retry_s: float = RETRY_S_MIN,
        senders: Mapping[str, Sender] | None = None,
    ) -> None:
        """`senders` replaces, by mailbox name, those made from the settings (other waits)."""
        sending = [box for box in mailboxes if box.smtp is not None]
        self._gateway = gateway
        self._clock = clock
        self._replies = Replies(
            gateway, history, clock, mailboxes={canonical(box.address): box for box in sending}, secret=secret
        )
        self._senders = {box.name: Sender(box.smtp) for box in sending if box.smtp is not None} | dict(senders or {})
        self._secret = secret
        self._node = node
        self._retry_s = retry_s
        self._room = asyncio.Semaphore(SENDS_MAX)
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self._stopping = False

    # -- the entries ----------------------------------------------------------------------------------------

    async def run(self) -> NoReturn:
        """Work until cancelled; then mails under way may end within `STOP_S_MAX`."""
        outbox = self._gateway.outbox("email", GROUP)
        try:
            while True:
                for entry in await self._read(outbox):
                    task = asyncio.create_task(self._settle(outbox, entry), name=f"mail {entry.body['delivery']}")
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                while len(self._tasks) >= OUTBOX_HELD_MAX:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._finish()

    async def _read(self, outbox: Outbox) -> Sequence[OutboxEntry]:
        try:
            return await outbox.read(OUTBOX_READ_MAX, OUTBOX_WAIT_S)
        except StoreError as error:
            _log.warning("outbox_unreadable", reason=str(error))
            await asyncio.sleep(STORE_RETRY_S)
            return ()

    async def _finish(self) -> None:
        self._stopping = True
        for task in self._tasks - self._sending:
            task.cancel()
        if self._sending:
            await asyncio.wait(self._sending, timeout=STOP_S_MAX)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _settle(self, outbox: Outbox, entry: OutboxEntry) -> None:
        """See one entry to its end. Two entries of one delivery (a person's retry) take turns."""
        delivery = entry.body["delivery"]
        turn = self._turns.setdefault(delivery, asyncio.Lock())
        try:
            async with turn:
                ended = await self._see_through(delivery, entry)
            if ended:
                await self._patiently_done(outbox, entry)
        except Exception:  # one mail that makes us fail must not stop the others; its entry stays in the outbox
            _log.exception("delivery_stuck", delivery=delivery, alarm=True)

    async def _patiently_done(self, outbox: Outbox, entry: OutboxEntry) -> None:
        while True:
            try:
                return await outbox.done([entry.id])
            except StoreError:
                await asyncio.sleep(STORE_RETRY_S)

    # -- one delivery ---------------------------------------------------------------------------------------

    async def _see_through(self, id: str, entry: OutboxEntry) -> bool:
        """Whether the delivery has ended; not when this worker stops before."""
        while not await self._gateway.reached(entry.position, OUTCOME_WAIT_S):
            _log.warning("outbox_waits_for_state", delivery=id)
        pause = entry.attempts > 0
        now = asyncio.get_running_loop().time
        abandoned: dict[int, float] = {}
        while not self._stopping:
            delivery = self._gateway.state.deliveries.get(id)
            if delivery is None or delivery.state in ("sent", "failed", "unknown"):
                return True
            try:
                if delivery.state == "sending":
                    await self._end_abandoned(delivery, now() - abandoned.setdefault(delivery.attempt, now()))
                else:
                    await self._pause(delivery if pause else None)
                    async with self._room:
                        made = await self._attempt(delivery)
                    if not made:
                        await asyncio.sleep(STORE_RETRY_S)
                    pause = True
            except StoreError as error:
                _log.warning("delivery_waits_for_store", delivery=id, reason=str(error))
                await asyncio.sleep(STORE_RETRY_S)
        return False

    async def _pause(self, delivery: Delivery | None) -> None:
        """Wait until the next attempt is due, counted from the end of the last one."""
        if delivery is None or delivery.attempt == 0:
            return
        pause_s = min(self._retry_s * 2 ** min(delivery.attempt - 1, 16), RETRY_S_MAX)
        since_s = max(0, self._clock.now_ms() - delivery.at) / 1000
        await asyncio.sleep(max(0.0, pause_s - since_s))

    async def _attempt(self, delivery: Delivery) -> bool:
        """Begin, send, end; whether it was ours to begin. What we can refuse is found before anything is promised."""
        attempt = delivery.attempt + 1
        try:
            outgoing = await self._replies.outgoing(delivery)
            addresses = envelope(outgoing.letter.sender[1]), envelope(outgoing.letter.to[1])
            mail = await _composed(outgoing.letter)
        except Unsendable as error:
            return await self._start(delivery.id, attempt) and await self._end(
                delivery.id, attempt, Ending(result="failed", code=str(error))
            )
        task = asyncio.current_task()
        assert task is not None
        self._sending.add(task)
        try:
            return await self._start(delivery.id, attempt) and await self._end(
                delivery.id, attempt, await self._senders[outgoing.mailbox.name].send(*addresses, mail)
            )
        finally:
            self._sending.discard(task)

    async def _start(self, id: str, attempt: int) -> bool:
        """Whether this attempt is ours to make. Never asked again under another key: a life of this node that died
        before it knew that it had begun has sent nothing."""
        command = StartDelivery(delivery=id, attempt=attempt)
        outcome = await self._submit(command, f"mail-start:{self._node}:{id}:{attempt}")
        return outcome is not None and not outcome.rejection

    async def _end(self, id: str, attempt: int, ending: Ending) -> bool:
        """Say how an attempt ended; whether that is how it stands now."""
        given_up = ending.result == "retry" and attempt >= ATTEMPTS_MAX
        arrived = ending.result in ("sent", "unknown")
        command = EndDelivery(
            delivery=id,
            attempt=attempt,
            result="failed" if given_up else ending.result,
            code=ending.code,
            thread_keys=(sent_key(self._secret, id),) if arrived else (),
        )
        log = _log.info if ending.result == "sent" else _log.warning
        log("delivery_ended", delivery=id, attempt=attempt, result=command.result, code=ending.code)
        outcome = await self._submit(command, f"mail-end:{self._node}:{id}:{attempt}")
        return outcome is not None and not outcome.rejection

    async def _end_abandoned(self, delivery: Delivery, waited_s: float) -> None:
        """An attempt that nobody here is making: a life of this node died over it, or another node did. That one may
        have lost its duty only, and say in a moment how it ended: we have `waited_s` for it by our own clock, since
        that of the node that decides may be another."""
        started = await self._gateway.outcome_of(f"mail-start:{self._node}:{delivery.id}:{delivery.attempt}")
        ours = started is not None and not started.rejection
        ended = False
        if ours or waited_s > ABANDONED_S:
            ended = await self._end(delivery.id, delivery.attempt, Ending(result="unknown", code="interrupted"))
        if not ended:
            await asyncio.sleep(STORE_RETRY_S)

    async def _submit(self, command: Command, key: str) -> Outcome | None:
        """The outcome of a command, once this node's state shows it; None if another command was under that key
        (an earlier life's, which stands). Insists: what happened outside must be said inside."""
        while True:
            try:
                receipt = await self._gateway.submit(command, key=key, by=f"email:{self._node}")
                while (outcome := await self._gateway.outcome(receipt, OUTCOME_WAIT_S)) is None:
                    _log.warning("outcome_awaited", key=key)
                await self._gateway.reached(outcome.position)
                return outcome
            except KeyConflict:
                return None
            except StoreError as error:
                _log.warning("delivery_waits_for_store", key=key, reason=str(error))
                await asyncio.sleep(STORE_RETRY_S)


async def _composed(letter: Letter) -> bytes:
    """The mail; encoding large files takes tenths of a second, which the event loop does not have."""
    return await asyncio.to_thread(composed, letter) if letter.files else composed(letter)
