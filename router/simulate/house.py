"""What everybody in a world shares: time, chance, the servers, the nodes that are up, and the outside's own record."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from router.gateway import StoreError
from router.runtime.memory import World
from router.simulate import limits
from router.simulate.archive import Archive
from router.simulate.cast import Cast
from router.simulate.ledger import Ledger
from router.simulate.loop import SimClock, SimIds, SimLoop, Unanswered

if TYPE_CHECKING:
    from router.simulate.node import Node

SECRET = b"the secret of a simulated house"


class House:
    """The shared part of a world."""

    def __init__(self, loop: SimLoop, cast: Cast, archive: Archive) -> None:
        self.loop = loop
        self.cast = cast
        self.chance = loop.random
        self.ids = SimIds(loop)
        self.clock = SimClock(loop)
        """The store's own clock: leases and keys live by it."""
        self.store = World(self.clock)
        self.archive = archive
        self.blobs: dict[str, bytes] = {}
        self.ledger = Ledger()
        self.faults: Counter[str] = Counter()
        self.calm = False
        self.over = False
        self.up: dict[str, Node] = {}
        self.strays: list[asyncio.Task[Any]] = []
        """What is on its way without anybody waiting for it."""
        self._away_until: dict[str, float] = {}

    def happens(self, share: float, fault: str) -> bool:
        """Whether a fault strikes now, as it does in this share of the cases until calm. It is counted."""
        if self.calm or self.chance.random() >= share:
            return False
        self.faults[fault] += 1
        return True

    def take_away(self, server: str, seconds: float) -> None:
        """The server does not answer for this long."""
        self._away_until[server] = self.loop.time() + seconds

    def is_away(self, server: str) -> bool:
        """Whether this server does not answer now."""
        return self.loop.time() < self._away_until.get(server, 0.0)

    async def ask(self, node: "Node", job: Callable[["Node"], Awaitable[Any]]) -> Any:
        """What a node answers to a request that travels to it. Raises Unanswered, and what the node refuses with."""
        await asyncio.sleep(self.chance.random() * limits.TRAVEL_S_MAX)
        if self.happens(limits.REQUEST_LOST_SHARE, "request_lost"):
            raise Unanswered(node.name)
        if self.happens(limits.REQUEST_TWICE_SHARE, "request_twice"):
            self.strays.append(asyncio.create_task(self._repeat(node, job)))
        answer = await node.process.ask(lambda: job(node), limits.PATIENCE_S)
        if self.happens(limits.REPLY_LOST_SHARE, "answer_lost"):
            raise Unanswered(node.name)
        await asyncio.sleep(self.chance.random() * limits.TRAVEL_S_MAX)
        return answer

    async def insist(self, job: Callable[["Node"], Awaitable[Any]], first: "Node | None" = None) -> Any:
        """Ask, of any node that is up, until there is an answer: its result, or what it refuses with."""
        node = first
        while True:
            if node is None or node.name not in self.up or self.up[node.name] is not node:
                node = self.chance.choice(list(self.up.values())) if self.up else None
            if node is not None:
                try:
                    return await self.ask(node, job)
                except (Unanswered, StoreError):
                    node = None
            await asyncio.sleep(limits.RETRY_S)

    async def _repeat(self, node: "Node", job: Callable[["Node"], Awaitable[Any]]) -> None:
        """The same request once more; nobody hears what becomes of it."""
        try:
            await node.process.ask(lambda: job(node), limits.PATIENCE_S)
        except Exception as error:
            self.faults[f"twice_{type(error).__name__}"] += 1
