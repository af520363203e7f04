"""Visitors: anonymous customers in a browser. Who holds the token is the visitor; it lies in their page, no cookie."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer

from queues.entry_point import EntryPoint

_PURPOSE: Final = "firstline.chat.visitor"


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor of a chat site (an entry point), and their conversation there."""

    id: str
    site: str
    conversation: str


def token_of(secret: bytes, visitor: Visitor) -> str:
    """The token that proves to be this visitor."""
    return str(URLSafeSerializer(secret, salt=_PURPOSE).dumps([visitor.id, visitor.site, visitor.conversation]))


def visitor_of(secret: bytes, token: str) -> Visitor | None:
    """Whom a token proves, or None for one that we did not make."""
    try:
        id, site, conversation = URLSafeSerializer(secret, salt=_PURPOSE).loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return Visitor(id=id, site=site, conversation=conversation)


def origin_allowed(entry: EntryPoint, environ: Mapping[str, Any]) -> bool:
    """Whether this page may chat through this entry point: a page of our own host, or one it lists (ASVS 4.4.2).

    The Origin header protects people in browsers, which always send it; other programs send what they like.
    """
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return True
    return origin in entry.origins or bool(urlsplit(origin).netloc == environ.get("HTTP_HOST"))
