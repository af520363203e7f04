"""A whole house for channel tests: the real engine on the store in memory, the real archive, a small centre."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from channels.addresses import Addresses
from channels.entry import Given
from channels.intake import EventIntake
from queues.category import Category
from queues.endpoint import Endpoint
from queues.entry_point import EntryPoint
from queues.queue import Queue
from queues.team import Membership, Team
from router.archive.archiver import Archiver
from router.archive.customers import SqlCustomers
from router.archive.database import Database
from router.archive.history import SqlHistory
from router.core import commands as c
from router.core.agent import Agent
from router.core.facts import MessageFacts
from router.core.invariants import check
from router.core.item import WorkItem
from router.core.state import State
from router.gateway import AddressKind, CloudEvent, Content, EventRefused, Outcome, Receipt, StoreError
from router.runtime.acts import Act
from router.runtime.blobs import Blobs
from router.runtime.customers import Card
from router.runtime.domain import Domain
from router.runtime.memory import MemoryStore, World
from router.runtime.system import SystemClock, SystemIds
from skills import Skill, requirement
from tests.support import eventually

SECRET = b"the house's secret, for tests only"
ANY_OVERRIDE: Any = ("queue", "skills", "language", "priority", "category")
RECORDS: tuple[Any, ...] = (
    Skill(id="fr", kind="language"),
    Skill(id="nl", kind="language"),
    Skill(id="tax"),
    Queue(id="help", escalates_to="expert"),
    Queue(id="expert", line=2),
    Team(id="first", memberships={"help": Membership()}),
    Category(id="tax_question"),
    Agent(id="ann", name="Ann", teams=("first",), skills=requirement({"fr": 3, "nl": 3}), phone="2001"),
    Agent(id="bob", name="Bob", teams=("first",), skills=requirement({"fr": 5}), phone="+32 2 555 00 12"),
    EntryPoint(
        id="number", channel="phone", address="+32 2 555 00 01", queue="help", requirement=(("fr", 3),), language="fr"
    ),
    EntryPoint(
        id="open_number",
        channel="phone",
        address="+32 2 555 00 02",
        queue="help",
        requirement=(("fr", 2),),
        language="fr",
        overrides=ANY_OVERRIDE,
    ),
    EntryPoint(id="shop", channel="chat", address="shop", queue="help", overrides=("language",)),
    EntryPoint(id="elsewhere", channel="chat", address="elsewhere", queue="help", origins=("https://shop.example",)),
    EntryPoint(id="mailbox", channel="email", address="help@desk.example", queue="help"),
    EntryPoint(id="forms", channel="webhook", address="forms", queue="help"),
)


class NoMail:
    """The mails that reached the e-mail channel: what it does with them is that channel's own test."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes, str]] = []
        self.given: list[Given] = []

    async def take(self, mailbox: str, raw: bytes, *, rcpt: str, given: Given) -> Receipt:
        self.taken.append((mailbox, raw, rcpt))
        self.given.append(given)
        return Receipt(key="mail", command=1)


