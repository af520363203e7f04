"""bench routing: the shape of what it prints, the centre it builds, and that the core agrees with the plain scan."""

import json
import subprocess
import sys

import pytest
from rich.progress import Progress

from router.bench import limits
from router.bench.routing import SIZES, Centre, chosen
from router.bench.routing_centre import Kinds, Size
from router.core.invariants import check, overfull, unmatched
from skills import meets

KEYS = [
    "agents",
    "waiting",
    "skills",
    "profiles",
    "classes",
    "lifecycles_per_s",
    "match_us_p50",
    "match_us_p99",
    "naive_match_us",
    "bytes_per_item",
    "bytes_per_agent",
]
SMALL = Size(40, 100, skills=12, profiles=10, classes=20)


def test_the_rows_are_those_of_the_issue() -> None:
    assert [(size.agents, size.waiting, size.skills) for size in SIZES] == [
        (100, 1_000, 50),
        (1_000, 10_000, 50),
        (10_000, 10_000, 50),
        (10_000, 100_000, 50),
        (100_000, 100_000, 50),
        (10_000, 10_000, 10),
        (10_000, 10_000, 200),
        (10_000, 100_000, 50),
    ]
    assert [(size.profiles, size.classes) for size in SIZES] == [(100, 200)] * 7 + [(10_000, 2_000)]


def test_a_row_is_chosen_by_its_name() -> None:
    assert chosen([]) == list(SIZES)
    assert chosen(["10k/10k/200-skills", "100/1k"]) == [SIZES[6], SIZES[0]]
    with pytest.raises(ValueError, match="no row 5/5; there are 100/1k, 1k/10k, 10k/10k, 10k/100k"):
        chosen(["100/1k", "5/5"])


@pytest.mark.parametrize("size", [SMALL, Size(100, 1_000), Size(1, 1, skills=200)])
def test_every_kind_of_item_can_be_served_by_several_kinds_of_agents(size: Size) -> None:
    kinds = Kinds(size)
    assert len(set(kinds.classes)) == size.classes
    assert len(kinds.profiles) == size.profiles
    for asked in kinds.classes:
        assert sum(meets(profile, asked) for profile in kinds.profiles) >= limits.ROUTING_ABLE_MIN
    assert Kinds(size).classes == kinds.classes, "the same in every run"


def test_everybody_is_busy_and_as_many_wait_as_were_asked_for_however_long_it_runs() -> None:
    centre = Centre(SMALL)
    with Progress(disable=True) as progress:
        memory = centre.fill(progress)
    assert memory.per_item > 0
    assert memory.per_agent > 0
    for _ in range(200):
        centre.live(centre.kinds.call())
        assert centre.matched(naive=True) is not None, "and each decision is the plain scan's"
    state = centre.state
    waiting = sum(item.state == "queued" for item in state.items.values())
    assert len(state.items) == SMALL.agents + SMALL.waiting
    assert len(state.conversations) == len(state.items)
    assert waiting >= SMALL.waiting
    assert len(centre.holding) == len(state.items) - waiting > SMALL.agents * 0.8
    assert check(state) == [] == overfull(state)
    assert unmatched(state) == []


@pytest.mark.slow
def test_the_last_line_is_one_object_with_the_figures_of_each_row() -> None:
    command = [sys.executable, "-m", "router.cli", "bench", "routing", "--only", "100/1k", "--seconds", "0.2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])["rows"]
    assert [list(row) for row in rows] == [KEYS]
    assert rows[0]["agents"], rows[0]["waiting"] == (100, 1_000)
    assert all(rows[0][key] > 0 for key in KEYS)
    assert rows[0]["match_us_p50"] <= rows[0]["match_us_p99"] < rows[0]["naive_match_us"]


def test_an_unknown_row_is_a_usage_error() -> None:
    command = [sys.executable, "-m", "router.cli", "bench", "routing", "--only", "5/5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "no row 5/5" in done.stderr
