"""The chat with the official Socket.IO client, as a customer's browser has it."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.chat.conftest import Server
from tests.support import eventually

SCRIPT = Path(__file__).parents[1] / "node" / "chat.mjs"
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.service,
    pytest.mark.slow,
    pytest.mark.skipif(
        NODE is None or not (SCRIPT.parent / "node_modules" / "socket.io-client").exists(),
        reason="needs Node and the client from npm; make test installs both",
    ),
]


async def test_a_browser_talks_reloads_and_leaves(server: Server) -> None:
    """Acknowledged with its place, the same id again is the same message, what was missed comes with the welcome."""
    await server.house.sign_on("ann")
    page = await asyncio.create_subprocess_exec(
        str(NODE), str(SCRIPT), server.url, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert page.stdin is not None
    assert page.stdout is not None

    async def told(what: str) -> Any:
        async with asyncio.timeout(10):
            line = json.loads(await page.stdout.readline())  # type: ignore[union-attr]
        assert line["what"] == what, line
        return line["data"]

    assert (await told("refused"))["code"] == "unknown_entry_point"
    assert await told("acked") == {"ok": True, "seq": 1}
    assert await told("again") == {"ok": True, "seq": 1}
    (item,) = server.house.state.items
    await server.house.accept(item)
    await server.house.reply(item, "Bonjour Nora")
    page.stdin.write(b"go on\n")
    assert [message["text"] for message in await told("shown")] == ["Bonjour", "Bonjour Nora"]
    await told("away")
    await server.house.reply(item, "Encore là ?")
    page.stdin.write(b"go on\n")
    assert [(message["seq"], message["text"]) for message in await told("missed")] == [(3, "Encore là ?")]
    assert await told("left") == {"ok": True}
    await eventually(lambda: server.house.state.conversations[server.house.state.items[item].conversation].gone)
    page.stdin.close()
    assert await page.wait() == 0
