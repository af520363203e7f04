"""A mailbox that is read: the port, and its IMAP side over aioimaplib.

The library is kept behind this class because of what it does not do (all tried): it raises nothing for `NO`, does not
end a wait when the connection is lost, breaks answers of more than some 900 lines, removes the characters `* ` from
what is not a literal, and quotes no names. So: every command is raced against the loss of the connection, sets are
small, only literals are read, names are quoted here.
"""

import asyncio
import base64
import logging
import re
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, Protocol

from aioimaplib import aioimaplib

from channels.email.limits import (
    HEADER_BYTES_MAX,
    IMAP_BATCH_MAX,
    IMAP_COMMAND_S_MAX,
    IMAP_DONE_S_MAX,
    IMAP_FETCH_S_MAX,
)
from channels.email.settings import Imap
from channels.email.tls import tls_context

logging.getLogger("aioimaplib").setLevel(logging.WARNING)  # below it, the library writes mail text into the log

KEYWORD = "$FirstlineTaken"
"""Marks handled mail where the server cannot move it."""

_EXPUNGED = b"[EXPUNGEISSUED]"
"""Another session took the mail away meanwhile (RFC 5530): servers show it without its text."""

_UIDVALIDITY = re.compile(rb"UIDVALIDITY (\d+)")
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_UID = re.compile(rb"UID (\d+)")
_NON_ASCII = re.compile(r"[^\x20-\x7e]+")


class MailboxError(Exception):
    """The mail server, or the way to it, failed. Connect again later; nothing is lost."""


class MailboxRefused(MailboxError):
    """The server said no to this command; the connection can be used further."""


class LoginRefused(MailboxRefused):
    """The server does not let this user in with this password. `said` is its answer, which is not for the log."""

    def __init__(self, said: str) -> None:
        super().__init__("the server refuses the user or the password")
        self.said = said


