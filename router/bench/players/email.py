"""Customers who write mails, and their mailbox: SMTP to the server's intake, a small SMTP server for its answers.

A share of them answers the answer, as a mail program does: In-Reply-To, References, the quoted text above.
"""

import asyncio
from collections.abc import Sequence
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session

from router.bench import limits
from router.bench.checker import marks
from router.bench.journal import Promised, Received, Sent
from router.bench.players.stage import Stage

HOST = "127.0.0.1"
DOMAIN = "customers.example"
SUBJECTS = ("My file", "Question about a form", "Complaint", "Appointment", "Proof of address")


class CustomersMailbox:
    """The mail server of all customers: keeps what comes, by recipient."""

    def __init__(self) -> None:
        self._mails: dict[str, asyncio.Queue[EmailMessage]] = {}
        self._server: asyncio.Server | None = None

    async def listen(self) -> int:
        """Start; the port."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self, enable_SMTPUTF8=True, ident="demo", hostname="localhost"), HOST, 0
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        """Take no more."""
        if self._server is not None:
            self._server.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """What aiosmtpd calls when a mail came."""
        assert isinstance(envelope.content, bytes)
        mail = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        for address in envelope.rcpt_tos:
            self.of(address).put_nowait(mail)
        return "250 2.0.0 ok"

    def of(self, address: str) -> asyncio.Queue[EmailMessage]:
        """The mails for this address."""
        return self._mails.setdefault(address.lower(), asyncio.Queue())


class Correspondents:
    """Writes mails to these mailboxes. `port` is the server's intake."""

    def __init__(self, stage: Stage, mailbox: CustomersMailbox, port: int, to: Sequence[str]) -> None:
        self._stage = stage
        self._mailbox = mailbox
        self._port = port
        self._to = to

    async def write(self) -> None:
        """One customer: a mail and, if they are of that kind, an answer to ours."""
        sender = f"{self._stage.mark('customer')}@{DOMAIN}"
        mail = self._mail(sender, self._stage.chance.choice(self._to), self._stage.chance.choice(SUBJECTS))
        mail.set_content("Good day,\n\nI wrote to you last month and have heard nothing. Can you help me?\n")
        await self._send(mail)
        self._stage.count("email", "in")
        if self._stage.chance.random() < limits.SHARES["answer"]:
            await self._answer(sender)

    async def _answer(self, sender: str) -> None:
        try:
            async with asyncio.timeout(limits.ANSWER_S_MAX):
                ours = await self._mailbox.of(sender).get()
        except TimeoutError:
            return
        text = ours.get_body(("plain",))
        quoted = str(text.get_content()) if text is not None else ""
        for mark in marks({"text": quoted}):
            self._stage.note(Received(channel="email", mark=mark))
        await self._stage.pause(*limits.WRITE_S)
        mail = self._mail(sender, ours["From"], f"Re: {ours['Subject']}")
        mail["In-Reply-To"] = ours["Message-ID"]
        mail["References"] = f"{ours.get('References', '')} {ours['Message-ID']}".strip()
        mail.set_content("\n".join(f"> {line}" for line in quoted.splitlines()) + "\n\nThank you, one more question.\n")
        await self._send(mail)
        self._stage.count("email", "answered")

    def _mail(self, sender: str, to: str, subject: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, to, subject
        mail["Message-ID"] = f"<{self._stage.mark('mail')}@{DOMAIN}>"
        return mail

    async def _send(self, mail: EmailMessage) -> None:
        mark = str(mail["Message-ID"])
        self._stage.note(Sent(channel="email", mark=mark))
        try:
            await aiosmtplib.send(mail, hostname=HOST, port=self._port, start_tls=False)
        except aiosmtplib.SMTPException as error:
            self._stage.refused("email", "mail", 0, str(error).encode())
            return
        self._stage.note(Promised(channel="email", mark=mark))
