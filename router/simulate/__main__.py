"""`python -m router.simulate --seed 7 [--seeds 10]`: run worlds; the last line of each is its result as JSON."""

import argparse
import asyncio
import sys
from collections.abc import Callable

import msgspec
import structlog

from router.runtime.memory import MemoryStore, World
from router.simulate.auditor import audit
from router.simulate.house import House
from router.simulate.loop import SimLoop
from router.simulate.world import Story


class Result(msgspec.Struct, frozen=True):
    """How a world ended. The same seed gives the same digest."""

    seed: int
    digest: str
    events: int
    faults: int
    violations: int


def simulate(seed: int, client: Callable[[World], MemoryStore] = MemoryStore) -> tuple[Result, list[str]]:
    """Run the world of this seed: its result, and what was wrong. `client` is the nodes' way to the store."""
    with asyncio.Runner(loop_factory=lambda: SimLoop(seed)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SimLoop)
        house = House(loop, client)
        runner.run(Story(house).run())
    wrong = audit(house)
    store = house.store
    return Result(seed, store.digest, store.position, house.faults.total(), len(wrong)), wrong


def main() -> int:
    """Exit 1 when anything was wrong in any world."""
    parser = argparse.ArgumentParser(prog="router.simulate", description="seeded worlds of faults")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many worlds")
    wanted = parser.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    failed = False
    for seed in range(wanted.seed, wanted.seed + wanted.seeds):
        result, wrong = simulate(seed)
        for line in wrong:
            sys.stderr.write(f"seed {seed}: {line}\n")
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
        failed = failed or bool(wrong)
    return failed


if __name__ == "__main__":
    sys.exit(main())
