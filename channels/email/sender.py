"""One attempt to hand one mail to a mail server, and what its end means (RFC 5321; each case was tried).

Before the mail itself is on its way, nothing can have arrived: whatever fails there may be tried again. From then on
only an answer tells: without one the end is unknown, for the server may have the mail.
"""

import asyncio
import contextlib
import ssl
from typing import Literal

import aiosmtplib
import msgspec
import structlog

from channels.email.addresses import domain_of
from channels.email.limits import SMTP_COMMAND_S_MAX, SMTP_CONNECT_S_MAX, SMTP_DATA_S_MAX, SMTP_QUIT_S_MAX
from channels.email.settings import Smtp
from channels.email.tls import tls_context

_log = structlog.get_logger("email.sender")


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended: as in EndDelivery, with the server's code or our word for it."""

    result: Literal["sent", "failed", "unknown", "retry"]
    code: str


async def smtp_client(settings: Smtp, sender: str, *, connect_s: float = SMTP_CONNECT_S_MAX) -> aiosmtplib.SMTP:
    """A client for these settings, not connected yet; `connect` then also starts TLS and logs in."""
    context = await asyncio.to_thread(tls_context, settings.ca_file) if settings.tls != "none" else None
    return aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        username=settings.user or None,
        password=settings.password or None,
        use_tls=settings.tls == "implicit",
        start_tls=settings.tls == "starttls",
        tls_context=context,
        timeout=connect_s,
        local_hostname=domain_of(sender),
    )


class Sender:
    """Sends through one server. `data_s` is how long to wait for the answer to a mail."""

    def __init__(self, settings: Smtp, *, data_s: float = SMTP_DATA_S_MAX) -> None:
        self._settings = settings
        self._data_s = data_s

    async def send(self, sender: str, rcpt: str, mail: bytes) -> Ending:
        """Try once. Raises nothing but CancelledError."""
        client = await smtp_client(self._settings, sender)
        try:
            refused = await self._offer(client, sender, rcpt, len(mail))
            ending = refused or await self._hand_over(client, mail)
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=SMTP_QUIT_S_MAX)
            return ending
        finally:
            client.close()

    async def _offer(self, client: aiosmtplib.SMTP, sender: str, rcpt: str, size: int) -> Ending | None:
        """Everything before the mail itself; None when the server wants it."""
        try:
            await client.connect()
            sized = [f"SIZE={size}"] if client.supports_extension("size") else []
            await client.mail(sender, options=sized, timeout=SMTP_COMMAND_S_MAX)
            await client.rcpt(rcpt, timeout=SMTP_COMMAND_S_MAX)
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPRecipientRefused) as refused:
            return Ending(result="failed" if refused.code >= 500 else "retry", code=str(refused.code))
        except (aiosmtplib.SMTPException, OSError) as error:
            code = str(error.code) if isinstance(error, aiosmtplib.SMTPResponseException) else "not_connected"
            log = _log.error if isinstance(error, aiosmtplib.SMTPAuthenticationError | ssl.SSLError) else _log.warning
            log("mail_server_failed", host=self._settings.host, reason=type(error).__name__, code=code)
            return Ending(result="retry", code=code)
        return None

    async def _hand_over(self, client: aiosmtplib.SMTP, mail: bytes) -> Ending:
        try:
            answer = await client.data(mail, timeout=self._data_s)
        except aiosmtplib.SMTPDataError as refused:
            if 400 <= refused.code < 500:
                return Ending(result="retry", code=str(refused.code))
            return Ending(result="failed" if 500 <= refused.code < 600 else "unknown", code=str(refused.code))
        except aiosmtplib.SMTPTimeoutError:
            return Ending(result="unknown", code="no_answer")
        except (aiosmtplib.SMTPException, OSError):
            return Ending(result="unknown", code="connection_lost")
        return Ending(result="sent", code=str(answer.code))
