"""A node that has not heard of the log for a while knows it: what it would look up may be history by now."""

import asyncio
from pathlib import Path

from router.gateway import StoreError
from router.runtime import limits
from router.runtime.memory import MemoryStore, World
from router.simulate.loop import SimClock, SimLoop
from tests.runtime.conftest import build


class Line(MemoryStore):
    """A connection that may be cut."""

    cut = False

    def _up(self) -> World:
        if self.cut:
            raise StoreError("away")
        return super()._up()


def test_a_node_that_hears_nothing_is_stale_until_it_has_caught_up(tmp_path: Path) -> None:
    async def story(loop: SimLoop) -> None:
        line = Line(World(SimClock(loop)))
        domain = build(line, tmp_path, node="n1", writes=False)
        await domain.start()
        await asyncio.sleep(10 * limits.STALE_S)
        assert domain.stale() == "", "nothing new is no silence"
        line.cut = True
        await asyncio.sleep(limits.STALE_S / 2)
        assert domain.stale() == "", "a store that restarts is no reason yet"
        await asyncio.sleep(limits.STALE_S)
        assert "has not heard of the log" in domain.stale()
        line.cut = False
        await asyncio.sleep(2 * limits.READ_WAIT_S_MAX)
        assert domain.stale() == ""
        await domain.stop()

    with asyncio.Runner(loop_factory=lambda: SimLoop(1)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SimLoop)
        runner.run(story(loop))
