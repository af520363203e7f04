"""Defects planted on purpose, one or more for each rule of the auditor: it must find each, and by that rule alone."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import msgspec

from channels.email.sender import Ending
from channels.webhook.attempt import Answer
from queues.endpoint import Endpoint
from router.core import commands as c
from router.core import events as e
from router.core import step as core_step
from router.core.decide_consult import left_open
from router.core.evolve import evolve
from router.core.facts import MessageFacts
from router.core.state import META, State
from router.core.transitions import EVENTS
from router.gateway import Applied, OutboxEntry, Outcome, StoreError
from router.runtime import writer
from router.runtime.batch import Batch
from router.runtime.domain import Domain
from router.runtime.follower import Follower
from router.runtime.limits import ENTRIES_READ_MAX
from router.runtime.memory import MemoryStore, World
from router.runtime.store import Commit, Placed, Put
from router.runtime.tenure import Tenure
from router.simulate.archive import Archive, SimHistory
from router.simulate.integrator import Receiver
from router.simulate.mail_server import SimMailbox, SimSender
from router.simulate.parts import Parts
from router.wire.codec import Handled, decode_submission, encode

# -- stores ---------------------------------------------------------------------------------------------------


class Unfenced(MemoryStore):
    """Lets a writer commit whose time is over, as long as its position is right."""

    async def commit(self, commit: Commit) -> None:
        await super().commit(msgspec.structs.replace(commit, epoch=self._world.epoch))


class Selective(MemoryStore, ABC):
    """Does something else with some commands."""

    kinds: tuple[type, ...] = ()

    async def submit(self, puts: Sequence[Put]) -> list[Placed]:
        return [(await self.put(put, decode_submission(put.data).command))[0] for put in puts]

    async def put(self, put: Put, command: c.Command) -> list[Placed]:
        if isinstance(command, self.kinds) and put.key not in self._world.keys:
            return await self.spoil(put)
        return await super().submit([put])

    @abstractmethod
    async def spoil(self, put: Put) -> list[Placed]: ...

    async def swap(self, put: Put, command: c.Command) -> list[Placed]:
        submission = msgspec.structs.replace(decode_submission(put.data), command=command)
        return await super().submit([msgspec.structs.replace(put, data=encode(submission))])


class Lossy(Selective):
    """Says that it has what a leader wants, and has not."""

    kinds = (c.OpenQueue, c.CloseQueue, c.SetMembership)

    async def spoil(self, put: Put) -> list[Placed]:
        return [Placed(command=1_000_000 + self._world.submitted)]


class Stuttering(Selective):
    """Keeps a command twice, and remembers how it ended the first time."""

    kinds = (c.SetMembership,)

    async def spoil(self, put: Put) -> list[Placed]:
        placed = await MemoryStore.submit(self, [put])
        self._world.submitted += 1
        self._world.commands[self._world.submitted] = put.data
        return placed

    async def commit(self, commit: Commit) -> None:
        first: dict[str, Outcome] = {}
        for key, outcome in commit.outcomes:
            if key not in self._world.outcomes:
                first.setdefault(key, outcome)
        await super().commit(msgspec.structs.replace(commit, outcomes=list(first.items())))


class Deaf(Selective):
    """Takes a chat message for something else."""

    kinds = (c.ReceiveMessage,)

    async def spoil(self, put: Put) -> list[Placed]:
        command = decode_submission(put.data).command
        if isinstance(command, c.ReceiveMessage) and command.channel == "chat" and self._world.submitted % 3 == 0:
            return await self.swap(put, c.LoseClient(agent="a0", client="nobody"))
        return await MemoryStore.submit(self, [put])


class Impatient(Selective):
    """Gives up who is to be called back after the first call."""

    kinds = (c.AskCallback,)

    async def spoil(self, put: Put) -> list[Placed]:
        command = decode_submission(put.data).command
        assert isinstance(command, c.AskCallback)
        return await self.swap(put, msgspec.structs.replace(command, attempts=1))


class Careless(Selective):
    """Takes a note and keeps none."""

    kinds = (c.AddNote,)

    async def spoil(self, put: Put) -> list[Placed]:
        return await self.swap(put, c.LoseClient(agent="a0", client="nobody"))


class Speechless(Selective):
    """Keeps notes without their text."""

    kinds = (c.AddNote,)

    async def spoil(self, put: Put) -> list[Placed]:
        return await MemoryStore.submit(self, [msgspec.structs.replace(put, contents={})])


class Forgetful(MemoryStore):
    """Takes what is told again for another command."""

    async def submit(self, puts: Sequence[Put]) -> list[Placed]:
        placed = await super().submit(puts)
        return [Placed(command=place.command, conflict=place.duplicate) for place in placed]


class Torn(MemoryStore):
    """Loses the counters of some commits."""

    async def commit(self, commit: Commit) -> None:
        puts = [put for put in commit.puts if put[0] != META or commit.last % 2]
        await super().commit(msgspec.structs.replace(commit, puts=puts))


class Dirty(MemoryStore):
    """Lets followers see what it then does not keep."""

    seen: ClassVar[dict[World, Commit]] = {}

    async def commit(self, commit: Commit) -> None:
        world = self._world
        if world.clock.now_ms() % 8 or not commit.data or commit.expected != world.position:
            await super().commit(commit)
            return
        self.seen[world] = commit
        world.notify()
        for _ in range(5):
            await asyncio.sleep(0.01)
        del self.seen[world]
        raise StoreError("the disk is full")

    async def entries(self, after: int, limit: int, wait_s: float) -> list[tuple[int, bytes, str]]:
        found = await super().entries(after, limit, min(wait_s, 0.02) if limit == ENTRIES_READ_MAX else wait_s)
        dirty = self.seen.get(self._world)
        if found or dirty is None or limit != ENTRIES_READ_MAX or dirty.expected != after:
            return found
        return [(dirty.last, dirty.data, dirty.digest)]


class Flattering(MemoryStore):
    """Says of everything that it was accepted."""

    async def outcome(self, key: str) -> Outcome | None:
        outcome = await super().outcome(key)
        return msgspec.structs.replace(outcome, rejection="", subject="") if outcome is not None else None


class Hopeful(MemoryStore):
    """Takes every gateway for alive."""

    async def beating(self, gateways: Sequence[str]) -> list[bool]:
        return [True for _ in gateways]


# -- writers --------------------------------------------------------------------------------------------------


class Meddler(Tenure, ABC):
    """Adds events of its own to what was decided."""

    meddled = 0

    @abstractmethod
    def meddle(self, state: State, at: int) -> list[e.Event]: ...

    async def _commit(self, batch: Batch, command: int) -> None:
        for event in self.meddle(self.state, batch._at)[:1]:
            evolve(self.state, event)
            batch._record([event])
            batch._handled.append(Handled(command=0, kind="Pulse", at=batch._at, events=1))
        await super()._commit(batch, command)


class TwoFaced(Meddler):
    """Gives an item that somebody has to somebody else as well."""

    def meddle(self, state: State, at: int) -> list[e.Event]:
        return [
            e.ReservationMade(
                at=at, item=item.id, agent=agent.id, queue=item.queue, reservation="again", expires_at=at + 4_000
            )
            for item in state.items.values()
            if item.state == "active" and item.reservation is not None and item.reservation.id != "again"
            for agent in state.agents.values()
            if agent.id != item.agent and agent.id not in item.barred and state.room(agent, item.channel)
        ]


class Roomless(Tenure):
    """Believes that everybody has room."""

    async def load(self, follower: Follower) -> None:
        await super().load(follower)
        self.state.room = lambda agent, channel: True  # type: ignore[method-assign]


class Vanishing(Meddler):
    """Forgets items that wait."""

    def meddle(self, state: State, at: int) -> list[e.Event]:
        waiting = [item.id for item in state.items.values() if item.state == "queued" and item.channel == "phone"]
        return [e.ItemsForgotten(at=at, items=(waiting[0],))] if waiting else []


class Jumping(Meddler):
    """Leaves out a number in a conversation."""

    def meddle(self, state: State, at: int) -> list[e.Event]:
        return [
            e.ReplySent(
                at=at,
                conversation=item.conversation,
                item=item.id,
                agent=item.agent,
                seq=state.conversations[item.conversation].seq + 2,
                message=MessageFacts(id="m", content=""),
                channel="chat",
            )
            for item in state.items.values()
            if item.state == "active" and item.channel == "chat"
        ]


class Hasty(Meddler):
    """Ends reservations before their time."""

    def meddle(self, state: State, at: int) -> list[e.Event]:
        return [
            e.ReservationEnded(
                at=at, item=item.id, agent=item.agent, reservation=item.reservation.id, outcome="expired"
            )
            for item in state.items.values()
            if item.state == "reserved" and item.reservation is not None and item.reservation.made_at < at - 500
        ]


class Tardy(Tenure):
    """Is three seconds late with everything."""

    def _due(self, at: int) -> bool:
        return super()._due(at - 3_000)

    def _idle_s(self, at: int) -> float:
        return super()._idle_s(at - 3_000)


class Unsteady(Tenure):
    """Reads its clock wrong now and then."""

    def _now(self) -> int:
        return super()._now() - (300 if self._position % 5 == 0 else 0)


class Drowsy(Tenure):
    """Matches nobody."""

    async def load(self, follower: Follower) -> None:
        await super().load(follower)
        self.state.routing = False


# -- everything else ------------------------------------------------------------------------------------------


class Fragile(Domain):
    """Dies of an escalation."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.listen(self._break)

    def _break(self, applied: Applied, state: State) -> None:
        if any(isinstance(event, e.NoteAdded) for event in applied.entry.events) and applied.position % 3 == 0:
            raise ValueError("who would have thought")


