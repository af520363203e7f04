"""A small world on one thread: two nodes on one store, callers, writers of mail, agents; and faults from the seed.

Everything in it is the real thing but the store (the shipped twin), the clock, the ids and the people. Nodes are
killed at any instant and started anew, calls to the store fail or lose their reply, leases vanish, clocks jump.
"""

import asyncio
from typing import cast

from queues.capacity import Room
from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from router.core.agent import Agent
from router.gateway import StoreError
from router.runtime.blobs import Blobs
from router.runtime.domain import Domain
from router.runtime.store import Store
from router.simulate.faults import Faulty
from router.simulate.house import House
from router.simulate.people import AgentPlayer, Caller, Correspondent, Leader

FAULTY_S = 90.0  # virtual seconds in which things break
CALM_S = 120.0  # virtual seconds after that, in which everything has to settle
LIFE_S_MAX = 25.0  # the longest that a node lives between two kills
LEASE_SHARE = 0.7  # of mischief: leases vanish; the rest are jumps of the wall clock
START_PAUSE_S = 0.5  # before a killed node is started again
CALLERS = 20
CORRESPONDENTS = 10
AGENTS = 5

ROOMS = {"phone": Room(maximum=1, weight=100), "email": Room(maximum=2, weight=50)}


def centre() -> c.ApplyCentre:
    """Two lines, five agents of whom one is a specialist."""
    records: list[c.CentreRecord] = [
        Queue(id="help", escalates_to="expert", wrap_up_ms={"phone": 500}, reservation_ms=4_000),
        Queue(id="expert", line=2, reservation_ms=4_000),
    ]
    for number in range(AGENTS):
        serves = "expert" if number == 0 else "help"
        records.append(Agent(id=f"a{number}", memberships={serves: Membership()}, rooms=ROOMS))
    changes = (c.Change(kind=str(r.__struct_config__.tag), id=r.id, record=r) for r in records)
    return c.ApplyCentre(changes=tuple(changes))


class Node:
    """One process: a domain that is killed and comes back under the same name."""

    def __init__(self, name: str, house: House) -> None:
        self._name = name
        self._house = house
        self._store: Faulty | None = None

    async def live(self) -> None:
        """Start, live for a while, be killed; again and again until calm, then live on."""
        house = self._house
        while True:
            self._store = Faulty(house.client(house.store), house.loop, house.faults)
            self._store.calm = house.calm
            try:
                await self._life()
            except Exception as error:
                house.broken.append(f"{self._name} died of {error!r}")
            house.faults["killed"] += 1
            await asyncio.sleep(START_PAUSE_S)

    async def _life(self) -> None:
        house = self._house
        assert self._store is not None
        store = cast(Store, self._store)
        domain = Domain(store, house.clock, house.ids, Blobs("memory://sim"), node=self._name)
        while True:
            try:
                await domain.start()
                break
            except (StoreError, TimeoutError):
                await asyncio.sleep(START_PAUSE_S)
        house.up[self._name] = domain
        try:
            async with asyncio.timeout(None if house.calm else house.loop.random.uniform(1.0, LIFE_S_MAX)):
                await domain.wait()
        except TimeoutError:
            pass
        finally:
            house.up.pop(self._name)
            self._store.dead = True
            await domain.stop()

    def quieten(self) -> None:
        """No more faults on this node's connection."""
        if self._store is not None:
            self._store.calm = True


class Story:
    """What happens in a house: faults for a while, then calm, in which everything has to settle."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._nodes = [Node("n1", house), Node("n2", house)]

    async def run(self) -> None:
        """The whole story."""
        house = self._house
        async with asyncio.TaskGroup() as tasks:
            lives = [tasks.create_task(node.live()) for node in self._nodes]
            mischief = tasks.create_task(self._mischief())
            await house.send(centre(), "centre")
            people = [tasks.create_task(AgentPlayer(house, f"a{n}").play()) for n in range(AGENTS)]
            people += [tasks.create_task(Caller(house, n).play()) for n in range(CALLERS)]
            people += [tasks.create_task(Correspondent(house, n).play()) for n in range(CORRESPONDENTS)]
            people += [tasks.create_task(Leader(house, "leader").play())]
            await asyncio.sleep(FAULTY_S)
            mischief.cancel()
            house.calm = True
            for node in self._nodes:
                node.quieten()
            await asyncio.sleep(CALM_S)
            for task in (*people, *lives):
                task.cancel()

    async def _mischief(self) -> None:
        """Leases vanish and wall clocks jump, besides what the connections do."""
        house = self._house
        chance = house.loop.random
        while True:
            await asyncio.sleep(chance.uniform(3, 15))
            if chance.random() < LEASE_SHARE:
                house.store.lease = None
                house.faults["lease_lost"] += 1
            else:
                house.clock.wall_offset_ms += chance.randrange(-10_000, 10_000)
                house.faults["clock_jump"] += 1
