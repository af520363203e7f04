"""A mail server that fails on demand: what it answers and when it hangs up is the test's choice."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Relay:
    """`mails` are those it has, whatever it said. `answers` are used up one by one; then everything is taken."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.rcpt_answers: list[str] = []
        self.data_answers: list[str] = []
        self.hang_up = False
        self.arrived = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.port = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt_answers:
            return self.rcpt_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if self.data_answers:
            return self.data_answers.pop(0)
        self.mails.append(envelope.content)
        self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        self.arrived.set()
        await self.go_on.wait()
        if self.hang_up:
            assert server.transport is not None
            server.transport.close()
        return "250 taken"


@contextlib.asynccontextmanager
async def listening(relay: Relay, tls: ssl.SSLContext | None = None, authenticator: Any = None) -> AsyncIterator[Relay]:
    """The relay, listening; with `tls` it offers STARTTLS and insists, with `authenticator` on a login too."""
    sessions: list[Any] = []

    def session() -> SMTP:
        sessions.append(
            SMTP(
                relay,
                enable_SMTPUTF8=True,
                hostname="relay",
                tls_context=tls,
                require_starttls=tls is not None,
                auth_required=authenticator is not None,
                authenticator=authenticator,
            )
        )
        return sessions[-1]  # type: ignore[no-any-return]

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", relay.port)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        relay.go_on.set()
        server.close()
        for each in sessions:
            if each.transport is not None:
                each.transport.close()
            each._handler_coroutine.cancel()
            await asyncio.gather(each._handler_coroutine, return_exceptions=True)
