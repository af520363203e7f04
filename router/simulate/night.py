"""Many worlds, in several processes: how a night is spent. What is wrong in one of them is told at once."""

import logging
import multiprocessing
import sys
from collections.abc import Iterable
from typing import TextIO

import msgspec
import structlog

from router import compiled
from router.simulate.ledger import Wrong
from router.simulate.run import Result, simulate

PROGRESS_STEP = 50  # worlds between two words about how far it is


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How many worlds ended. `failing` are the seeds of those with violations."""

    seeds: int
    events: int
    faults: int
    violations: int
    failing: list[int]


def many(seeds: range, processes: int) -> Summary:
    """Run these worlds; what is wrong in one of them is told at once."""
    with multiprocessing.get_context("spawn").Pool(processes, compiled.use) as pool:
        return _summed(pool.imap_unordered(quietly, seeds), len(seeds), sys.stderr)


def _summed(ended: Iterable[tuple[Result, list[Wrong]]], seeds: int, progress: TextIO) -> Summary:
    results: list[Result] = []
    for result, wrong in ended:
        results.append(result)
        complain(result, wrong)
        if len(results) % PROGRESS_STEP == 0:
            failing = sum(bool(other.violations) for other in results)
            progress.write(f"{len(results)} of {seeds} worlds, {failing} with violations\n")
            progress.flush()
    return Summary(
        seeds=len(results),
        events=sum(result.events for result in results),
        faults=sum(result.faults for result in results),
        violations=sum(result.violations for result in results),
        failing=sorted(result.seed for result in results if result.violations),
    )


def quietly(seed: int) -> tuple[Result, list[Wrong]]:
    """A world, without the log of its nodes."""
    hush()
    return simulate(seed)


def hush() -> None:
    """Let nobody log anything in this process: what nodes say of their faults is of no interest here."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.ReturnLoggerFactory(),
    )


def complain(result: Result, wrong: list[Wrong]) -> None:
    """Say what is wrong in a world."""
    for rule, text in wrong:
        sys.stderr.write(f"seed {result.seed}: {rule}: {text}\n")
