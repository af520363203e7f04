"""`firstline repair`: what it says is lost is what is lost, and nothing is cut unless it is told to."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from router.archive.migrate import upgrade
from router.cli.app import app
from router.cli.outcome import Exit
from router.runtime.embedded import Embedded, held
from router.runtime.redis_store import connect
from router.runtime.store import Commit, Put

DOMAIN = "main"
COMMANDS = 20


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose log has commands 1 to 20 and events 1 to 20, in turn."""
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(tmp_path))
    asyncio.run(_fill(tmp_path / "redis"))
    return tmp_path


async def _fill(folder: Path) -> None:
    server = Embedded(folder)
    await server.start()
    store = connect(server.url, DOMAIN)
    lease = await store.acquire("w", 60_000)
    assert lease is not None
    digest = ""
    for number in range(1, COMMANDS + 1):
        await store.submit([Put(key=f"k{number}", fingerprint="f", data=b"x" * 50)])
        commit = Commit(
            epoch=lease.epoch,
            expected=number - 1,
            last=number,
            before=digest,
            digest=f"h{number}",
            data=b"entry",
            command=number,
            at=number,
        )
        await store.commit(commit)
        digest = commit.digest
    await store.close()
    await server.stop()


async def _ends(folder: Path) -> tuple[int, int]:
    """How many commands and events the log has now: the last positions given."""
    server = Embedded(folder)
    await server.start()
    store = connect(server.url, DOMAIN)
    placed = await store.submit([Put(key="next", fingerprint="f", data=b"x")])
    head = await store.head()
    await store.close()
    await server.stop()
    return placed[0].command - 1, head


def log_of(folder: Path) -> Path:
    [file] = (folder / "redis" / "appendonlydir").glob("*.incr.aof")
    return file


def spoil(folder: Path) -> bytes:
    """Bad bytes in the middle of the file; what it was then."""
    data = log_of(folder).read_bytes()
    middle = len(data) // 2
    spoiled = data[:middle] + b"\xff" * 20 + data[middle + 20 :]
    log_of(folder).write_bytes(spoiled)
    return spoiled


def repair(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["repair", *arguments])


def facts(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(result.stdout)
    return {name: value for name, value in told.items() if name not in ("error", "exit")}


def test_it_says_what_would_be_lost_and_changes_nothing(folder: Path) -> None:
    spoiled = spoil(folder)
    looked = repair("--json")
    assert looked.exit_code == Exit.FAILED
    assert "--yes" in json.loads(looked.stdout)["error"]
    assert log_of(folder).read_bytes() == spoiled
    assert not (folder / "redis.damaged-1").exists()
    told = facts(looked)
    assert told["lost_events"] == COMMANDS - told["kept_position"] > 5
    said = repair()
    assert f"{told['lost_commands']} accepted commands and {told['lost_events']} events" in said.stdout


def test_what_it_said_is_what_is_lost_and_the_folder_is_kept_aside(folder: Path) -> None:
    spoiled = spoil(folder)
    told = facts(repair("--json"))
    done = repair("--yes", "--json")
    assert done.exit_code == Exit.OK, done.output
    assert facts(done) == {**told, "copy": str(folder / "redis.damaged-1")}
    [aside] = (folder / "redis.damaged-1" / "appendonlydir").glob("*.incr.aof")
    assert aside.read_bytes() == spoiled
    commands, events = asyncio.run(_ends(folder / "redis"))
    assert events == told["kept_position"]
    assert commands in (COMMANDS - told["lost_commands"], COMMANDS - told["lost_commands"] - 1), (
        "one may lie in the bytes that cannot be read any more"
    )
    assert repair("--json").stdout == '{"damaged":false}\n'


def test_zeroes_after_a_power_loss_cost_nothing(folder: Path) -> None:
    with log_of(folder).open("ab") as file:
        file.write(bytes(4096))
    done = repair("--yes")
    assert done.exit_code == Exit.OK
    assert "4,096 bytes off: nothing that was accepted is among them" in done.stdout
    assert asyncio.run(_ends(folder / "redis")) == (COMMANDS, COMMANDS)


def test_history_that_knows_more_than_the_cut_log_asks_for_a_backup(folder: Path) -> None:
    """No server starts on such a pair: cutting would only look like a way out."""
    spoil(folder)
    asyncio.run(upgrade(f"sqlite:///{folder / 'archive.db'}"))
    with sqlite3.connect(folder / "archive.db") as history:
        history.execute("UPDATE archive_position SET position = 20")
    looked = repair()
    assert looked.exit_code == Exit.FAILED
    assert "History has events up to 20" in looked.stderr and "Restore a backup" in looked.stderr
    assert repair("--yes").exit_code == Exit.FAILED, "cut all the same"
    command = [sys.executable, "-m", "router.cli", "serve", "--port", "0"]
    started = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (started.returncode, started.stdout) == (Exit.ENVIRONMENT, ""), (
        "what it accepted would be gone with this log"
    )
    assert "ends at event 20, but the store ends at event" in started.stderr


def test_beside_a_server_it_refuses(folder: Path) -> None:
    with held(folder / "redis"):
        refused = repair("--yes")
    assert refused.exit_code == Exit.ENVIRONMENT
    assert "another Firstline runs" in refused.stderr


def test_a_redis_of_yours_is_yours_to_mend(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_REDIS_URL", "redis://127.0.0.1:1")
    refused = repair()
    assert refused.exit_code == Exit.ENVIRONMENT
    assert "redis-check-aof" in refused.stderr


def test_where_nothing_is_there_is_nothing_to_repair(folder: Path) -> None:
    refused = repair("--data", str(folder / "elsewhere"))
    assert refused.exit_code == Exit.ENVIRONMENT
    assert "holds no log" in refused.stderr
