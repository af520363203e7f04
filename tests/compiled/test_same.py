"""The compiled core decides what plain Python does: golden logs, walks beside the reference router, traces."""

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from router.compiled import HOME, PLAIN, SUFFIX, digest
from tests.architecture.tree import ROOT
from tests.compiled.same import WALKS
from tests.reference.golden import SEEDS, kept
from tests.theory.known import FILE, TRACES

ROWS = ("EA-01", "TV-01", "FA-01", "CH-01", "BE-01", "LA-01", "WU-01", "EW-01", "FR-01", "OB-01")
"""A row of each kind that theory knows."""

pytestmark = [pytest.mark.slow, pytest.mark.service, pytest.mark.timeout(900)]


def said(plain: str) -> dict[str, Any]:
    """What a process of its own decides."""
    command = [sys.executable, "-m", "router.compiled", "tests.compiled.same"]
    environment = os.environ | {PLAIN: plain, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def verified(plain: str) -> dict[str, Any]:
    """What virtual time says of some rows in so few contacts that hardly one is within its tolerance."""
    command = [sys.executable, "-m", "router.compiled", "router.cli", "simulate", "verify", str(FILE), "--json"]
    command += ["--contacts", "2000", *(word for row in ROWS for word in ("--only", row))]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {PLAIN: plain}, capture_output=True, text=True, check=False
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    """What the compiled core decides; it is compiled now if nobody did."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    made = subprocess.run([sys.executable, ROOT / "deploy/compile.py"], capture_output=True, text=True, check=True)
    assert (HOME / digest()).is_dir(), made.stderr
    return said("")


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return said("1")


def test_it_is_the_compiled_core_that_decided(compiled: dict[str, Any]) -> None:
    assert compiled["core"] == "compiled"
    assert [file for file in compiled["files"] if not file.endswith(SUFFIX)] == []


def test_the_other_one_was_plain_python(plain: dict[str, Any]) -> None:
    assert plain["core"] == "plain Python"
    assert [file for file in plain["files"] if not file.endswith(".py")] == []


def test_the_tests_of_the_core_pass_on_it(compiled: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "router.compiled", "pytest", "-q", "-p", "no:cacheprovider", "tests/core"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4_000:]


@pytest.mark.parametrize("name", SEEDS)
def test_a_golden_log_replays_to_the_same_digest(compiled: dict[str, Any], name: str) -> None:
    assert compiled[f"golden {name}"] == list(kept(name)[1])


@pytest.mark.parametrize("seed", WALKS)
def test_a_walk_beside_the_reference_router_is_the_same(
    compiled: dict[str, Any], plain: dict[str, Any], seed: int
) -> None:
    assert compiled[f"walk {seed}"] == plain[f"walk {seed}"]


@pytest.mark.parametrize("id", TRACES)
def test_a_trace_goes_as_it_was_computed(compiled: dict[str, Any], id: str) -> None:
    contacts, equal, ok = compiled[f"trace {id}"]
    assert contacts > 0 and equal == contacts and ok


def test_virtual_time_passes_in_the_same_way(compiled: dict[str, Any]) -> None:
    first, second = verified(""), verified("1")
    assert first == second
    assert len({row["id"] for row in first["rows"]}) == len(ROWS)
