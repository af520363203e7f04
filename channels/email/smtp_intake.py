"""Mail by SMTP, on loopback: the alternative to IMAP, for a mail server of your own that hands mail on to us.

250 means durable (RFC 5321 section 4.2.5). It asks nobody who they are, so it listens to this machine only.
"""

import asyncio
import ipaddress
import logging
import weakref
from typing import Any, cast

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.email.intake import MailIntake, UnknownAddress
from channels.email.limits import (
    MAIL_BYTES_HARD_MAX,
    SMTP_IDLE_S_MAX,
    SMTP_LINE_BYTES_MAX,
    SMTP_RECIPIENTS_MAX,
    SMTP_SESSIONS_MAX,
)
from router.gateway import Full, StoreError

logging.getLogger("mail.log").setLevel(logging.WARNING)  # below it, the library writes mail text into the log
_log = structlog.get_logger("email.smtp_intake")

SAFE = "250 2.0.0 taken"
LATER = "451 4.3.0 cannot keep it now, try again later"
FULL = "452 4.3.1 no room for more now, try again later"
BUSY = b"421 4.3.2 too many connections, try again later\r\n"
UNKNOWN = "550 5.1.1 no such mailbox here"
TOO_MANY = "452 4.5.3 too many recipients, send the rest by itself"


class _Server(SMTP):
    line_length_limit = SMTP_LINE_BYTES_MAX


class _Handler:
    """What aiosmtpd calls; its method names are the library's."""

    def __init__(self, intake: MailIntake) -> None:
        self._intake = intake

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only what has a door here; nobody's mail is passed on."""
        try:
            self._intake.entry_point(address)
        except UnknownAddress:
            return UNKNOWN
        if len(envelope.rcpt_tos) >= SMTP_RECIPIENTS_MAX:
            return TOO_MANY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Each recipient's mail is taken by itself; one that fails has all sent again, which the others absorb."""
        assert isinstance(envelope.content, bytes)
        raw = _with_sender(envelope.content, envelope.mail_from or "")
        try:
            for rcpt in envelope.rcpt_tos:
                entry = self._intake.entry_point(rcpt)
                await self._intake.take(f"smtp.{entry.id}", raw, rcpt=rcpt)
        except UnknownAddress:
            return UNKNOWN
        except Full:
            return FULL
        except StoreError:
            return LATER
        return SAFE

    async def handle_exception(self, error: Exception) -> str:
        """Whatever failed here is no fault of the mail: the sender keeps it and tries again."""
        _log.error("smtp_intake_failed", reason=type(error).__name__, exc_info=error)
        return LATER


class _Busy(asyncio.Protocol):
    """A connection too many: told so instead of greeted (RFC 5321 section 3.1), before it may send anything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        told = cast("asyncio.Transport", transport)
        told.write(BUSY)
        told.close()


def _with_sender(raw: bytes, sender: str) -> bytes:
    """The mail with its envelope sender on top, as the last mail server writes it (RFC 5321 section 4.4)."""
    safe = "".join(char for char in sender if " " < char < "\x7f" and char not in "<>")
    return b"Return-Path: <" + safe.encode("ascii") + b">\r\n" + raw


class SmtpIntake:
    """The listening server. `port` 0 takes a free one; `port` says which after `start`."""

    def __init__(
        self, intake: MailIntake, *, host: str = "127.0.0.1", port: int, bytes_max: int = MAIL_BYTES_HARD_MAX
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"smtp_intake.host: {host} is no loopback address. Write 127.0.0.1 or ::1.")
        self._handler = _Handler(intake)
        self._host = host
        self._bytes_max = bytes_max
        self._server: asyncio.Server | None = None
        self._sessions: weakref.WeakSet[SMTP] = weakref.WeakSet()
        self.port = port

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        _log.info("smtp_intake_listening", port=self.port)

    def _session(self) -> asyncio.Protocol:
        if sum(session.transport is not None for session in self._sessions) >= SMTP_SESSIONS_MAX:
            return _Busy()
        arguments: dict[str, Any] = {
            "data_size_limit": self._bytes_max,
            "enable_SMTPUTF8": True,
            "timeout": SMTP_IDLE_S_MAX,
            "ident": "Firstline",
            "hostname": "localhost",
        }
        session = _Server(self._handler, **arguments)
        self._sessions.add(session)
        return session

    def stop(self) -> None:
        """Listen no more and hang up. A mail whose 250 was not sent yet is sent again by who sends it."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in self._sessions:
            if session.transport is not None:
                session.transport.close()
