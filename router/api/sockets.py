"""The Socket.IO namespace /agent: the whole view first, then changes; every action of `work` as an event with an ack.

An ack is {ok: true, position, item, conversation}, {ok: true, receipt} when the outcome was not known in time, or
{ok: false, code, problem, retry_ms?}. Events of one socket are handled one after the other, so their order is kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
import socketio
import structlog

from router.api import limits
from router.api.agents import PhoneBody, phone_command
from router.api.commanding import Call, Done, Later, carry_out, keyed, make_call
from router.api.deps import Deps
from router.api.gates import Gates
from router.api.origins import Origins
from router.api.presence import PresenceBody, SignOutBody, presence_command, sign_out_command
from router.api.problems import Problem, ProblemDetails, again, as_problem
from router.api.push import Client, Pusher
from router.api.rights import Principal, check_password_changed, require
from router.api.routes import converted
from router.api.socket_wire import NAMESPACE, engine_socket
from router.api.tokens import Tokens
from router.api.work import ACTIONS, do
from router.core import commands as c
from router.core.concern import concerned
from router.core.conversation import Side
from router.core.events import ClientLost
from router.core.rejections import CODES
from router.core.state import State
from router.core.views import holders
from router.gateway import Applied, StoreError

log = structlog.get_logger()


class Ack(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to an event; see the head of this module."""

    ok: bool
    position: int = 0
    item: str = ""
    conversation: str = ""
    receipt: str = ""
    code: str = ""
    problem: ProblemDetails | None = None
    retry_ms: int = 0


class Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages of a conversation up to this one were on the agent's screen."""

    conversation: str
    up_to: int


class TypingNow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The agent began or stopped to type."""

    conversation: str
    on: bool


class FreshToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refreshed token of the same login: the socket lives on until it expires."""

    token: str


class AgentNamespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """The sockets of this node's agents. Wired by `build_app`."""

    def __init__(self, deps: Deps, tokens: Tokens, origins: Origins, pusher: Pusher, gates: Gates) -> None:
        super().__init__(NAMESPACE)
        self._deps = deps
        self._tokens = tokens
        self._origins = origins
        self._pusher = pusher
        self._gates = gates
        self._stopping = False
        self._clients: dict[str, Client] = {}
        self._ends: dict[str, asyncio.TimerHandle] = {}
        self._reports: set[asyncio.Task[None]] = set()
        self._reporting = asyncio.Semaphore(limits.REPORTS_AT_ONCE_MAX)
        self._events: dict[str, Callable[[Client, Call, Any], Awaitable[Done | Later | None]]] = {
            "presence": self._presence,
            "sign_out": self._sign_out,
            "phone": self._phone,
            "seen": self._seen,
            "typing": self._typing,
            "token": self._token,
        }

    # -- coming and going -------------------------------------------------------------------------------------

    async def on_connect(self, sid: str, environ: Mapping[str, Any], auth: Any) -> None:
        """Let an agent in who brings a good token; the view follows at once. Refuses with a problem otherwise."""
        try:
            principal = await self._admitted(environ, auth)
        except (Problem, StoreError) as error:
            problem = as_problem(error)
            assert problem is not None
            said = msgspec.to_builtins(problem.details())
            if problem.retry_ms:
                said["retry_ms"] = problem.retry_ms
            raise socketio.exceptions.ConnectionRefusedError(problem.code, said) from error
        engine = engine_socket(self.server, sid)
        client = Client(sid, self._deps.ids.new("client"), principal, engine, environ["aiohttp.request"].transport)
        self._clients[sid] = client
        self._end_with_token(client)
        asyncio.get_running_loop().call_soon(self._welcome, client)

    async def on_disconnect(self, sid: str, reason: str) -> None:
        """A socket went, whoever ended it."""
        client = self._clients.pop(sid, None)
        if client is None:
            return
        self._ends.pop(sid).cancel()
        self._pusher.leave(client)
        client.gone.set()
        client.lost.set()

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Dispatch by table: the library's lookup by method name would let clients name any method."""
        if event == "connect":
            return await self.on_connect(args[0], args[1], args[2] if len(args) > 2 else None)
        if event == "disconnect":
            return await self.on_disconnect(args[0], args[1] if len(args) > 1 else "")
        return await self._handle(event, args[0], args[1] if len(args) > 1 else None)

    def kick(self, login: str) -> None:
        """Cut off whoever came with a token of this login that is no longer good."""
        for client in self._pusher.clients():
            if client.principal.login == login and not self._tokens.still_good(client.principal):
                self._expel(client)

    def announce_stop(self) -> None:
        """Tell every agent that this node stops and when to connect again, one after the other; let nobody in."""
        self._stopping = True
        clients = self._pusher.clients()
        step_ms = min(limits.STOP_STEP_MS, limits.STOP_SPREAD_MS / max(1, len(clients)))
        for place, client in enumerate(clients):
            said = {"code": "stopping", "detail": "This node stops. Connect again."}
            retry_ms = limits.STOP_RETRY_MS + round(place * step_ms)
            self._pusher.tell(client, "closing", {**said, "retry_ms": retry_ms})

    def typing(self, conversation: str, side: Side, on: bool) -> None:
        """Show the agent who has the conversation that the customer is typing."""
        state = self._deps.gateway.state
        record = state.conversations.get(conversation)
        item = state.items.get(record.item) if record is not None else None
        if side == "customer" and item is not None:
            told = (client for agent in holders(item) for client in self._pusher.of(agent))
            for client in told:
                self._pusher.tell(client, "typing", {"conversation": conversation, "item": item.id, "on": on})

    async def reported(self) -> None:
        """Wait until it is known everywhere that this node's clients are gone: after they were disconnected."""
        if self._reports:
            await asyncio.wait(self._reports, timeout=limits.DRAIN_S)

    async def _admitted(self, environ: Mapping[str, Any], auth: Any) -> Principal:
        token = auth.get("token") if isinstance(auth, dict) else None
        principal = await self._tokens.caller(token) if isinstance(token, str) else None
        if principal is None:
            raise Problem("unauthenticated", "Connect with `auth: {token}`, a good access token.")
        check_password_changed(principal)
        agent = self._deps.gateway.state.agents.get(principal.agent)
        if not self._origins.trusted(environ.get("HTTP_ORIGIN"), environ):
            raise Problem("forbidden", "This page may not act for agents.")
        if agent is None or not principal.has("agent"):
            raise Problem("forbidden", "This account works as no agent.")
        if agent.disabled:
            raise Problem("agent_disabled", CODES["agent_disabled"], subject=agent.id)
        if self._stopping:
            raise Problem("stopping", "This node stops. Connect again.", headers=again())
        if len(self._reports) >= limits.REPORTS_MAX:
            raise Problem("house_full", "Too many come and go. Connect again in a moment.", headers=again())
        return principal

    def _welcome(self, client: Client) -> None:
        """Right behind the library's own answer to the connect, which it queues before anything else may run."""
        if client.sid not in self._clients:
            return
        known = client.principal.agent in self._deps.gateway.state.agents
        if not (known and self._tokens.still_good(client.principal)):
            self._expel(client)
            return
        self._pusher.join(client)
        report = asyncio.create_task(self._report(client))
        self._reports.add(report)
        report.add_done_callback(self._reports.discard)

    def _expel(self, client: Client) -> None:
        self._pusher.goodbye(client, "session_ended", "Your session ended. Log in again.")

    def _end_with_token(self, client: Client) -> None:
        left_ms = client.principal.expires_at_ms - self._deps.clock.now_ms()
        if (earlier := self._ends.get(client.sid)) is not None:
            earlier.cancel()
        loop = asyncio.get_running_loop()
        self._ends[client.sid] = loop.call_later(left_ms / 1000, self._expel, client)

    # -- presence: what the core is told of clients -----------------------------------------------------------

    async def _report(self, client: Client) -> None:
        """Tell the core that a client is there, and once it is gone that it is gone: however long the store is away.

        A node that was cut off or asleep is taken for dead, and its clients with it: they are told of again.
        """
        times = 0
        while not client.gone.is_set():
            client.lost.clear()
            await self._report_there(client, times)
            await client.lost.wait()
            times += 1
        lose = c.LoseClient(agent=client.principal.agent, client=client.id)
        async with self._reporting:
            receipt = await self._insist(None, lose, f"lose:{client.id}")
            await self._deps.gateway.outcome(receipt)

    async def _report_there(self, client: Client, times: int) -> None:
        gateway = self._deps.settings.gateway
        command = c.ConnectClient(agent=client.principal.agent, client=client.id, gateway=gateway)
        async with self._reporting:
            receipt = await self._insist(client, command, f"connect:{client.id}:{times}")
            outcome = await self._deps.gateway.outcome(receipt) if receipt is not None else None
        while receipt is not None and outcome is None and not client.gone.is_set():  # a takeover takes longer
            outcome = await self._deps.gateway.outcome(receipt)
        if outcome is not None and outcome.rejection:
            self._pusher.goodbye(client, outcome.rejection, CODES[outcome.rejection])

    def follow(self, applied: Applied, state: State) -> None:
        """Notice who of ours the core takes for gone."""
        lost = {event.client for event in applied.entry.events if isinstance(event, ClientLost)}
        if lost:
            self._miss(client for client in self._clients.values() if client.id in lost)

    def reset(self, state: State, position: int) -> None:
        """The state was loaded anew: what it was told of us may have been lost meanwhile."""
        there = {client for presence in state.presences.values() for client in presence.clients}
        self._miss(client for client in self._clients.values() if client.id not in there)

    def _miss(self, clients: Iterable[Client]) -> None:
        for client in clients:
            log.warning("client_missed", client=client.id)
            client.lost.set()

    async def _insist(self, client: Client | None, command: c.Command, key: str) -> Any:
        """Submit until it is durable, under one key; give up only when `client` is gone meanwhile."""
        pause = limits.REPORT_RETRY_S
        while client is None or not client.gone.is_set():
            try:
                return await self._deps.gateway.submit(command, key=key, by=f"gateway:{self._deps.settings.gateway}")
            except StoreError:
                log.warning("client_report_delayed", key=key)
            await asyncio.sleep(pause)
            pause = min(pause * 2, limits.REPORT_RETRY_S_MAX)
        return None

    # -- events -----------------------------------------------------------------------------------------------

    async def _handle(self, event: str, sid: str, data: Any) -> Ack:
        client = self._clients.get(sid)
        correlation = self._deps.unique()
        structlog.contextvars.bind_contextvars(correlation=correlation)
        try:
            if client is None or client.leaving or not self._tokens.still_good(client.principal):
                raise Problem("unauthenticated", "Your session ended. Log in again.")
            self._gates.check(client.principal)
            ended = await self._dispatch(event, client, data, correlation)
        except Exception as error:
            return self._refusal(event, error, correlation)
        if isinstance(ended, Done):
            return Ack(ok=True, position=ended.position, item=ended.item, conversation=ended.conversation)
        return Ack(ok=True, receipt=ended.receipt if ended is not None else "")

    def _refusal(self, event: str, error: Exception, correlation: str) -> Ack:
        problem = as_problem(error)
        if problem is None:
            log.error("socket_event_failed", action=event, exc_info=error)
            problem = Problem("internal", "Something failed here; the operators can find it by `instance`.")
        return Ack(ok=False, code=problem.code, problem=problem.details(correlation), retry_ms=problem.retry_ms)

    async def _dispatch(self, event: str, client: Client, data: Any, correlation: str) -> Done | Later | None:
        fields = dict(data) if isinstance(data, dict) else {}
        key = str(fields.pop("key", ""))
        call = make_call(self._deps, client.principal, correlation)
        if key:
            call = keyed(call, key, f"socket {event}", msgspec.json.encode(fields, order="deterministic"))
        if (own := self._events.get(event)) is not None:
            return await own(client, call, fields)
        action = ACTIONS.get(event)
        if action is None:
            raise Problem("not_found", f"There is no such event. There are: {', '.join([*self._events, *ACTIONS])}.")
        item = fields.pop("item", "")
        if not isinstance(item, str) or not item:
            raise Problem("invalid", "Say which item: `item` is missing.")
        return await do(call, event, item, converted(fields, action.body))

    async def _presence(self, client: Client, call: Call, fields: Any) -> Done | Later:
        return await carry_out(call, presence_command(client.principal.agent, converted(fields, PresenceBody)))

    async def _sign_out(self, client: Client, call: Call, fields: Any) -> Done | Later:
        return await carry_out(call, sign_out_command(client.principal.agent, converted(fields, SignOutBody)))

    async def _phone(self, client: Client, call: Call, fields: Any) -> Done | Later:
        return await carry_out(call, phone_command(client.principal.agent, converted(fields, PhoneBody)))

    async def _seen(self, client: Client, call: Call, fields: Any) -> Done | Later:
        body = converted(fields, Seen)
        self._own(client, body.conversation)
        return await carry_out(call, c.MarkSeen(conversation=body.conversation, side="agent", up_to=body.up_to))

    async def _typing(self, client: Client, call: Call, fields: Any) -> None:
        body = converted(fields, TypingNow)
        self._own(client, body.conversation)
        await self._deps.typing.typing(body.conversation, "agent", body.on)

    async def _token(self, client: Client, call: Call, fields: Any) -> None:
        fresh = await self._tokens.caller(converted(fields, FreshToken).token)
        if fresh is None or fresh.login != client.principal.login or fresh.agent != client.principal.agent:
            raise Problem("unauthenticated", "The token is not a good one of the same login.")
        client.principal = fresh
        self._end_with_token(client)

    def _own(self, client: Client, conversation: str) -> None:
        """Raises Problem unless the agent may be in this open conversation."""
        state = self._deps.gateway.state
        record = state.conversations.get(conversation)
        if record is None:
            raise Problem("unknown_conversation", CODES["unknown_conversation"], subject=conversation)
        item = state.items.get(record.item)
        teams, agents = concerned(state, item, client.principal.agent) if item is not None else (set[str](), ())
        require(client.principal, "conversation.read", teams, agents)
