"""What was said in chat conversations, by reference: the archive's part, and the part it does not have yet.

The tails are fed by the log and forgotten with their conversation, which the archive then has whole.
"""

from typing import Any

import msgspec

from channels.chat import limits
from channels.message import own_key
from router.core.conversation import Side
from router.core.events import MessageReceived, ReplySent
from router.core.state import State
from router.gateway import Applied, Content, Gateway, History


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Message `seq` of a conversation; its text lies under `content`. `agent` wrote it, or the customer."""

    seq: int
    side: Side
    agent: str
    at_ms: int
    content: str


class Transcripts:
    """Reads conversations in order and without gap."""

    def __init__(self, gateway: Gateway, history: History, secret: bytes) -> None:
        self._gateway = gateway
        self._history = history
        self._secret = secret
        self._tails: dict[str, dict[int, Part]] = {}

    def follow(self, applied: Applied, state: State) -> None:
        """Keep what an entry of the log says, as long as its conversation is in memory."""
        for event in applied.entry.events:
            if isinstance(event, MessageReceived | ReplySent):
                conversation = state.conversations.get(event.conversation)
                if conversation is not None and conversation.channel == "chat":
                    self._keep(event)
        for kind, id in applied.touched:
            if kind == "conversation" and id not in state.conversations:
                self._tails.pop(id, None)

    def _keep(self, event: MessageReceived | ReplySent) -> None:
        tail = self._tails.setdefault(event.conversation, {})
        agent = event.agent if isinstance(event, ReplySent) else ""
        tail[event.seq] = Part(
            seq=event.seq,
            side="agent" if agent else "customer",
            agent=agent,
            at_ms=event.at,
            content=event.message.content,
        )
        tail.pop(event.seq - limits.TAIL_MESSAGES_MAX, None)

    async def after(self, conversation: str, seq: int) -> list[Part]:
        """The messages past `seq`, up to the last one that is known without a gap."""
        tail = self._tails.get(conversation, {})
        record = self._gateway.state.conversations.get(conversation)
        if record is not None and all(wanted in tail for wanted in range(seq + 1, record.seq + 1)):
            return [tail[wanted] for wanted in range(seq + 1, record.seq + 1)]
        known = {row["seq"]: _part(row) for row in await self._history.messages(conversation, seq)}
        known |= self._tails.get(conversation, {})
        found = []
        while (part := known.get(seq + 1)) is not None:
            found.append(part)
            seq += 1
        return found

    async def reference(self, conversation: str) -> str:
        """What a conversation is called; '' for one that never was."""
        record = self._gateway.state.conversations.get(conversation)
        if record is not None:
            return record.reference
        thread = await self._history.find_thread((own_key(self._secret, conversation),))
        return thread.reference if thread is not None else ""

    async def seq_of(self, conversation: str, content: str) -> int:
        """Which message has this content; 0 for none."""
        if seq := self.in_tail(conversation, content):
            return seq
        for row in await self._history.messages(conversation):
            if row["content"] == content:
                return int(row["seq"])
        return 0

    def in_tail(self, conversation: str, content: str) -> int:
        """Which message of the part in memory has this content; 0 for none."""
        tail = self._tails.get(conversation, {})
        return next((part.seq for part in reversed(tail.values()) if part.content == content), 0)

    async def shown(self, parts: list[Part]) -> list[dict[str, Any]]:
        """The parts as a visitor sees them, in order, with their texts. A text that was erased is empty."""
        texts = await self._gateway.contents([part.content for part in parts])
        return [await self._message(part, data) for part, data in zip(parts, texts, strict=True)]

    async def text(self, content: str) -> str:
        """One text; empty when it was erased."""
        (data,) = await self._gateway.contents([content])
        return await self._text(data)

    async def _text(self, data: bytes | None) -> str:
        content = msgspec.json.decode(data, type=Content) if data else Content()
        if content.text_blob:
            return (await self._gateway.blob(content.text_blob) or b"").decode()
        return content.text

    async def _message(self, part: Part, data: bytes | None) -> dict[str, Any]:
        message: dict[str, Any] = {
            "seq": part.seq,
            "side": part.side,
            "text": await self._text(data),
            "at_ms": part.at_ms,
        }
        if part.side == "agent":
            agent = self._gateway.state.agents.get(part.agent)
            message["agent"] = agent.name if agent else ""
        return message


def _part(row: dict[str, Any]) -> Part:
    return Part(seq=row["seq"], side=row["side"], agent=row["agent"] or "", at_ms=row["at_ms"], content=row["content"])
