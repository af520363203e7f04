"""`python -m router.simulate --seed 7`: run that world; the last line is its result as JSON.

With `--seeds N` it runs the N worlds from there on, in `--processes` processes, and ends with one summary.
"""

import argparse
import sys

import msgspec

from router.simulate.night import Summary, complain, many, quietly
from router.simulate.run import Result


def main() -> int:
    """Exit 1 when anything was wrong in any world."""
    parser = argparse.ArgumentParser(prog="router.simulate", description="seeded worlds of faults")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many worlds")
    parser.add_argument("--processes", type=int, default=1, help="how many of them at the same time")
    wanted = parser.parse_args()
    if wanted.seeds == 1:
        result, wrong = quietly(wanted.seed)
        complain(result, wrong)
        return _end(result, result.violations)
    summary = many(range(wanted.seed, wanted.seed + wanted.seeds), wanted.processes)
    return _end(summary, summary.violations)


def _end(told: Result | Summary, violations: int) -> int:
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    return int(violations > 0)


if __name__ == "__main__":
    sys.exit(main())
