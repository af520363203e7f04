"""Pushes: each connected agent holds a copy of their view, and hears of every change to it, in order.

A listener of the follower. For each entry it asks whom the touched records concern, makes their views anew and
sends what differs from what they were shown. So an old view and its changes always equal a fresh view, whatever
the command was; a test proves it for every command. A socket that does not keep up is cut off (see `outgoing`), and
gets a whole view when it comes back: nothing is ever repeated, skipped or re-ordered.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import socketio
from engineio.async_socket import AsyncSocket

from router.api import limits
from router.api.outgoing import cut
from router.api.rights import Principal
from router.api.socket_wire import packed, put
from router.core.state import State
from router.core.views import agent_summary, agent_view, followed_view, holders, own_view
from router.gateway import Applied, Gateway

_encode = msgspec.json.Encoder().encode
_OTHER_CENTRE = frozenset({"team"})


class Client:
    """One connected socket: who it is, and where its view stands. `gone`: it ended. `lost`: the core takes it for gone
    (or it is)."""

    __slots__ = ("engine", "gone", "id", "leaving", "lost", "position", "principal", "sid", "transport")

    def __init__(
        self, sid: str, id: str, principal: Principal, engine: AsyncSocket, transport: asyncio.Transport | None
    ) -> None:
        self.sid = sid
        self.id = id
        self.principal = principal
        self.engine = engine
        self.transport = transport
        self.position = 0
        self.gone = asyncio.Event()
        self.lost = asyncio.Event()
        self.leaving = False


class _Shown:
    """What all clients of one agent were shown, encoded: their own part, each item of theirs, what they follow."""

    __slots__ = ("clients", "followed", "items", "me")

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.me = b""
        self.followed = b"[]"
        self.items: dict[str, bytes] = {}


class Pusher:
    """Keeps the views of this node's connected agents true. `good` says whether a client may still be told things."""

    def __init__(self, sio: socketio.AsyncServer, gateway: Gateway, good: Callable[[Principal], bool]) -> None:
        self._sio = sio
        self._gateway = gateway
        self._good = good
        self._shown: dict[str, _Shown] = {}
        self._showing: dict[str, dict[str, str]] = {}
        self._in_conversation: dict[str, dict[str, None]] = {}
        self._position = 0

    # -- clients ----------------------------------------------------------------------------------------------

    def join(self, client: Client) -> None:
        """Give a client its whole view; from here on it hears of changes. The agent exists."""
        agent = client.principal.agent
        shown = self._shown.setdefault(agent, _Shown())
        shown.clients[client.sid] = client
        self._position = self._gateway.position
        self._remember(self._gateway.state, agent, shown)
        self._welcome(client, shown)

    def leave(self, client: Client) -> None:
        """Forget a client."""
        agent = client.principal.agent
        shown = self._shown.get(agent)
        if shown is None or shown.clients.pop(client.sid, None) is None:
            return
        if not shown.clients:
            for item in list(shown.items):
                self._hide(item, agent)
            del self._shown[agent]

    def clients(self) -> list[Client]:
        """Everybody who is connected here."""
        return [client for shown in self._shown.values() for client in shown.clients.values()]

    def of(self, agent: str) -> Iterable[Client]:
        """The clients of an agent here."""
        shown = self._shown.get(agent)
        return list(shown.clients.values()) if shown is not None else ()

    def waiting_bytes(self) -> int:
        """What all sockets of this node together have not taken yet."""
        return sum(socket.queue.bytes for socket in self._sio.eio.sockets.values())

    def tell(self, client: Client, event: str, body: Any) -> None:
        """Send one client something that is no part of its view."""
        self._put(client, packed(event, _encode(body)))

    def goodbye(self, client: Client, code: str, detail: str) -> None:
        """Tell a client why it has to go, stop telling it anything else, and cut the connection shortly after."""
        if client.leaving:
            return
        self.tell(client, "closing", {"code": code, "detail": detail})
        client.leaving = True
        asyncio.get_running_loop().call_later(limits.GOODBYE_S, cut, client.transport)

    # -- the follower's listener ----------------------------------------------------------------------------

    def __call__(self, applied: Applied, state: State) -> None:
        """Push what the entry changed."""
        self._position = applied.position
        if not self._shown:
            return
        items: dict[str, None] = {}
        agents: dict[str, None] = {}
        for kind, id in applied.touched:
            self._concern(state, kind, id, items, agents)
        changes: dict[str, tuple[dict[str, bytes], list[str]]] = {agent: ({}, []) for agent in agents}
        for item in items:
            self._compare(state, item, changes)
        for agent, (put_items, dropped) in changes.items():
            self._send(state, agent, put_items, dropped)

    def _concern(self, state: State, kind: str, id: str, items: dict[str, None], agents: dict[str, None]) -> None:
        """Which items and connected agents a touched record may show in."""
        if kind == "item":
            self._concern_item(state, id, items, agents)
        elif kind == "conversation":
            items.update(self._in_conversation.get(id, {}))
        elif kind == "delivery":
            delivery = state.deliveries.get(id)
            if delivery is not None:
                items.update(self._in_conversation.get(delivery.conversation, {}))
        elif kind in ("agent", "presence"):
            if id in self._shown:
                agents[id] = None
        elif kind in _OTHER_CENTRE:
            agents.update(dict.fromkeys(self._shown))

    def _concern_item(self, state: State, id: str, items: dict[str, None], agents: dict[str, None]) -> None:
        """Beside who has it: who follows it, and who asked in it about another item."""
        items[id] = None
        record = state.items.get(id)
        if record is None:
            return
        agents.update((agent, None) for agent in record.followers if agent in self._shown)
        if record.consults:
            items[record.consults] = None

    def _compare(self, state: State, item: str, changes: dict[str, tuple[dict[str, bytes], list[str]]]) -> None:
        """Note for whom an item is new or different, and for whom it is gone."""
        record = state.items.get(item)
        now = holders(record) if record is not None else ()
        for before in list(self._showing.get(item, ())):
            if before not in now:
                self._hide(item, before)
                changes.setdefault(before, ({}, []))[1].append(item)
        for agent in now:
            if agent in self._shown:
                body = _encode(own_view(state, item, agent))
                change = changes.setdefault(agent, ({}, []))
                if self._shown[agent].items.get(item) != body:
                    self._show(state, item, body, agent)
                    change[0][item] = body

    def _send(self, state: State, agent: str, items: dict[str, bytes], dropped: list[str]) -> None:
        shown = self._shown[agent]
        record = state.agents.get(agent)
        if record is None or record.disabled:
            for client in list(shown.clients.values()):
                self.goodbye(client, "agent_disabled", "Your agent was disabled. Ask your supervisor.")
            return
        parts: list[bytes] = []
        me = _encode(agent_summary(state, agent))
        if me != shown.me:
            shown.me = me
            parts.append(b'"agent":' + me)
        if items:
            parts.append(b'"items":{' + b",".join(_encode(id) + b":" + body for id, body in items.items()) + b"}")
        followed = _encode(followed_view(state, agent))
        if followed != shown.followed:
            shown.followed = followed
            parts.append(b'"followed":' + followed)
        if not parts and not dropped:
            return
        rest = (b',"set":{' + b",".join(parts) + b'},"drop":' + _encode(dropped) + b"}").decode()
        for client in list(shown.clients.values()):
            head = f'2/agent,["change",{{"position":{self._position},"before":{client.position}'
            client.position = self._position
            self._push(client, f"{head}{rest}]")

    # -- what was shown ---------------------------------------------------------------------------------------

    def reset(self, state: State, position: int) -> None:
        """The follower loaded its state anew: everybody gets their whole view again."""
        self._position = position
        self._showing.clear()
        self._in_conversation.clear()
        for agent, shown in list(self._shown.items()):
            shown.items.clear()
            if agent not in state.agents or state.agents[agent].disabled:
                for client in list(shown.clients.values()):
                    self.goodbye(client, "agent_disabled", "Your agent was disabled. Ask your supervisor.")
                continue
            self._remember(state, agent, shown)
            for client in list(shown.clients.values()):
                self._welcome(client, shown)

    def _remember(self, state: State, agent: str, shown: _Shown) -> None:
        """Make what was shown equal to the agent's view now (nothing is sent)."""
        view = agent_view(state, agent)
        shown.me = _encode(view["agent"])
        shown.followed = _encode(view["followed"])
        for item, body in view["items"].items():
            self._show(state, item, _encode(body), agent)

    def _show(self, state: State, item: str, body: bytes, agent: str) -> None:
        conversation = state.items[item].conversation
        self._shown[agent].items[item] = body
        self._showing.setdefault(item, {})[agent] = conversation
        self._in_conversation.setdefault(conversation, {})[item] = None

    def _hide(self, item: str, agent: str) -> None:
        self._shown[agent].items.pop(item, None)
        showing = self._showing[item]
        conversation = showing.pop(agent)
        if showing:
            return
        del self._showing[item]
        others = self._in_conversation[conversation]
        del others[item]
        if not others:
            del self._in_conversation[conversation]

    def _welcome(self, client: Client, shown: _Shown) -> None:
        client.position = self._position
        items = b",".join(_encode(id) + b":" + body for id, body in sorted(shown.items.items()))
        view = b'{"agent":' + shown.me + b',"items":{' + items + b'},"followed":' + shown.followed + b"}"
        self._push(client, packed("view", b'{"position":%d,"view":%b}' % (self._position, view)))

    # -- one socket -------------------------------------------------------------------------------------------

    def _push(self, client: Client, text: str) -> None:
        """Send, but only to somebody who may still hear it."""
        if self._good(client.principal):
            self._put(client, text)
        else:
            self.goodbye(client, "session_ended", "Your session ended. Log in again.")

    def _put(self, client: Client, text: str) -> None:
        if not client.leaving:
            put(self._sio, client.sid, client.engine, text)
