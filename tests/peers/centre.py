"""A centre to replay other makers' documented cases on: queues, agents, skills, capacity; events on a virtual clock.

The adapter is thin: it names things, moves time (with a pulse at each deadline on the way) and reads who has what. All
that happens, happens in the core. Times are in seconds.
"""

from collections.abc import Mapping
from typing import Any

from queues.capacity import Room
from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from router.core import events as e
from router.core.agent import Agent
from router.core.due import next_deadline
from router.core.facts import Facts, MessageFacts
from router.core.invariants import check
from router.core.item import WorkItem
from router.core.state import State
from router.core.step import step
from skills import Skill, named, requirement

S = 1_000
"""Ticks of a second."""
MINUTE = 60

ONE_CALL = {"phone": Room(maximum=1, weight=100)}

Asks = Mapping[str, int]


def agent(
    id: str,
    *serves: str,
    skills: Asks | None = None,
    memberships: Mapping[str, Membership] | None = None,
    rooms: Mapping[str, Room] | None = None,
    total: int = 100,
    teams: tuple[str, ...] = (),
) -> Agent:
    """An agent who serves these queues (`q` when nothing is said)."""
    how = dict(memberships or {}) or {queue: Membership() for queue in serves or ("q",)}
    return Agent(
        id=id,
        skills=requirement(skills or {}),
        memberships=how,
        rooms=dict(rooms or ONE_CALL),
        total=total,
        teams=teams,
    )


