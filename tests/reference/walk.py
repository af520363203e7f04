"""Long walks through the traffic, from a seed."""

import random
from collections import Counter
from typing import get_args

import msgspec

from queues.strategy import Strategy
from router.core import commands as c
from router.core.due import next_deadline
from router.core.state import State
from router.core.step import Step, step
from tests.reference.traffic import AGENTS, ITEMS_MAX, OPENING, STEPS_TICKS, WEIGHTS, Traffic, centre, put


class Walk:
    """One seed's way. `after` is called with each step: what a proof wants to see of it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.state = State()
        self.met: Counter[str] = Counter()
        self.traffic = Traffic(self.state)
        self.traffic.pick = self.random.choice

    @property
    def now(self) -> int:
        """The instant at which the walk is."""
        return self.traffic.now

    def open(self) -> None:
        """The centre comes into being, each queue with a strategy drawn; some of its agents come to work."""
        self.take(put(*centre()))
        for queue in list(self.state.queues.values()):
            self.take(put(msgspec.structs.replace(queue, strategy=self.random.choice(get_args(Strategy)))))
        for agent in AGENTS[:3]:
            self.take(c.ConnectClient(agent=agent, client="t1", gateway="g1"))
            self.take(c.SetPresence(agent=agent, state="available"))

    def walk(self, steps: int) -> Counter[str]:
        """Take so many random steps, with a pulse whenever something is due."""
        self.open()
        moves, weights = list(WEIGHTS), list(WEIGHTS.values())
        for _ in range(steps):
            self.traffic.now += self.random.choice(STEPS_TICKS)
            due = next_deadline(self.state)
            while due is not None and due <= self.traffic.now:
                self.take(c.Pulse())
                due = next_deadline(self.state)
            (move,) = self.random.choices(moves, weights)
            if move in OPENING and len(self.state.items) > ITEMS_MAX:
                move = "finish"
            self.take(getattr(self.traffic, move)())
        return self.met

    def take(self, command: c.Command) -> None:
        """Step the command."""
        self.after(command, step(self.state, command, self.now))

    def after(self, command: c.Command, taken: Step) -> None:
        """What a proof wants to see of it."""
