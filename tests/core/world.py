"""A small centre for core tests, and a driver that steps commands through it and checks every invariant."""

from typing import Any

from queues.capacity import Room
from queues.category import Category
from queues.queue import Queue
from queues.team import Membership, Team
from router.core import commands as c
from router.core import events as e
from router.core.agent import Agent
from router.core.facts import Facts, MessageFacts
from router.core.invariants import check, overfull, unmatched
from router.core.item import WorkItem
from router.core.match import pending
from router.core.rejections import Rejection
from router.core.state import State, load
from router.core.step import step
from skills import Skill, requirement

ROOMS = {
    "phone": Room(maximum=1, weight=100),
    "chat": Room(maximum=2, weight=50),
    "email": Room(maximum=2, weight=50),
}


def change(record: Any, seen: int | None = 0) -> c.Change:
    """A change that puts the record."""
    return c.Change(kind=record.__struct_config__.tag, id=record.id, record=record, seen=seen)


def agent(id: str, *, teams: tuple[str, ...] = ("first",), **skills: int) -> Agent:
    """An agent of the small centre."""
    return Agent(id=id, name=id, teams=teams, skills=requirement(skills), rooms=ROOMS, phone=f"ext-{id}")


CENTRE = c.ApplyCentre(
    changes=tuple(
        change(record)
        for record in (
            Skill(id="fr", kind="language"),
            Skill(id="nl", kind="language"),
            Skill(id="tax"),
            Queue(
                id="help",
                strategy="longest_idle",
                wrap_up_ms={"phone": 5_000},
                escalates_to="expert",
                target_ms={"phone": 20_000},
            ),
            Queue(id="expert", line=2, target_ms={"phone": 60_000}),
            Team(id="first", memberships={"help": Membership()}),
            Team(id="second", line=2, memberships={"expert": Membership()}),
            Category(id="tax_question", escalates_to="expert"),
            agent("ann", fr=3, nl=4),
            agent("bob", fr=5),
            agent("eve", teams=("second",), fr=3, nl=3, tax=5),
        )
    )
)


class World:
    """Steps commands at a clock of its own and asserts the invariants after each one."""

    def __init__(self, now: int = 1_000) -> None:
        self.state = State()
        self.now = now
        self.log: list[e.Event] = []
        self.made = 0
        self.do(CENTRE)

    def do(self, command: c.Command, *, after: int = 0) -> list[e.Event]:
        """The events of an accepted command, `after` ticks later."""
        events, rejection = self.attempt(command, after=after)
        assert rejection is None, rejection
        return events

    def refuse(self, command: c.Command) -> str:
        """The code with which the command is refused; asserts that nothing moved."""
        before = self.state.digest()
        _, rejection = self.attempt(command)
        assert rejection is not None, f"{command} was accepted"
        assert self.state.digest() == before
        return rejection.code

    def attempt(self, command: c.Command, *, after: int = 0) -> tuple[list[e.Event], Rejection | None]:
        """Step the command and check everything."""
        self.now += after
        taken = step(self.state, command, self.now)
        self.log += taken.events
        assert check(self.state) == []
        assert overfull(self.state) == []
        assert pending(self.state) or unmatched(self.state) == []
        return taken.events, taken.rejection

    def sign_on(self, *agents: str) -> None:
        """The agents connect and are available, one tick apart."""
        for id in agents:
            self.do(c.ConnectClient(agent=id, client=f"tab-{id}", gateway="g1"), after=1)
            self.do(c.SetPresence(agent=id, state="available"))

    def call(self, call: str = "", queue: str = "help", priority: int = 0, **asks: int) -> WorkItem:
        """A call comes in; its item."""
        self.made += 1
        call = call or f"call{self.made}"
        facts = Facts(
            queue=queue, requirement=requirement(asks), priority=priority, customer="cust", address=f"number-{call}"
        )
        self.do(c.OfferCall(call=call, item=f"i-{call}", conversation=f"c-{call}", facts=facts), after=1)
        return self.state.items[f"i-{call}"]

    def message(self, id: str, *, channel: Any = "email", queue: str = "help", **more: Any) -> c.ReceiveMessage:
        """A message of a customer, to be done."""
        facts = Facts(queue=queue, customer="cust", address=f"addr-{id}")
        fields: dict[str, Any] = {"conversation": f"c-{id}", "item": f"i-{id}"} | more
        keys = fields.pop("keys", ())
        automatic = fields.pop("automatic", False)
        message = MessageFacts(
            id=f"m-{id}", content=f"t-{id}", natural_key=f"n-{id}", thread_keys=keys, automatic=automatic
        )
        return c.ReceiveMessage(channel=channel, facts=facts, message=message, **fields)

    def item(self, id: str) -> WorkItem:
        """The item with this id."""
        return self.state.items[id]

    def reload(self) -> State:
        """The state loaded from the records: equal in digest."""
        fresh = load(self.state.records())
        assert fresh.digest() == self.state.digest()
        return fresh