class Drifting(Domain):
    """Lets a listener write into the state that it only reads."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.listen(self._drift)

    def _drift(self, applied: Applied, state: State) -> None:
        for presence in state.presences.values():
            presence.idle_seq += applied.position % 7 == 0


class Amnesiac(SimHistory):
    """Recognises no call."""

    async def find_natural(self, natural_key: str) -> str | None:
        return None


class Blurred(Archive):
    """Keeps another digest than the log's now and then."""

    def keep(self, last: int, data: bytes, sum: str) -> None:
        super().keep(last, data, sum)
        if len(self.entries) % 10 == 0:
            self.entries[-1] = (last, data, "0" * 16)


class Blind(SimMailbox):
    """Sees nothing where some mails are."""

    async def fetch(self, uid: int) -> bytes | None:
        return await super().fetch(uid) if uid % 3 else None


class Insistent(SimSender):
    """Sends again what may have arrived."""

    async def send(self, sender: str, rcpt: str, mail: bytes) -> Ending:
        ending = await super().send(sender, rcpt, mail)
        return Ending(result="retry", code="451") if ending.result == "unknown" else ending


class Polite(Receiver):
    """Says of some webhooks that they arrived."""

    async def post(self, endpoint: Endpoint, entry: OutboxEntry) -> Answer:
        return Answer(status=200) if entry.position % 4 == 0 else await super().post(endpoint, entry)


