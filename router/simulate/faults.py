"""Faults at the border of the process: a store whose calls fail before they act, lose their reply, or come late.

A `Faulty` is one client's connection to the world. When its process has died it says nothing any more, so that no
clean-up code of a dying process can do what a killed one could not.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from router.gateway import StoreError
from router.runtime.store import Store
from router.simulate.loop import SimLoop

REFUSED_SHARE = 0.01  # of calls: the connection broke before the request left
LOST_SHARE = 0.01  # of calls: done, and the reply never came
DELAY_S_MAX = 0.02  # most calls answer within this

CALLS = frozenset(name for name in vars(Store) if not name.startswith("_")) - {"close"}


class Faulty:
    """Wraps a store. Every call may be refused, delayed, or done without its reply being heard."""

    def __init__(self, store: Any, loop: SimLoop, counts: Counter[str]) -> None:
        self._store = store
        self._loop = loop
        self._counts = counts
        self.calm = False
        self.dead = False

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        if name not in CALLS:
            raise AttributeError(name)
        return lambda *args, **kwargs: self._call(name, args, kwargs)

    async def close(self) -> None:
        """Nothing to give back."""

    async def _call(self, name: str, args: Any, kwargs: Any) -> Any:
        chance = self._loop.random
        await self._travel(name)
        if not self.calm and chance.random() < REFUSED_SHARE:
            self._counts["refused"] += 1
            raise StoreError(f"the connection broke before {name}")
        result = await getattr(self._store, name)(*args, **kwargs)
        if not self.calm and chance.random() < LOST_SHARE:
            self._counts["lost_reply"] += 1
            raise StoreError(f"the reply to {name} was lost")
        await self._travel(name)
        return result

    async def _travel(self, name: str) -> None:
        """Some time passes; a dead process goes no further."""
        await asyncio.sleep(self._loop.random.random() * DELAY_S_MAX)
        if self.dead:
            raise StoreError(f"the process is dead and cannot {name}")
