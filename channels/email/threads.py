"""Which conversation a mail belongs to: message ids that we issue and recognise, and keys made from all others. Pure.

Trust (never the subject): an id that we issued is known only to who got our mail, so it counts for everybody; any
other id can be learnt or guessed by strangers, so it counts only together with the customer who used it. That rule
is in the keys themselves: the core compares keys and needs to know nothing of mail.
"""

import hmac
import re
from collections.abc import Sequence

from channels.keyed import keyed

_TAG_CHARS = 20  # 80 bits of HMAC in an id: cannot be guessed over a mail server
_OURS = re.compile(r"<([^<>@\s]{1,120})\.([0-9a-f]{20})@[^<>@\s]{1,255}>")


def issue(secret: bytes, delivery: str, domain: str) -> str:
    """The Message-ID of a delivery: the same at every attempt."""
    return f"<{delivery}.{_tag(secret, delivery)}@{domain}>"


def issued(secret: bytes, message_id: str) -> str:
    """The delivery whose Message-ID this is; nothing if we did not issue it. The domain does not count: some
    gateways rewrite it."""
    found = _OURS.fullmatch(message_id)
    if found is None or not hmac.compare_digest(found[2], _tag(secret, found[1])):
        return ""
    return found[1]


def sent_key(secret: bytes, delivery: str) -> str:
    """The thread key of a mail that we sent."""
    return keyed(secret, "mail-sent", delivery)


def thread_keys(secret: bytes, message_ids: Sequence[str], *, door: str, customer: str) -> tuple[str, ...]:
    """The thread keys of these message ids, each once. Those that we did not issue count for the customer who used
    them and the door (entry point) they came through: one mail to two mailboxes begins two conversations."""
    return tuple(dict.fromkeys(_thread_key(secret, id, door, customer) for id in message_ids))


def _thread_key(secret: bytes, message_id: str, door: str, customer: str) -> str:
    delivery = issued(secret, message_id)
    return sent_key(secret, delivery) if delivery else keyed(secret, "mail-received", door, customer, message_id)


def _tag(secret: bytes, delivery: str) -> str:
    return keyed(secret, "mail-issued", delivery)[:_TAG_CHARS]
