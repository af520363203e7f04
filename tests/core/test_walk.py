"""Random walks: whatever happens in whatever order, every invariant holds after every step.

`World` checks the invariants, that a refusal moves nothing, and that no free agent could have a waiting item.
"""

import random
from typing import Any, get_args

import msgspec
import pytest

from queues.callback import Callbacks, Window
from queues.capacity import Room
from queues.comparator import Comparator, ComparatorKind
from queues.hours import Hours
from queues.plan import RelaxStep
from queues.queue import Fallback, Queue
from queues.strategy import Strategy
from queues.team import Membership
from router.core import commands as c
from router.core import events as e
from router.core.due import next_deadline
from router.core.evolve import evolve
from router.core.facts import Facts, MessageFacts
from router.core.state import State, load
from skills import Skill
from tests.core.world import World, change

HOURS = Hours(id="day", zone="Europe/Brussels", weekly=((),) * 7)
AGENTS = ("ann", "bob", "eve")
STEPS = 400
SEEDS = 30  # at least; more only until every kind of event was met
ITEMS = 12


class Walker:
    """Draws commands, sensible and silly ones, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = World()
        self.made = 0
        self.world.do(c.ApplyCentre(changes=(change(HOURS), change(self.rules(), seen=None))))

    def rules(self) -> Queue:
        """The first queue with a plan, a strategy and a comparator of its own."""
        return msgspec.structs.replace(
            self.world.state.queues["help"],
            strategy=self.random.choice(get_args(Strategy)),
            idle_from=self.random.choice(("available", "worked")),
            comparator=Comparator(kind=self.random.choice(get_args(ComparatorKind)), per_point_ms=5_000),
            prefer_ms=self.random.choice((0, 2_000)),
            wishes=(("fr", 5),),
            reserve={"expert": self.random.randrange(2)},
            plan=(
                RelaxStep(after_ms=1_000, drop=("nl",)),
                RelaxStep(after_ms=2_000, callback=True, alert="slow"),
                RelaxStep(after_ms=20_000, queues=("expert",), priority=3),
                RelaxStep(after_ms=40_000, overflow="expert"),
            ),
            hours="day",
            when_closed=Fallback(overflow=self.random.choice(("", "expert")), callback=True),
            waiting_max=self.random.choice((None, None, 0, 3)),
            when_full=Fallback(overflow=self.random.choice(("", "expert")), callback=True),
            wait_max_ms=self.random.choice((0, 50_000)),
            when_late=Fallback(callback=self.random.random() < 0.5),
            callbacks=Callbacks(attempts=2, retry_ms=1_000, delay_ms=self.random.choice((0, 500))),
            pending_close_ms=self.random.choice((0, 30_000)),
        )

    def calendar(self) -> c.Command:
        """The hours of the first queue, known for a while: open from now, soon, or open and soon no more."""
        revision = self.world.state.hours["day"].revision
        begin = self.world.now + self.random.choice((*[-50_000] * 5, 3_000))
        spans = ((begin, begin + 60_000), (begin + 70_000, begin + 200_000))
        return c.SetCalendar(hours="day", spans=spans, through=self.world.now + 80_000, revision=revision)

    def call_back(self) -> c.Command:
        """Somebody wants to be called back."""
        self.made += 1
        item = self.item("queued", "active", "pending")
        now = self.world.now
        windows = self.random.choice(
            ((), (), (Window(start=now + 1_000, end=now + 2_000), Window(start=now + 1_500, end=now + 9_000)))
        )
        return c.AskCallback(
            item=f"b{self.made}",
            conversation=f"c-b{self.made}",
            facts=Facts(queue="help"),
            of=item if self.random.random() < 0.7 else "",
            windows=windows,
        )

    def called_back(self) -> c.Command:
        """An agent has the customer called, and they answer or not."""
        self.made += 1
        called = [id for id, item in self.world.state.items.items() if item.to_call and item.state == "active"]
        if not called:
            return self.accept()
        item = self.random.choice(called)
        record = self.world.state.items[item]
        call = record.callback.call if record.callback is not None else ""
        return self.random.choice(
            (
                c.DialCallback(item=item, call=f"out{self.made}"),
                c.FailCallback(item=item, agent=self.random.choice(("", record.agent))),
                c.AnswerCall(call=call, agent=record.agent),
                c.EndCall(call=call),
                c.EndCall(call=record.call),
            )
        )

    def walk(self, steps: int) -> None:
        """Take that many random steps."""
        opening = [*[self.offer, self.write] * 3, self.call_back]
        working = [
            *[self.accept] * 5,
            self.decline,
            self.called_back,
            self.phone,
            self.phone,
            self.seen,
            self.deliver,
            self.deliver,
        ]
        working += [self.work] * 8 + [self.mail] * 2 + [self.converse] * 2 + [self.consult] * 3
        moves = [*[self.here] * 4, self.presence, self.edit, self.housekeeping, self.client, *working]
        for agent in AGENTS:
            mails = Room(maximum=2, weight=50, interruptible_by=("phone",))
            self.world.do(c.SetCapacity(agent=agent, channel="email", room=mails))
            chats = Room(maximum=2, weight=40, silent_ms=2_000)
            self.world.do(c.SetCapacity(agent=agent, channel="chat", room=chats))
        for _ in range(steps):
            few = len(self.world.state.items) < ITEMS
            command = self.random.choice([*moves, *opening] if few else moves)()
            self.world.attempt(command, after=self.random.choice((0, 1, 50, 50, 3_000, 21_000)))
            due = next_deadline(self.world.state)
            if due is not None and due <= self.world.now:
                self.world.attempt(c.Pulse())

    def agent(self) -> str:
        return self.random.choice(AGENTS)

    def item(self, *states: str) -> str:
        """Mostly an item in one of these states, at times any or none."""
        items = self.world.state.items
        fitting = [id for id, item in items.items() if item.state in states]
        return self.random.choice(fitting if fitting and self.random.random() < 0.9 else [*items, "i-none"])

    def holder(self, item: str) -> str:
        """Mostly the agent who has the item, at times another."""
        record = self.world.state.items.get(item)
        right = record is not None and record.agent and self.random.random() < 0.9
        return self.random.choice(record.holders) if record is not None and right else self.agent()

    def call(self) -> tuple[str, str]:
        """Mostly a call that an agent is being rung for or talks on, and that agent."""
        record = self.world.state.items.get(self.item("reserved", "active"))
        call = record.call if record is not None and record.call else "none"
        return call, self.holder(record.id) if record is not None else self.agent()

    def conversation(self) -> str:
        return self.random.choice([*self.world.state.conversations, "c-none"])

    def here(self) -> c.Command:
        """Somebody who is away comes to work; else who is there answers."""
        for agent in self.random.sample(AGENTS, len(AGENTS)):
            presence = self.world.state.presences[agent]
            if not presence.clients:
                return c.ConnectClient(agent=agent, client="t0", gateway="g1")
            if presence.state != "available":
                return c.SetPresence(agent=agent, state="available")
        return self.accept()

    def presence(self) -> c.Command:
        if self.random.random() < 0.05:
            return self.sign_out()
        if self.random.random() < 0.1:
            return c.SetPresence(agent=self.agent(), state="not_ready", reason="x", after=True)
        return c.SetPresence(
            agent=self.agent(), state=self.random.choice((*["available"] * 6, "not_ready", "offline")), reason="x"
        )

    def sign_out(self) -> c.Command:
        agent = self.agent()
        state = self.world.state
        mine = (*state.holds.get(agent, ()), *state.parked.get(agent, ()))
        choices = ("keep", "return", "return", self.agent())
        return c.SignOut(agent=agent, choices={item: self.random.choice(choices) for item in mine})

    def client(self) -> c.Command:
        agent = self.agent()
        if self.random.random() < 0.85:
            return c.ConnectClient(agent=agent, client=f"t{self.random.randrange(2)}", gateway="g1")
        return self.random.choice((c.LoseClient(agent=agent, client="t0"), c.LoseGateway(gateway="g1")))

    def offer(self) -> c.Command:
        self.made += 1
        facts = self.world.message("x").facts
        asks = self.random.choice(((), (("nl", 2),), (("fr", 4),)))
        facts = type(facts)(queue=self.random.choice(("help", "expert")), requirement=asks)
        return c.OfferCall(call=f"k{self.made}", item=f"i-k{self.made}", conversation=f"c-k{self.made}", facts=facts)

    def write(self) -> c.Command:
        self.made += 1
        keys = (f"t{self.random.randrange(6)}",)
        channel = self.random.choice(("email", "chat"))
        return self.world.message(f"m{self.made}", channel=channel, keys=(f"{channel}-{keys[0]}",))

    def accept(self) -> c.Command:
        item = self.item("reserved")
        return c.AcceptReservation(item=item, agent=self.holder(item))

    def decline(self) -> c.Command:
        item = self.item("reserved")
        if self.random.random() < 0.1:
            return c.RescindReservation(item=item, agent=self.random.choice(("", self.holder(item))))
        return c.DeclineReservation(item=item, agent=self.holder(item))

    def phone(self) -> c.Command:
        call, agent = self.call()
        return self.random.choice(
            (
                c.AnswerCall(call=call, agent=agent),
                c.AnswerCall(call=call, agent=agent),
                c.HoldCall(call=call, held=True),
                c.FailConnect(call=call, agent=agent),
                c.EndCall(call=call),
                c.TransferCall(call=call, queue="expert"),
                c.LeaveChat(conversation=self.conversation()),
            )
        )

    def work(self) -> c.Command:
        item = self.item("active", "wrapping", "pending")
        agent = self.holder(item)
        record = self.world.state.items.get(item)
        self.made += 1
        message = MessageFacts(id=f"r{self.made}", content=f"t-r{self.made}")
        mail = record is not None and record.channel == "email"
        return self.random.choice(
            (
                c.SendReply(item=item, agent=agent, message=message, delivery=f"d{self.made}" if mail else ""),
                c.SendReply(item=item, agent=agent, message=message, delivery=f"d{self.made}" if mail else ""),
                c.SetPending(item=item, agent=agent, until=self.world.now + 5_000),
                c.ResumeItem(item=item, agent=agent),
                c.EndContact(item=item, agent=agent),
                c.CompleteItem(item=item, agent=agent, disposition="done"),
                c.EscalateItem(item=item, agent=agent, reason="hard", note="n"),
                c.EscalateItem(
                    item=item, agent=agent, reason="hard", note="n", mode="connect", consult=f"i-q{self.made}"
                ),
                c.ReturnItem(item=item, agent=agent, kind="answered", note="n"),
                c.FollowItem(item=item, agent=self.agent(), follow=self.random.random() < 0.5),
                c.TransferItem(item=item, agent=agent, to_agent=self.agent()),
                c.TransferItem(item=item, queue="help"),
                c.RequeueItem(item=item),
                c.AddNote(item=item, agent=agent, content="n"),
                c.SetCategory(item=item, agent=agent, category="tax_question"),
                c.SetOutcome(item=item, agent=agent, disposition="done"),
                c.LinkCustomer(item=item, agent=agent, customer=f"cust{self.random.randrange(3)}"),
            )
        )

    def mail(self) -> c.Command:
        """What is done with mails beside answering them, and what leaders are asked."""
        item = self.item("active", "wrapping", "pending")
        agent = self.holder(item)
        self.made += 1
        return self.random.choice(
            (
                self.split(item, agent),
                self.merge(item, agent),
                self.unmerge(),
                self.unmerge(),
                self.resume(),
                c.DismissItem(item=item, agent=agent, code="spam"),
                c.AskPermission(item=item, agent=agent, question=f"q{self.made}", code="refund", amount=self.made),
                c.CallForHelp(item=item, agent=agent, question=f"q{self.made}"),
                self.answer(),
                self.answer(),
            )
        )

    def split(self, item: str, agent: str) -> c.Command:
        queues = self.random.choice((("help",), ("help", "expert")))
        parts = tuple(
            c.SplitPart(item=f"i-s{self.made}{queue}", conversation=f"c-s{self.made}{queue}", queue=queue)
            for queue in queues
        )
        return c.SplitItem(item=item, agent=agent, parts=parts)

    def merge(self, item: str, agent: str) -> c.Command:
        """Mostly one mail into another, at times anything into anything."""
        mails = [id for id, one in self.world.state.items.items() if one.channel == "email" and one.state == "queued"]
        other = self.random.choice([*mails, "i-none"])
        return c.MergeConversation(item=other, into=item, agent=agent)

    def unmerge(self) -> c.Command:
        merged = [id for id, one in self.world.state.items.items() if one.outcome == "merged"]
        return c.UnmergeConversation(item=self.random.choice([*merged, "i-none"]), opens=f"i-u{self.made}")

    def resume(self) -> c.Command:
        item = self.item("pending")
        return c.ResumeItem(item=item, agent=self.holder(item))

    def answer(self) -> c.Command:
        """Mostly a question that somebody asked, answered by whoever."""
        asked = [(one.id, question.id) for one in self.world.state.items.values() for question in one.questions]
        item, question = self.random.choice([*asked[-4:], ("i-none", "q-none")])
        answer = self.random.choice(("approve", "refuse", "advise", "join", "take_over"))
        by = self.random.choice((*AGENTS, "login:leo"))
        return c.AnswerQuestion(item=item, question=question, by=by, answer=answer)

    def converse(self) -> c.Command:
        """In a chat: the agent writes, the customer says nothing for long, and then something."""
        chats = [item for item in self.world.state.items.values() if (item.channel, item.state) == ("chat", "active")]
        self.made += 1
        if not chats:
            return self.write()
        chat = self.random.choice(chats)
        if chat.silent:
            return self.world.message(f"m{self.made}", channel="chat", conversation=chat.conversation)
        message = MessageFacts(id=f"r{self.made}", content=f"t-r{self.made}")
        return c.SendReply(item=chat.id, agent=chat.agent, message=message)

    def consult(self) -> c.Command:
        """Ask, answer, hand over or end: with what is there, or what is not."""
        self.made += 1
        asked = [item for item in self.world.state.items.values() if item.consultations]
        if not asked or self.random.random() < 0.3:
            item = self.item("active", "wrapping", "pending")
            to_agent = self.random.choice(("", "", self.agent()))
            return c.ConsultItem(
                item=item, agent=self.holder(item), consult=f"i-q{self.made}", note="n", to_agent=to_agent
            )
        consults = [self.world.state.items[id] for item in asked for id in item.consultations]
        consult = self.random.choice([one for one in consults if one.agent] or consults)
        about = self.world.state.items[consult.consults]
        if consult.state == "queued" and self.random.random() < 0.5:
            return c.SetPresence(agent=consult.only or self.agent(), state="available")
        answers = (
            c.AnswerConsult(item=consult.id, agent=consult.agent or "eve", note="n"),
            c.HandOver(item=about.id, agent=about.agent or "ann", consult=consult.id, reason="hard"),
        )
        if consult.state == "reserved":
            return c.AcceptReservation(item=consult.id, agent=consult.agent)
        if consult.state == "active" and self.random.random() < 0.7:
            return self.random.choice(answers)
        return self.random.choice(
            (
                *answers,
                c.EndConsult(item=consult.id, agent=self.random.choice((consult.asker, about.agent, "eve"))),
                c.CompleteItem(item=about.id, agent=about.agent or "ann", disposition="done"),
            )
        )

    def deliver(self) -> c.Command:
        delivery = self.random.choice([*self.world.state.deliveries, "d-none"])
        record = self.world.state.deliveries.get(delivery)
        if record is not None and record.state in ("failed", "unknown"):
            return c.RetryDelivery(delivery=delivery, agent="ann")
        attempt = record.attempt if record is not None else 0
        result = self.random.choice(("sent", "failed", "unknown", "retry"))
        return self.random.choice(
            (
                c.StartDelivery(delivery=delivery, attempt=attempt + 1),
                c.EndDelivery(delivery=delivery, attempt=attempt, result=result, thread_keys=(f"o{delivery}",)),
                c.RetryDelivery(delivery=delivery, agent="ann"),
            )
        )

    def edit(self) -> c.Command:
        agent = self.agent()
        return self.random.choice(
            (
                c.SetAgentSkill(agent=agent, skill=self.random.choice(("fr", "nl")), level=self.random.randrange(6)),
                c.SetMembership(
                    agent=agent, queue="expert", membership=self.random.choice((None, Membership(order=2)))
                ),
                c.SetCapacity(agent=agent, channel="chat", room=Room(maximum=self.random.choice((2, 3)), weight=30)),
                self.room(agent),
                c.SetAgentPhone(agent=agent, phone=self.random.choice(("1", "2"))),
                self.lend(agent),
                self.lend(agent),
                self.matrix(),
                c.CloseQueue(queue="help", overflow=self.random.choice(("", "expert"))),
                c.OpenQueue(queue="help"),
                c.OpenQueue(queue="help"),
                self.demand(),
                self.rename(),
                self.calendar(),
                c.MoveItems(agent=agent, to_agent=self.random.choice(("", "bob"))),
            )
        )

    def room(self, agent: str) -> c.Command:
        """Mails give way to calls; chats grow silent."""
        if self.random.random() < 0.5:
            by: Any = self.random.choice(((), ("phone",), ("phone", "chat")))
            mails = Room(maximum=2, weight=50, interruptible_by=by, alone=self.random.random() < 0.2)
            return c.SetCapacity(agent=agent, channel="email", room=mails)
        chats = Room(maximum=2, weight=self.random.choice((30, 50)), silent_ms=self.random.choice((0, 2_000)))
        return c.SetCapacity(agent=agent, channel="chat", room=chats)

    def lend(self, agent: str) -> c.Command:
        until = self.world.now + self.random.choice((2_000, 40_000))
        if self.random.random() < 0.5:
            return c.SetAgentSkill(agent=agent, skill="nl", level=self.random.randrange(6), until=until)
        return c.SetMembership(agent=agent, queue="help", until=until, membership=Membership(order=3))

    def matrix(self) -> c.Command:
        """Several cells of the skills matrix at once, at times one twice."""
        until = self.random.choice((None, None, self.world.now + 5_000))
        cells = {(self.agent(), self.random.choice(("fr", "nl", "tax"))) for _ in range(3)}
        chosen = [*sorted(cells), *([min(cells)] if self.random.random() < 0.1 else [])]
        edits = (c.SkillEdit(agent=a, skill=s, level=self.random.randrange(6), until=until) for a, s in chosen)
        return c.SetAgentSkills(edits=tuple(edits))

    def rename(self) -> c.Command:
        """Dutch gets another name, or its own again."""
        old, new = ("nl", "dutch") if "nl" in self.world.state.skills else ("dutch", "nl")
        if self.random.random() < 0.2:
            return c.ApplyCentre(changes=(c.Change(kind="skill", id=old),))
        dropped = c.Change(kind="skill", id=old, becomes=new)
        return c.ApplyCentre(changes=(change(Skill(id=new, kind="language")), dropped))

    def demand(self) -> c.Command:
        """The queue wants to know more, or less; and does not let mails lie for long."""
        demands = self.random.choice(((), ("category",), ("category", "outcome")))
        resolve_ms = {"*": self.random.choice((20_000, 60_000))}
        queue = msgspec.structs.replace(
            self.world.state.queues["help"],
            demands=demands,
            keep_ms=30_000,
            wrap_up_ms=dict.fromkeys(("phone", "chat", "email"), 2_000),
            simultaneous=self.random.choice((1, 1, 2, 3)),
            decline_until=self.random.choice(("time", "others", "return")),
            declines_max=self.random.choice((0, 3)),
            auto_accept=self.random.choice(((), (), ("chat",), ("phone", "email"))),
            reservations_ms=self.random.choice(({}, {"phone": 5_000})),
            resolve_ms=resolve_ms,
            reopens_max=2,
        )
        return c.ApplyCentre(changes=(change(queue, seen=None),))

    def housekeeping(self) -> c.Command:
        return self.random.choice((c.Forget(items=tuple(self.world.state.items)), c.Pulse()))

    def seen(self) -> c.Command:
        return c.MarkSeen(conversation=self.conversation(), side="agent", up_to=self.random.randrange(5))


NEVER_WALKED = {e.CommandPoisoned}
"""Poisoning is the writer's."""


def test_every_invariant_holds_after_every_step() -> None:
    met: set[type] = set()
    every = set(get_args(e.Event)) - NEVER_WALKED
    for seed in range(90):
        walker = Walker(seed)
        walker.walk(STEPS)
        met |= {type(event) for event in walker.world.log}
        if seed >= SEEDS and met == every:
            break
    assert met == every, "the walks meet every kind of event"


@pytest.mark.parametrize("seed", range(5))
def test_the_fold_of_the_log_and_the_load_of_the_records_are_the_state(seed: int) -> None:
    walker = Walker(seed)
    walker.walk(STEPS)
    folded = State()
    for event in walker.world.log:
        evolve(folded, event)
    assert folded.digest() == walker.world.state.digest()
    assert load(walker.world.state.records()).digest() == folded.digest()


def test_the_same_seed_gives_the_same_log() -> None:
    first, second = Walker(7), Walker(7)
    first.walk(STEPS)
    second.walk(STEPS)
    assert first.world.log == second.world.log
