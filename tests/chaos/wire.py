"""A Socket.IO client that can be cut: one websocket, one namespace (Engine.IO 4, Socket.IO protocol revision 5)."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, TypeAlias

import aiohttp
import msgspec

from tests.chaos import limits

OnEvent: TypeAlias = Callable[[str, Any], None]
"""Told the name and the body of each event."""

_encode = msgspec.json.encode
_decode = msgspec.json.decode


class Lost(Exception):
    """No connection, or no answer: whether it was done is not known."""


class Wire:
    """One connection. Made by `connect`, it serves until it is lost."""

    def __init__(self, web: aiohttp.ClientWebSocketResponse, namespace: str, on_event: OnEvent) -> None:
        self._web = web
        self._namespace = namespace
        self._on_event = on_event
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self._numbers = count(1)
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(
        cls, session: aiohttp.ClientSession, url: str, namespace: str, auth: Any, on_event: OnEvent
    ) -> "Wire":
        """Open the websocket and enter the namespace. Raises Lost."""
        try:
            async with asyncio.timeout(limits.REQUEST_S_MAX):
                web = await session.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket", max_msg_size=0)
                await web.receive_str()
                await web.send_str(f"40{namespace},{_encode(auth).decode()}")
                while (answer := await web.receive_str()) == "2":
                    await web.send_str("3")
        except (aiohttp.ClientError, TypeError, OSError) as error:
            raise Lost(type(error).__name__) from error
        if not answer.startswith(f"40{namespace}"):
            await web.close()
            raise Lost(answer)
        return cls(web, namespace, on_event)

    async def _read(self) -> None:
        try:
            async for message in self._web:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(message.data)
        finally:
            for answer in self._acks.values():
                answer.cancel()

    async def _take(self, packet: str) -> None:
        if packet == "2":
            await self._web.send_str("3")
        elif packet.startswith("42"):
            name, *arguments = _decode(packet[packet.index(",") + 1 :])
            self._on_event(name, arguments[0] if arguments else None)
        elif packet.startswith("43"):
            number, bracket, rest = packet[packet.index(",") + 1 :].partition("[")
            answer = self._acks.pop(int(number), None)
            if answer is not None and not answer.done():
                answer.set_result(_decode(bracket + rest)[0])

    async def call(self, event: str, body: Any) -> dict[str, Any]:
        """Send an event; its acknowledgement. Raises Lost when none comes in time."""
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._acks[number] = answer
        try:
            async with asyncio.timeout(limits.ACT_S_MAX):
                await self._web.send_str(f"42{self._namespace},{number}{_encode([event, body]).decode()}")
                await asyncio.wait({answer})
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            raise Lost(type(error).__name__) from error
        finally:
            self._acks.pop(number, None)
        if answer.cancelled():
            raise Lost("the connection was lost")
        return answer.result()

    async def within(self, event: Awaitable[Any]) -> None:
        """Wait for something that the server should say. Raises Lost when it does not say it in time."""
        try:
            async with asyncio.timeout(limits.ACT_S_MAX):
                await event
        except TimeoutError:
            raise Lost("said nothing") from None

    @property
    def up(self) -> bool:
        """Whether the connection is there, as far as is known."""
        return not self._reader.done()

    def cut(self) -> None:
        """End the connection as a pulled cable does: nobody says goodbye."""
        end: socket.socket | None = self._web.get_extra_info("socket")
        if end is not None:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Leave."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._web.close()
