"""Reading one mailbox: each mail in its inbox becomes a command, and leaves the inbox only once that is durable.

The inbox is the queue, so there is no cursor to lose: whatever is in it was not handled, or was and could not be
moved; the natural key tells. A changed UIDVALIDITY, two readers, or a crash at any instant are all just repeats.
"""

import asyncio
from typing import NoReturn

import structlog

from channels.email.intake import MailIntake, UnknownAddress
from channels.email.limits import (
    IMAP_BATCH_MAX,
    IMAP_POLL_S,
    IMAP_TRIES_MAX,
    MAIL_BYTES_HARD_MAX,
    RECONNECT_S_MAX,
    RECONNECT_S_MIN,
    RECONNECTS_ALARM,
)
from channels.email.mailbox import Mailbox, MailboxError, MailboxRefused
from router.gateway import StoreError

_log = structlog.get_logger("email.imap")


class ImapReader:
    """One task per mailbox. `name` is the mailbox's in the settings, `rcpt` the address of its entry point."""

    def __init__(
        self,
        intake: MailIntake,
        mailbox: Mailbox,
        *,
        name: str,
        rcpt: str,
        poll_s: float = IMAP_POLL_S,
        reconnect_s: float = RECONNECT_S_MIN,
        bytes_max: int = MAIL_BYTES_HARD_MAX,
    ) -> None:
        self._intake = intake
        self._mailbox = mailbox
        self._log = _log.bind(mailbox=name)
        self._name = name
        self._rcpt = rcpt
        self._poll_s = poll_s
        self._reconnect_s = reconnect_s
        self._bytes_max = bytes_max
        self._uidvalidity = 0
        self._tries: dict[int, int] = {}
        self._safe: dict[int, bool] = {}
        """UIDs that are durable and could not be moved yet; True for whole mails."""
        self._failures = 0

    async def run(self) -> NoReturn:
        """Read until cancelled. A failing server or store is tried again, ever less often."""
        try:
            while True:
                try:
                    await self._read()
                except (MailboxError, StoreError, UnknownAddress, OSError) as error:
                    await self._pause(error)
        finally:
            await self._mailbox.close()

    async def _read(self) -> NoReturn:
        await self._mailbox.close()
        self._renumber(await self._mailbox.connect())
        self._log.info("mailbox_connected")
        while True:
            left = await self.sweep()
            self._failures = 0
            if not left:
                await self._mailbox.wait(self._poll_s)

    async def _pause(self, error: Exception) -> None:
        self._failures += 1
        alarm = self._failures >= RECONNECTS_ALARM or isinstance(error, UnknownAddress)
        log = self._log.error if alarm else self._log.warning
        log("mailbox_failed", reason=str(error) or type(error).__name__, failures=self._failures, alarm=alarm)
        await self._mailbox.close()
        await asyncio.sleep(min(self._reconnect_s * 2 ** min(self._failures - 1, 10), RECONNECT_S_MAX))

    def _renumber(self, uidvalidity: int) -> None:
        if uidvalidity != self._uidvalidity:
            if self._uidvalidity:
                self._log.warning("mailbox_renumbered", uidvalidity=uidvalidity)
            self._tries.clear()
            self._safe.clear()
        self._uidvalidity = uidvalidity

    async def sweep(self) -> bool:
        """Handle everything that is in the inbox now; whether any mail left it. Then look again before waiting: what
        came meanwhile was announced among the answers to other commands, and IDLE says nothing twice (seen).

        Raises MailboxError, StoreError, UnknownAddress.
        """
        uids = await self._mailbox.waiting()
        there = set(uids)
        self._tries = {uid: tries for uid, tries in self._tries.items() if uid in there}
        self._safe = {uid: whole for uid, whole in self._safe.items() if uid in there}
        left = False
        for start in range(0, len(uids), IMAP_BATCH_MAX):
            sizes = await self._mailbox.sizes(uids[start : start + IMAP_BATCH_MAX])
            for uid, size in sorted(sizes.items()):
                left |= await self._handle(uid, size)
        return left

    async def _handle(self, uid: int, size: int) -> bool:
        """One mail: durable first, then out of the inbox; whether it left it. What fails for it alone does not stop
        the others."""
        if uid not in self._safe:
            tries = self._tries[uid] = self._tries.get(uid, 0) + 1
            try:
                self._safe[uid] = await self._taken(uid, size, tries)
            except (StoreError, UnknownAddress, OSError):
                self._tries[uid] = tries - 1  # not this mail's fault
                raise
            except MailboxError:
                raise
            except Exception as error:  # a mail that makes intake fail must not stop the mailbox
                self._log.exception("mail_failed", uid=uid, tries=tries, reason=type(error).__name__, alarm=True)
                return False
        try:
            await (self._mailbox.done(uid) if self._safe[uid] else self._mailbox.failed(uid))
        except MailboxRefused:
            self._log.error("mail_not_moved", uid=uid, alarm=True)
            return False
        return True

    async def _taken(self, uid: int, size: int, tries: int) -> bool:
        """Make the mail durable; whether it is whole. After `IMAP_TRIES_MAX` tries an item says that there is one
        which we do not have, and after twice as many it is only put where a person can look."""
        if tries <= IMAP_TRIES_MAX and size <= self._bytes_max:
            raw = await self._mailbox.fetch(uid)
            if raw is not None:
                await self._intake.take(self._name, raw, rcpt=self._rcpt)
            return True
        problem = "too_large" if size > self._bytes_max else "unfetchable"
        self._log.error("mail_set_aside", uid=uid, size=size, problem=problem, alarm=True)
        if tries <= 2 * IMAP_TRIES_MAX:
            head = await self._mailbox.fetch_head(uid) or b""
            await self._intake.take_headers(self._name, head, size=size, rcpt=self._rcpt, problem=problem)
        return False
