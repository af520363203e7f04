"""The same commands lead to the same events, in every process, whatever its hash seed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reference.golden import record, replay

ROOT = Path(__file__).parents[2]
PROGRAM = "from tests.reference.golden import *; commands = record(5); print(len(commands), replay(commands))"


def test_a_replay_leads_to_what_the_walk_led_to() -> None:
    first, second = record(4), record(4)
    assert first == second
    assert replay(first) == replay(second)
    assert replay(first).events > len(first) // 2, "most of what happens changes something"


@pytest.mark.slow
def test_neither_commands_nor_events_depend_on_the_hash_seed() -> None:
    told = set()
    for seed in ("0", "1", "2718", "random"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        )
        told.add(done.stdout)
    assert len(told) == 1
