"""The people inside: agents at their screens, and a leader who changes the centre while it runs."""

import msgspec

from router.core import commands as c
from router.core.facts import MessageFacts
from router.core.item import WorkItem
from router.core.state import State
from router.gateway import Content
from router.simulate import limits
from router.simulate.house import House
from router.simulate.node import Node, Session
from router.simulate.people import Person


class AgentPlayer(Person):
    """An agent who does what agents do with whatever is theirs, as their screen shows it."""

    def __init__(self, house: House, agent: str) -> None:
        super().__init__(house, f"agent-{agent}")
        self._agent = agent
        self._session: Session | None = None

    async def play(self) -> None:
        """Work until the world ends; when the screen loses its node, find another one."""
        while True:
            await self.pause(0.05, limits.THINK_S)
            node = await self._connected()
            if node is None or self._agent not in node.domain.state.agents:
                continue
            presence = node.domain.state.presences[self._agent]
            if self._session is None or self._session.client not in presence.clients:
                continue
            if presence.state != "available":
                await self.send(c.SetPresence(agent=self._agent, state="available"))
            elif not self.house.calm and self.chance(limits.LEAVE_SHARE):
                await self._leave(node.domain.state)
            else:
                await self._work(node.domain.state)

    async def _connected(self) -> Node | None:
        """The node that the screen is connected to."""
        session = self._session
        if session is not None:
            there = self.house.up.get(session.node.name) is session.node and not session.gone.is_set()
            if there and not self.house.happens(limits.DISCONNECT_SHARE, "disconnect"):
                return session.node
            self._hang_up(session)
            long = not self.house.calm and self.chance(limits.AWAY_LONG_SHARE)
            await self.pause(*(limits.AWAY_LONG_S if long else limits.RECONNECT_S))
        if not self.house.up:
            return None
        node = self.house.chance.choice(list(self.house.up.values()))
        self._session = node.open_session(self._agent, self.house.ids.new("client"))
        self.house.ledger.sessions.add(self._session.client)
        return node

    def _hang_up(self, session: Session) -> None:
        session.gone.set()
        self.house.ledger.sessions.discard(session.client)
        self._session = None

    async def _leave(self, state: State) -> None:
        """Go home, or be not ready after what is held; back soon after."""
        if self.chance(0.5):
            await self.send(c.SetPresence(agent=self._agent, state="not_ready", reason="pause", after=True))
        else:
            choices = {item: self.house.chance.choice(("keep", "return")) for item in state.theirs(self._agent)}
            await self.send(c.SignOut(agent=self._agent, choices=choices))
        await self.pause(1, 8)

    async def _work(self, state: State) -> None:
        mine = state.theirs(self._agent)
        if not mine:
            return
        item = state.items[self.house.chance.choice(mine)]
        if item.state == "reserved":
            await self._reserved(item)
        elif item.state == "pending":
            await self.send(c.ResumeItem(item=item.id, agent=self._agent))
        else:
            await self._active(item)

    async def _reserved(self, item: WorkItem) -> None:
        if self.chance(0.1):
            return
        if self.chance(0.1):
            await self.send(c.DeclineReservation(item=item.id, agent=self._agent))
        elif item.channel == "phone" and not item.consults and not item.to_call:
            await self.send(c.AnswerCall(call=item.call, agent=self._agent))
        else:
            await self.send(c.AcceptReservation(item=item.id, agent=self._agent))

    async def _active(self, item: WorkItem) -> None:
        if item.consults:
            text = self._text("answer")
            await self.send(c.AnswerConsult(item=item.id, agent=self._agent, note=next(iter(text))), contents=text)
        elif item.to_call and self.chance(0.5):
            await self.send(c.FailCallback(item=item.id, agent=self._agent, reason="busy"))
        elif self.chance(0.15):
            await self._specialists(item)
        elif item.channel != "phone" and self.chance(0.5):
            await self._reply(item)
        elif self.chance(0.3):
            await self._note(item)
        elif self.chance(0.15):
            note = self._text("escalation")
            await self.send(
                c.EscalateItem(item=item.id, agent=self._agent, reason="hard", note=next(iter(note))), contents=note
            )
        elif item.channel == "email" and item.state == "active" and self.chance(0.3):
            await self.send(c.SetPending(item=item.id, agent=self._agent))
        elif self.chance(0.2):
            await self._ask(item)
        elif item.channel == "email" and self.chance(0.25):
            await self._mail_work(item)
        else:
            await self.send(c.CompleteItem(item=item.id, agent=self._agent, disposition="done"))

    async def _specialists(self, item: WorkItem) -> None:
        """Ask them, hand over to who is there, give back what came from the first line, follow, or leave it."""
        agent, text = self._agent, self._text("specialists")
        note, consults = next(iter(text)), item.consultations
        if consults and self.chance(0.5):
            hand = c.HandOver(item=item.id, agent=agent, consult=consults[0], reason="hard")
            await self.send(hand if self.chance(0.7) else c.EndConsult(item=consults[0], agent=agent))
        elif item.way and self.chance(0.5):
            await self.send(c.ReturnItem(item=item.id, agent=agent, kind="answered", note=note), contents=text)
        elif self.chance(0.3):
            await self.send(c.FollowItem(item=item.id, agent=agent, follow=self.chance(0.7)))
        else:
            consult = self.house.ids.new("item")
            await self.send(c.ConsultItem(item=item.id, agent=agent, consult=consult, note=note), contents=text)

    async def _ask(self, item: WorkItem) -> None:
        """Ask the leader; the item stays."""
        text, question = self._text("question"), self.house.ids.new("qst")
        note = next(iter(text))
        if self.chance(0.5):
            await self.send(c.CallForHelp(item=item.id, agent=self._agent, question=question, note=note), contents=text)
            return
        ask = c.AskPermission(item=item.id, agent=self._agent, question=question, code="refund", note=note, amount=5)
        await self.send(ask, contents=text)

    async def _mail_work(self, item: WorkItem) -> None:
        """Split it, merge what else waits into it, or close it without an answer."""
        mails = [one for one in self._others(item) if one.state == "queued"]
        if mails and self.chance(0.5):
            other = self.house.chance.choice(mails)
            await self.send(c.MergeConversation(item=other.id, into=item.id, agent=self._agent))
        elif self.chance(0.5):
            ids = self.house.ids
            part = c.SplitPart(item=ids.new("item"), conversation=ids.new("conv"), queue="expert")
            await self.send(c.SplitItem(item=item.id, agent=self._agent, parts=(part,)))
        else:
            await self.send(c.DismissItem(item=item.id, agent=self._agent, code="spam"))

    def _others(self, item: WorkItem) -> list[WorkItem]:
        """The other open mails, as the screen's node knows them."""
        session = self._session
        items = session.node.domain.state.items.values() if session is not None else ()
        return [one for one in items if one.channel == "email" and one.id != item.id]

    async def _note(self, item: WorkItem) -> None:
        text = self._text("note")
        await self.send(c.AddNote(item=item.id, agent=self._agent, content=next(iter(text))), contents=text)

    async def _reply(self, item: WorkItem) -> None:
        text = self._text("reply")
        id = self.house.ids.new("dlv")
        message = MessageFacts(id=f"m-{id}", content=next(iter(text)), natural_key=id)
        reply = c.SendReply(
            item=item.id, agent=self._agent, message=message, delivery=id if item.channel == "email" else ""
        )
        await self.send(reply, contents=text)

    def _text(self, kind: str) -> dict[str, bytes]:
        """A text of this agent's, under an id of its own."""
        id = self.house.ids.new(kind)
        return {id: msgspec.json.encode(Content(text=f"{kind} {id}"))}


