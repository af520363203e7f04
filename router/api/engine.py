"""python-engineio as a server needs it that thousands come to and leave: bounded queues, and ends that leave nothing.

The library's websocket ends by an exception whose traceback holds the frame that holds the exception. Such circles are
found by a full collection only, which a node avoids: 5,000 clients that went left 120 MiB behind (measured).
"""

from collections.abc import Mapping
from typing import Any

import engineio
from aiohttp import web
from engineio.async_drivers.aiohttp import WebSocket

from router.api.outgoing import Outgoing


class Wire(WebSocket):  # type: ignore[misc]
    """A websocket whose end is told as None, which the library takes as well as an exception."""

    async def __call__(self, environ: Mapping[str, Any]) -> web.WebSocketResponse:
        """Serve it until it ends."""
        socket: web.WebSocketResponse = await super().__call__(environ)
        if (error := socket.exception()) is not None:
            error.__traceback__ = error.__context__ = None
        return socket

    async def wait(self) -> str | bytes | None:
        """What the client says next; None once it is gone."""
        said = (await self._sock.receive()).data
        return said if isinstance(said, str | bytes) else None


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """The library's server with these sockets."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._async: dict[str, Any] = {**self._async, "websocket": Wire}

    def create_queue(self, *args: Any, **kwargs: Any) -> Outgoing:
        """The queue of a new socket."""
        return Outgoing()
