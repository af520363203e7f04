"""Customers who chat: browsers as the server sees them, over python-socketio, with reloads in the middle.

A message is sent again under its own id until it is acknowledged, as the widget does. A screen that is shown a
sequence with a gap says so in the journal: that is a lost message.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import socketio
from socketio.exceptions import SocketIOError

from router.bench import limits
from router.bench.checker import marks
from router.bench.journal import Missed, Promised, Received, Sent
from router.bench.players.stage import Stage

NAMESPACE = "/chat"
LINES = ("Good morning, I have a question.", "It is about my file.", "And how long will it take?", "Thank you!")


class Chatters:
    """Begins chats on these sites, in these languages."""

    def __init__(self, stage: Stage, sites: Sequence[str], languages: Sequence[str]) -> None:
        self._stage = stage
        self._sites = sites
        self._languages = languages

    async def chat(self) -> None:
        """One customer, from the first message to leaving."""
        chance = self._stage.chance
        visitor = Visitor(self._stage, chance.choice(self._sites), chance.choice(self._languages))
        await visitor.connect()
        try:
            await self._talk(visitor)
        finally:
            await visitor.close()

    async def _talk(self, visitor: "Visitor") -> None:
        chance = self._stage.chance
        if not await visitor.say(LINES[0]):
            return
        self._stage.count("chat", "in")
        if chance.random() < limits.SHARES["leave"]:
            await self._stage.pause(*limits.TYPE_S)
            await visitor.leave()
            return
        reload_at = 1 if chance.random() < limits.SHARES["reload"] else 0
        for number, line in enumerate(LINES[1 : chance.randint(2, len(LINES))], 1):
            if not await visitor.answered():
                break
            await self._stage.pause(*limits.TYPE_S)
            if number == reload_at:
                await visitor.reload()
            if not await visitor.say(line):
                break
        await visitor.answered()
        await visitor.leave()


class Visitor:
    """One browser page on a chat site."""

    def __init__(self, stage: Stage, site: str, language: str) -> None:
        self._stage = stage
        self._hello: dict[str, Any] = {"site": site, "language": language}
        self._shown = 0
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        self._sio: socketio.AsyncClient | None = None

    async def connect(self) -> None:
        """Open the page. Raises SocketIOError when the server does not let it in."""
        sio = self._sio = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        sio.on("welcome", self._welcomed, namespace=NAMESPACE)
        sio.on("message", self._show, namespace=NAMESPACE)
        await sio.connect(self._stage.url, auth=self._hello, namespaces=[NAMESPACE], transports=["websocket"])

    async def close(self) -> None:
        """Close the page; the server hears of it only as a lost connection."""
        if self._sio is not None:
            await self._sio.disconnect()

    async def reload(self) -> None:
        """Close the page and open it again, with the token and the last message that it kept."""
        await self.close()
        self._hello["last_seq"] = self._shown
        await self.connect()
        self._stage.count("chat", "reloaded")

    async def _welcomed(self, body: dict[str, Any]) -> None:
        self._hello["token"] = body["token"]
        for message in body["messages"]:
            await self._show(message)

    async def _show(self, message: dict[str, Any]) -> None:
        seq = message["seq"]
        if seq != self._shown + 1:
            self._stage.note(Missed(channel="chat", after=self._shown, seq=seq))
        self._shown = max(self._shown, seq)
        if message["side"] == "agent":
            for mark in marks(message):
                self._stage.note(Received(channel="chat", mark=mark))
                self._heard.put_nowait(mark)

    async def answered(self) -> bool:
        """Wait for an agent's message; whether one came."""
        try:
            async with asyncio.timeout(limits.ANSWER_S_MAX):
                await self._heard.get()
        except TimeoutError:
            return False
        return True

    async def say(self, text: str) -> bool:
        """Send a message until it is acknowledged; whether it was."""
        mark = self._stage.mark("chat")
        body = {"id": mark, "text": f"{text} [{mark}]"}
        self._stage.note(Sent(channel="chat", mark=mark))
        await self._call("typing", {"on": True})
        for _ in range(limits.CHAT_TRIES_MAX):
            answer = await self._call("message", body)
            if answer.get("ok"):
                self._stage.note(Promised(channel="chat", mark=mark))
                return True
            await asyncio.sleep(answer.get("retry_ms", 0) / 1_000)
        return False

    async def leave(self) -> None:
        """End the conversation for good."""
        await self._call("leave", None)

    async def _call(self, event: str, body: Any) -> dict[str, Any]:
        assert self._sio is not None
        try:
            answer: dict[str, Any] = await self._sio.call(event, body, namespace=NAMESPACE, timeout=limits.ACT_S_MAX)
        except (SocketIOError, TimeoutError):
            return {}
        if not answer.get("ok"):
            self._stage.count("refused", f"chat {event} {answer.get('code')}")
        return answer