class Plant(NamedTuple):
    """A defect: the rule that finds it, and the parts that have it."""

    rule: str
    parts: Parts = Parts()
    tenure: type[Tenure] = Tenure
    twice: bool = False
    """Whether the core, too, is to let an item that somebody handles be reserved."""
    alone: bool = False
    """Whether the core is to forget the consults about an item that ends."""


PLANTS = {
    "acknowledged": Plant("acknowledged", Parts(store=Lossy)),
    "archive": Plant("archive", Parts(archive=Blurred)),
    "callbacks": Plant("callbacks", Parts(store=Impatient)),
    "calls": Plant("calls", Parts(history=Amnesiac)),
    "capacity": Plant("capacity", tenure=Roomless),
    "chain": Plant("chain", tenure=Unsteady),
    "chats": Plant("chats", Parts(store=Deaf)),
    "consults": Plant("consults", alone=True),
    "conservation": Plant("conservation", tenure=Vanishing),
    "deeds": Plant("deeds", Parts(store=Careless)),
    "early": Plant("early", tenure=Hasty),
    "fenced": Plant("fenced", Parts(store=Unfenced)),
    "followers": Plant("followers", Parts(domain=Drifting)),
    "holders": Plant("holders", tenure=TwoFaced, twice=True),
    "honest": Plant("honest", Parts(store=Flattering)),
    "idempotent": Plant("idempotent", Parts(store=Forgetful)),
    "late": Plant("late", tenure=Tardy),
    "liveness": Plant("liveness", tenure=Drowsy),
    "mails": Plant("mails", Parts(mailbox=Blind)),
    "once": Plant("once", Parts(store=Stuttering)),
    "order": Plant("order", tenure=Jumping),
    "outbound": Plant("outbound", Parts(sender=Insistent)),
    "presence": Plant("presence", Parts(store=Hopeful)),
    "records": Plant("records", Parts(store=Torn)),
    "shown": Plant("shown", Parts(store=Dirty)),
    "steady": Plant("steady", Parts(domain=Fragile)),
    "texts": Plant("texts", Parts(store=Speechless)),
    "webhooks": Plant("webhooks", Parts(receiver=Polite)),
}


@contextlib.contextmanager
def planted(plant: Plant) -> Iterator[Parts]:
    """The defect is in the house while this lasts."""
    allowed = EVENTS[e.ReservationMade]
    writer.Tenure = plant.tenure  # type: ignore[misc, attr-defined]
    if plant.twice:
        EVENTS[e.ReservationMade] = (allowed[0] | {"active"}, allowed[1])
    if plant.alone:
        core_step.left_open = lambda state, events, now: []
    try:
        yield plant.parts
    finally:
        core_step.left_open = left_open
        writer.Tenure = Tenure  # type: ignore[misc, attr-defined]
        EVENTS[e.ReservationMade] = allowed