class Centre:
    """A contact centre at work."""

    def __init__(self, *records: Any, start: float = 0) -> None:
        self.state = State()
        self.now = round(start * S)
        self.log: list[e.Event] = []
        self._calls: dict[str, str] = {}
        self._made = 0
        self.put(*(Skill(id=skill) for skill in sorted(_skills(records))), *records)

    # -- what is done ---------------------------------------------------------------------------------------

    def put(self, *records: Any) -> None:
        """These records are so from now on."""
        changes = (
            c.Change(kind=str(each.__struct_config__.tag), id=each.id, record=each, seen=None) for each in records
        )
        self.do(c.ApplyCentre(changes=tuple(changes)))

    def do(self, command: c.Command) -> list[e.Event]:
        """Take a command, which must not be refused."""
        taken = step(self.state, command, self.now)
        assert taken.rejection is None, taken.rejection
        self.log += taken.events
        assert check(self.state) == []
        return taken.events

    def refused(self, command: c.Command) -> str:
        """Take a command that must be refused; the code."""
        taken = step(self.state, command, self.now)
        assert taken.rejection is not None, taken.events
        return taken.rejection.code

    def at(self, seconds: float) -> None:
        """Let time pass until then; whatever falls due on the way happens at its instant."""
        until = round(seconds * S)
        due = next_deadline(self.state)
        while due is not None and due <= until:
            self.now = max(self.now, due)
            self.do(c.Pulse())
            due = next_deadline(self.state)
        self.now = max(self.now, until)

    def after(self, seconds: float) -> None:
        """Let so much time pass."""
        self.at(self.now / S + seconds)

    def on(self, *agents: str) -> None:
        """These agents sign on and are available, a moment after one another."""
        for id in agents:
            self.now += 1
            self.do(c.ConnectClient(agent=id, client=f"tab-{id}", gateway="g1"))
            self.do(c.SetPresence(agent=id, state="available"))

    def away(self, agent: str, reason: str = "break") -> None:
        """The agent is not ready."""
        self.do(c.SetPresence(agent=agent, state="not_ready", reason=reason))

    def back(self, agent: str) -> None:
        """The agent is available (again)."""
        self.do(c.SetPresence(agent=agent, state="available"))

    def offer(
        self,
        id: str,
        queue: str = "q",
        *,
        channel: Any = "phone",
        asks: Asks | None = None,
        wishes: Asks | None = None,
        priority: int = 0,
        last: str = "",
    ) -> str:
        """A contact comes in; who it is held for, if anybody."""
        self.now += 1
        facts = Facts(
            queue=queue, requirement=requirement(asks or {}), wishes=requirement(wishes or {}), priority=priority
        )
        if channel == "phone" and not last:
            self.do(c.OfferCall(call=f"call-{id}", item=id, conversation=f"c-{id}", facts=facts))
        else:
            message = MessageFacts(id=f"m-{id}", content=f"t-{id}", natural_key=f"n-{id}")
            self.do(
                c.ReceiveMessage(
                    channel=channel, item=id, conversation=f"c-{id}", message=message, facts=facts, last_agent=last
                )
            )
        return self.holder(id)

    def write(self, id: str) -> None:
        """The customer of this item writes again."""
        self._made += 1
        item = self.state.items[id]
        message = MessageFacts(id=f"w{self._made}", content=f"t-w{self._made}", natural_key=f"n-w{self._made}")
        facts = Facts(queue=item.queue)
        self.do(
            c.ReceiveMessage(
                channel=item.channel,
                item=f"i-w{self._made}",
                conversation=item.conversation,
                message=message,
                facts=facts,
            )
        )

    def reply(self, id: str) -> None:
        """The agent of this chat writes."""
        self._made += 1
        message = MessageFacts(id=f"r{self._made}", content=f"t-r{self._made}")
        self.do(c.SendReply(item=id, agent=self.holder(id), message=message))

    def give(self, agent: str, id: str, queue: str = "q", *, channel: Any = "phone") -> None:
        """The agent has this item already: set-up, by name, so that no rule chooses."""
        self.offer(id, queue, channel=channel)
        if self.holder(id) != agent:
            self.do(c.TransferItem(item=id, to_agent=agent))
        self.accept(id)

    def accept(self, id: str) -> None:
        """Whoever it is held for takes it."""
        self.do(c.AcceptReservation(item=id, agent=self.holder(id)))

    def decline(self, id: str) -> str:
        """Whoever it is held for refuses; who it is held for now."""
        self.do(c.DeclineReservation(item=id, agent=self.holder(id)))
        return self.holder(id)

    def finish(self, id: str) -> None:
        """It is done and closed."""
        self.do(c.CompleteItem(item=id, agent=self.holder(id), disposition="done"))

    def wrap_up(self, id: str) -> None:
        """The exchange is over; what the queue grants afterwards begins."""
        self.do(c.EndContact(item=id, agent=self.holder(id)))

    def hang_up(self, id: str) -> None:
        """The caller goes."""
        self.do(c.EndCall(call=self.item(id).call))

    # -- what is so -----------------------------------------------------------------------------------------

    def item(self, id: str) -> WorkItem:
        """The item."""
        return self.state.items[id]

    def holder(self, id: str) -> str:
        """Who it is held for, or who has it; '' for nobody."""
        return self.state.items[id].agent

    def has(self, agent: str) -> set[str]:
        """What the agent has, reserved items too."""
        return set(self.state.holds.get(agent, ()))

    def presence(self, agent: str) -> tuple[str, str]:
        """What the agent's presence says, and why."""
        presence = self.state.presences[agent]
        return presence.state, presence.reason

    def told(self, *kinds: type) -> list[Any]:
        """What happened, of these kinds."""
        return [event for event in self.log if isinstance(event, kinds)]

    def served(self, agent: str, count: int) -> list[str]:
        """What the agent gets next, one after another, each done at once."""
        found = []
        for _ in range(count):
            (id,) = self.has(agent)
            found.append(id)
            self.accept(id)
            self.finish(id)
        return found


def _skills(records: tuple[Any, ...]) -> set[str]:
    found: set[str] = set()
    for record in records:
        if isinstance(record, Agent):
            found |= {skill for skill, _ in record.skills}
        if isinstance(record, Queue):
            found |= {*named(record.requirement), *named(record.wishes)}
            found |= {
                skill for step in record.plan for term in (*step.drop, *step.lower) for skill in named(((term, 1),))
            }
    return found
