"""Seeded worlds of faults hold every promise; a planted defect is found; a seed repeats itself."""

import asyncio
import os
import subprocess
import sys

import msgspec
import pytest
import structlog

from router.runtime.memory import MemoryStore
from router.runtime.store import Commit, Placed, Put
from router.simulate.__main__ import simulate

SEEDS = range(1, 11)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_of_faults_holds_every_promise(seed: int) -> None:
    result, wrong = simulate(seed)
    assert wrong == []
    assert result.faults > 30 and result.events > 300


@pytest.mark.slow
def test_a_seed_has_one_history_whatever_the_hash_seed() -> None:
    def run(hash_seed: str) -> bytes:
        command = [sys.executable, "-m", "router.simulate", "--seed", "4"]
        return subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": hash_seed}, capture_output=True, check=True
        ).stdout

    assert run("1") == run("2")


class Forgetful(MemoryStore):
    """Knows no command again."""

    async def submit(self, puts: list[Put]) -> list[Placed]:  # type: ignore[override]
        fresh = [msgspec.structs.replace(put, key=f"{put.key}#{self._world.submitted}") for put in puts]
        return await super().submit(fresh)


class Unfenced(MemoryStore):
    """Lets a writer commit whose time is over."""

    async def commit(self, commit: Commit) -> None:
        world = self._world
        now = {"epoch": world.epoch, "expected": world.position, "before": world.digest}
        await super().commit(msgspec.structs.replace(commit, **now, last=max(commit.last, world.position)))


class Torn(MemoryStore):
    """Loses records of larger commits."""

    async def commit(self, commit: Commit) -> None:
        await super().commit(msgspec.structs.replace(commit, puts=commit.puts[:3]))


@pytest.mark.slow
@pytest.mark.parametrize("planted", [Forgetful, Unfenced, Torn])
def test_a_planted_defect_is_found(planted: type[MemoryStore]) -> None:
    for seed in SEEDS:
        try:
            _, wrong = simulate(seed, planted)
        except (AssertionError, asyncio.CancelledError, ExceptionGroup):
            return
        if wrong:
            return
    pytest.fail("no world noticed")