class Leader(Person):
    """Somebody who lends agents to another queue, closes queues, moves work, sees to what is stuck or was not sent."""

    async def play(self) -> None:
        """One act after another until the world grows calm; then everything is open again."""
        while not self.house.calm:
            await self.pause(2, 10)
            state = self._state()
            if state is not None and state.agents:
                await self.send(self._act(state))
        await self.send(c.OpenQueue(queue="help"))

    def _state(self) -> State | None:
        nodes = list(self.house.up.values())
        return self.house.chance.choice(nodes).domain.state if nodes else None

    def _cell(self, agent: str, until: int) -> c.SkillEdit:
        chance = self.house.chance
        return c.SkillEdit(
            agent=agent, skill="fr", level=chance.randrange(6), until=until if chance.random() < 0.5 else None
        )

    def _act(self, state: State) -> c.Command:
        chance = self.house.chance
        agent = chance.choice(sorted(state.agents))
        until = self.house.clock.now_ms() + chance.randrange(-1_000, 20_000)
        acts: list[c.Command] = [
            c.SetMembership(agent=agent, queue="help", membership=None, until=until),
            c.CloseQueue(queue="help", overflow=chance.choice(("", "expert"))),
            c.OpenQueue(queue="help"),
            c.MoveItems(agent=agent),
            c.SetAgentSkills(edits=tuple(self._cell(id, until) for id in sorted({agent, max(state.agents)}))),
        ]
        acts += [c.RequeueItem(item=item.id) for item in state.items.values() if item.state == "stuck"]
        acts += [
            c.AnswerQuestion(item=item.id, question=question.id, by="login:leader", answer="advise")
            for item in state.items.values()
            for question in item.questions
            if question.open
        ]
        merged = (item.id for item in state.items.values() if item.outcome == "merged")
        acts += [c.UnmergeConversation(item=item, opens=self.house.ids.new("item")) for item in merged]
        acts += [c.RescindReservation(item=item.id) for item in state.items.values() if item.state == "reserved"][:1]
        failed = (delivery for delivery in state.deliveries.values() if delivery.state in ("failed", "unknown"))
        acts += [c.RetryDelivery(delivery=delivery.id, agent=agent) for delivery in failed]
        return chance.choice(acts)
