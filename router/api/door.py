"""Where HTTP and sockets come in: as many connections as there is room for, and none that is held for nothing.

Past the bound a connection is answered 503 and closed. Who sends no request within the idle time, or does not take
what it asked for, is hung up on: by aiohttp, and by the kernel, which alone sees that nothing is taken.
"""

import asyncio
import resource
import socket
from typing import cast

import msgspec
from aiohttp import web

from router.api import limits
from router.api.problems import Problem, again


def runner_of(app: web.Application) -> web.AppRunner:
    """The application, served with our time-outs.

    Nobody is asked to compress what they send: as it comes, it is neither a bomb nor anything that can be read.
    """
    return web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=limits.IDLE_S,
        lingering_time=limits.LINGER_S,
        shutdown_timeout=limits.SHUTDOWN_S,
    )


def descriptors() -> int:
    """How many files and connections this process may have open, raised as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):  # a system with a lower bound of its own
        return soft
    return hard if hard != resource.RLIM_INFINITY else limits.CONNECTIONS_MAX + limits.DESCRIPTORS_OTHER


class Door(web.BaseSite):
    """The listening socket of a runner that was set up."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        super().__init__(runner, backlog=socket.SOMAXCONN)
        self._host = host
        self._port = port
        self._room = max(1, min(limits.CONNECTIONS_MAX, descriptors() - limits.DESCRIPTORS_OTHER))

    @property
    def name(self) -> str:
        """What aiohttp calls it in its own messages."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        await super().start()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._visitor, self._host, self._port, backlog=self._backlog)
        for listening in server.sockets:  # those that it accepts have it from it
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, limits.UNTAKEN_MS)
        self._server = server

    def _visitor(self) -> asyncio.Protocol:
        server = self._runner.server
        assert server is not None
        return server() if len(server.connections) < self._room else _TurnedAway()


class _TurnedAway(asyncio.Protocol):
    """A connection too many: its request is answered unread."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._late = asyncio.get_running_loop().call_later(limits.TURNED_AWAY_S, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        problem = Problem("house_full", "Too many connections are open. Nothing was done.", headers=again())
        body = msgspec.json.encode(problem.details())
        head = (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nRetry-After: {problem.headers['Retry-After']}\r\nConnection: close\r\n\r\n"
        )
        self._transport.write(head.encode() + body)
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._late.cancel()
