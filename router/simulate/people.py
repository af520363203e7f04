"""The people of the world. They know only what an outsider knows, and repeat what was not acknowledged."""

import asyncio

from router.core import commands as c
from router.core.facts import Facts, MessageFacts
from router.core.item import WorkItem
from router.core.state import State
from router.simulate.house import House

LEAVE_SHARE = 0.05  # of an agent's moments: they go away for a while
THINK_S = 3.0  # the longest anybody takes over one thing
TWICE_SHARE = 0.3  # of incoming events: the sender tells it again under another key


class Person:
    """Somebody who sends commands; every one has a key of its own."""

    def __init__(self, house: House, name: str) -> None:
        self._house = house
        self._name = name
        self._sent = 0

    async def think(self) -> None:
        """Let some time pass."""
        await asyncio.sleep(self._house.loop.random.uniform(0.05, THINK_S))

    def chance(self, share: float) -> bool:
        """True in this share of the cases."""
        return self._house.loop.random.random() < share

    async def send(self, command: c.Command) -> None:
        """Send until acknowledged."""
        self._sent += 1
        await self._house.send(command, f"{self._name}:{self._sent}")


class Caller(Person):
    """Somebody who calls now and then. The phone system tells everything, some of it twice."""

    def __init__(self, house: House, number: int) -> None:
        super().__init__(house, f"caller{number}")
        self._calls = 0

    async def play(self) -> None:
        """Call after call, until the world ends."""
        while not self._house.calm:
            await asyncio.sleep(self._house.loop.random.uniform(0, 20))
            self._calls += 1
            await self._one(f"{self._name}-{self._calls}")

    async def _one(self, call: str) -> None:
        facts = Facts(queue="help", customer=self._name)
        offer = c.OfferCall(call=call, item=f"i-{call}", conversation=f"c-{call}", facts=facts)
        await self.send(offer)
        if self.chance(TWICE_SHARE):
            await self.send(c.OfferCall(call=call, item=f"j-{call}", conversation=f"d-{call}", facts=facts))
        await asyncio.sleep(self._house.loop.random.uniform(1, 20))
        await self.send(c.EndCall(call=call))
        if self.chance(TWICE_SHARE):
            await self.send(c.EndCall(call=call))


class Correspondent(Person):
    """Somebody who writes mail, and whose mails may be fetched twice."""

    def __init__(self, house: House, number: int) -> None:
        super().__init__(house, f"mail{number}")

    async def play(self) -> None:
        """Mail after mail in one long thread, until the world ends."""
        written = 0
        while not self._house.calm:
            await asyncio.sleep(self._house.loop.random.uniform(0, 25))
            written += 1
            for fetch in range(1 + self.chance(TWICE_SHARE)):
                await self.send(self._mail(written, fetch))

    def _mail(self, number: int, fetch: int) -> c.ReceiveMessage:
        mail = f"{self._name}-{number}"
        message = MessageFacts(id=f"m-{mail}-{fetch}", content=f"t-{mail}", natural_key=mail, thread_keys=(self._name,))
        facts = Facts(queue="help", customer=self._name)
        return c.ReceiveMessage(
            channel="email",
            conversation=f"c-{mail}-{fetch}",
            item=f"i-{mail}-{fetch}",
            message=message,
            facts=facts,
        )


class AgentPlayer(Person):
    """An agent who does what agents do with whatever is theirs, as seen at some node."""

    def __init__(self, house: House, agent: str) -> None:
        super().__init__(house, f"agent-{agent}")
        self._agent = agent

    async def play(self) -> None:
        """Work until the world ends."""
        while True:
            await self.think()
            domain = self._house.domain()
            if domain is None or self._agent not in domain.state.agents:
                continue
            presence = domain.state.presences[self._agent]
            if domain.gateway_id not in presence.clients.values():
                client = f"{self._agent}-{domain.gateway_id}"
                await self.send(c.ConnectClient(agent=self._agent, client=client, gateway=domain.gateway_id))
            elif presence.state != "available":
                await self.send(c.SetPresence(agent=self._agent, state="available"))
            elif self.chance(LEAVE_SHARE):
                await self._leave(domain.state)
            else:
                await self._work(domain.state)

    async def _leave(self, state: State) -> None:
        """Go home, or be not ready after what is held; back soon after."""
        if self.chance(0.5):
            await self.send(c.SetPresence(agent=self._agent, state="not_ready", reason="pause", after=True))
        else:
            choices = {item: self._house.loop.random.choice(("keep", "return")) for item in state.theirs(self._agent)}
            await self.send(c.SignOut(agent=self._agent, choices=choices))

    async def _work(self, state: State) -> None:
        mine = state.theirs(self._agent)
        if mine:
            item = state.items[self._house.loop.random.choice(mine)]
            command = self._reserved(item) if item.state == "reserved" else self._active(item)
            if command is not None:
                await self.send(command)

    def _reserved(self, item: WorkItem) -> c.Command | None:
        if self.chance(0.1):
            return None
        if self.chance(0.1):
            return c.DeclineReservation(item=item.id, agent=self._agent)
        if item.channel == "phone":
            return c.AnswerCall(call=item.call, agent=self._agent)
        return c.AcceptReservation(item=item.id, agent=self._agent)

    def _active(self, item: WorkItem) -> c.Command:
        if item.state == "pending":
            return c.ResumeItem(item=item.id, agent=self._agent)
        if self.chance(0.6):
            return c.AddNote(item=item.id, agent=self._agent, content=f"{self._name}-note-{self._sent}")
        if self.chance(0.2):
            return c.EscalateItem(item=item.id, agent=self._agent, reason="hard", note="n")
        if item.channel == "email" and item.state == "active" and self.chance(0.3):
            return c.SetPending(item=item.id, agent=self._agent)
        return c.CompleteItem(item=item.id, agent=self._agent, disposition="done")


class Leader(Person):
    """Somebody who lends agents to another queue, closes queues, moves work: all of it while it runs."""

    async def play(self) -> None:
        """One live edit after another until the world grows calm; then everything is open again."""
        while not self._house.calm:
            await asyncio.sleep(self._house.loop.random.uniform(2, 12))
            domain = self._house.domain()
            if domain is not None and domain.state.agents:
                await self.send(self._edit(domain.state))
        await self.send(c.OpenQueue(queue="help"))

    def _edit(self, state: State) -> c.Command:
        chance = self._house.loop.random
        agent = chance.choice(sorted(state.agents))
        until = self._house.clock.now_ms() + chance.randrange(-1_000, 20_000)
        edits: tuple[c.Command, ...] = (
            c.SetMembership(agent=agent, queue="help", membership=None, until=until),
            c.CloseQueue(queue="help", overflow=chance.choice(("", "expert"))),
            c.OpenQueue(queue="help"),
            c.MoveItems(agent=agent),
        )
        return chance.choice(edits)
