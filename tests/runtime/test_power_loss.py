"""What a power loss leaves: the append-only file up to the last sync that worked.

The power stays on. The server's syncs are written down (synced.c), and what lies beyond the last one is cut off.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from router.gateway import Outcome, StoreError
from router.runtime.embedded import Embedded, Fsync
from router.runtime.redis_store import connect
from router.runtime.store import Commit, Out, Put
from tests.support import eventually

CALLERS = 8
ANSWERS = 400
CUTS = 12


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that writes syncs down."""
    made = tmp_path_factory.mktemp("synced") / "synced.so"
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    source = Path(__file__).with_name("synced.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source], check=True)
    return made


def put(number: int) -> Put:
    return Put(key=f"k{number}", fingerprint="f", data=b"x" * 200)


def increment(folder: Path) -> Path:
    [file] = (folder / "appendonlydir").glob("*.incr.aof")
    return file


async def lost(folder: Path, answered: list[int]) -> list[int]:
    """Which of the answered commands a server that starts in this folder has not got."""
    server = Embedded(folder)
    await server.start()
    store = connect(server.url, "d")
    placed = await store.submit([put(number) for number in answered])
    await store.close()
    await server.stop()
    return [number for number, place in zip(answered, placed, strict=True) if not place.duplicate]


@pytest.mark.parametrize("fsync", ["always", "everysec"])
async def test_what_was_answered_survives_a_power_loss_unless_a_second_of_loss_was_chosen(
    synced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: Fsync
) -> None:
    folder, noted = tmp_path / "store", tmp_path / "noted"
    monkeypatch.setenv("LD_PRELOAD", str(synced))
    monkeypatch.setenv("SYNCED_INTO", str(noted))
    server = Embedded(folder, fsync=fsync)
    await server.start()
    answered = await _until_killed(server)
    await server.stop()
    monkeypatch.undo()
    file = await asyncio.to_thread(increment, folder)
    lengths = [int(line.split()[0]) for line in noted.read_text().splitlines() if line.endswith(file.name)]
    os.truncate(file, max(lengths, default=0))
    missing = await lost(folder, list(answered))
    assert len(answered) >= ANSWERS
    assert bool(missing) == (fsync == "everysec")
    in_order = sorted(answered, key=lambda number: answered[number])
    assert set(missing) == set(in_order[len(answered) - len(missing) :]), "the last ones, and no others"


async def _until_killed(server: Embedded) -> dict[int, int]:
    """Submit from several callers at once, and kill the server in the middle. What was answered by then, and which
    position in the log each was given."""
    store, numbers = connect(server.url, "d"), count()
    answered: dict[int, int] = {}

    async def call() -> None:
        while True:
            number = next(numbers)
            try:
                [placed] = await store.submit([put(number)])
            except StoreError:
                return
            answered[number] = placed.command

    calls = [asyncio.create_task(call()) for _ in range(CALLERS)]
    await eventually(lambda: len(answered) >= ANSWERS, within_s=20)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.gather(*calls)
    await store.close()
    return answered


async def test_a_commit_that_was_cut_off_in_the_middle_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """Entry, records, outcomes, outbox and position are one transaction of the file, wherever it ends."""
    server = Embedded(tmp_path / "store")
    await server.start()
    store = connect(server.url, "d")
    await store.submit([put(1)])
    lease = await store.acquire("w", 600_000)
    assert lease is not None
    file = await asyncio.to_thread(increment, tmp_path / "store")
    before = os.stat(file).st_size
    await store.commit(
        Commit(
            epoch=lease.epoch,
            expected=0,
            last=1,
            before="",
            digest="h1",
            data=b"entry",
            command=1,
            at=1,
            puts=[(("item", "i"), b"record")],
            outcomes=[("k1", Outcome(position=1))],
            outbox=[Out(channel="email", position=1, body=b"{}")],
        )
    )
    after = os.stat(file).st_size
    await store.close()
    await server.stop()
    lengths = [*range(before, after, (after - before) // CUTS), after]
    seen = [await _held(tmp_path / "store", tmp_path / f"cut-{length}", length) for length in lengths]
    assert seen[:-1] == [Held(position=0, records=0, decided=False, waiting=1, sending=0)] * len(lengths[:-1])
    assert seen[-1] == Held(position=1, records=1, decided=True, waiting=0, sending=1)


class Held(NamedTuple):
    """What a store holds."""

    position: int
    records: int
    decided: bool
    waiting: int
    sending: int


async def _held(folder: Path, copy: Path, length: int) -> Held:
    """What a copy of the folder holds whose file ends after so many bytes."""
    await asyncio.to_thread(shutil.copytree, folder, copy, ignore=shutil.ignore_patterns("run", "lock"))
    os.truncate(await asyncio.to_thread(increment, copy), length)
    server = Embedded(copy)
    await server.start()
    store = connect(server.url, "d")
    await store.outbox_group("email", "g")
    held = Held(
        position=await store.head(),
        records=len((await store.load()).records),
        decided=await store.outcome("k1") is not None,
        waiting=len(await store.commands(0, 10, 0)),
        sending=len(await store.outbox_read("email", "g", "c", 10, 0)),
    )
    await store.close()
    await server.stop()
    return held
