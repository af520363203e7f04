"""The shortest way onto a Socket.IO socket, and the fastest way off it.

`AsyncServer.emit` costs three tasks and two encodings a call (65-77 us of CPU, measured); what we push is encoded
once by us and differs between sockets in a few bytes at most. `put` therefore lays the finished text on the
engine.io socket's own queue, as `AsyncSocket.send` would. That is an inside of python-engineio: where it is not
what we know, `emit` is used instead, and `tests/api/test_socket_wire.py` notices.
"""

import asyncio
import inspect
from typing import Any

import msgspec
import socketio
from engineio import packet as engineio_packet
from engineio.async_socket import AsyncSocket
from socketio import packet

NAMESPACE = "/agent"
RESERVED = frozenset({"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"})
"""Names that the Socket.IO protocol keeps for itself."""
_HEARD = frozenset({packet.CONNECT, packet.DISCONNECT, packet.EVENT})
FAST = hasattr(AsyncSocket, "send") and list(inspect.signature(engineio_packet.Packet).parameters)[:2] == [
    "packet_type",
    "data",
]
"""Whether the inside of python-engineio is the one that `put` knows."""

_encode = msgspec.json.Encoder().encode
_fallbacks: set[asyncio.Task[None]] = set()


class SocketPacket(packet.Packet):  # type: ignore[misc]
    """A packet as a client may send it: text, to connect, to say something or to go. What is none of these, or cannot
    be read, is an event without data, which `SocketServer` does not hear; the library would log a stack for each."""

    def decode(self, encoded_packet: str | bytes) -> int:
        """Decode; there are never attachments to wait for."""
        try:
            super().decode(encoded_packet)
        except (ValueError, IndexError, TypeError):
            self.packet_type = packet.CONNECT_ERROR
        if self.packet_type not in _HEARD:
            self.packet_type, self.namespace, self.id, self.data = packet.EVENT, None, None, None
        return 0


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """The library's server, which by itself would take an event that a client calls `connect` or `disconnect` for
    the real thing, on every namespace. Such events, those of strangers, and packets that are none, are not heard."""

    async def _handle_event(self, eio_sid: str, namespace: str, id: int | None, data: Any) -> None:
        known = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if known and isinstance(data, list) and data and isinstance(data[0], str) and data[0] not in RESERVED:
            await super()._handle_event(eio_sid, namespace, id, data)


class SocketJson:
    """JSON for python-socketio by msgspec: the same bytes, in a tenth of the time."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        """Encode, without spaces."""
        return _encode(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        """Decode. Raises ValueError for what is no JSON, as the library expects."""
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(str(error)) from error


def packed(event: str, body: bytes) -> str:
    """The text of a Socket.IO event of our namespace whose single argument is already JSON."""
    return f'2{NAMESPACE},["{event}",{body.decode()}]'


def engine_socket(sio: socketio.AsyncServer, sid: str) -> AsyncSocket | None:
    """The engine.io socket beneath a client of our namespace; None once it is gone."""
    found: AsyncSocket | None = sio.eio.sockets.get(sio.manager.eio_sid_from_sid(sid, NAMESPACE))
    return found


def put(sio: socketio.AsyncServer, sid: str, socket: AsyncSocket, text: str) -> None:
    """Send a text made by `packed` to one client, after everything put before."""
    if FAST:
        if not socket.closed:
            socket.queue.put_nowait(engineio_packet.Packet(engineio_packet.MESSAGE, text))
        return
    event, body = msgspec.json.decode(text.partition(",")[2])
    task = asyncio.create_task(sio.emit(event, body, to=sid, namespace=NAMESPACE))
    _fallbacks.add(task)
    task.add_done_callback(_fallbacks.discard)


def waiting(socket: AsyncSocket) -> int:
    """How many packets the client has not taken yet."""
    return int(socket.queue.qsize())


def cut(transport: asyncio.Transport | None) -> None:
    """Cut a connection now, without a word: also when the client does not read any more.

    `AsyncServer.disconnect` would wait until the client has taken what is queued.
    """
    if transport is not None:
        transport.abort()
