"""Which web pages may open sockets. Browsers send their page's origin; other programs send none.

A page of our own host, one that the operator listed, and for chats one that an entry point lists. Nothing else:
never an empty list or `*`, which python-socketio takes for everybody.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from router.gateway import Gateway


class Origins:
    """The lists, asked at each handshake, so that an edited entry point counts at once."""

    def __init__(self, listed: tuple[str, ...], gateway: Gateway) -> None:
        self._listed = frozenset(listed)
        self._gateway = gateway

    def admitted(self, origin: str, environ: Mapping[str, Any]) -> bool:
        """Whether a page may open a socket at all: for the library, before a namespace is known."""
        doors = self._gateway.state.entry_points.values()
        return self.trusted(origin, environ) or any(origin in door.origins for door in doors)

    def trusted(self, origin: str | None, environ: Mapping[str, Any]) -> bool:
        """Whether it may act for an agent: a page of ours, or no page at all."""
        if origin is None or origin in self._listed:
            return True
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc == environ.get("HTTP_HOST")
