"""What one socket has not taken yet: bounded in packets and bytes, whoever put it there.

Everything that a client is sent waits in one queue beneath Socket.IO: pushes, answers, pings, of every namespace. The
library's has no end. A client that does not keep up is cut off; it connects again and has its whole view.
"""

import asyncio
from typing import Any

import structlog
from prometheus_client import Counter

from router.api import limits

log = structlog.get_logger()

CUT = Counter("firstline_sockets_cut_total", "Sockets cut off because their reader did not keep up")


class Outgoing(asyncio.Queue[Any]):
    """The packets of one socket. `connected` says which connection ends when there are too many."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.cut_off = False
        self._transport: asyncio.Transport | None = None

    def connected(self, transport: asyncio.Transport | None) -> None:
        """The connection that this queue empties into."""
        self._transport = transport

    def _put(self, item: Any) -> None:
        if self.cut_off and item is not None:  # None, the library's end of the queue, always passes
            return
        super()._put(item)
        self.bytes += _size(item)
        if self.qsize() > limits.SOCKET_PACKETS_MAX or self.bytes > limits.SOCKET_BYTES_MAX:
            self._cut()

    def _get(self) -> Any:
        item = super()._get()
        self.bytes -= _size(item)
        return item

    def _cut(self) -> None:
        log.warning("socket_too_slow", packets=self.qsize(), bytes=self.bytes)
        CUT.inc()
        self.cut_off = True
        while self.qsize() > 1:  # the last one is not counted as unfinished yet
            self._get()
            self.task_done()
        cut(self._transport)


def cut(transport: asyncio.Transport | None) -> None:
    """Cut a connection now, without a word: also when the client does not read any more.

    `AsyncServer.disconnect` would wait until the client has taken what is queued.
    """
    if transport is not None:
        transport.abort()


def _size(item: Any) -> int:
    """Bytes of a packet, near enough: its text, whose characters are mostly one byte."""
    data = getattr(item, "data", None)
    return len(data) if isinstance(data, str | bytes) else 0
