"""The shortest way onto a Socket.IO socket, and the fastest way off it.

`AsyncServer.emit` costs three tasks and two encodings a call (65-77 us of CPU, measured); what we push is encoded
once by us and differs between sockets in a few bytes at most. `put` therefore lays the finished text on the
engine.io socket's own queue, as `AsyncSocket.send` would. That is an inside of python-engineio: where it is not
what we know, `emit` is used instead, and `tests/api/test_socket_wire.py` notices.
"""

import asyncio
import inspect
from collections.abc import Mapping
from typing import Any

import msgspec
import socketio
from engineio import packet as engineio_packet
from engineio.async_socket import AsyncSocket
from socketio import packet

from router.api import limits
from router.api.engine import Engine
from router.api.entrance import HANDSHAKE
from router.api.outgoing import cut

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


class SocketRooms(socketio.AsyncManager):  # type: ignore[misc]
    """Who is where: a client is in two rooms, its own and everybody's, and leaves those.

    The library would search all rooms, one for each client: 5,000 that go at once took 2.6 s of CPU.
    """

    def basic_disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        """Forget a client."""
        for room in (sid, None):
            self.basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
                if not pending[namespace]:
                    del pending[namespace]


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """The library's server, which by itself would take an event that a client calls `connect` or `disconnect` for
    the real thing, on every namespace. Such events, those of strangers, and packets that are none, are not heard.

    What it leaves open is closed here: a connection that enters no namespace, and one whose client is known to be
    gone but whose end the network never tells.
    """

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: Mapping[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        self.eio.sockets[eio_sid].queue.connected(_transport(environ))
        self._look_later(eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        environ = self.environ.get(eio_sid)
        await super()._handle_eio_disconnect(eio_sid, reason)
        if environ is not None:
            asyncio.get_running_loop().call_later(limits.GOODBYE_S, cut, _transport(environ))

    async def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        await super()._handle_connect(eio_sid, namespace, data)
        environ = self.environ.get(eio_sid)
        if environ is not None and (handshake := environ["aiohttp.request"].get(HANDSHAKE)) is not None:
            handshake.over()

    def _look_later(self, eio_sid: str) -> None:
        asyncio.get_running_loop().call_later(limits.ENTER_S, self._look, eio_sid)

    def _look(self, eio_sid: str) -> None:
        """Cut a connection that is in no namespace: nobody is there, or nobody we know."""
        environ = self.environ.get(eio_sid)
        if environ is None:
            return
        if any(self.manager.sid_from_eio_sid(eio_sid, name) for name in self.namespace_handlers):
            self._look_later(eio_sid)
        else:
            cut(_transport(environ))

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


def _transport(environ: Mapping[str, Any]) -> asyncio.Transport | None:
    transport: asyncio.Transport | None = environ["aiohttp.request"].transport
    return transport
