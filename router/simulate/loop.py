"""An event loop on virtual time, driven by a seed: the order of what is ready is drawn, waiting costs nothing.

It reaches into asyncio's own loop (`_ready`, `_scheduled`, `_run_once`), whose shape may change with a Python
version: `tests/simulate/test_loop.py` holds it to what we rely on. No socket and no thread may live on it.
"""

import asyncio
import random
import selectors
from collections import deque
from typing import Any, cast


class SimLoop(asyncio.SelectorEventLoop):
    """One thread of time that jumps to whatever comes next. `random` is the only source of chance in the world."""

    def __init__(self, seed: int) -> None:
        super().__init__(selectors.SelectSelector())
        self._virtual = 0.0
        self.random = random.Random(seed)  # noqa: S311 - chance that can be repeated is the point

    def time(self) -> float:
        """Virtual seconds since the loop began."""
        return self._virtual

    def _run_once(self) -> None:
        internals = cast(Any, self)
        ready: deque[Any] = internals._ready
        if not ready:
            live = [handle._when for handle in internals._scheduled if not handle._cancelled]
            if not live:
                raise Stalled("nothing is ready and nothing is due: everybody waits for somebody else")
            self._virtual = max(self._virtual, min(live))
        elif len(ready) > 1:
            shuffled = list(ready)
            self.random.shuffle(shuffled)
            ready.clear()
            ready.extend(shuffled)
        cast(Any, super())._run_once()


class Stalled(AssertionError):
    """The world came to a stop: a lost wake-up."""


class SimClock:
    """The `Clock` port on virtual time. The wall clock may be set apart from it, to let it jump."""

    START_MS = 1_800_000_000_000  # an instant of 2027; its value means nothing

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self.wall_offset_ms = 0

    def now_ms(self) -> int:
        """The wall clock."""
        return self.START_MS + self.monotonic_ms() + self.wall_offset_ms

    def monotonic_ms(self) -> int:
        """Virtual milliseconds since the loop began."""
        return int(self._loop.time() * 1000)


class SimIds:
    """The `Ids` port from the seed: the same world has the same ids."""

    def __init__(self, loop: SimLoop) -> None:
        self._random = loop.random

    def new(self, prefix: str) -> str:
        """An id that this seed always draws here."""
        return f"{prefix}_{self._random.getrandbits(64):016x}"
