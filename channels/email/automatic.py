"""Mail that nobody wrote: bounces, absence notes, notices of programs. Pure.

Only what proves a program counts. Headers that merely ask for no automatic answer (`List-*`, `Precedence: list`,
`X-Auto-Response-Suppress`) stand on mail of persons too, whose answer must wake the item; and Firstline sends no
automatic mail at all. Sources: RFC 3834 section 2, RFC 3464 section 2, and what mail programs do.
"""

import re

from channels.email.headers import Headers, message_ids
from channels.email.limits import BOUNCE_SCAN_BYTES_MAX

_PROGRAMS = re.compile(r"(?:mailer-daemon|postmaster|(?:do-?)?no-?t?-?reply|bounces?)(?:[+-].*)?@.*")
_ENCLOSED_ID = re.compile(rb"(?im)^(?:message-id|references|in-reply-to|x-original-message-id):[ \t]*(.{1,2000})$")


def is_bounce(headers: Headers, sender: str) -> bool:
    """Whether a mail server says that a mail of ours did not arrive, or is late."""
    kind = headers.first("content-type").lower()
    if kind.startswith("multipart/report"):
        return "disposition-notification" not in kind
    return _from_nobody(headers) and sender.partition("@")[0] in ("mailer-daemon", "postmaster")


def is_automatic(headers: Headers, sender: str) -> bool:
    """Whether a program wrote this mail. `sender` is a canonical address."""
    submitted = headers.first("auto-submitted").lower().partition(";")[0].strip()
    return (
        is_bounce(headers, sender)
        or headers.first("content-type").lower().startswith("multipart/report")
        or _from_nobody(headers)
        or submitted not in ("", "no")
        or headers.first("precedence").lower() in ("bulk", "junk", "auto_reply")
        or "x-autoreply" in headers
        or "x-autorespond" in headers
        or _PROGRAMS.fullmatch(sender) is not None
    )


def _from_nobody(headers: Headers) -> bool:
    return "return-path" in headers and headers.first("return-path") in ("<>", "")


def enclosed_ids(raw: bytes) -> list[str]:
    """Message ids that a bounce quotes from the mail that it is about."""
    found = _ENCLOSED_ID.findall(raw[:BOUNCE_SCAN_BYTES_MAX])
    return [id for value in found for id in message_ids(value.decode("ascii", "ignore"))]
