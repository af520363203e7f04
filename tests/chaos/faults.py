"""The faults: one function each, breaking something and mending it; drawn from the seed, in lanes that run beside
each other, so that a node may be stopped while Redis fails over.

A lane breaks one thing at a time, since nobody promises anything when both nodes or both Redis are gone at once.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from tests.chaos import limits
from tests.chaos.agents import Agent
from tests.chaos.disk import Disk
from tests.chaos.mail_server import MailServer
from tests.chaos.network import Network
from tests.chaos.nodes import Node
from tests.chaos.process import until
from tests.chaos.redis_pair import RedisPair
from tests.chaos.servers import Dovecot, PostgreSQL
from tests.chaos.visitors import Visitors

Fault: TypeAlias = Callable[[], Awaitable[None]]

NODES = ("node_killed", "node_stopped", "node_cut_off_redis", "archive_killed")
STORE = (
    "redis_failover",
    "redis_master_killed",
    "redis_replica_killed",
    "redis_restarted",
    "redis_replica_cut",
    "redis_master_cut",
    "redis_split",
    "redis_disk_full",
)
OTHERS = (
    "postgresql_restarted",
    "data_disk_full",
    "smtp_later",
    "smtp_refused",
    "smtp_dropped",
    "imap_dropped",
    "sockets_cut",
)
TRAFFIC = ("events_repeated", "events_disordered")
"""What callers do all the time: not drawn here."""
ALL = (*NODES, *STORE, *OTHERS, *TRAFFIC)


@dataclass(frozen=True, kw_only=True)
class House:
    """What can be broken."""

    network: Network
    nodes: list[Node]
    redis: RedisPair
    postgresql: PostgreSQL
    dovecot: Dovecot
    mail_server: MailServer
    data: Disk
    agents: list[Agent]
    visitors: Visitors


@dataclass
class Span:
    """Something was broken from when to when, in seconds since the faults began (None: still)."""

    kind: str
    begun: float
    ended: float | None = None


class Faults:
    """`counts` and `spans` say what was broken, and when."""

    def __init__(self, house: House, seed: int, kinds: tuple[str, ...]) -> None:
        self.counts: Counter[str] = Counter()
        self.spans: list[Span] = []
        self._house = house
        self._chance = random.Random(seed)
        self._kinds = kinds
        self._over = asyncio.Event()
        self._started = asyncio.get_running_loop().time()

    @property
    def now(self) -> float:
        """Seconds since the faults began."""
        return asyncio.get_running_loop().time() - self._started

    async def run(self, seconds: float) -> None:
        """Break things for so long, and until each kind has happened once; at the end everything is mended.

        Raises PartFailed when something does not come back.
        """
        asyncio.get_running_loop().call_later(seconds, self._over.set)
        try:
            async with asyncio.TaskGroup() as lanes:
                for lane in (NODES, STORE, OTHERS):
                    if kinds := [kind for kind in lane if kind in self._kinds]:
                        lanes.create_task(self._lane(kinds))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _lane(self, kinds: list[str]) -> None:
        first = True
        while first or not self._over.is_set():
            for kind in self._chance.sample(kinds, len(kinds)):
                await asyncio.sleep(self._chance.uniform(*limits.GAP_S))
                if not first and self._over.is_set():
                    return
                async with self._span(kind):
                    await getattr(self, f"_{kind}")()
            first = False

    @asynccontextmanager
    async def _span(self, kind: str) -> AsyncIterator[None]:
        span = Span(kind, self.now)
        self.spans.append(span)
        self.counts[kind] += 1
        yield
        span.ended = self.now

    async def _for(self, span_s: tuple[float, float]) -> None:
        await asyncio.sleep(self._chance.uniform(*span_s))

    async def _once(self, broke: Callable[[], bool]) -> None:
        """Break as soon as there is something to break: nobody may be doing it at this moment."""

        async def broken() -> bool:
            return broke()

        await until(broken, "somebody to end")

    # -- nodes ----------------------------------------------------------------------------------------------

    async def _node_killed(self) -> None:
        node = self._chance.choice(self._house.nodes)
        await node.kill()
        await until(node.answers, f"{node.place} back", limits.NODE_BACK_S_MAX)

    async def _node_stopped(self) -> None:
        node = self._chance.choice(self._house.nodes)
        node.freeze()
        try:
            await asyncio.sleep(limits.STOP_S)
        finally:
            node.thaw()

    async def _node_cut_off_redis(self) -> None:
        house, node = self._house, self._chance.choice(self._house.nodes)
        for place in house.redis.places:
            await house.network.cut(node.place, place)
        await self._for(limits.CUT_S)
        for place in house.redis.places:
            await house.network.heal(node.place, place)

    async def _archive_killed(self) -> None:
        await self._once(lambda: any(node.kill_archive() for node in self._house.nodes))

    # -- the store ------------------------------------------------------------------------------------------

    async def _redis_failover(self) -> None:
        await self._house.redis.failover()
        await self._for(limits.DOWN_S)
        await self._house.redis.mend()

    async def _redis_master_killed(self) -> None:
        redis = self._house.redis
        master = await redis.master()
        await redis.kill(master)
        await redis.failed_over(master)
        await self._for(limits.DOWN_S)
        await redis.mend()

    async def _redis_replica_killed(self) -> None:
        redis = self._house.redis
        await redis.kill(redis.other(await redis.master()))
        await self._for(limits.DOWN_S)
        await redis.mend()

    async def _redis_restarted(self) -> None:
        """Back before anybody calls it down: everything it said is on its disk."""
        redis = self._house.redis
        master = await redis.master()
        await redis.kill(master)
        await redis.revive(master)
        await redis.mend()

    async def _redis_replica_cut(self) -> None:
        redis = self._house.redis
        await self._house.network.cut(*redis.places)
        await self._for(limits.CUT_S)
        await self._house.network.heal(*redis.places)
        await redis.mend()

    async def _redis_master_cut(self) -> None:
        """The master and the Sentinel beside it are alone; the others make another one."""
        redis = self._house.redis
        master = await redis.master()
        await self._house.network.cut(master)
        try:
            await redis.failed_over(master)
            await self._for(limits.CUT_S)
        finally:
            await self._house.network.heal(master)
        await self._for(limits.DOWN_S)
        await redis.mend()

    async def _redis_split(self) -> None:
        """As before, but the nodes are on the side of the old master, which would take everything they write."""
        redis, network = self._house.redis, self._house.network
        master = await redis.master()
        await network.cut(*redis.places)
        await network.deafen(master)
        try:
            await redis.failed_over(master)
            await self._for(limits.CUT_S)
        finally:
            await network.heal(*redis.places)
            await network.undeafen(master)
        await self._for(limits.DOWN_S)
        await redis.mend()

    async def _redis_disk_full(self) -> None:
        redis = self._house.redis
        disk = redis.disks[self._chance.choice(redis.places)]
        await asyncio.to_thread(disk.fill)
        await self._for(limits.FULL_S)
        disk.clear()
        await redis.mend()

    # -- the others -----------------------------------------------------------------------------------------

    async def _postgresql_restarted(self) -> None:
        await self._house.postgresql.restart(self._chance.uniform(*limits.DOWN_S))

    async def _data_disk_full(self) -> None:
        await asyncio.to_thread(self._house.data.fill)
        await self._for(limits.FULL_S)
        self._house.data.clear()

    async def _smtp_later(self) -> None:
        await self._mood("later")

    async def _smtp_refused(self) -> None:
        await self._mood("refuse")

    async def _smtp_dropped(self) -> None:
        await self._mood("drop")

    async def _mood(self, mood: str) -> None:
        self._house.mail_server.mood = mood
        await self._for(limits.MAIL_S)
        self._house.mail_server.mood = "take"

    async def _imap_dropped(self) -> None:
        await self._once(lambda: bool(self._house.dovecot.drop_sessions()))

    async def _sockets_cut(self) -> None:
        people: list[Agent] = self._house.agents
        for agent in self._chance.sample(people, len(people) // 2):
            agent.cut()
        for visitor in list(self._house.visitors.open):
            visitor.cut()
