"""What everybody in a world shares: time, chance, the store, the nodes that are up, and what was promised to whom."""

import asyncio
from collections import Counter
from collections.abc import Callable

from router.core.commands import Command
from router.gateway import KeyConflict, Outcome, StoreError
from router.runtime.domain import Domain
from router.runtime.memory import MemoryStore, World
from router.simulate.loop import SimClock, SimIds, SimLoop

RETRY_S = 0.3  # how soon somebody who got no answer asks again
PATIENCE_S = 3.0  # how long somebody waits for an outcome


class House:
    """The shared part of a world. `acked` is the outside's own record: every acknowledged command, under its key."""

    def __init__(self, loop: SimLoop, client: Callable[[World], MemoryStore] = MemoryStore) -> None:
        """`client` makes a node's connection to the store (a test plants a broken one)."""
        self.loop = loop
        self.client = client
        self.clock = SimClock(loop)
        self.ids = SimIds(loop)
        self.store = World(self.clock)
        self.faults: Counter[str] = Counter()
        self.broken: list[str] = []
        self.calm = False
        self.up: dict[str, Domain] = {}
        self.acked: dict[str, Command] = {}

    def domain(self) -> Domain | None:
        """Some node that is up; None when all are down."""
        return self.loop.random.choice(list(self.up.values())) if self.up else None

    async def send(self, command: Command, key: str) -> Outcome | None:
        """Submit until acknowledged, always under the same key; then the outcome, if it is known in time."""
        while True:
            domain = self.domain()
            if domain is not None:
                try:
                    receipt = await domain.submit(command, key=key)
                except StoreError:
                    pass
                except KeyConflict:
                    self.broken.append(f"{key} is said to have been another command")
                    return None
                else:
                    self.acked[key] = command
                    return await domain.outcome(receipt, PATIENCE_S)
            await asyncio.sleep(RETRY_S)
