"""A lean Socket.IO client for a thousand agents in one process: one websocket, one namespace, callbacks.

It speaks Engine.IO 4 and Socket.IO 5 (packet types: socket.io protocol, revision 5) and knows nothing of what
is in the packets. python-socketio's client is the one that the demo and the tests use; here it would cost more
than the server that is measured.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import aiohttp
import msgspec

from router.bench import limits

OnEvent: TypeAlias = Callable[["WireClient", str], Awaitable[None]]
"""Receives the JSON array of an event: `["name",argument,...]`."""

OnAck: TypeAlias = Callable[["WireClient", str], Awaitable[None]]
"""Receives the JSON array of an acknowledgement."""

_PING, _PONG = "2", "3"
_CONNECT, _EVENT, _ACK, _CONNECT_ERROR = "40", "42", "43", "44"
_encode = msgspec.json.Encoder().encode


class RefusedError(Exception):
    """The server did not let the client into the namespace."""


class WireClient:
    """One connected client. `name` is its owner's, for callbacks that serve many clients."""

    def __init__(self, name: str, namespace: str, on_event: OnEvent) -> None:
        self.name = name
        self._namespace = namespace
        self._on_event = on_event
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._prefix_event = f"{_EVENT}{namespace},"
        self._prefix_ack = f"{_ACK}{namespace},"
        self._acks: dict[int, OnAck] = {}
        self._next_ack = 0

    async def connect(self, session: aiohttp.ClientSession, url: str, auth: Any) -> None:
        """Open the websocket and enter the namespace. Raises RefusedError, aiohttp.ClientError, TimeoutError."""
        address = f"{url}/socket.io/?EIO=4&transport=websocket"
        async with asyncio.timeout(limits.CONNECT_S_MAX):
            self._socket = await session.ws_connect(address, compress=0, autoping=False, max_msg_size=0)
            await self._socket.receive_str()
            await self._socket.send_str(f"{_CONNECT}{self._namespace},{_encode(auth).decode()}")
            answer = await self._socket.receive_str()
            while answer == _PING:
                await self._socket.send_str(_PONG)
                answer = await self._socket.receive_str()
        if answer.startswith(_CONNECT_ERROR):
            raise RefusedError(answer)

    async def run(self) -> None:
        """Hand out what comes in until the connection ends."""
        assert self._socket is not None
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._take(message.data)

    async def _take(self, packet: str) -> None:
        if packet.startswith(self._prefix_event):
            await self._on_event(self, packet[len(self._prefix_event) :])
        elif packet.startswith(self._prefix_ack):
            start = packet.index("[")
            on_ack = self._acks.pop(int(packet[len(self._prefix_ack) : start]), None)
            if on_ack is not None:
                await on_ack(self, packet[start:])
        elif packet == _PING and self._socket is not None:
            await self._socket.send_str(_PONG)

    async def call(self, arguments: bytes, on_ack: OnAck) -> None:
        """Send an event, `["name",argument,...]` as JSON, and hand its acknowledgement to `on_ack`."""
        assert self._socket is not None
        self._next_ack += 1
        self._acks[self._next_ack] = on_ack
        await self._socket.send_str(f"{self._prefix_event}{self._next_ack}{arguments.decode()}")

    async def close(self) -> None:
        """Leave. Nothing more is handed out."""
        if self._socket is not None:
            await self._socket.close()