class Line:
    """A connection to the store that a test can cut: calls named in `broken` fail before they reach it."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.broken: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)

        async def through(*args: Any, **kwargs: Any) -> Any:
            if name in self.broken:
                raise StoreError(f"{name} is cut")
            return await call(*args, **kwargs)

        return through


class House:
    """A domain, its archive and its intake, and short ways to speak with them."""

    def __init__(
        self,
        world: World,
        line: Line,
        domain: Domain,
        *,
        history: SqlHistory,
        customers: SqlCustomers,
        archiver: Archiver,
    ) -> None:
        self.customers = customers
        self.world = world
        self.line = line
        self.domain = domain
        self.history = history
        self.archiver = archiver
        self.clock = SystemClock()
        self.mail: Any = NoMail()
        self.intake = self.fresh_intake()
        self._made = count(1)

    def fresh_intake(self) -> EventIntake:
        """An intake that remembers nothing, as after a restart."""
        return EventIntake(self.domain, self.history, secret=SECRET, mail=self.mail)

    @property
    def state(self) -> State:
        return self.domain.state

    async def do(self, command: c.Command) -> Outcome:
        """The outcome of a command, in this node's state; asserts that it is accepted and the state is sound."""
        outcome = await self.attempt(command)
        assert not outcome.rejection, outcome
        return outcome

    async def attempt(self, command: c.Command) -> Outcome:
        return await self.ended(await self.domain.submit(command))

    async def ended(self, receipt: Receipt) -> Outcome:
        """How what the receipt proves ended."""
        outcome = await self.domain.outcome(receipt, 5)
        assert outcome is not None
        assert await self.domain.reached(outcome.position)
        assert check(self.state) == []
        return outcome

    async def put(self, *records: Any) -> None:
        """Put records into the centre."""
        await self.do(
            c.ApplyCentre(
                changes=tuple(
                    c.Change(kind=record.__struct_config__.tag, id=record.id, record=record) for record in records
                )
            )
        )

    async def endpoint(self, id: str, url: str, *events: str) -> None:
        await self.put(Endpoint(id=id, url=url, events=events or ("*",), secret="hook"))

    async def sign_on(self, *agents: str) -> None:
        for agent in agents:
            await self.do(c.ConnectClient(agent=agent, client=f"tab-{agent}", gateway=self.domain.gateway_id))
            await self.do(c.SetPresence(agent=agent, state="available"))

    async def accept(self, item: str) -> None:
        """The agent whom the item is reserved for takes it."""
        reserved = await eventually(lambda: self.state.items[item].reservation)
        assert reserved is not None
        await self.do(c.AcceptReservation(item=item, agent=reserved.agent))

    async def close(self, item: str) -> None:
        """The agent who has the item completes it."""
        agent = self.state.items[item].agent
        await self.do(c.CompleteItem(item=item, agent=agent, disposition="done"))

    async def reply(self, item: str, text: str) -> None:
        """The agent who has the item writes to the customer."""
        number = next(self._made)
        message = MessageFacts(id=f"reply{number}", content=f"reply-text{number}", size=len(text))
        contents = {message.content: msgspec.json.encode(Content(text=text))}
        command = c.SendReply(item=item, agent=self.state.items[item].agent, message=message)
        await self.ended(await self.domain.submit(command, contents=contents))

    async def link(self, kind: AddressKind, address: str, customer: str = "cust_ada") -> str:
        """Say whose an address is, as an agent does; the customer."""
        act = Act(by="ann", command="LinkCustomer", at_ms=0)
        await self.customers.link(Card(id=customer), Addresses(SECRET).read(kind, address), act=act)
        return customer

    async def archive(self) -> None:
        """Everything so far goes into SQL, and what is closed leaves memory."""
        closed = [id for id, item in self.state.items.items() if item.state == "closed"]
        async with asyncio.timeout(5):
            while self.archiver.position < self.domain.position or any(id in self.state.items for id in closed):
                await self.archiver.step()
                await asyncio.sleep(0)

    # -- events ---------------------------------------------------------------------------------------------

    def event(self, type: str, data: Any, id: str = "") -> CloudEvent:
        return CloudEvent(specversion="1.0", id=id or f"auto{next(self._made)}", source="/pbx", type=type, data=data)

    async def take(self, type: str, data: Any, id: str = "", by: str = "pbx") -> Outcome:
        """How the event ended."""
        return await self.ended(await self.intake.take(self.event(type, data, id), by=by))

    async def refused(self, type: str, data: Any, id: str = "", by: str = "pbx") -> EventRefused:
        """Why intake refuses the event; asserts that it does."""
        try:
            await self.intake.take(self.event(type, data, id), by=by)
        except EventRefused as refused:
            return refused
        raise AssertionError("was taken")

    async def call(self, call: str = "c1", to: str = "+32 2 555 00 01", **more: Any) -> WorkItem:
        """A call is offered; its item."""
        outcome = await self.take("call.offered", {"call": call, "to": to, "from": "+32 470 12 34 56", **more})
        assert not outcome.rejection, outcome
        return self.state.items[outcome.refs["item"]]


@contextlib.asynccontextmanager
async def built(folder: Path, migrated: Path) -> AsyncIterator[House]:
    """A running house with the small centre."""
    database = await Database.open(f"sqlite:///{shutil.copy(migrated, folder / 'history.db')}")
    customers = SqlCustomers(database)
    history = SqlHistory(database, whose=customers.whose)
    clock = SystemClock()
    world = World(clock)
    line: Any = Line(MemoryStore(world))
    blobs = Blobs(str(folder / "blobs"))
    domain = Domain(line, clock, SystemIds(), blobs, node="n1", elsewhere=history.contents)
    await domain.start()
    archiver = Archiver(database, line, domain)
    await archiver.start()
    house = House(world, line, domain, history=history, customers=customers, archiver=archiver)
    await house.put(*RECORDS)
    try:
        yield house
    finally:
        await domain.stop()
        await line.close()
        await database.close()


@contextlib.asynccontextmanager
async def second_node(house: House, folder: Path) -> AsyncIterator[Domain]:
    """Another node of the same domain, which follows and does not write."""
    blobs = Blobs(str(folder / "blobs"))
    store = MemoryStore(house.world)
    domain = Domain(store, house.clock, SystemIds(), blobs, node="n2", writes=False, elsewhere=house.history.contents)
    await domain.start()
    try:
        yield domain
    finally:
        await domain.stop()
        await store.close()
