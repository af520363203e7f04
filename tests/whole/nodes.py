"""Several nodes that are one system: on one Redis and one PostgreSQL, each with a folder of its own."""

import asyncio
import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import socketio

from tests.support import eventually, eventually_true
from tests.whole.server import PASSWORD, Server


class Nodes:
    """The nodes of one system; `more` are settings that all of them have."""

    def __init__(self, folder: Path, redis_url: str, database_url: str, **more: str) -> None:
        self._folder = folder
        self._shared = {
            "FIRSTLINE_REDIS_URL": redis_url,
            "FIRSTLINE_DATABASE_URL": database_url,
            "FIRSTLINE_SECRET": secrets.token_urlsafe(32),
            "FIRSTLINE_BLOBS_URL": f"file://{folder}/blobs",
            **more,
        }
        self.made: list[Server] = []

    def node(self, name: str, **settings: str) -> Server:
        """Another node, not started yet."""
        folder = self._folder / name
        folder.mkdir()
        self.made.append(Server(folder, self._shared | settings))
        return self.made[-1]

    def end(self) -> None:
        """Stop what still runs."""
        for node in self.made:
            if node.started and node.process.poll() is None:
                assert node.stop() == 0, (node.folder / "log").read_text()[-3000:]


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis of an operator's own, safe as they must set it up; its URL."""
    server = shutil.which("redis-server")
    assert server is not None
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", ""]
    options += ["--appendonly", "yes", "--appendfsync", "always"]
    process = subprocess.Popen([server, *options], stdout=subprocess.DEVNULL)
    try:
        eventually_true(socket.exists)
        yield f"unix://{socket}"
    finally:
        process.kill()
        process.wait()


def logged(node: Server, event: str) -> list[dict[str, Any]]:
    """What a node has logged under this name."""
    lines = (node.folder / "log").read_text().splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{") and f'"{event}"' in line]
    return [line for line in found if line["event"] == event]


def writer(*nodes: Server) -> Server:
    """The node that decides: the one that took the lease last."""
    return max(nodes, key=lambda node: max((line["epoch"] for line in logged(node, "lease_acquired")), default=0))


class Ann:
    """The agent Ann at a desk: a client of one node at a time, whose view is only what that node tells."""

    def __init__(self) -> None:
        self.client = socketio.AsyncClient(reconnection=False)
        self.view: dict[str, Any] = {}
        self.client.on("view", self._see, namespace="/agent")
        self.client.on("change", self._change, namespace="/agent")

    async def come(self, node: Server) -> None:
        """Log in at this node, and wait for the first view."""
        body = json.dumps({"login": "ann", "password": PASSWORD}).encode()
        status, answer = await asyncio.to_thread(node.request, "POST", "/api/v1/login", body)
        assert status == 200, answer
        self.view = {}
        auth = {"token": answer["access_token"]}
        await self.client.connect(node.url, auth=auth, namespaces=["/agent"], transports=["websocket"])
        await eventually(lambda: self.view)

    async def act(self, event: str, **data: Any) -> dict[str, Any]:
        """Do something; what the server says to it."""
        answer: dict[str, Any] = await self.client.call(event, data, namespace="/agent", timeout=10)
        return answer

    async def has(self, state: str, within_s: float = 10.0) -> str:
        """Wait for an item of hers in this state."""
        found: str = await eventually(
            lambda: next((id for id, item in self.view["items"].items() if item["state"] == state), ""), within_s
        )
        return found

    def _see(self, body: dict[str, Any]) -> None:
        self.view = body["view"]

    def _change(self, body: dict[str, Any]) -> None:
        if "agent" in body["set"]:
            self.view["agent"] = body["set"]["agent"]
        self.view["items"] |= body["set"].get("items", {})
        for item in body["drop"]:
            del self.view["items"][item]
