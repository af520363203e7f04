"""The house of the phone's tests with a real Socket.IO server in it, and browsers that speak with it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import socketio
from aiohttp import web

from channels.chat.namespace import NAMESPACE, Chat, register
from router.api.origins import Origins
from router.api.socket_wire import SocketRooms, SocketServer
from router.runtime.domain import Domain
from router.runtime.system import SystemIds
from router.runtime.typing_hub import TypingHub
from tests.phone.conftest import house, migrated
from tests.phone.house import SECRET, House
from tests.support import eventually

__all__ = ["house", "migrated"]

BUFFER_BYTES_MAX = 2_000_000


class Browser:
    """A customer's browser: remembers what it heard, and its token over a reload."""

    def __init__(self, url: str, *, site: str = "shop", origin: str = "", **auth: Any) -> None:
        self.url = url
        self.auth = {"site": site, **auth}
        self.headers = {"Origin": origin} if origin else {}
        self.heard: list[tuple[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.token = ""
        self.conversation = ""
        self.sio = socketio.AsyncClient(reconnection=False)

    async def __aenter__(self) -> "Browser":
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sio.disconnect()

    @property
    def last_seq(self) -> int:
        return self.messages[-1]["seq"] if self.messages else 0

    async def connect(self) -> None:
        """Connect, with the token and place of before if there are any."""
        self.sio = socketio.AsyncClient(reconnection=False)
        self.sio.on("*", self._hear, namespace=NAMESPACE)
        before = len(self.all("welcome"))
        resume = {"token": self.token, "last_seq": self.last_seq} if self.token else {}
        await self.sio.connect(
            self.url, transports=["websocket"], namespaces=[NAMESPACE], auth=self.auth | resume, headers=self.headers
        )
        await eventually(lambda: len(self.all("welcome")) > before)

    async def drop(self) -> None:
        """The connection is gone."""
        await self.sio.disconnect()

    async def _hear(self, event: str, data: Any) -> None:
        self.heard.append((event, data))
        if event == "welcome":
            self.token, self.conversation = data["token"], data["conversation"]
            self.messages += data["messages"]
        elif event == "message":
            self.messages.append(data)

    def all(self, event: str) -> list[Any]:
        """What was heard of this kind."""
        return [data for name, data in self.heard if name == event]

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages]

    async def ask(self, event: str, data: Any = None) -> dict[str, Any]:
        """Say something and wait for the answer."""
        answer: dict[str, Any] = await self.sio.call(event, data, namespace=NAMESPACE, timeout=10)
        return answer

    async def say(self, text: str, id: str = "") -> int:
        """Write a message; its place. Asserts that it was accepted."""
        answer = await self.ask("message", {"id": id or f"id-{text[:20]}", "text": text})
        assert answer["ok"], answer
        return int(answer["seq"])


class Server:
    """The house's chat server. `sio` is the Socket.IO server, `typing` who types."""

    def __init__(self, house: House, sio: socketio.AsyncServer, typing: TypingHub, url: str) -> None:
        self.house = house
        self.sio = sio
        self.typing = typing
        self.url = url

    def browser(self, **more: Any) -> Browser:
        return Browser(self.url, **more)

    async def item_of(self, browser: Browser) -> str:
        """The item of the browser's conversation."""
        conversation = await eventually(lambda: self.house.state.conversations.get(browser.conversation))
        assert conversation is not None
        return conversation.item


@contextlib.asynccontextmanager
async def served(house: House, domain: Domain | None = None) -> AsyncIterator[Server]:
    """A chat server of this house (of its node `domain`), on a free port. A restart is another one."""
    domain = domain or house.domain
    sio = SocketServer(
        async_mode="aiohttp",
        client_manager=SocketRooms(),
        async_handlers=False,
        max_http_buffer_size=BUFFER_BYTES_MAX,
        cors_allowed_origins=Origins((), domain).admitted,
    )
    typing = TypingHub()
    chat = Chat(
        gateway=domain,
        history=house.history,
        ids=SystemIds(),
        clock=house.clock,
        secret=SECRET,
        typing=typing,
        address_of=lambda environ: environ["REMOTE_ADDR"],
    )
    register(sio, chat)
    app = web.Application()
    sio.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield Server(house, sio, typing, f"http://{host}:{port}")
    finally:
        for sid, _ in list(sio.manager.get_participants(NAMESPACE, None)) if NAMESPACE in sio.manager.rooms else []:
            await sio.disconnect(sid, namespace=NAMESPACE)
        await sio.shutdown()
        async with asyncio.timeout(5):
            await eventually(lambda: not sio.eio.sockets)
        await runner.cleanup()


@pytest.fixture
async def server(house: House) -> AsyncIterator[Server]:
    async with served(house) as server:
        yield server
