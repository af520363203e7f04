"""One visitor's screen: kept equal to the conversation, in order and without gap, whatever was missed.

It is driven by comparison, not by events: when something about the conversation changed, it looks at what is so
now, and sends the difference to what it has shown.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias

from channels.chat import limits
from channels.chat.transcript import Transcripts
from channels.chat.visitor import Visitor
from router.core.conversation import Conversation
from router.core.item import AT_HEAD, WorkItem
from router.core.state import State
from router.gateway import Gateway, StoreError


class Emit(Protocol):
    """Sends one event to the socket of this screen."""

    def __call__(self, event: str, data: dict[str, Any]) -> Awaitable[None]: ...


Expects: TypeAlias = Callable[[str], Mapping[str, Any] | None]
"""The estimate for an item (`position`, `low_ms`, `high_ms`); None for one that does not wait."""


class Screen:
    """What one socket shows. `shown` is the last message it has, by the client's own word at first."""

    def __init__(
        self,
        gateway: Gateway,
        transcripts: Transcripts,
        *,
        visitor: Visitor,
        token: str,
        language: str,
        shown: int,
        emit: Emit,
        expects: Expects,
    ) -> None:
        """`language` is the one that the visitor's browser asks for; '' for none."""
        self.visitor = visitor
        self.agent_types = False
        self._gateway = gateway
        self._transcripts = transcripts
        self._token = token
        self.language = language
        self._reference = ""
        self._shown = shown
        self._emit = emit
        self._expects = expects
        self._waiting: dict[str, int] | None = None
        self._waiting_next = 0.0
        self._seen = 0
        self._state: dict[str, Any] | None = None
        self._typing = False
        self._changed = asyncio.Event()

    def touch(self) -> None:
        """Something about the conversation may have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Welcome the visitor, then show what changes, until cancelled."""
        await self._with_the_store(self._welcome)
        while True:
            await self._with_the_store(self._show)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limits.LOOK_S):
                    await self._changed.wait()
            self._changed.clear()

    async def _with_the_store(self, show: Callable[[], Awaitable[None]]) -> None:
        """A store that is down for a while delays what is shown; nothing is lost by it."""
        while True:
            try:
                return await show()
            except StoreError:
                await asyncio.sleep(limits.RETRY_S)

    async def _welcome(self) -> None:
        """Token and conversation to keep, and what was missed; `position` is where in the log this is true."""
        position = self._gateway.position
        conversation = self._gateway.state.conversations.get(self.visitor.conversation)
        if conversation is not None and self._shown > conversation.seq:
            self._shown = 0  # the page remembers what never was: it gets everything anew
        parts = await self._transcripts.after(self.visitor.conversation, self._shown)
        missed = await self._transcripts.shown(parts[: limits.WELCOME_MESSAGES_MAX])
        if missed or self._shown:
            self._reference = await self._transcripts.reference(self.visitor.conversation)
        welcome = {
            "token": self._token,
            "conversation": self.visitor.conversation,
            "messages": missed,
            "position": position,
        }
        await self._emit("welcome", welcome | self._called())
        self._shown += len(missed)

    def _called(self) -> dict[str, str]:
        """What the conversation is called, once it is one."""
        return {"reference": self._reference} if self._reference else {}

    async def _show(self) -> None:
        await self._show_messages()
        conversation = self._gateway.state.conversations.get(self.visitor.conversation)
        seen = conversation.shown("agent") if conversation else 0
        if seen > self._seen:
            self._seen = seen
            await self._emit("delivered", {"up_to": seen})
        await self._show_state(conversation)
        await self._show_waiting(conversation)
        if self.agent_types != self._typing:
            self._typing = self.agent_types
            await self._emit("typing", {"on": self._typing})

    async def _show_state(self, conversation: Conversation | None) -> None:
        """What was last told of a closed conversation stays so when it leaves memory."""
        if conversation is not None:
            self._reference = conversation.reference
        elif not self._shown or (self._state is not None and self._state["state"] == "closed"):
            return
        state = state_of(self._gateway.state, self.visitor.conversation, self.language) | self._called()
        if state != self._state:
            self._state = state
            await self._emit("state", dict(state))

    async def _show_waiting(self, conversation: Conversation | None) -> None:
        """Where the visitor stands and how long it may take, when that changed, and not more often than people read."""
        if conversation is None or self._state is None or self._state["state"] != "queued":
            self._waiting, self._waiting_next = None, 0.0
            return
        now = asyncio.get_running_loop().time()
        if now < self._waiting_next:
            return
        found = waiting_of(self._expects(conversation.item))
        if found is not None and found != self._waiting:
            self._waiting, self._waiting_next = found, now + limits.WAITING_S
            await self._emit("waiting", dict(found))

    async def _show_messages(self) -> None:
        while parts := await self._transcripts.after(self.visitor.conversation, self._shown):
            for message in await self._transcripts.shown(parts[: limits.BATCH_MESSAGES_MAX]):
                await self._emit("message", message)
                self._shown = message["seq"]
        conversation = self._gateway.state.conversations.get(self.visitor.conversation)
        if conversation is not None and conversation.seq > self._shown:
            asyncio.get_running_loop().call_later(limits.RETRY_S, self.touch)


def state_of(state: State, conversation: str, language: str = "") -> dict[str, Any]:
    """How far the conversation is: `queued` (`again` at the head, because its agent was lost), `with_agent` (and
    whom) or `closed`; and when a closed queue turned it away, what that queue says, in this language if it can."""
    record = state.conversations.get(conversation)
    item = state.items.get(record.item) if record else None
    if item is None or item.state in ("wrapping", "closed"):
        return {"state": "closed", **(_turned_away(state, item, language) if item else {})}
    if item.state in ("active", "pending"):
        agent = state.agents.get(item.agent)
        return {"state": "with_agent", "agent": agent.name if agent else ""}
    return {"state": "queued", "again": True} if item.seq == AT_HEAD else {"state": "queued"}


def waiting_of(estimate: Mapping[str, Any] | None) -> dict[str, int] | None:
    """As much of an estimate as is told to a customer: the place, and the range in half minutes, since a figure to the
    second would be taken for a promise. None for one who does not wait."""
    if estimate is None:
        return None
    told: dict[str, int] = {"position": estimate["position"]}
    low, high = estimate["low_ms"], estimate["high_ms"]
    if low is not None and high is not None:
        step = limits.WAITING_STEP_MS
        told |= {"low_ms": low // step * step, "high_ms": -(-max(high, 1) // step) * step}
    return told


def _turned_away(state: State, item: WorkItem, language: str) -> dict[str, Any]:
    """What the queue says to whom it does not take: of one closed by hand, for as long as it is."""
    if item.outcome != "turned_away":
        return {}
    queue = state.queues.get(item.queue)
    said = queue.fallback(item.refused or "closed").message if queue is not None else {}
    message = said.get(language) or said.get(item.language) or next(iter(said.values()), "")
    return {"turned_away": True, "message": message} if message else {"turned_away": True}
