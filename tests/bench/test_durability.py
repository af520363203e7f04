"""bench durability: the figures from the measurements, the busy centre that a store is filled with, and a small run."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from router.bench import busy_centre, limits
from router.bench.durability import Figures, figures
from router.bench.fsync import Measured
from router.bench.recovery import Recovered
from router.core.commands import Command
from router.core.invariants import check, overfull, unmatched
from router.core.state import State
from router.core.step import step

KEYS = [
    "events_per_s_always",
    "events_per_s_everysec",
    "ratio",
    "failover_s",
    "recovery_s_per_100k",
    "batch_p50",
    "batch_p99",
]


def printed(failovers: list[float]) -> Figures:
    """Three pairs of rounds and the recovery of 50,000 items."""
    rates = [(800.0, 1_000.0), (900.0, 2_000.0), (900.0, 1_500.0)]
    return figures(
        [Measured(events_per_s=always, batches=[1, 20, 40]) for always, _ in rates],
        [Measured(events_per_s=everysec, batches=[99]) for _, everysec in rates],
        failovers,
        Recovered(seconds=2.0, ready_s=1.5, cpu_s=3.0, items=50_000, rss_mib=400.0),
        5_000,
    )


def test_the_ratio_is_that_of_pairs_and_batches_are_those_with_fsync() -> None:
    found = printed([3.0, 2.0, 9.0])
    assert (found.events_per_s_always, found.events_per_s_everysec, found.ratio) == (900, 1_500, 0.6)
    assert (found.batch_p50, found.batch_p99) == (20, 40)
    assert (found.failover_s, found.failover_max_s) == (3.0, 9.0)
    assert (found.recovery_s_per_100k, found.recovery_s) == (4.0, 2.0)


def test_without_a_second_node_there_is_no_failover_rather_than_a_fast_one() -> None:
    found = printed([])
    assert (found.failover_s, found.failover_max_s) == (None, None)


def test_the_issue_asks_for_a_hundred_thousand_items_and_ten_thousand_agents() -> None:
    assert (limits.OPEN_ITEMS, limits.BUSY_AGENTS) == (100_000, 10_000)


def test_a_busy_centre_has_items_in_every_state_and_nobody_free_for_those_that_wait() -> None:
    state = State()
    at = 1_000

    def do(command: Command) -> None:
        nonlocal at
        at += 1
        assert step(state, command, at).rejection is None

    for command in [*busy_centre.centre(60), *busy_centre.arrivals(60, "gateway")]:
        do(command)
    for letter, contents in busy_centre.letters(600):
        assert list(contents) == [letter.message.content]
        do(letter)
    for command in busy_centre.acceptances(state):
        do(command)
    for command in busy_centre.pauses(state):
        do(command)
    counts = Counter(item.state for item in state.items.values())
    assert set(counts) == {"queued", "reserved", "active", "pending"}
    assert counts["queued"] > 300
    assert len({item.queue for item in state.items.values()}) == busy_centre.QUEUES
    assert check(state) == overfull(state) == unmatched(state) == []


@pytest.mark.slow
@pytest.mark.service
@pytest.mark.timeout(240)
def test_the_last_line_of_the_command_has_the_keys_of_the_issue() -> None:
    small = ["--seconds", "0.5", "--rounds", "1", "--kills", "1", "--items", "300", "--agents", "40"]
    done = subprocess.run(
        [sys.executable, "-m", "router.cli", "bench", "durability", *small, "--json"],
        capture_output=True,
        text=True,
        timeout=230,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert list(last)[: len(KEYS)] == KEYS
    assert last["events_per_s_always"] > 0 < last["events_per_s_everysec"]
    assert 1 <= last["batch_p50"] <= last["batch_p99"]
    assert last["failover_s"] is None or 0 < last["failover_s"] <= last["failover_max_s"]
    assert last["recovery_items"] == 300
    assert 0 < last["recovery_ready_s"] <= last["recovery_s"]
    assert last["recovery_s_per_100k"] == pytest.approx(last["recovery_s"] * 100_000 / 300, rel=0.01)
