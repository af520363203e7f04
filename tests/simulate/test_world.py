"""A seed has one history, in every process; many worlds end with one summary."""

import os
import subprocess
import sys

import msgspec
import pytest

from router.simulate.night import Summary
from router.simulate.run import Result

SEED = 4


def run(*arguments: str, hash_seed: str = "1") -> bytes:
    """The last line that the command says."""
    command = [sys.executable, "-m", "router.simulate", *arguments]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.splitlines()[-1]


@pytest.mark.slow
def test_a_seed_has_one_history_whatever_the_hash_seed() -> None:
    said = [run("--seed", str(SEED), hash_seed=hash_seed) for hash_seed in ("1", "2")]
    assert said[0] == said[1]
    result = msgspec.json.decode(said[0], type=Result)
    assert (result.seed, result.violations) == (SEED, 0) and len(result.digest) == 16


@pytest.mark.slow
def test_many_worlds_end_with_one_summary() -> None:
    summary = msgspec.json.decode(run("--seed", str(SEED), "--seeds", "3", "--processes", "2"), type=Summary)
    assert (summary.seeds, summary.violations, summary.failing) == (3, 0, [])
    assert summary.events > 100
