"""A lean HTTP/1.1 poster: many kept-alive connections, one request at a time on each, callbacks.

aiohttp's client costs as much CPU a request as the server that is measured, on the same two cores; this one
costs a tenth. It understands answers with a Content-Length, which is what our servers send, and nothing else.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeAlias, cast

from router.bench import limits

OnAnswer: TypeAlias = Callable[[int, bytes], None]
"""Receives the status (0: the connection broke) and the body."""

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Poster:
    """Posts bodies to one path; what finds no free connection waits in line."""

    def __init__(self, path: str, host: str, headers: dict[str, str]) -> None:
        lines = [f"POST {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
        self._head = ("\r\n".join(lines) + "\r\nContent-Length: ").encode()
        self._waiting: deque[tuple[bytes, OnAnswer]] = deque()
        self._free: list[_Connection] = []
        self._all: list[_Connection] = []

    async def open(self, host: str, port: int) -> None:
        """Open all connections. Raises OSError."""
        loop = asyncio.get_running_loop()
        for _ in range(limits.POST_CONNECTIONS):
            _, connection = await loop.create_connection(lambda: _Connection(self), host, port)
            self._all.append(connection)
            self._free.append(connection)

    def post(self, body: bytes, on_answer: OnAnswer) -> None:
        """Send now, or as soon as a connection is free."""
        if self._free:
            self._free.pop().send(self._request(body), on_answer)
        else:
            self._waiting.append((body, on_answer))

    def release(self, connection: "_Connection") -> None:
        """The connection has its answer: it takes the next body, or rests."""
        if self._waiting:
            body, on_answer = self._waiting.popleft()
            connection.send(self._request(body), on_answer)
        else:
            self._free.append(connection)

    def _request(self, body: bytes) -> bytes:
        return b"%b%d\r\n\r\n%b" % (self._head, len(body), body)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._all:
            connection.close()


class _Connection(asyncio.Protocol):
    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._buffer = b""
        self._on_answer: OnAnswer | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by duck type only

    def send(self, request: bytes, on_answer: OnAnswer) -> None:
        assert self._transport is not None
        self._on_answer = on_answer
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(_LENGTH)
        length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        whole = end + len(_HEAD_END) + length
        if len(self._buffer) < whole:
            return
        body, self._buffer = self._buffer[end + len(_HEAD_END) : whole], self._buffer[whole:]
        self._answer(int(head[9:12]), body)
        self._poster.release(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._answer(0, b"")

    def _answer(self, status: int, body: bytes) -> None:
        on_answer, self._on_answer = self._on_answer, None
        if on_answer is not None:
            on_answer(status, body)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
