"""Trying out a mailbox and a mail server as the node will use them, and saying in plain words what is in the way.

For whoever sets Firstline up and whoever looks why no mail comes. It takes the very ways of the reader and of the
sender, so what passes here works there. It moves no mail and sends none, but for the test mail that is asked for.
"""

import asyncio
import contextlib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Literal, TypeAlias

import aiosmtplib
import msgspec

from channels.email.addresses import domain_of
from channels.email.limits import PROBE_S_MAX, PROBE_SAID_CHARS_MAX, SMTP_QUIT_S_MAX
from channels.email.mailbox import ImapMailbox, LoginRefused, MailboxError, MailboxRefused
from channels.email.sender import Ending, Sender, smtp_client
from channels.email.settings import Imap, Smtp
from channels.email.tls import tls_context

Code: TypeAlias = Literal[
    "host_unknown",
    "port_closed",
    "no_answer",
    "certificate",
    "ca_file",
    "tls",
    "login_refused",
    "inbox",
    "sender_refused",
    "mail_server",
]
"""Which part of the settings is wrong. Programs may rely on these words."""


class Trouble(Exception):
    """Why a mailbox or a mail server cannot be used: a stable `code`, and a sentence that says what to do."""

    def __init__(self, code: Code, said: str) -> None:
        super().__init__(said)
        self.code: Code = code


class InboxFound(msgspec.Struct, frozen=True, kw_only=True):
    """An inbox that can be read: how many mails are in it, and whether its server pushes."""

    waiting: int
    pushes: bool


async def try_imap(settings: Imap) -> InboxFound:
    """Connect, log in and open the inbox; its folders for handled mail are made if missing. Raises Trouble."""
    context = await _context(settings.ca_file) if settings.tls == "implicit" else None
    await _reach(settings.host, settings.port, context)
    mailbox = ImapMailbox(settings, command_s=PROBE_S_MAX)
    try:
        await mailbox.connect()
        return InboxFound(waiting=len(await mailbox.waiting()), pushes=mailbox.pushes)
    except LoginRefused as error:
        raise _login_refused(settings.host, settings.user, error.said) from error
    except MailboxRefused as error:
        raise Trouble(
            "inbox", f"{settings.host} lets {settings.user} in but does not open the folder {settings.inbox}: name it."
        ) from error
    except MailboxError as error:
        if settings.tls == "none":
            raise Trouble(
                "no_answer",
                f"{settings.host} does not talk plain IMAP on port {settings.port}: use TLS, mostly on port 993.",
            ) from error
        raise Trouble("mail_server", f"{settings.host} answers, but not like an IMAP server: {error}.") from error
    finally:
        await mailbox.close()


async def try_smtp(settings: Smtp, sender: str) -> None:
    """Connect, log in, and ask whether `sender` may send; then leave without a mail. Raises Trouble."""
    context = await _context(settings.ca_file) if settings.tls != "none" else None
    await _reach(settings.host, settings.port, context if settings.tls == "implicit" else None)
    client = await smtp_client(settings, sender, connect_s=PROBE_S_MAX)
    try:
        await client.connect()
        await client.mail(sender, timeout=PROBE_S_MAX)
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=SMTP_QUIT_S_MAX)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _smtp_trouble(settings, sender, error) from error
    finally:
        client.close()


async def send_test_mail(settings: Smtp, sender: str, rcpt: str) -> Ending:
    """Send one short mail, and how that ended. Raises nothing."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, rcpt, "Firstline test"
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=domain_of(sender))
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("Mail that Firstline sends arrives here.\n")
    return await Sender(settings).send(sender, rcpt, mail.as_bytes().replace(b"\n", b"\r\n"))


async def _context(ca_file: str) -> ssl.SSLContext:
    try:
        return await asyncio.to_thread(tls_context, ca_file)
    except ssl.SSLError as error:
        raise Trouble("ca_file", f"{ca_file} holds no certificate (PEM): name the right file.") from error
    except OSError as error:
        raise Trouble("ca_file", f"{ca_file} cannot be read ({error.strerror}): correct its name or rights.") from error


async def _reach(host: str, port: int, context: ssl.SSLContext | None) -> None:
    """Open a connection, with TLS if that comes first, and close it again. Raises Trouble."""
    try:
        async with asyncio.timeout(PROBE_S_MAX):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, UnicodeError) as error:
        raise _unreachable(host, port, error) from error
    writer.transport.abort()


def _unreachable(host: str, port: int, error: OSError | UnicodeError) -> Trouble:
    match error:
        case socket.gaierror() | UnicodeError():
            return Trouble("host_unknown", f"There is no host {host}: look for a typing error, or ask your provider.")
        case ssl.SSLError():
            return _tls_trouble(host, port, error)
        case ConnectionRefusedError():
            return Trouble("port_closed", f"Nothing listens on port {port} of {host}: is it the right port?")
        case ConnectionResetError():
            return Trouble("tls", f"{host} hangs up on port {port}: it may want another kind of TLS there.")
        case TimeoutError():
            said = f"{host} does not answer on port {port} within {PROBE_S_MAX:.0f} s: a firewall, or the wrong port."
            return Trouble("no_answer", said)
        case _:
            return Trouble("port_closed", f"{host} cannot be reached on port {port}: {error.strerror or error}.")


def _tls_trouble(host: str, port: int, error: ssl.SSLError) -> Trouble:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Trouble(
            "certificate",
            f"The certificate of {host} is not trusted here ({error.verify_message.rstrip('.')}). If the server is "
            "your own, name the file with the certificate of its authority; a wrong name or a past date is mended "
            "on the server.",
        )
    said = f"{host} does not begin with TLS on port {port}: it may want plain or STARTTLS, or TLS on another port."
    return Trouble("tls", said)


def _smtp_trouble(settings: Smtp, sender: str, error: Exception) -> Trouble:
    host = settings.host
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return _login_refused(host, settings.user, f"{error.code} {error.message}")
        case aiosmtplib.SMTPSenderRefused():
            return Trouble(
                "sender_refused",
                f"{host} takes no mail from {sender}: {_short(f'{error.code} {error.message}')}. "
                "Log in as a user who may send as that address.",
            )
        case ssl.SSLError():
            return _tls_trouble(host, settings.port, error)
        case aiosmtplib.SMTPResponseException():
            return Trouble("mail_server", f"{host} refuses: {_short(f'{error.code} {error.message}')}.")
        case aiosmtplib.SMTPTimeoutError():
            return Trouble("no_answer", f"{host} says nothing on port {settings.port}: it may want TLS from the start.")
        case aiosmtplib.SMTPServerDisconnected() | OSError():
            return Trouble("mail_server", f"{host} hangs up on port {settings.port}: look at port and TLS.")
        case _ if settings.tls == "starttls" and "STARTTLS extension" in str(error):
            return Trouble("tls", f"{host} offers no STARTTLS on port {settings.port}: try TLS from the start.")
        case _:
            said = f"{host} lets nobody log in on {settings.port} ({_short(str(error))}): use no user, or another port."
            return Trouble("login_refused", said)


def _login_refused(host: str, user: str, said: str) -> Trouble:
    return Trouble(
        "login_refused",
        f"{host} refuses the user {user} or the password: {_short(said)}. Some providers want the whole address as "
        "user, some only what is before the @, some a password made for programs.",
    )


def _short(said: str) -> str:
    return " ".join(said.split())[:PROBE_SAID_CHARS_MAX].rstrip(".")
