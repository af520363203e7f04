"""Random traffic on a small centre: commands, sensible and silly, that are drawn by whoever asks for them.

`pick` draws one of a sequence: from a seed (long walks) or from hypothesis (which then shrinks what it finds).
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, get_args

import msgspec

from queues.callback import Window
from queues.capacity import Room
from queues.comparator import STRICT, Comparator
from queues.plan import RelaxStep
from queues.queue import Fallback, Queue
from queues.strategy import Strategy
from queues.team import Membership, Team
from router.core import commands as c
from router.core.agent import Agent
from router.core.facts import Facts, MessageFacts
from router.core.state import State
from skills import Skill, requirement

T = TypeVar("T")

SKILLS = ("fr", "nl", "tax")
QUEUES = ("help", "vip", "expert")
CHANNELS = ("phone", "chat", "email")
AGENTS = ("ann", "bob", "cyd", "dan", "eve")
ROOMS = {
    "phone": Room(maximum=1, weight=100),
    "chat": Room(maximum=3, weight=30),
    "email": Room(maximum=2, weight=40),
}
MIXED = {
    "phone": Room(maximum=1, weight=60, alone=True),
    "chat": Room(maximum=2, weight=40, silent_ms=1_500, interruptible_by=("phone",)),
    "email": Room(maximum=2, weight=50, interruptible_by=("phone", "chat")),
}
ASKS = (
    (),
    (),
    (("nl", 2),),
    (("fr", 3),),
    (("fr", 1), ("nl", 1)),
    (("tax", 4),),
    (("fr|nl", 3),),
    (("!tax", 3), ("nl", 1)),
)
"""Several ask nothing, so that much of the traffic can be served."""
WISHES = ((), (), (("nl", 3),), (("fr", 2), ("tax", 3)), (("!tax", 4),), (("fr|tax", 5),))
PLANS: tuple[tuple[RelaxStep, ...], ...] = (
    (),
    (RelaxStep(after_ms=0, members=1), RelaxStep(after_ms=1_000, members=2), RelaxStep(after_ms=4_000, members=9)),
    (RelaxStep(after_ms=1_000, drop=("fr", "fr|nl")), RelaxStep(after_ms=3_000, lower={"nl": 1, "tax": 2}, priority=2)),
    (RelaxStep(after_ms=1_500, teams=("second",)), RelaxStep(after_ms=5_000, queues=("expert", "vip"))),
    (
        RelaxStep(after_ms=2_500, overflow="vip", alert="slow"),
        RelaxStep(after_ms=5_000, overflow="help", callback=True),
    ),
    (RelaxStep(after_ms=500, priority=1), RelaxStep(after_ms=2_000, queues=("help",), drop=("tax",), members=1)),
)
COMPARATORS = (
    STRICT,
    STRICT,
    Comparator(kind="head_start", per_point_ms=4_000),
    Comparator(kind="slope", per_point_ms=1_000, base_ms=2_000, per_s=3_000),
    Comparator(kind="slope", per_s=500),
)
SERVED: tuple[Membership | None, ...] = (
    None,
    Membership(),
    Membership(order=2),
    Membership(order=3),
    Membership(enabled=False),
    Membership(priority=2),
    Membership(priority=-1, weight=3),
    Membership(delay_ms=1_500),
    Membership(order=2, delay_ms=4_000, weight=2),
)
ITEMS_MAX = 14


def centre() -> list[c.CentreRecord]:
    """Three queues, two teams, five agents."""
    return [
        *(Skill(id=skill, kind="language" if skill != "tax" else "skill") for skill in SKILLS),
        Queue(id="help", escalates_to="expert", wrap_up_ms={"phone": 5_000}, target_ms={"phone": 20_000}),
        Queue(id="vip", priority=2, escalates_to="expert", decline_memory_ms=0, prefer_ms=6_000),
        Queue(id="expert", line=2, requirement=requirement({"tax": 1}), reserve={"vip": 1, "help": 2}),
        Team(id="first", memberships={"help": Membership(), "vip": Membership(order=2)}),
        Team(id="second", line=2, memberships={"expert": Membership(), "vip": Membership()}),
        Agent(id="ann", teams=("first",), skills=requirement({"fr": 3, "nl": 4}), rooms=ROOMS),
        Agent(id="bob", teams=("first",), skills=requirement({"fr": 5}), rooms=MIXED),
        Agent(id="cyd", teams=("first",), skills=requirement({"nl": 2, "tax": 2}), rooms=ROOMS),
        Agent(id="dan", teams=("first", "second"), skills=requirement({"nl": 5, "tax": 5}), rooms=MIXED),
        Agent(id="eve", teams=("second",), skills=requirement({"fr": 3, "nl": 3, "tax": 5}), rooms=ROOMS),
    ]


def put(*records: Any) -> c.ApplyCentre:
    """One command that makes all of these records so."""
    return c.ApplyCentre(
        changes=tuple(c.Change(kind=each.__struct_config__.tag, id=each.id, record=each, seen=None) for each in records)
    )


class Traffic:
    """Draws commands that have something to do with what is so."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.now = 1_000
        self.made = 0
        self.pick: Callable[[Sequence[Any]], Any] = lambda options: options[0]

    # -- drawing --------------------------------------------------------------------------------------------

    def one(self, options: Sequence[T]) -> T:
        """One of them."""
        found: T = self.pick(options)
        return found

    def item(self, *states: str) -> str:
        """Mostly an item in one of these states."""
        fitting = [id for id, item in self.state.items.items() if item.state in states]
        return self.one([*fitting, *fitting, "i-none"]) if fitting else "i-none"

    def holder(self, item: str) -> str:
        """Whose the item is, or anybody."""
        record = self.state.items.get(item)
        return self.one(record.holders) if record is not None and record.agent else self.one(AGENTS)

    def id(self, of: str) -> str:
        """A new one."""
        self.made += 1
        return f"{of}{self.made}"

    def level(self) -> int:
        """A level, or 0 for none."""
        return self.one((0, 1, 2, 3, 5))

    # -- customers ------------------------------------------------------------------------------------------

    def call(self) -> c.Command:
        call = self.id("call")
        return c.OfferCall(call=call, item=f"i-{call}", conversation=f"c-{call}", facts=self.facts())

    def write(self) -> c.Command:
        id = self.id("m")
        message = MessageFacts(id=id, content=f"t-{id}", natural_key=f"n-{id}")
        last = self.one(("", *AGENTS))
        return c.ReceiveMessage(
            channel=self.one(("chat", "email")),
            item=f"i-{id}",
            conversation=f"c-{id}",
            message=message,
            facts=self.facts(),
            last_agent=last,
        )

    def facts(self) -> Facts:
        return Facts(
            queue=self.one(QUEUES),
            requirement=self.one(ASKS),
            wishes=self.one(WISHES),
            priority=self.one((0, 0, 1, 3)),
        )

    def answer(self) -> c.Command:
        """The customer writes again: what is pending re-opens."""
        item = self.state.items.get(self.item("pending", "active", "queued"))
        if item is None or item.channel == "phone" or item.consults:
            return c.Pulse()
        id = self.id("m")
        message = MessageFacts(id=id, content=f"t-{id}", natural_key=f"n-{id}")
        return c.ReceiveMessage(
            channel=item.channel,
            item=f"i-{id}",
            conversation=item.conversation,
            message=message,
            facts=Facts(queue=item.queue),
        )

    def call_back(self) -> c.Command:
        """Somebody wants to be called back: who waits on the line, or anybody."""
        id = self.id("b")
        waits = [item.id for item in self.state.items.values() if item.channel == "phone" and item.state == "queued"]
        window = Window(start=self.now + 1_000, end=self.now + 6_000)
        return c.AskCallback(
            item=f"i-{id}",
            conversation=f"c-{id}",
            facts=self.facts(),
            of=self.one(("", *waits)),
            windows=self.one(((), (), (window,))),
            delay=self.one((None, 800)),
        )

    def give_up(self) -> c.Command:
        """A customer leaves, or a call ends."""
        item = self.state.items.get(self.item("queued", "reserved", "active"))
        if item is None or item.channel == "email":
            return c.Pulse()
        return c.EndCall(call=item.call) if item.channel == "phone" else c.LeaveChat(conversation=item.conversation)

    # -- agents ---------------------------------------------------------------------------------------------

    def arrive(self) -> c.Command:
        away = [agent for agent in AGENTS if not self.state.presences[agent].clients]
        return c.ConnectClient(
            agent=self.one(away or AGENTS), client=self.one(("t1", "t2")), gateway=self.one(("g1", "g2"))
        )

    def ready(self) -> c.Command:
        presences = self.state.presences
        unready = [agent for agent in AGENTS if presences[agent].clients and presences[agent].state != "available"]
        return c.SetPresence(agent=self.one(unready or AGENTS), state="available")

    def leave(self) -> c.Command:
        agent = self.one(AGENTS)
        mine = self.state.theirs(agent)
        return self.one(
            (
                c.SetPresence(agent=agent, state="not_ready", reason="break"),
                c.SetPresence(agent=agent, state="not_ready", reason="break", after=True),
                c.SetPresence(agent=agent, state="offline"),
                c.ForcePresence(agent=agent, state="not_ready", reason="meeting"),
                c.LoseClient(agent=agent, client="t1"),
                c.LoseGateway(gateway="g1"),
                c.SignOut(agent=agent, choices={item: self.one(("keep", "return", "ann")) for item in mine}),
            )
        )

    def accept(self) -> c.Command:
        item = self.item("reserved")
        return c.AcceptReservation(item=item, agent=self.holder(item))

    def decline(self) -> c.Command:
        item = self.item("reserved")
        return c.DeclineReservation(item=item, agent=self.holder(item))

    def reconnect(self) -> c.Command:
        """A client goes or comes, its agent stays as they are."""
        agent = self.one(AGENTS)
        clients = self.state.presences[agent].clients
        if clients:
            return c.LoseClient(agent=agent, client=self.one(sorted(clients)))
        return c.ConnectClient(agent=agent, client="t1", gateway="g1")

    def connect_fails(self) -> c.Command:
        item = self.state.items.get(self.item("reserved", "active"))
        return c.FailConnect(call=item.call, agent=item.agent) if item is not None and item.call else c.Pulse()

    def finish(self) -> c.Command:
        item = self.item("active", "wrapping")
        agent = self.holder(item)
        return self.one(
            (
                c.EndContact(item=item, agent=agent),
                c.CompleteItem(item=item, agent=agent, disposition="done"),
                c.CompleteItem(item=item, agent=agent, disposition="done"),
            )
        )

    def reply(self) -> c.Command:
        """An agent writes to their customer, who may then say nothing for long."""
        chats = [item.id for item in self.state.items.values() if (item.channel, item.state) == ("chat", "active")]
        item = self.one(chats or ["i-none"])
        id = self.id("r")
        return c.SendReply(item=item, agent=self.holder(item), message=MessageFacts(id=id, content=f"t-{id}"))

    def called_back(self) -> c.Command:
        """An agent calls their customer, who answers or not."""
        called = [item for item in self.state.items.values() if item.to_call and item.state == "active"]
        if not called:
            return c.Pulse()
        item = self.one(called)
        call = item.callback.call if item.callback is not None else ""
        return self.one(
            (
                c.DialCallback(item=item.id, call=self.id("out")),
                c.FailCallback(item=item.id, agent=item.agent),
                c.AnswerCall(call=call, agent=item.agent),
            )
        )

    def consult(self) -> c.Command:
        """Asking, answering and taking over without or with the item."""
        asked = [item for item in self.state.items.values() if item.consults and item.state != "closed"]
        if not asked or self.one((True, False)):
            item = self.item("active")
            agent = self.holder(item)
            to_queue = c.ConsultItem(
                item=item, agent=agent, consult=f"i-{self.id('q')}", note="n", queue=self.one(QUEUES)
            )
            warm = c.EscalateItem(
                item=item, agent=agent, reason="hard", note="n", mode="connect", consult=f"i-{self.id('q')}"
            )
            return self.one((to_queue, to_queue, warm))
        consult = self.one(asked)
        return self.one(
            (
                c.AnswerConsult(item=consult.id, agent=self.holder(consult.id), note="n"),
                c.EndConsult(item=consult.id, agent=consult.asker),
                c.HandOver(item=consult.consults, agent=consult.asker, consult=consult.id, reason="hard"),
            )
        )

    def give_back(self) -> c.Command:
        """A specialist gives back what is none of theirs, or is answered."""
        items = [item.id for item in self.state.items.values() if item.way and item.agent]
        item = self.one(items or ["i-none"])
        return c.ReturnItem(
            item=item, agent=self.holder(item), kind=self.one(("answered", "wrongly_routed")), reason="x", note="n"
        )

    def split(self) -> c.Command:
        """One mail is several matters."""
        item = self.item("active")
        id = self.id("s")
        parts = tuple(
            c.SplitPart(item=f"i-{id}{queue}", conversation=f"c-{id}{queue}", queue=queue)
            for queue in dict.fromkeys((self.one(QUEUES), self.one(QUEUES)))
        )
        return c.SplitItem(item=item, agent=self.holder(item), parts=parts)

    def rescind(self) -> c.Command:
        item = self.item("reserved")
        return c.RescindReservation(item=item, agent=self.one(("", self.holder(item))))

    def park(self) -> c.Command:
        item = self.item("active", "wrapping", "pending")
        agent = self.holder(item)
        return self.one(
            (
                c.SetPending(item=item, agent=agent, until=self.now + self.one((1_000, 30_000))),
                c.SetPending(item=item, agent=agent),
                c.ResumeItem(item=item, agent=agent),
            )
        )

    def hand_over(self) -> c.Command:
        item = self.item("active", "wrapping", "pending")
        agent = self.holder(item)
        return self.one(
            (
                c.EscalateItem(item=item, agent=agent, reason="hard", note="n", queue=self.one(("", *QUEUES))),
                c.TransferItem(item=item, agent=agent, queue=self.one(QUEUES)),
                c.TransferItem(item=item, agent=agent, to_agent=self.one(AGENTS)),
            )
        )

    # -- supervisors ----------------------------------------------------------------------------------------

    def move(self) -> c.Command:
        item = self.item("queued", "queued", "reserved", "active", "pending", "stuck")
        agent = self.one(AGENTS)
        return self.one(
            (
                c.RequeueItem(item=item),
                c.RequeueItem(item=item, queue=self.one(("", *QUEUES))),
                c.TransferItem(item=item, queue=self.one(QUEUES)),
                c.TransferItem(item=item, to_agent=agent),
                c.MoveItems(agent=agent, queue=self.one(("", *QUEUES))),
                c.MoveItems(agent=agent, to_agent=self.one(AGENTS)),
            )
        )

    def skill(self) -> c.Command:
        until = self.one((None, None, self.now + 5_000))
        return c.SetAgentSkill(agent=self.one(AGENTS), skill=self.one(SKILLS), level=self.level(), until=until)

    def membership(self) -> c.Command:
        until = self.one((None, None, self.now + 5_000))
        return c.SetMembership(agent=self.one(AGENTS), queue=self.one(QUEUES), membership=self.served(), until=until)

    def served(self) -> Membership | None:
        """How somebody serves a queue, or not at all."""
        return self.one(SERVED)

    def capacity(self) -> c.Command:
        channel = self.one(CHANNELS)
        room = self.one((None, ROOMS[channel], MIXED[channel], Room(maximum=2, weight=50)))
        total = self.one((None, None, 100, 60))
        return c.SetCapacity(agent=self.one(AGENTS), channel=channel, room=room, total=total)

    def queue(self) -> c.Command:
        """One of the rules of a queue changes."""
        queue = self.state.queues[self.one(QUEUES)]
        changed: dict[str, Any] = self.one(
            (
                {"requirement": self.one(ASKS)},
                {"priority": self.one((0, 2))},
                {"target_ms": {"phone": self.one((5_000, 60_000))}},
                {"decline_memory_ms": self.one((0, 4_000))},
                {"wishes": self.one(WISHES)},
                {"plan": self.one(PLANS)},
                {"plan": self.one(PLANS)},
                {"prefer_ms": self.one((0, 0, 9_000))},
                {"prefer_ms": self.one((0, 0, 9_000))},
                {"strategy": self.one(get_args(Strategy))},
                {"strategy": self.one(get_args(Strategy))},
                {"idle_from": self.one(("available", "worked"))},
                {"comparator": self.one(COMPARATORS)},
                {"simultaneous": self.one((1, 2, 3))},
                {"auto_accept": self.one(((), ("chat",)))},
                {"decline_until": self.one(("time", "others", "return")), "declines_max": self.one((0, 4))},
                {"waiting_max": self.one((None, 0, 2)), "when_full": Fallback(overflow=self.one(("", *QUEUES)))},
                {"wait_max_ms": self.one((0, 7_000)), "when_late": Fallback(overflow=self.one(("", *QUEUES)))},
                {"escalate_declined": self.one((True, False)), "reopens_max": self.one((0, 1))},
                {"resolve_ms": self.one(({}, {"*": 20_000}))},
                {"reserve": self.one(({}, {"*": 1}, {"help": 1, "vip": 2}))},
            )
        )
        return put(msgspec.structs.replace(queue, **changed))

    def team(self) -> c.Command:
        """A team serves a queue in another way, and with it all its agents at once."""
        team = self.state.teams[self.one(("first", "second"))]
        if self.one((True, False)):
            return put(msgspec.structs.replace(team, comparator=self.one((None, *COMPARATORS))))
        membership = self.served()
        memberships = {**team.memberships, self.one(QUEUES): membership or Membership()}
        return put(msgspec.structs.replace(team, memberships=memberships))

    def skill_goes(self) -> c.Command:
        """A skill is deleted and becomes another one, or nothing; or it comes back."""
        skill = self.one(SKILLS)
        if skill not in self.state.skills:
            return put(Skill(id=skill, kind="language"))
        others = [other for other in self.state.skills if other != skill]
        becomes = self.one(("", *others))
        return c.ApplyCentre(changes=(c.Change(kind="skill", id=skill, becomes=becomes),))

    def close(self) -> c.Command:
        queue = self.one(QUEUES)
        return self.one((c.CloseQueue(queue=queue, overflow=self.one(("", *QUEUES))), c.OpenQueue(queue=queue)))

    def matrix(self) -> c.Command:
        """Several cells of the skills matrix at once."""
        until = self.one((None, self.now + 5_000))
        cells = dict.fromkeys((self.one(AGENTS), self.one(SKILLS)) for _ in range(3))
        edits = (c.SkillEdit(agent=agent, skill=skill, level=self.level(), until=until) for agent, skill in cells)
        return c.SetAgentSkills(edits=tuple(edits))

    def agent(self) -> c.Command:
        """The record of an agent is edited."""
        agent = self.state.agents[self.one(AGENTS)]
        changed: dict[str, Any] = self.one(
            (
                {"disabled": not agent.disabled},
                {"rooms": self.one((ROOMS, MIXED)), "total": 100},
                {"rooms": {**ROOMS, "phone": Room(maximum=2, weight=50)}},
                {"teams": self.one((("first",), ("second",), ("first", "second")))},
            )
        )
        return put(msgspec.structs.replace(agent, **changed))

    def forget(self) -> c.Command:
        closed = tuple(id for id, item in self.state.items.items() if item.state == "closed")
        return c.Forget(items=closed)


WEIGHTS: dict[str, int] = {
    "call": 9,
    "write": 11,
    "answer": 3,
    "give_up": 2,
    "arrive": 12,
    "ready": 30,
    "leave": 2,
    "reply": 6,
    "call_back": 2,
    "called_back": 2,
    "consult": 3,
    "give_back": 1,
    "split": 1,
    "rescind": 1,
    "skill_goes": 2,
    "reconnect": 4,
    "accept": 45,
    "decline": 2,
    "connect_fails": 1,
    "finish": 30,
    "park": 5,
    "hand_over": 5,
    "move": 4,
    "skill": 2,
    "membership": 3,
    "capacity": 3,
    "queue": 6,
    "team": 2,
    "close": 1,
    "matrix": 2,
    "agent": 2,
    "forget": 10,
}
"""Move -> how often it is drawn, beside the others."""

OPENING = ("call", "write", "call_back", "split")
STEPS_TICKS = (0, 0, 0, 1, 1, 1, 40, 40, 40, 400, 400, 400, 1_500, 1_500, 6_000, 21_000)
"""How long after the one before a command comes."""
