"""The mail server of a world: one mailbox that customers write to, and the way out for replies.

`SimMailbox` is one connection to the mailbox, `SimSender` one way to send; both lose their connection at any step.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from typing import Any

from channels.email.mailbox import MailboxError, MailboxRefused
from channels.email.sender import Ending
from channels.email.threads import issued
from router.simulate import limits
from router.simulate.border import Border
from router.simulate.house import SECRET, House
from router.simulate.loop import Process

DESK = "help@desk.example"

_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE)


class MailServer:
    """What the server holds. `delivered` are the mails that reached a customer: Message-IDs by address."""

    def __init__(self) -> None:
        self.uidvalidity = 1
        self.inbox: dict[int, bytes] = {}
        self.processed: list[bytes] = []
        self.failed: list[bytes] = []
        self.delivered: dict[str, list[str]] = {}
        self.came = asyncio.Event()
        self._uid = 0

    def put(self, mail: bytes) -> None:
        """A mail comes in."""
        self._uid += 1
        self.inbox[self._uid] = mail
        self.came.set()

    def renumber(self) -> None:
        """All mails get other numbers."""
        self.uidvalidity += 1
        mails = list(self.inbox.values())
        self.inbox = {}
        for mail in mails:
            self.put(mail)


def letter(sender: str, message_id: str, text: str, answers: Sequence[str] = ()) -> bytes:
    """A customer's mail."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = sender, DESK, "my form", message_id
    if answers:
        mail["In-Reply-To"], mail["References"] = answers[-1], " ".join(answers)
    mail.set_content(text)
    return mail.as_bytes()


class SimMailbox:
    """The `Mailbox` port: one connection of one process."""

    def __init__(self, house: House, server: MailServer, process: Process) -> None:
        self._house = house
        self._server = server
        self._border = Border(house, process, MailboxError, lambda: house.is_away("mail"))
        self._open = False

    async def connect(self) -> int:
        """See `Mailbox`."""
        if self._house.happens(limits.MAIL_RENUMBERED_SHARE, "renumbered"):
            self._server.renumber()
        found: int = await self._do("connect", lambda: self._server.uidvalidity)
        self._open = True
        return found

    async def waiting(self) -> list[int]:
        """See `Mailbox`."""
        return list(await self._do("search", lambda: list(self._server.inbox)))

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """See `Mailbox`."""
        inbox = self._server.inbox
        return dict(await self._do("sizes", lambda: {uid: len(inbox[uid]) for uid in uids if uid in inbox}))

    async def fetch(self, uid: int) -> bytes | None:
        """See `Mailbox`."""
        found: bytes | None = await self._do("fetch", lambda: self._server.inbox.get(uid))
        return found

    async def fetch_head(self, uid: int) -> bytes | None:
        """See `Mailbox`."""
        found = await self.fetch(uid)
        return found.partition(b"\n\n")[0] if found is not None else None

    async def done(self, uid: int) -> None:
        """See `Mailbox`."""
        await self._leave(uid, self._server.processed)

    async def failed(self, uid: int) -> None:
        """See `Mailbox`."""
        await self._leave(uid, self._server.failed)

    async def wait(self, seconds: float) -> None:
        """See `Mailbox`. The push may get lost."""
        came = self._server.came
        came.clear()
        try:
            async with asyncio.timeout(seconds):
                await came.wait()
        except TimeoutError:
            pass

    async def close(self) -> None:
        """See `Mailbox`."""
        self._open = False

    async def _leave(self, uid: int, folder: list[bytes]) -> None:
        def deed() -> None:
            if uid not in self._server.inbox:
                raise MailboxRefused("there is no such mail")
            folder.append(self._server.inbox.pop(uid))

        await self._do("move", deed)

    async def _do(self, name: str, deed: Callable[[], Any]) -> Any:
        if name != "connect" and not self._open:
            raise MailboxError("not connected")
        try:
            return await self._border.cross(name, as_deed(deed))
        except MailboxRefused:
            raise
        except MailboxError:
            self._open = False
            raise


class SimSender:
    """Sends through the server of this world, as one process sees it."""

    def __init__(self, house: House, server: MailServer, process: Process) -> None:
        self._house = house
        self._server = server
        self._border = Border(house, process, SendingLost, lambda: house.is_away("mail"))

    async def send(self, sender: str, rcpt: str, mail: bytes) -> Ending:
        """One attempt. A connection that breaks before the mail is there can be tried again; later nobody knows."""
        fate = self._fate()
        if fate in ("retry", "failed"):
            return Ending(result="retry" if fate == "retry" else "failed", code="451" if fate == "retry" else "550")
        arrived: list[bytes] = []

        def deed() -> None:
            if fate != "unknown_lost":
                arrived.append(mail)
                self._accept(rcpt, mail)

        try:
            await self._border.cross("send", as_deed(deed))
        except SendingLost:
            return Ending(result="unknown", code="connection_lost") if arrived else Ending(result="retry", code="away")
        if fate != "sent":
            return Ending(result="unknown", code="no_answer")
        return Ending(result="sent", code="250")

    def _fate(self) -> str:
        if self._house.calm:
            return "sent"
        drawn = self._house.chance.random()
        for fate, share in limits.SMTP_SHARES.items():
            drawn -= share
            if drawn < 0:
                self._house.faults[f"smtp_{fate}"] += 1
                return fate
        return "sent"

    def _accept(self, rcpt: str, mail: bytes) -> None:
        found = _ID.search(mail)
        assert found is not None
        message_id = found[1].decode()
        self._house.ledger.submitted[issued(SECRET, message_id)] += 1
        self._server.delivered.setdefault(rcpt, []).append(message_id)


class SendingLost(Exception):
    """The connection to the mail server broke."""


def as_deed(deed: Callable[[], Any]) -> Callable[[], Any]:
    """A deed that takes no time of its own, for the border."""

    async def done() -> Any:
        return deed()

    return done
