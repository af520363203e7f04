"""An agent's desk in a test: python-socketio's own client, which keeps its view only from what is pushed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import socketio

from tests.api.house import House
from tests.support import eventually


class Desk:
    """One connected client. `view` is what the pushes make of it; `gaps` counts changes that did not fit on."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.client = socketio.AsyncClient(reconnection=False)
        self.position = 0
        self.views = 0
        self.view: dict[str, Any] = {}
        self.changes: list[dict[str, Any]] = []
        self.gaps = 0
        self.typing: list[dict[str, Any]] = []
        self.closing: dict[str, Any] = {}
        self.gone = asyncio.Event()
        on = self.client.on
        on("view", self._on_view, namespace="/agent")
        on("change", self._on_change, namespace="/agent")
        on("typing", self.typing.append, namespace="/agent")
        on("closing", self.closing.update, namespace="/agent")
        on("disconnect", lambda reason: self.gone.set(), namespace="/agent")

    async def connect(self, auth: Any) -> None:
        """Connect with this auth object."""
        await self.client.connect(self._house.url, auth=auth, namespaces=["/agent"], transports=["websocket"])

    async def act(self, event: str, **data: Any) -> dict[str, Any]:
        """Send an event and return its ack."""
        answer: dict[str, Any] = await self.client.call(event, data, namespace="/agent", timeout=5)
        return answer

    async def seen(self, position: int) -> None:
        """Wait until everything of this node up to a position was looked at: a marker command of ours was pushed."""
        await eventually(lambda: self.position >= position)

    def _on_view(self, body: dict[str, Any]) -> None:
        self.view, self.position = body["view"], body["position"]
        self.views += 1

    def _on_change(self, body: dict[str, Any]) -> None:
        self.changes.append(body)
        self.gaps += body["before"] != self.position
        self.position = body["position"]
        if "agent" in body["set"]:
            self.view["agent"] = body["set"]["agent"]
        self.view["followed"] = body["set"].get("followed", self.view["followed"])
        self.view["items"] |= body["set"].get("items", {})
        for item in body["drop"]:
            del self.view["items"][item]


@contextlib.asynccontextmanager
async def desk(house: House, login: str) -> AsyncIterator[Desk]:
    """A desk that is connected, has its view, and is known to be there."""
    one = Desk(house)
    await one.connect({"token": await house.token(login)})
    await eventually(lambda: one.views and one.view["agent"]["connected"])
    try:
        yield one
    finally:
        await one.client.disconnect()
