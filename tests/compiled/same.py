"""What the core of this process decides, in one JSON object: `python -m router.compiled tests.compiled.same`."""

import hashlib
import json
import sys
from collections import Counter
from typing import Any

import msgspec

from router.compiled import core
from router.core import commands as c
from router.core.step import Step
from router.simulate.theory.traces import replay as replay_trace
from tests.reference.golden import SEEDS, kept, replay
from tests.reference.judge import Judge
from tests.reference.walk import Walk
from tests.theory.known import TRACES

MODULES = ("skills.requirement", "queues.strategy", "router.core.decide", "router.core.match", "router.core.state")
STEPS = 250
LOOKS = 50
WALKS = (7_001, 7_002, 7_003)

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class Judged(Walk):
    """A walk whose every step is judged by the reference router, and summed up."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.judge = Judge()
        self.met: Counter[str] = self.judge.met
        self.sum = hashlib.blake2b(digest_size=16)

    def after(self, command: c.Command, taken: Step) -> None:
        self.judge.follow(self.state, taken, self.now)
        self.sum.update(_encode((taken.rejection, list(taken.events))))
        self.met["commands"] += 1
        if self.met["commands"] % LOOKS == 0:
            self.judge.compare(self.state)


def walk(seed: int) -> tuple[str, str]:
    """Digests of what was decided on a walk, and of the state that it ends in."""
    judged = Judged(seed)
    judged.walk(STEPS)
    judged.judge.compare(judged.state)
    return judged.sum.hexdigest(), judged.state.digest()


def trace(id: str) -> tuple[int, int, bool]:
    """How many contacts of a trace there are, how many went as they had to, and whether all is as computed."""
    done = replay_trace(TRACES[id])
    return done.contacts, done.equal, done.ok


def main() -> None:
    """Say it."""
    said: dict[str, Any] = {"core": core(), "files": [sys.modules[name].__file__ for name in MODULES]}
    said |= {f"golden {name}": replay(kept(name)[0]) for name in SEEDS}
    said |= {f"walk {seed}": walk(seed) for seed in WALKS}
    said |= {f"trace {id}": trace(id) for id in TRACES}
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
