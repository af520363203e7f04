"""The Socket.IO namespace `/chat`: what customers' browsers say, and the screens that show them the conversation.

A browser connects with `auth` = {site, token?, last_seq?, name?, language?, reference?} and hears, in this order,
`welcome` {token, conversation, messages, position, reference?}, then `message` {seq, side, text, at_ms, agent?},
`delivered` {up_to}, `state` {state, reference?, agent?, again?, turned_away?, message?}, `waiting` {position, low_ms?,
high_ms?} while it is queued, and `typing` {on}. It keeps token and last seq, and comes back with them after a reload.

It says `message` {id, text}, `typing` {on}, `seen` {up_to}, `leave`. Each is acknowledged with {ok: true, ...} or
{ok: false, code, detail, retry_ms?}. A message is acknowledged with its `seq` once it is durable and accepted; the
same `id` sent again is the same message. What carries `retry_ms` is to be tried again after that long, under the same
id; so is a connection that was refused with it: its error's data has `code` and `retry_ms`.
"""

import asyncio
import dataclasses
import itertools
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeAlias

import msgspec
import socketio
import structlog
from msgspec import Meta

from channels.arrival import Arrival
from channels.chat import limits
from channels.chat.events import check_text
from channels.chat.screen import Expects, Screen
from channels.chat.transcript import Transcripts
from channels.chat.visitor import Visitor, origin_allowed, token_of, visitor_of
from channels.chat.words import full
from channels.entry import Given, Party, find, primary, spoken
from channels.insight import BLIND
from channels.keyed import keyed
from channels.limits import REFERENCE_CHARS_MAX
from channels.message import Incoming, Where, natural_key, own_key, receive
from channels.payload import read
from channels.quote import checked, quoted
from queues.entry_point import EntryPoint
from router.core.commands import Command, LeaveChat, MarkSeen
from router.core.conversation import Side
from router.core.item import OPEN
from router.core.rejections import Rejection
from router.core.state import State
from router.gateway import (
    Applied,
    Clock,
    EventRefused,
    Full,
    Gateway,
    History,
    Ids,
    Insight,
    KeyConflict,
    Outcome,
    StoreError,
    Typing,
)
from router.rates import Rates

NAMESPACE = "/chat"

log = structlog.get_logger(__name__)

Ack: TypeAlias = dict[str, Any]

_spread_ms = itertools.cycle(range(0, limits.FULL_RETRY_SPREAD_MS, limits.FULL_RETRY_STEP_MS))


