"""A world: a house with nodes, servers and people, faults for a while, then calm in which everything has to settle."""

import asyncio
from collections.abc import Callable

from queues.callback import Callbacks
from queues.capacity import Room
from queues.endpoint import Endpoint
from queues.entry_point import EntryPoint
from queues.hours import DAY_MINUTES, Hours, Span
from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from router.core.agent import Agent
from router.simulate import limits
from router.simulate.house import House
from router.simulate.integrator import ENDPOINT
from router.simulate.mail_server import DESK, MailServer
from router.simulate.node import Node
from router.simulate.parts import Parts
from router.simulate.people import NUMBER, SITE, Caller, Chatter, Correspondent, Person
from router.simulate.staff import AgentPlayer, Leader
from skills import Skill

ROOMS = {
    "phone": Room(maximum=1, weight=100),
    "email": Room(maximum=2, weight=50, interruptible_by=("phone", "chat")),
    "chat": Room(maximum=2, weight=40, silent_ms=3_000),
}
RESERVATION_MS = 4_000


def centre(agents: int, *, webhooks: bool, simultaneous: int = 1) -> c.ApplyCentre:
    """Two lines, a door for each channel, agents of whom one is a specialist."""
    doors = {"phone": NUMBER, "email": DESK, "chat": SITE}
    records: list[c.CentreRecord] = [
        Skill(id="fr", kind="language"),
        Hours(id="always", zone="Europe/Brussels", weekly=((Span(start=0, end=DAY_MINUTES),),) * 7),
        Queue(
            id="help",
            hours="always",
            callbacks=Callbacks(attempts=2, retry_ms=2_000, delay_ms=500),
            escalates_to="expert",
            wrap_up_ms={"phone": 500},
            reservation_ms=RESERVATION_MS,
            simultaneous=simultaneous,
        ),
        Queue(id="expert", line=2, reservation_ms=RESERVATION_MS),
    ]
    for channel, address in doors.items():
        records.append(EntryPoint(id=f"door-{channel}", channel=channel, address=address, queue="help"))  # type: ignore[arg-type]
    for number in range(agents):
        serves = "expert" if number == 0 else "help"
        records.append(Agent(id=f"a{number}", memberships={serves: Membership()}, rooms=ROOMS))
    if webhooks:
        records.append(Endpoint(id=ENDPOINT, url="https://crm.example/hook"))
    changes = (c.Change(kind=str(r.__struct_config__.tag), id=r.id, record=r) for r in records)
    return c.ApplyCentre(changes=tuple(changes))


def _dismiss(tasks: list[asyncio.Task[None]]) -> None:
    """Let them go. Raises what one of them has failed with."""
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()


class Story:
    """What happens in a house."""

    def __init__(self, house: House, parts: Parts) -> None:
        self.house = house
        self._parts = parts
        self._mail = MailServer()
        self.nodes: dict[str, Node] = {}
        """The present life of each node."""
        self._graveyard: list[Node] = []

    @property
    def mail(self) -> MailServer:
        """The mail server, for whoever looks what became of a mail."""
        return self._mail

    async def run(self) -> None:
        """The whole story. Raises TimeoutError when it comes to no end."""
        async with asyncio.timeout(limits.WORLD_S_MAX):
            await self._story()

    async def _story(self) -> None:
        house = self.house
        lives = [asyncio.create_task(self._lives(f"n{number}")) for number in range(1, house.cast.nodes + 1)]
        await Person(house, "founder").send(
            centre(house.cast.agents, webhooks=house.cast.webhooks, simultaneous=house.cast.simultaneous)
        )
        people = [asyncio.create_task(person.play()) for person in self._people()]
        mischief = asyncio.create_task(self._mischief())
        await asyncio.sleep(house.cast.faulty_s)
        mischief.cancel()
        self._grow_calm()
        await asyncio.sleep(house.cast.calm_s)
        _dismiss(people)
        await asyncio.sleep(limits.QUIET_S)
        _dismiss(lives)

    def _people(self) -> list["Caller | Correspondent | Chatter | AgentPlayer | Leader"]:
        house, cast = self.house, self.house.cast
        return [
            *(AgentPlayer(house, f"a{n}") for n in range(cast.agents)),
            *(Caller(house, n) for n in range(cast.callers)),
            *(Correspondent(house, f"mail{n}", self._mail) for n in range(cast.correspondents)),
            *(Chatter(house, f"chat{n}") for n in range(cast.chatters)),
            Leader(house, "leader"),
        ]

    def _grow_calm(self) -> None:
        """No more faults; whoever stands still goes on."""
        house = self.house
        house.calm = True
        house.ledger.calm_from_s = house.loop.time()
        for node in self.nodes.values():
            node.process.go_on()

    # -- nodes ----------------------------------------------------------------------------------------------

    async def _lives(self, name: str) -> None:
        """Life after life under one name: from calm on the last one."""
        house = self.house
        while True:
            skew = house.chance.randrange(-limits.SKEW_MS, limits.SKEW_MS) if house.cast.clocks else 0
            node = self.nodes[name] = Node(name, house, self._parts, self._mail, skew)
            self._graveyard.append(node)
            end = asyncio.create_task(self._end(node))
            await node.live()
            end.cancel()
            await asyncio.sleep(limits.START_PAUSE_S)

    async def _end(self, node: Node) -> None:
        """Let a node live for a while, then kill it or tell it to stop; not in calm."""
        house = self.house
        await asyncio.sleep(house.chance.uniform(1.0, limits.LIFE_S_MAX))
        if house.happens(limits.GRACEFUL_SHARE, "stopped"):
            node.end()
            await asyncio.sleep(limits.STOP_S_MAX)
        if house.happens(1.0, "killed"):
            node.process.kill()

    # -- mischief -------------------------------------------------------------------------------------------

    async def _mischief(self) -> None:
        """What happens to servers and whole processes, besides what happens to their calls."""
        house = self.house
        deeds: list[Callable[[], None]] = [self._lose_lease, self._pause, self._pause, self._away]
        deeds += [self._jump] if house.cast.clocks else []
        while True:
            await asyncio.sleep(house.chance.uniform(*limits.MISCHIEF_S))
            house.chance.choice(deeds)()

    def _lose_lease(self) -> None:
        self.house.store.lease = None
        self.house.store.duties.clear()
        self.house.faults["lease_lost"] += 1

    def _pause(self) -> None:
        """A process stands still, as under SIGSTOP, and goes on when others may have taken its place."""
        house = self.house
        node = house.chance.choice(list(self.nodes.values()))
        house.faults["paused"] += 1
        node.process.stop()
        house.loop.call_later(house.chance.uniform(*limits.PAUSE_S), node.process.go_on)

    def _away(self) -> None:
        house = self.house
        server = house.chance.choice(("store", "archive", "mail", "integrator"))
        house.faults[f"{server}_away"] += 1
        house.take_away(server, house.chance.uniform(*limits.AWAY_S))

    def _jump(self) -> None:
        """A wall clock jumps: a node's, or the store's."""
        house = self.house
        clocks = [house.clock, *(node.clock for node in self.nodes.values())]
        house.chance.choice(clocks).wall_offset_ms += house.chance.randrange(
            -limits.CLOCK_JUMP_MS, limits.CLOCK_JUMP_MS
        )
        house.faults["clock_jump"] += 1

    # -- the end --------------------------------------------------------------------------------------------

    def wake_to_end(self) -> None:
        """Everything that ever ran can end now: nothing reaches outside any more."""
        self.house.over = True
        for node in self._graveyard:
            node.process.wake_to_end()
