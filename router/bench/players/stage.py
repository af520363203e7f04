"""What all players share: the server's address, the journal, chance, and whether new work may still begin."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from typing import TypeAlias

import aiohttp

from router.bench import limits
from router.bench.journal import Journal, Line
from router.bench.players.stories import Stories, Story

Beginning: TypeAlias = Callable[[], Story]


class Stage(Stories):
    """One play. `closing` is set when nobody may begin anything new; what has begun goes on to its end."""

    def __init__(self, *, url: str, key: str, session: aiohttp.ClientSession, journal: Journal, seed: int) -> None:
        self.url = url
        self.key = key
        self.session = session
        self.chance = random.Random(seed)  # noqa: S311 (a play, no secret)
        self.closing = asyncio.Event()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.told: deque[str] = deque(maxlen=limits.TOLD_LINES)
        self._journal = journal
        self._run = f"{seed:x}"
        self._marks = 0
        super().__init__()

    def mark(self, kind: str) -> str:
        """A new mark: the player's own id of something that they send."""
        self._marks += 1
        return f"{kind}-{self._run}-{self._marks}"

    def note(self, line: Line) -> None:
        """Journal it."""
        self._journal.note(line)

    def count(self, channel: str, what: str) -> None:
        """Count something for the live table."""
        self.counts[channel, what] += 1

    def tell(self, what: str) -> None:
        """Say something in the live table."""
        self.told.append(what)

    def refused(self, channel: str, what: str, status: int, body: bytes) -> None:
        """The server would not take something that a player thinks it should: counted, and said."""
        self.count("refused", f"{what} {status}")
        self.tell(f"refused {channel} {what}: {status} {body[: limits.REFUSED_CHARS_MAX].decode(errors='replace')}")

    async def pause(self, least_s: float, most_s: float) -> None:
        """Take a while, as people do."""
        await asyncio.sleep(self.chance.uniform(least_s, most_s))

    async def arrivals(self, per_s: float, begin: Beginning) -> None:
        """Begin a story now and others at random instants (exponential gaps), until the play closes."""
        self.begin(begin())
        while not self.closing.is_set():
            try:
                async with asyncio.timeout(self.chance.expovariate(per_s)):
                    await self.closing.wait()
            except TimeoutError:
                self.begin(begin())

    async def stop(self) -> None:
        """Cancel what is still under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
