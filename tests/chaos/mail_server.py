"""The mail server that our replies go to: it notes each mail that it was handed, and fails on demand."""

import asyncio
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.chaos.journal import Journal, Submitted
from tests.chaos.marks import marks_of
from tests.chaos.network import ROUTER

PORT = 10025


class MailServer:
    """`mood` is what it does with the next mails: take, later (451), refuse (554), or drop (the connection, after the
    whole mail came)."""

    def __init__(self, journal: Journal) -> None:
        self.mood = "take"
        self._journal = journal
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Start."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, enable_SMTPUTF8=True, hostname="mx.round", ident="round"), ROUTER, PORT
        )

    def close(self) -> None:
        """Take no more."""
        if self._server is not None:
            self._server.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """What aiosmtpd calls when a whole mail came."""
        assert isinstance(envelope.content, bytes)
        mood = self.mood
        mail = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        text = mail.get_body(("plain",))
        for mark in marks_of(text.get_content() if text is not None else ""):
            self._journal.note(Submitted(mark=mark, answer={"take": "taken", "drop": "dropped"}.get(mood, "refused")))
        if mood == "drop":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return {"later": "451 4.3.0 later", "refuse": "554 5.7.1 no"}.get(mood, "250 2.0.0 ok")
