"""On random traffic the core decides what the plain reference router decides, each time, and leaves nothing undone."""

from collections import Counter
from typing import get_args

import pytest

from queues.strategy import Strategy
from router.core import commands as c
from router.core.step import Step
from tests.reference.judge import Judge
from tests.reference.walk import Walk

STEPS = 700
SEEDS = 15
PARTS = 4
LOOKS = 50
"""The whole states are compared after so many commands."""


class Judged(Walk):
    """A walk whose every step is judged."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.judge = Judge()
        self.met = self.judge.met

    def after(self, command: c.Command, taken: Step) -> None:
        self.judge.follow(self.state, taken, self.now)
        self.met["commands"] += 1
        if self.met["commands"] % LOOKS == 0:
            self.judge.compare(self.state)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_decision_is_the_reference_routers(part: int) -> None:
    met: Counter[str] = Counter()
    for seed in range(part * SEEDS, (part + 1) * SEEDS):
        walk = Judged(seed)
        met += walk.walk(STEPS)
        walk.judge.compare(walk.state)
    assert met["decisions"] > SEEDS * STEPS // 15, "the walks have something to decide"
    assert met["only one right"] > met["decisions"] * 0.8, "several at once are rare"
    used = sum(met[f"strategy {strategy}"] > 0 for strategy in get_args(Strategy))
    assert used > len(get_args(Strategy)) * 0.8, "most strategies in each part, so all of them in all"