class Hello(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a browser says when it connects."""

    site: Annotated[str, Meta(max_length=limits.SITE_CHARS_MAX)]
    token: Annotated[str, Meta(max_length=limits.TOKEN_CHARS_MAX)] = ""
    last_seq: Annotated[int, Meta(ge=0, le=limits.SEQ_MAX)] = 0
    name: Annotated[str, Meta(max_length=limits.NAME_CHARS_MAX)] = ""
    language: Annotated[str, Meta(max_length=limits.NAME_CHARS_MAX)] = ""
    reference: Annotated[str, Meta(max_length=REFERENCE_CHARS_MAX)] = ""
    """A reference that the visitor quotes: it goes with the message that opens an item."""


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`message`: a text, under the browser's own id."""

    id: Annotated[str, Meta(min_length=1, max_length=limits.MESSAGE_ID_CHARS_MAX)]
    text: Annotated[str, Meta(min_length=1)]


class Types(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`typing`: the visitor began or stopped to type."""

    on: bool


class Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`seen`: the visitor's screen showed the agent's messages up to this one."""

    up_to: Annotated[int, Meta(ge=0, le=limits.SEQ_MAX)]


class Refused(Exception):
    """What a visitor asked for cannot be: a stable code, a sentence, and when to try again."""

    def __init__(self, code: str, detail: str, retry_ms: int = 0) -> None:
        super().__init__(detail)
        self.answer: Ack = {"ok": False, "code": code, "detail": detail}
        if retry_ms:
            self.answer["retry_ms"] = retry_ms


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chat:
    """What the namespace needs. `address_of` is the network address that limits count by, from the environ of the
    connection: only the node knows which proxies to believe; `expects` is what may be told to who waits."""

    gateway: Gateway
    history: History
    ids: Ids
    clock: Clock
    secret: bytes
    typing: Typing
    address_of: Callable[[Mapping[str, Any]], str]
    insight: Insight = BLIND
    expects: Expects = lambda item: None


@dataclasses.dataclass(kw_only=True)
class _Session:
    """One connected socket. `turn` keeps what it says in order."""

    visitor: Visitor
    entry: EntryPoint
    name: str
    language: str
    reference: str
    address: str
    screen: Screen
    turn: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None


def register(sio: socketio.AsyncServer, chat: Chat) -> None:
    """Let customers' browsers in at `/chat`."""
    sio.register_namespace(ChatNamespace(chat))


class ChatNamespace(socketio.AsyncNamespace):  # type: ignore[misc]  # python-socketio has no types
    """Handlers of `/chat`."""

    def __init__(self, chat: Chat) -> None:
        super().__init__(NAMESPACE)
        self._chat = chat
        self._transcripts = Transcripts(chat.gateway, chat.history, chat.secret)
        self._sessions: dict[str, _Session] = {}
        self._screens: defaultdict[str, dict[str, Screen]] = defaultdict(dict)
        self._sockets: defaultdict[str, int] = defaultdict(int)
        self._begun: dict[str, str] = {}
        self._begun_from: Counter[str] = Counter()
        self._messages = _rates(chat, limits.RATE_MESSAGES_PER_S, limits.RATE_MESSAGES_BURST)
        self._messages_from = _rates(chat, limits.RATE_ADDRESS_PER_S, limits.RATE_ADDRESS_BURST)
        self._signals = _rates(chat, limits.RATE_TYPING_PER_S, limits.RATE_TYPING_BURST)
        self._connects = _rates(chat, limits.RATE_CONNECTS_PER_S, limits.RATE_CONNECTS_BURST)
        chat.gateway.listen(self._follow)
        chat.typing.subscribe(self._typed)

    # -- coming and going -----------------------------------------------------------------------------------

    async def on_connect(self, sid: str, environ: Mapping[str, Any], auth: Any) -> None:
        """A browser comes, or comes back. Raises ConnectionRefusedError with a code."""
        try:
            session = self._session(sid, environ, read(auth, Hello, "/auth"))
        except EventRefused as refused:
            raise _refusal(Refused(refused.code, refused.detail)) from None
        except Refused as refused:
            raise _refusal(refused) from None
        self._sessions[sid] = session
        self._sockets[session.address] += 1
        self._screens[session.visitor.conversation][sid] = session.screen
        session.task = asyncio.create_task(session.screen.run(), name=f"chat {sid}")
        session.task.add_done_callback(lambda task: self._ended(sid, task))

    def _session(self, sid: str, environ: Mapping[str, Any], hello: Hello) -> _Session:
        entry = find(self._chat.gateway.state, "chat", hello.site, "/auth/site")
        if not origin_allowed(entry, environ):
            raise Refused("origin_refused", "this page is none of the site's origins")
        address = self._chat.address_of(environ)
        if len(self._sessions) >= limits.SOCKETS_MAX:
            raise _full(primary(hello.language))
        if self._sockets.get(address, 0) >= limits.ADDRESS_SOCKETS_MAX:
            raise Refused("too_many_sockets", "too many chats are open from this network address")
        if wait_ms := self._connects.wait_ms(address):
            raise Refused("too_fast", "wait a moment before you connect again", wait_ms)
        reference = checked(hello.reference, "/auth/reference")
        visitor, shown = self._visitor(entry, hello), hello.last_seq if hello.token else 0
        screen = Screen(
            self._chat.gateway,
            self._transcripts,
            visitor=visitor,
            token=token_of(self._chat.secret, visitor),
            language=primary(hello.language),
            shown=shown,
            emit=lambda event, data: self._emit(sid, event, data),
            expects=self._chat.expects,
        )
        language = spoken(self._chat.gateway.state, entry, hello.language)
        return _Session(
            visitor=visitor,
            entry=entry,
            name=hello.name,
            language=language,
            reference=reference,
            address=address,
            screen=screen,
        )

    def _visitor(self, entry: EntryPoint, hello: Hello) -> Visitor:
        if not hello.token:
            ids = self._chat.ids
            return Visitor(id=ids.new("visitor"), site=entry.id, conversation=ids.new("conv"))
        visitor = visitor_of(self._chat.secret, hello.token)
        if visitor is None or visitor.site != entry.id:
            raise Refused("bad_token", "this token is not one of this site; connect without one")
        return visitor

    async def on_disconnect(self, sid: str, reason: str) -> None:
        """The browser is gone for now. The conversation stays; only `leave` ends it."""
        session = self._sessions.pop(sid, None)
        if session is None:
            return
        self._sockets[session.address] -= 1
        if not self._sockets[session.address]:
            del self._sockets[session.address]
        screens = self._screens[session.visitor.conversation]
        screens.pop(sid, None)
        if not screens:
            del self._screens[session.visitor.conversation]
        if session.task is not None:
            session.task.cancel()

    def _ended(self, sid: str, task: asyncio.Task[None]) -> None:
        """A screen that failed is our defect: the browser is sent away and comes back to a fresh one."""
        if not task.cancelled() and task.exception() is not None:
            log.error("chat_screen_failed", sid=sid, exc_info=task.exception())
            self._ending = asyncio.create_task(self.disconnect(sid))

    async def _emit(self, sid: str, event: str, data: Ack) -> None:
        await self.emit(event, data, to=sid)

    # -- what happens in the house --------------------------------------------------------------------------

    def _follow(self, applied: Applied, state: State) -> None:
        self._transcripts.follow(applied, state)
        for kind, id in applied.touched:
            if kind == "item":
                id = state.items[id].conversation if id in state.items else ""
            elif kind != "conversation":
                continue
            if id in self._begun and not _open(state, id):
                self._begun_from[self._begun.pop(id)] -= 1
                self._begun_from += Counter()  # drops the addresses that are down to zero
            for screen in self._screens.get(id, {}).values():
                screen.touch()

    def _typed(self, conversation: str, side: Side, on: bool) -> None:
        if side == "agent":
            for screen in self._screens.get(conversation, {}).values():
                screen.agent_types = on
                screen.touch()

    # -- what the visitor says ------------------------------------------------------------------------------

    async def on_message(self, sid: str, data: Any = None) -> Ack:
        """A text: acknowledged when it is safe, with its place in the conversation."""
        return await self._answer(sid, self._message, data)

    async def on_typing(self, sid: str, data: Any = None) -> Ack:
        """The agent sees it if they look; it may be lost."""
        return await self._answer(sid, self._types, data)

    async def on_seen(self, sid: str, data: Any = None) -> Ack:
        """The agent's messages were shown."""
        return await self._answer(sid, self._saw, data)

    async def on_leave(self, sid: str, data: Any = None) -> Ack:
        """The visitor ends the conversation."""
        return await self._answer(sid, self._leave, data)

    async def _answer(self, sid: str, handle: Callable[[_Session, Any], Awaitable[Ack]], data: Any) -> Ack:
        session = self._sessions.get(sid)
        if session is None:
            return Refused("not_connected", "connect first").answer
        async with session.turn:
            try:
                return {"ok": True, **await handle(session, data)}
            except EventRefused as refused:
                return Refused(refused.code, refused.detail).answer
            except Refused as refused:
                return refused.answer
            except KeyConflict:
                return _id_in_use().answer
            except Full:
                return _full(session.screen.language).answer
            except StoreError:
                return _unavailable().answer

    async def _message(self, session: _Session, data: Any) -> Ack:
        said = read(data, Said, "")
        check_text(said.text, "/text")
        arrival, incoming = self._incoming(session, said)
        content = arrival.id("txt", incoming.natural)
        if self._transcripts.in_tail(session.visitor.conversation, content):
            return await self._said(session, content, said.text)
        self._check_room(session)
        wait_ms = self._messages.wait_ms(session.visitor.id) or self._messages_from.wait_ms(session.address)
        if wait_ms:
            raise Refused("too_fast", "wait a moment before the next message", wait_ms)
        quote = await quoted(self._chat.gateway, self._chat.history, session.reference)
        draft = await receive(arrival, msgspec.structs.replace(incoming, quote=quote))
        if not draft.known:
            mark = keyed(self._chat.secret, "said", said.text)
            await self._accepted(draft.command, key=arrival.key, contents=draft.contents, fingerprint=mark)
            self._begin(session)
        return await self._said(session, content, said.text)

    async def _said(self, session: _Session, content: str, text: str) -> Ack:
        """The place of a message that is safe. Raises Refused when another text went by this id."""
        seq = await self._transcripts.seq_of(session.visitor.conversation, content)
        if not seq:
            raise _unavailable()
        if await self._transcripts.text(content) != text:
            raise _id_in_use()
        return {"seq": seq}

    def _incoming(self, session: _Session, said: Said) -> tuple[Arrival, Incoming]:
        chat, conversation = self._chat, session.visitor.conversation
        entry = chat.gateway.state.entry_points.get(session.entry.id, session.entry)
        natural = natural_key(chat.secret, "chat", conversation, said.id)
        arrival = Arrival(
            gateway=chat.gateway,
            history=chat.history,
            secret=chat.secret,
            by="",
            key=f"chat:{natural}",
            insight=chat.insight,
        )
        incoming = Incoming(
            channel="chat",
            entry=entry,
            party=Party(address=session.visitor.id, name=session.name),
            text=said.text,
            natural=natural,
            where=Where(conversation=conversation, threads=(own_key(chat.secret, conversation),)),
            given=Given(language=session.language if "language" in entry.overrides else ""),
        )
        return arrival, incoming

    def _check_room(self, session: _Session) -> None:
        """How many conversations may be open at once, and of one network address, counting those begun here."""
        if session.visitor.conversation in self._begun:
            return
        if len(self._begun) >= limits.CONVERSATIONS_MAX:
            raise _full(session.screen.language)
        if self._begun_from[session.address] >= limits.ADDRESS_CONVERSATIONS_MAX:
            raise Refused("too_many_conversations", "too many chats are open from this network address")

    def _begin(self, session: _Session) -> None:
        conversation = session.visitor.conversation
        if conversation not in self._begun and _open(self._chat.gateway.state, conversation):
            self._begun[conversation] = session.address
            self._begun_from[session.address] += 1

    async def _types(self, session: _Session, data: Any) -> Ack:
        types = read(data, Types, "")
        if not self._signals.wait_ms(session.visitor.id):
            await self._chat.typing.typing(session.visitor.conversation, "customer", types.on)
        return {}

    async def _saw(self, session: _Session, data: Any) -> Ack:
        seen = read(data, Seen, "")
        conversation = self._chat.gateway.state.conversations.get(session.visitor.conversation)
        if conversation is None or seen.up_to <= conversation.shown("customer"):
            return {}
        if wait_ms := self._signals.wait_ms(session.visitor.id):
            raise Refused("too_fast", "wait a moment", wait_ms)
        await self._chat.gateway.submit(
            MarkSeen(conversation=conversation.id, side="customer", up_to=seen.up_to),
            key=f"seen:{conversation.id}:customer:{seen.up_to}",
        )
        return {}

    async def _leave(self, session: _Session, _: Any) -> Ack:
        conversation = self._chat.gateway.state.conversations.get(session.visitor.conversation)
        if conversation is not None:
            key = f"left:{conversation.id}:{conversation.item}:{conversation.seq}"
            await self._accepted(LeaveChat(conversation=conversation.id), key=key)
        return {}

    async def _accepted(
        self, command: Command, *, key: str, contents: Mapping[str, bytes] | None = None, fingerprint: str = ""
    ) -> Outcome:
        """The outcome of a command that was accepted and is in this node's state. Raises Refused otherwise."""
        gateway = self._chat.gateway
        receipt = await gateway.submit(command, key=key, contents=contents, fingerprint=fingerprint)
        outcome = await gateway.outcome(receipt, limits.OUTCOME_WAIT_S)
        if outcome is None:
            raise _unavailable()
        if outcome.rejection:
            raise Refused(outcome.rejection, Rejection(code=outcome.rejection).message)
        if not await gateway.reached(outcome.position, limits.OUTCOME_WAIT_S):
            raise _unavailable()
        return outcome


def _open(state: State, conversation: str) -> bool:
    record = state.conversations.get(conversation)
    item = state.items.get(record.item) if record else None
    return item is not None and item.state in OPEN


def _id_in_use() -> Refused:
    return Refused("id_in_use", "this id belongs to another text")


def _unavailable() -> Refused:
    return Refused("unavailable", "this cannot be said to be safe yet; send it again with the same id", 1_000)


def _full(language: str) -> Refused:
    """No room, for anybody: come back in some seconds, not all in the same one."""
    return Refused("house_full", full(language), limits.FULL_RETRY_MS + next(_spread_ms))


def _refusal(refused: Refused) -> socketio.exceptions.ConnectionRefusedError:
    said = {name: refused.answer[name] for name in ("code", "retry_ms") if name in refused.answer}
    return socketio.exceptions.ConnectionRefusedError(refused.answer["detail"], said)


def _rates(chat: Chat, per_s: float, burst: int) -> Rates:
    return Rates(chat.clock, per_s=per_s, burst=burst, kept=limits.RATES_KEPT_MAX)
