"""Nothing in the pure packages depends on the clock, on chance, on the outside, or on the order of a set."""

import ast
import os
import subprocess
import sys

import pytest

from tests.architecture.purity import impurities
from tests.architecture.tree import PURE, ROOT, files, parsed

DATA = {"router/centre/sample/__init__.py"}
"""Hands out the sample centre that is shipped beside it; no pure module imports it."""

FIGURES = {"queues/metrics.py", "queues/erlang.py"}
"""Say how well it goes and decide nothing, so that they may divide. The core does not see them."""

ESTIMATES = {"queues/estimates.py", "router/core/estimate.py"}
"""Say how long it may take: no event and no record is made of it, so that they may divide too."""

DECIDING = ("decide", "evolv", "match", "candidates", "scores", "step", "why", "lines", "classes", "placing")


@pytest.mark.parametrize("path", [path for path in files(*PURE) if path not in DATA])
def test_a_pure_module_uses_nothing_on_the_ban_list(path: str) -> None:
    spared = "division" if path in FIGURES | ESTIMATES else "nothing"
    found = [f"{path}:{line}: {what}" for line, what in impurities(parsed(path)) if not what.startswith(spared)]
    assert found == []


@pytest.mark.parametrize("path", [path for path in files("router/core") if path.split("/")[2].startswith(DECIDING)])
def test_no_decision_is_made_of_an_estimate(path: str) -> None:
    assert "estimate" not in ast.unparse(parsed(path))


@pytest.mark.parametrize("path", files("skills", "router/core", "router/wire"))
def test_the_core_decides_without_figures(path: str) -> None:
    text = ast.unparse(parsed(path))
    assert [name for name in ("queues.metrics", "queues.erlang") if name in text] == []


@pytest.mark.parametrize(
    "code",
    [
        "import time",
        "from uuid import uuid4",
        "import os.path",
        "async def f(): ...",
        "open('a')",
        "hash(x)",
        "datetime.now()",
        "at = float(x)",
        "half = x / 2",
        "for a in {1, 2}: ...",
        "for a in set(b): ...",
        "busy: set[str] = set()\nfor a in busy: ...",
        "both = a & {1}\nx = [y for y in both]",
        "def f(ids: frozenset[str]): return list(ids)",
        "x = ','.join({'a', 'b'})",
        "x = [*{1, 2}]",
    ],
)
def test_the_ban_list_finds(code: str) -> None:
    assert len(list(impurities(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import hashlib",
        "x = sorted({1, 2})",
        "x = len(set(y))",
        "x = y in {1, 2}",
        "for a in sorted(set(b)): ...",
        "x = y // 2",
        "busy: dict[str, None] = {}\nfor a in busy: ...",
    ],
)
def test_the_ban_list_spares(code: str) -> None:
    assert list(impurities(ast.parse(code))) == []


def afternoon(hash_seed: int) -> list[str]:
    """What the scripted afternoon prints in an interpreter with this hash seed."""
    command = [sys.executable, "-m", "tests.architecture.scenario"]
    env = os.environ | {"PYTHONHASHSEED": str(hash_seed)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout.split()


def test_two_hash_seeds_give_one_history() -> None:
    """What no reading of the source finds: an order that comes from hashing."""
    digest, events, rejections = afternoon(1)
    assert [digest, events, rejections] == afternoon(2)
    assert int(events) > 1_000, "the afternoon is busy enough to show something"
    assert int(rejections) > 100, "and not everything is allowed"