class Mailbox(Protocol):
    """A mailbox whose inbox is a queue. Every method but `close` raises MailboxError."""

    async def connect(self) -> int:
        """Log in and open the inbox; its UIDVALIDITY."""
        ...

    async def waiting(self) -> list[int]:
        """UIDs of the mails not handled yet, the oldest first."""
        ...

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of those of these mails that are still there, at most `IMAP_BATCH_MAX` of them."""
        ...

    async def fetch(self, uid: int) -> bytes | None:
        """A mail as it stands; None if it is gone."""
        ...

    async def fetch_head(self, uid: int) -> bytes | None:
        """The beginning of its header block; None if it is gone."""
        ...

    async def done(self, uid: int) -> None:
        """The mail is safe: out of the inbox."""
        ...

    async def failed(self, uid: int) -> None:
        """The mail could not be handled: out of the inbox, where a person finds it."""
        ...

    async def wait(self, seconds: float) -> None:
        """Return when the server says that something came, at the latest after `seconds`."""
        ...

    async def close(self) -> None:
        """Leave, without waiting for anybody."""
        ...


def quoted(name: str) -> str:
    """A name as IMAP wants it: modified UTF-7 (RFC 3501 section 5.1.3), quoted."""
    encoded = _NON_ASCII.sub(_modified_base64, name.replace("&", "&-"))
    return '"' + encoded.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _modified_base64(found: re.Match[str]) -> str:
    data = base64.b64encode(found[0].encode("utf-16-be")).decode("ascii")
    return "&" + data.rstrip("=").replace("/", ",") + "-"


async def _within(ended: Awaitable[Any], seconds: float) -> Any:
    """What `ended` gives. Raises TimeoutError; never loses a cancellation, as `asyncio.wait_for` may (Python 3.11)."""
    async with asyncio.timeout(seconds):
        return await ended


async def _stop_idle(client: aioimaplib.IMAP4, ended: Awaitable[Any]) -> None:
    """End an IDLE. Raises what the transport raises of itself when the connection was lost this moment (uvloop's)."""
    client.idle_done()
    await _within(ended, IMAP_DONE_S_MAX)


class ImapMailbox:
    """One connection to one mailbox; after a MailboxError, `close` and `connect` again."""

    def __init__(self, settings: Imap, *, command_s: float = IMAP_COMMAND_S_MAX) -> None:
        self._settings = settings
        self._command_s = command_s
        self._client: aioimaplib.IMAP4 | None = None
        self._lost: asyncio.Future[None] | None = None
        self._moves = False
        self._idles = False

    async def connect(self) -> int:
        """See `Mailbox`. Makes the folders if they are missing."""
        settings = self._settings
        context = await asyncio.to_thread(tls_context, settings.ca_file) if settings.tls == "implicit" else None
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost = lost
        client = self._client = aioimaplib.IMAP4(
            settings.host,
            settings.port,
            timeout=self._command_s,
            conn_lost_cb=lambda _: lost.cancel(),
            ssl_context=context,
        )
        await self._run(client.wait_hello_from_server())
        await self._log_in(client)
        await self._run(client.protocol.capability())
        self._moves = client.has_capability("MOVE")
        self._idles = client.has_capability("IDLE")
        for folder in (settings.processed, settings.failed):
            await self._run(client.create(quoted(folder)))
        lines = await self._ok(client.select(quoted(settings.inbox)))
        found = _UIDVALIDITY.search(b"\n".join(lines))
        if found is None:
            raise MailboxError("the server names no UIDVALIDITY")
        if not self._moves and b"\\*" not in b"".join(lines):
            raise MailboxError("the server can neither move mail nor mark it")
        return int(found[1])

    async def _log_in(self, client: aioimaplib.IMAP4) -> None:
        answer = await self._run(client.login(quoted(self._settings.user), self._settings.password))
        if answer.result != "OK":
            raise LoginRefused(b" ".join(answer.lines).decode(errors="replace"))

    @property
    def pushes(self) -> bool:
        """Whether the server says by itself that a mail came (IDLE, RFC 2177)."""
        return self._idles

    async def waiting(self) -> list[int]:
        """See `Mailbox`. Whether a person has read a mail makes no difference.

        NOOP first: a search looks at the mailbox as the server last described it to us.
        """
        await self._ok(self._connected.noop())
        criterion = "ALL" if self._moves else f"UNKEYWORD {KEYWORD}"
        lines = await self._ok(self._connected.uid_search(criterion, charset=None))
        return sorted(int(word) for line in lines[:-1] for word in line.split() if word.isdigit())

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """See `Mailbox`."""
        assert len(uids) <= IMAP_BATCH_MAX
        lines = await self._ok(self._connected.uid("fetch", ",".join(map(str, uids)), "(UID RFC822.SIZE)"))
        pairs = ((_UID.search(line), _SIZE.search(line)) for line in lines)
        return {int(uid[1]): int(size[1]) for uid, size in pairs if uid and size}

    async def fetch(self, uid: int) -> bytes | None:
        """See `Mailbox`. Leaves the mail unread."""
        return await self._fetch(uid, "BODY.PEEK[]")

    async def fetch_head(self, uid: int) -> bytes | None:
        """See `Mailbox`."""
        return await self._fetch(uid, f"BODY.PEEK[HEADER]<0.{HEADER_BYTES_MAX}>")

    async def _fetch(self, uid: int, part: str) -> bytes | None:
        lines = await self._ok(self._connected.uid("fetch", str(uid), f"({part})"), IMAP_FETCH_S_MAX)
        literals = [line for line in lines if isinstance(line, bytearray)]
        if literals:
            return bytes(literals[0])
        answer = b"\n".join(lines[:-1])
        if b"BODY[" not in answer or _EXPUNGED in lines[-1]:
            return None
        if b'""' in answer or b"{0}" in answer:
            return b""
        raise MailboxError("a mail came as no literal")

    async def done(self, uid: int) -> None:
        """See `Mailbox`."""
        await self._leave(uid, self._settings.processed)

    async def failed(self, uid: int) -> None:
        """See `Mailbox`."""
        await self._leave(uid, self._settings.failed)

    async def _leave(self, uid: int, folder: str) -> None:
        client = self._connected
        if self._moves:
            await self._ok(client.protocol.move(str(uid), quoted(folder), by_uid=True))
            return
        if folder == self._settings.failed:
            await self._ok(client.uid("copy", str(uid), quoted(folder)))
        await self._ok(client.uid("store", str(uid), "+FLAGS.SILENT", f"(\\Seen {KEYWORD})"))

    async def wait(self, seconds: float) -> None:
        """See `Mailbox`. Servers that cannot push are simply asked again after that time."""
        client, lost = self._connected, self._lost
        assert lost is not None
        if not self._idles:
            await asyncio.wait({lost}, timeout=seconds)
            return
        ended = await self._run(client.idle_start(seconds + self._command_s))
        await self._pushed(client, lost, seconds)
        await self._run(_stop_idle(client, ended))

    async def _pushed(self, client: aioimaplib.IMAP4, lost: asyncio.Future[None], seconds: float) -> None:
        """Until a mail is announced, the connection is lost, or the time is over."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not lost.done() and (left := end - loop.time()) > 0:
            push = asyncio.ensure_future(client.protocol.idle_queue.get())
            await asyncio.wait({push, lost}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if push.cancel():
                continue
            if any(b"EXISTS" in line for line in push.result()):
                return

    async def close(self) -> None:
        """See `Mailbox`. No LOGOUT: a server that is stuck would not answer, and one that is not minds nothing."""
        client, self._client = self._client, None
        if client is None:
            return
        connecting = client._client_task
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        if client._idle_waiter is not None:
            client._idle_waiter.cancel()
        if client.protocol.transport is not None:
            client.protocol.transport.abort()
        for task in (*client.tasks, *client.protocol.tasks):
            task.cancel()

    @property
    def _connected(self) -> aioimaplib.IMAP4:
        if self._client is None:
            raise MailboxError("not connected")
        return self._client

    async def _ok(self, command: Coroutine[Any, Any, Any], seconds: float | None = None) -> list[Any]:
        """The lines of an answer that says OK."""
        answer = await self._run(command, seconds)
        if answer.result != "OK":
            raise MailboxRefused(f"the server answered {answer.result}")
        lines: list[Any] = answer.lines
        return lines

    async def _run(self, command: Coroutine[Any, Any, Any], seconds: float | None = None) -> Any:
        """The end of a command, or MailboxError: refused by the library, too late, or no connection any more."""
        lost = self._lost
        assert lost is not None
        task = asyncio.ensure_future(command)
        try:
            limit = seconds or self._command_s
            await asyncio.wait({task, lost}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise MailboxError("the connection was lost" if lost.done() else "the server does not answer")
            return task.result()
        except MailboxError:
            raise
        except Exception as error:  # whatever the library makes of a server that answers nonsense
            raise MailboxError(type(error).__name__) from error
        finally:
            if not task.done():
                task.cancel()
