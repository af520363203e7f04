"""A whole node but for its channels: the real engine on the store in memory, the real archive on SQLite, real
accounts, and the real server on a free port. Clients are aiohttp's and python-socketio's own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import socketio
from aiohttp import ClientSession, web
from argon2 import PasswordHasher

from channels.addresses import Addresses
from channels.intake import EventIntake
from queues.category import Category, Code
from queues.entry_point import EntryPoint
from queues.queue import Queue
from queues.team import Membership, Team
from router.api.app import build_app, drain
from router.api.deps import ApiSettings, Deps
from router.api.door import Door, runner_of
from router.api.passwords import PASSWORDS, Passwords
from router.api.tokens import key_hash
from router.archive.accounts import SqlAccounts
from router.archive.archiver import Archiver
from router.archive.customers import SqlCustomers
from router.archive.database import Database
from router.archive.history import SqlHistory
from router.archive.past import Where
from router.archive.past_process import PastProcess
from router.archive.reports import SqlReports
from router.core import commands as c
from router.core.facts import Facts, MessageFacts
from router.gateway import Content, Outcome
from router.runtime.accounts import Account, ApiKey, Grant
from router.runtime.acts import Act
from router.runtime.blobs import Blobs
from router.runtime.domain import Domain
from router.runtime.duties import Member
from router.runtime.memory import MemoryStore
from router.runtime.memory import World as MemoryWorld
from router.runtime.peers import NoPeers
from router.runtime.system import SystemClock, SystemIds
from router.runtime.typing_hub import TypingHub
from skills import Skill
from tests.core.world import agent, change
from tests.support import eventually

SECRET = "a secret of the tests, long enough to be one"
PASSWORD = "correct horse battery"
KEY = "fl_integratorskeyofthetests"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = CHEAP.hash(PASSWORD)

NODE = Member(
    roles=("gateway", "writer"), shape=1, version="1", secret="", history="sqlite", host="h", duties=("writer",)
)
SEEDED = Act(by="tests", command="PutAccount", at_ms=0)

CENTRE = c.ApplyCentre(
    changes=tuple(
        change(record)
        for record in (
            Skill(id="fr", kind="language"),
            Skill(id="nl", kind="language"),
            Skill(id="tax"),
            Team(id="first", memberships={"help": Membership()}),
            Team(id="second", line=2, memberships={"expert": Membership()}),
            Queue(id="help", team="first", escalates_to="expert", wrap_up_ms={"phone": 60_000}),
            Queue(id="expert", line=2, team="second"),
            Category(id="tax_question", escalates_to="expert"),
            Code(id="disposition:solved", kind="disposition"),
            Code(id="not_ready:break", kind="not_ready"),
            Code(id="escalation:too_hard", kind="escalation"),
            Code(id="decline:busy", kind="decline"),
            EntryPoint(id="main", channel="phone", address="+3225550100", queue="help"),
            agent("ann", fr=3, nl=4),
            agent("bob", fr=5),
            agent("eve", teams=("second",), fr=3, tax=5),
        )
    )
)

ACCOUNTS = (
    Account(login="ann", agent="ann", grants=(Grant(role="agent", teams=("first",)),)),
    Account(login="bob", agent="bob", grants=(Grant(role="agent", teams=("first",)),)),
    Account(login="eve", agent="eve", grants=(Grant(role="agent", teams=("second",)),)),
    Account(login="lea", grants=(Grant(role="supervisor", teams=("first",)),)),
    Account(login="sam", grants=(Grant(role="supervisor", teams=("second",)),)),
    Account(login="root", grants=(Grant(role="admin"),)),
)


class HeldStore(MemoryStore):
    """The store in memory, whose commands can be held back from the writer: `gate` shut."""

    def __init__(self, world: MemoryWorld) -> None:
        super().__init__(world)
        self.gate = asyncio.Event()
        self.gate.set()

    async def commands(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes]]:
        """Commands past `after`, once the gate is open."""
        found = await super().commands(after, limit, wait_s)
        await self.gate.wait()
        return found


class House:
    """What a test drives. `world` is the store, which a test may take away.

    A house `beside` another one is a second node: the same store, and a data base that the test says is the same.
    """

    def __init__(self, folder: Path, database: Database, beside: "House | None" = None) -> None:
        self.first = beside is None
        self.world: MemoryWorld = beside.world if beside is not None else MemoryWorld(SystemClock())
        self.store = HeldStore(self.world)
        self.ids = SystemIds()
        self.database = database
        self.customers = SqlCustomers(database)
        self.history = SqlHistory(database, whose=self.customers.whose)
        self.accounts = SqlAccounts(database)
        here = f"sqlite:///{folder / 'history.db'}"
        self.past = PastProcess(Where(database_url=here, log_level="error", log_form="json"))
        self.typing = TypingHub()
        self.domain = Domain(
            self.store,
            SystemClock(),
            self.ids,
            Blobs(str(folder / "blobs")),
            node="n1" if self.first else "n2",
            elsewhere=self.history.contents,
        )
        self.archiver = Archiver(database, self.store, self.domain, linger_s=0.01)
        self.well = {"writer": True}
        self.url = ""
        self.http: ClientSession
        self.app: web.Application
        self.sio: socketio.AsyncServer
        self._tokens: dict[str, str] = {}

    def deps(self) -> Deps:
        """The ports, as the node wires them."""
        return Deps(
            gateway=self.domain,
            accounts=self.accounts,
            customers=self.customers,
            addresses=Addresses(SECRET.encode()),
            intake=EventIntake(self.domain, self.history, secret=SECRET.encode(), mail=None),  # type: ignore[arg-type]
            history=self.history,
            reports=SqlReports(self.database),
            past=self.past,
            typing=self.typing,
            peers=NoPeers(),
            clock=SystemClock(),
            ids=self.ids,
            settings=ApiSettings(
                secret=SECRET, node="n1", gateway=self.domain.gateway_id, origins=("https://desk.example",)
            ),
            nodes=lambda: {"n1": NODE, "n2": NODE},
            ready=self._ready,
        )

    async def _ready(self) -> Mapping[str, bool]:
        return self.well

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["House"]:
        """The house while it runs."""
        await self.domain.start()
        await self.accounts.start()
        if self.first:
            await self.do(CENTRE)
        self.app, self.sio = build_app(self.deps())
        self.app[PASSWORDS] = Passwords(CHEAP)
        runner = runner_of(self.app)
        await runner.setup()
        await Door(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        await self.archiver.start()
        jobs = [asyncio.create_task(job) for job in (self.archiver.run(), self.accounts.run())]
        try:
            async with ClientSession(self.url) as self.http:
                yield self
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            await drain(self.sio)
            await runner.cleanup()
            await self.past.close()
            await self.domain.stop()

    async def do(self, command: c.Command, contents: Mapping[str, bytes] | None = None) -> Outcome:
        """Submit a command behind the API's back, and assert that it is accepted."""
        receipt = await self.domain.submit(command, contents=contents)
        outcome = await self.domain.outcome(receipt, 5.0)
        assert outcome is not None and not outcome.rejection, outcome
        assert await self.domain.reached(outcome.position)
        return outcome

    async def token(self, login: str) -> str:
        """A token of this account, by logging in once."""
        if login not in self._tokens:
            answer = await self.call("POST", "/api/v1/login", json={"login": login, "password": PASSWORD})
            self._tokens[login] = answer.body["access_token"]
        return self._tokens[login]

    def forget_tokens(self) -> None:
        """Log in anew from here on."""
        self._tokens.clear()

    async def call(
        self, method: str, path: str, who: str = "", headers: Mapping[str, str] | None = None, **more: Any
    ) -> "Answer":
        """One request, by this account (or `key` for the integrator, '' for nobody)."""
        sent = dict(headers or {})
        if who:
            sent["Authorization"] = f"Bearer {KEY if who == 'key' else await self.token(who)}"
        async with self.http.request(method, path, headers=sent, **more) as response:
            data = await response.read()
            is_json = response.content_type.endswith("json")
            body = msgspec.json.decode(data) if is_json and data else data.decode()
            return Answer(response.status, response.headers, response.content_type, body)

    async def ended(self, where: str, who: str) -> Any:
        """What a receipt says once its command is decided."""

        async def decided() -> Any:
            body = (await self.call("GET", where, who)).body
            return body if body["state"] != "open" else None

        condition: Callable[[], Awaitable[Any]] = decided
        return await eventually(condition)

    async def sign_on(self, *agents: str) -> None:
        """The agents are there and available, without sockets of ours."""
        for id in agents:
            await self.do(c.ConnectClient(agent=id, client=f"tab-{id}", gateway=self.domain.gateway_id))
            await self.do(c.SetPresence(agent=id, state="available"))

    async def phone_call(self, call: str = "call-1", queue: str = "help") -> str:
        """A call comes in; its item."""
        facts = Facts(queue=queue, customer="cust")
        await self.do(c.OfferCall(call=call, item=f"item-{call}", conversation=f"conv-{call}", facts=facts))
        return f"item-{call}"

    async def message(self, id: str, channel: Any = "email", text: str = "hello", **more: Any) -> str:
        """A message comes in; its item."""
        content = f"cnt-{id}"
        facts = Facts(queue=more.pop("queue", "help"), customer="cust", address=f"addr-{id}")
        beside = {name: more.pop(name) for name in ("attachments", "raw", "problem") if name in more}
        message = MessageFacts(id=f"msg-{id}", content=content, size=len(text), natural_key=f"nat-{id}")
        fields = {"conversation": f"conv-{id}", "item": f"item-{id}"} | more
        await self.do(
            c.ReceiveMessage(channel=channel, message=message, facts=facts, **fields),
            {
                content: msgspec.json.encode(Content(text=text, **beside)),
                f"addr-{id}": msgspec.json.encode(Content(address="jan@example.org", name="Jan")),
            },
        )
        return str(fields["item"])


async def seed(url: str) -> None:
    """Put the accounts and the key into a data base."""
    database = await Database.open(url)
    accounts = SqlAccounts(database)
    for account in ACCOUNTS:
        await accounts.put_account(account, HASH, act=None)
    await accounts.put_key(ApiKey(id="key_tests", name="tests", hash=key_hash(KEY)), act=SEEDED)
    await database.close()


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Any
    media: str
    body: Any

    @property
    def position(self) -> str:
        """The position that the answer carries."""
        return str(self.headers["Firstline-Position"])

    def problem(self, status: int, code: str) -> dict[str, Any]:
        """Asserts that this is this problem, and a whole one."""
        assert (self.status, self.body.get("code") if isinstance(self.body, dict) else self.body) == (status, code)
        assert self.media == "application/problem+json"
        assert self.body["type"] == f"/problems/{code}"
        assert self.body["status"] == status
        assert self.body["title"] and self.body["instance"]
        found: dict[str, Any] = self.body
        return found
