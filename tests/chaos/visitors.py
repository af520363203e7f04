"""Customers who chat: a page that keeps its token and last message, and comes back to any node with them.

A message is sent again under its own id until it is acknowledged, as the widget does.
"""

import asyncio
from typing import Any

from tests.chaos import centre, limits
from tests.chaos.journal import Said, Skipped
from tests.chaos.stage import Stage
from tests.chaos.wire import Lost, Wire

NAMESPACE = "/chat"
LINES_MAX = 3


class Visitors:
    """Begins chats. `open` are the pages that are connected."""

    def __init__(self, stage: Stage) -> None:
        self.open: set[Visitor] = set()
        self._stage = stage

    async def chat(self) -> None:
        """One visitor, from the first message to leaving."""
        visitor = Visitor(self._stage)
        self.open.add(visitor)
        try:
            for _ in range(self._stage.chance.randint(1, LINES_MAX)):
                if not await visitor.say():
                    return
                await visitor.hear()
                await self._stage.pause(limits.TYPE_S)
            await visitor.insist("leave", None)
            self._stage.counts["chats"] += 1
        finally:
            self.open.discard(visitor)
            await visitor.close()


class Visitor:
    """One page."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._hello: dict[str, Any] = {"site": centre.SITE, "language": "en"}
        self._conversation = ""
        self._shown = 0
        self._heard = asyncio.Event()
        self._welcomed = asyncio.Event()
        self._url = ""
        self._wire: Wire | None = None

    def _on_event(self, name: str, body: Any) -> None:
        if name == "welcome":
            self._hello["token"], self._conversation = body["token"], body["conversation"]
            for message in body["messages"]:
                self._show(message)
            self._welcomed.set()
        elif name == "message":
            self._show(body)

    def _show(self, message: dict[str, Any]) -> None:
        """One that was shown already comes again from a node that is behind: as in the widget, it is left out."""
        seq = message["seq"]
        if seq > self._shown + 1:
            self._stage.note(Skipped(conversation=self._conversation, after=self._shown, seq=seq))
        self._shown = max(self._shown, seq)
        if message["side"] == "agent":
            self._heard.set()

    async def say(self) -> bool:
        """Say something; whether it was acknowledged."""
        mark = self._stage.mark("chat")
        answer = await self.insist("message", {"id": mark, "text": f"I have a question. [{mark}]"})
        if answer is None:
            return False
        self._stage.note(Said(mark=mark, conversation=self._conversation, seq=answer["seq"]))
        self._stage.counts["chat messages"] += 1
        return True

    async def hear(self) -> None:
        """Wait a while for an answer."""
        self._heard.clear()
        try:
            async with asyncio.timeout(limits.ANSWER_S_MAX):
                await self._heard.wait()
        except TimeoutError:
            return

    async def insist(self, event: str, body: Any) -> dict[str, Any] | None:
        """Send until it is acknowledged; None when it is refused for good, or never."""
        until = asyncio.get_running_loop().time() + limits.INSIST_S_MAX
        while asyncio.get_running_loop().time() < until:
            try:
                answer = await (await self._connected()).call(event, body)
            except Lost:
                await self.close()
                self._stage.counts["chat tried again"] += 1
                await self._stage.pause(limits.AGAIN_S)
                continue
            if answer["ok"]:
                return answer
            if answer["code"] not in ("unavailable", "too_fast"):
                self._stage.counts[f"chat refused {answer['code']}"] += 1
                return None
            await asyncio.sleep(answer.get("retry_ms", 0) / 1_000)
            await self._stage.pause(limits.AGAIN_S)
        self._stage.counts["chat given up"] += 1
        return None

    async def _connected(self) -> Wire:
        if self._wire is None or not self._wire.up:
            await self.close()
            self._url = self._stage.url(but=self._url)
            hello = self._hello | ({"last_seq": self._shown} if "token" in self._hello else {})
            self._welcomed.clear()
            self._wire = await Wire.connect(self._stage.session, self._url, NAMESPACE, hello, self._on_event)
            await self._wire.within(self._welcomed.wait())
        return self._wire

    def cut(self) -> None:
        """Pull the cable."""
        if self._wire is not None:
            self._wire.cut()

    async def close(self) -> None:
        """Close the page."""
        if self._wire is not None:
            await self._wire.close()
        self._wire = None
