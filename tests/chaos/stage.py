"""What all players share: where the nodes are, the journal, chance, and the stories that are under way."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable

import aiohttp

from router.bench.players.stories import Stories, Story
from tests.chaos.journal import Journal, Line


class Stage(Stories):
    """`closing` is set when nobody may begin anything new; what has begun goes on to its end."""

    def __init__(
        self, *, urls: list[str], key: str, session: aiohttp.ClientSession, journal: Journal, seed: int
    ) -> None:
        self.key = key
        self.session = session
        self.chance = random.Random(seed)
        self.closing = asyncio.Event()
        self.counts: Counter[str] = Counter()
        self._urls = urls
        self._journal = journal
        self._marks = 0
        super().__init__()

    def url(self, but: str = "") -> str:
        """Some node; another one than `but`, which has just failed."""
        return self.chance.choice([url for url in self._urls if url != but])

    def mark(self, kind: str) -> str:
        """A new mark: the player's own id of something that they send."""
        self._marks += 1
        return f"{kind}-{self._marks}"

    def note(self, line: Line) -> None:
        """Journal it."""
        self._journal.note(line)

    def chances(self, share: float) -> bool:
        """Whether what happens in this share of cases happens now."""
        return self.chance.random() < share

    async def pause(self, span_s: tuple[float, float]) -> None:
        """Take a while, as people do."""
        await asyncio.sleep(self.chance.uniform(*span_s))

    async def linger(self, span_s: tuple[float, float]) -> None:
        """Take a while, but not past closing time."""
        try:
            async with asyncio.timeout(self.chance.uniform(*span_s)):
                await self.closing.wait()
        except TimeoutError:
            return

    async def arrivals(self, per_s: float, story: Callable[[], Story]) -> None:
        """Begin stories at random instants (exponential gaps), until the stage closes."""
        while not self.closing.is_set():
            try:
                async with asyncio.timeout(self.chance.expovariate(per_s)):
                    await self.closing.wait()
            except TimeoutError:
                self.begin(story())

    async def stop(self) -> None:
        """Cancel what is still under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
