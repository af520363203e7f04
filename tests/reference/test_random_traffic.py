"""On random traffic the core decides what the plain reference router decides, each time, and leaves nothing undone."""

import random
from collections import Counter
from typing import get_args

import pytest

from queues.strategy import Strategy
from router.core import commands as c
from router.core.state import State, next_deadline
from router.core.step import step
from tests.reference.judge import Judge
from tests.reference.traffic import AGENTS, ITEMS_MAX, OPENING, STEPS_TICKS, WEIGHTS, Traffic, centre, put

STEPS = 700
SEEDS = 15
PARTS = 4


class Walk:
    """One seed's way through the traffic."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.state = State()
        self.judge = Judge()
        self.traffic = Traffic(self.state)
        self.traffic.pick = self.random.choice
        self.take(put(*centre()))
        for agent in AGENTS[:3]:
            self.take(c.ConnectClient(agent=agent, client="t1", gateway="g1"))
            self.take(c.SetPresence(agent=agent, state="available"))

    def take(self, command: c.Command) -> None:
        taken = step(self.state, command, self.traffic.now)
        self.judge.follow(self.state, taken, self.traffic.now)

    def walk(self, steps: int) -> Counter[str]:
        moves = list(WEIGHTS)
        for number in range(steps):
            self.traffic.now += self.random.choice(STEPS_TICKS)
            due = next_deadline(self.state)
            while due is not None and due <= self.traffic.now:
                self.take(c.Pulse())
                due = next_deadline(self.state)
            (move,) = self.random.choices(moves, list(WEIGHTS.values()))
            if move in OPENING and len(self.state.items) > ITEMS_MAX:
                move = "finish"
            self.take(getattr(self.traffic, move)())
            if number % 50 == 0:
                self.judge.compare(self.state)
        self.judge.compare(self.state)
        return self.judge.met


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_decision_is_the_reference_routers(part: int) -> None:
    met: Counter[str] = Counter()
    for seed in range(part * SEEDS, (part + 1) * SEEDS):
        met += Walk(seed).walk(STEPS)
    assert met["decisions"] > SEEDS * STEPS // 15, "the walks have something to decide"
    assert met["only one right"] > met["decisions"] * 0.9, "what comes at once is rare"
    assert all(met[f"strategy {strategy}"] for strategy in get_args(Strategy))
