"""One world from its seed to its end: run, audited, and put away."""

import asyncio

import msgspec

from router.simulate.auditor import audit
from router.simulate.cast import drawn
from router.simulate.house import House
from router.simulate.ledger import Wrong
from router.simulate.loop import SimLoop
from router.simulate.parts import Parts
from router.simulate.world import Story

REAL = Parts()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a world ended. The same seed gives the same digest."""

    seed: int
    digest: str
    events: int
    faults: int
    violations: int


def simulate(seed: int, parts: Parts = REAL) -> tuple[Result, list[Wrong]]:
    """Run the world of this seed: its result, and what was wrong. `parts` may hold a planted defect."""
    with asyncio.Runner(loop_factory=lambda: SimLoop(seed)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SimLoop)
        loop.set_exception_handler(lambda loop, context: None)
        house = House(loop, drawn(loop.random), parts.archive())
        story = Story(house, parts)
        try:
            runner.run(story.run())
            wrong = audit(story)
        finally:
            story.wake_to_end()
    result = Result(
        seed=seed,
        digest=house.store.digest,
        events=house.store.position,
        faults=house.faults.total(),
        violations=len(wrong),
    )
    return result, wrong
