"""bench push: the figures from the repetitions, the search for the last sustained step, and both sides for real."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from router.bench import limits
from router.bench.load import Step
from router.bench.push import Round, Search, figures
from router.bench.sides import Measured, start_skeleton

KEYS = {
    "at_500": ["p50_ms", "p99_ms", "skeleton_p50_ms", "skeleton_p99_ms"],
    "max_items_per_s": None,
    "skeleton_max_items_per_s": None,
    "ratio_to_skeleton": None,
    "cpu_us_per_item": None,
    "generator_cpu_us_per_item": None,
}


def measured(rate: float = 500, *, p50_ms: float = 1.0, p99_ms: float = 2.0, achieved: float = 1.0) -> Measured:
    step = Step(
        rate=rate,
        scheduled=100,
        achieved=achieved,
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        refused=0,
        lost=0,
        twice=0,
        cpu_us_per_item=300.0,
    )
    return Measured(step=step, server_cpu_us_per_item=1_000.0)


def test_a_step_is_sustained_while_both_bounds_of_the_issue_hold() -> None:
    assert measured(p99_ms=249.9, achieved=0.93).sustained
    assert not measured(p99_ms=250.0).sustained
    assert not measured(achieved=0.92).sustained


def test_the_ratio_is_the_median_of_the_paired_maxima_not_the_ratio_of_medians() -> None:
    pairs = [(800.0, 1_000.0), (500.0, 2_000.0), (900.0, 1_500.0)]
    rounds = [
        Round(ours=measured(), skeletons=measured(), our_max=ours, skeletons_max=skeletons) for ours, skeletons in pairs
    ]
    found = figures(rounds)
    assert found.ratio_to_skeleton == 0.6
    assert (found.max_items_per_s, found.skeleton_max_items_per_s) == (800, 1_500)
    assert (found.cpu_us_per_item, found.generator_cpu_us_per_item) == (1_000, 300)


def test_a_skeleton_that_sustains_nothing_gives_no_ratio_instead_of_an_error() -> None:
    rounds = [Round(ours=measured(), skeletons=measured(), our_max=500.0, skeletons_max=0.0)]
    assert figures(rounds).ratio_to_skeleton == 0.0


async def test_the_search_finds_the_last_step_of_1_15_and_starts_near_it_the_next_time() -> None:
    asked: list[float] = []

    async def sustains_1000(rate: float) -> Measured:
        asked.append(rate)
        return measured(rate, achieved=1.0 if rate <= 1_000 else 0.5)

    search = Search(sustains_1000)
    first = await search.maximum()
    assert first == pytest.approx(500 * 1.15**4)
    steps = len(asked)
    assert await search.maximum() == first
    assert len(asked) - steps < steps


async def test_a_machine_that_does_not_sustain_the_fixed_rate_is_searched_below_it() -> None:
    async def sustains_300(rate: float) -> Measured:
        return measured(rate, achieved=1.0 if rate <= 300 else 0.5)

    assert await Search(sustains_300).maximum() == pytest.approx(500 / 1.15**4)


async def test_the_search_gives_zero_when_not_even_the_lowest_step_is_sustained() -> None:
    async def sustains_nothing(rate: float) -> Measured:
        return measured(rate, achieved=0.1)

    assert await Search(sustains_nothing).maximum() == 0.0


@pytest.mark.slow
@pytest.mark.service
async def test_a_side_pushes_and_closes_everything_it_is_offered(tmp_path: Path) -> None:
    """Nothing lost, nothing pushed to two, and both CPU figures are measured."""
    side = await start_skeleton(tmp_path, 50)
    try:
        found = await side.step(60, 1)
    finally:
        await side.stop()
    assert (found.step.scheduled, found.step.lost, found.step.twice, found.step.refused) == (60, 0, 0, 0)
    assert 0 < found.step.p50_ms <= found.step.p99_ms
    assert found.server_cpu_us_per_item > 0
    assert found.step.cpu_us_per_item > 0


@pytest.mark.slow
@pytest.mark.service
def test_the_last_line_of_the_command_has_exactly_the_keys_of_the_issue(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SMALL, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert list(last) == list(KEYS)
    assert list(last["at_500"]) == KEYS["at_500"]


_SMALL = """
import sys
from router.bench import limits
limits.AGENTS, limits.RATE_FIXED, limits.RATE_MAX, limits.WARM_UP_S = 100, 20.0, 24.0, 0.3
from router.bench.push import run
sys.exit(run(0.5, 1, True))
"""


def test_three_repetitions_are_the_least_that_the_issue_asks() -> None:
    assert limits.REPEAT_MIN == 3
