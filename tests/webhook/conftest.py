"""The house of the phone's tests with a webhook sender in it, and real HTTP receivers around it."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from channels.webhook.sender import WebhookSender
from tests.phone.conftest import house, migrated
from tests.phone.house import House
from tests.support import eventually

__all__ = ["house", "migrated"]

HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the published test secret of Standard Webhooks
RETRY_S = (0.01, 0.01, 0.01)
LOOPBACK = ("127.0.0.0/8",)


class Receiver:
    """An integrator's server. Verifies each request, remembers it, and answers as the test wants."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.stamps: list[str] = []
        self.answer: Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]] = self.fine

    async def fine(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=204)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body: dict[str, Any] = Webhook(HOOK_SECRET).verify(raw, dict(request.headers))
        self.heard.append(body)
        self.ids.append(request.headers["webhook-id"])
        self.stamps.append(request.headers["webhook-timestamp"])
        return await self.answer(request, body)

    def types(self, item: str = "") -> list[str]:
        """What was heard, of one item or at all."""
        return [body["type"] for body in self.heard if not item or body["data"].get("item") == item]


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def second() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@contextlib.asynccontextmanager
async def sending(house: House, **more: Any) -> AsyncIterator[WebhookSender]:
    """A running sender of this house."""
    options: dict[str, Any] = {
        "secret_of": {"hook": HOOK_SECRET}.get,
        "chance": random.Random(7).random,
        "private_targets": LOOPBACK,
        "retry_s": RETRY_S,
    }
    sender = WebhookSender(house.domain, house.clock, **options | more)
    task = asyncio.create_task(sender.run())
    try:
        yield sender
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def sender(house: House) -> AsyncIterator[WebhookSender]:
    async with sending(house) as sender:
        yield sender


def left(house: House, endpoint: str = "pbx") -> int:
    """Entries that this endpoint's group has not finished (looks at the store, as an operator would)."""
    world = house.world
    group = world.groups.get(("webhook", f"endpoint:{endpoint}"))
    if group is None:
        return 0
    return len(group.pending) + sum(seq > group.last for seq in world.outboxes.get("webhook", {}))


async def finished(house: House, endpoint: str = "pbx") -> None:
    """Wait until nothing is left to send."""
    await eventually(lambda: left(house, endpoint) == 0)
