"""The private server: nobody else's, dead when we are, and clear about why it cannot start."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from router.gateway import StoreError
from router.runtime import limits
from router.runtime.damage import cut, find
from router.runtime.embedded import Embedded, Fsync, find_server
from router.runtime.errors import FolderInUse, ServerDamaged, ServerMissing
from router.runtime.redis_store import clients, connect
from router.runtime.room import memory_bytes
from router.runtime.store import Put
from tests.support import eventually, eventually_true

PUT = Put(key="k", fingerprint="f", data=b"x")

PARENT = """
import asyncio, sys
from pathlib import Path
from router.runtime.embedded import Embedded
from router.runtime.redis_store import connect
from router.runtime.store import Put

async def main():
    server = Embedded(Path(sys.argv[1]))
    await server.start()
    await connect(server.url, "d").submit([Put(key="k", fingerprint="f", data=b"x")])
    print(server.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
async def filled(tmp_path: Path) -> Path:
    """The folder of a server that was stopped, with one command in it."""
    server = Embedded(tmp_path / "store")
    await server.start()
    store = connect(server.url, "d")
    await store.submit([PUT])
    await store.close()
    await server.stop()
    return tmp_path / "store"


def increment(folder: Path) -> Path:
    """The append-only file that grows."""
    [file] = (folder / "appendonlydir").glob("*.incr.aof")
    return file


async def test_it_answers_on_a_socket_that_only_we_may_open(server: Embedded, tmp_path: Path) -> None:
    store = connect(server.url, "d")
    await store.submit([PUT])
    await store.close()
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "store" / "run").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "store" / "run" / "server.sock").is_socket()


def test_it_dies_with_its_parent_and_what_was_answered_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, folder], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    server = next(int(line) for line in parent.stdout if line.strip().isdigit())
    assert alive(server)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    eventually_true(lambda: not alive(server))
    asyncio.run(_holds_the_command(folder))


async def _holds_the_command(folder: Path) -> None:
    server = Embedded(folder)
    await server.start()
    store = connect(server.url, "d")
    assert await store.commands(0, 10, 0) == [(1, b"x")]
    await store.close()
    await server.stop()


async def test_a_second_start_on_the_same_folder_is_refused(server: Embedded, tmp_path: Path) -> None:
    with pytest.raises(FolderInUse, match=r"another Firstline runs.*stop it first"):
        await Embedded(tmp_path / "store").start()
    store = connect(server.url, "d")
    await store.submit([PUT])
    await store.close()


async def test_after_a_stop_the_folder_is_free_and_complete(tmp_path: Path) -> None:
    for n in range(2):
        server = Embedded(tmp_path / "store")
        await server.start()
        pid = server.pid
        assert pid is not None
        store = connect(server.url, "d")
        assert (await store.submit([PUT]))[0].duplicate is (n == 1)
        await store.close()
        await server.stop()
        assert not alive(pid)


async def test_a_server_that_ends_is_started_again(server: Embedded) -> None:
    watch = asyncio.create_task(server.run())
    first = server.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: server.pid != first)
    watch.cancel()


async def test_a_server_that_does_not_answer_in_time_is_ended_before_the_next_is_started(
    server: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers on one folder would ruin it."""
    watch = asyncio.create_task(server.run())
    first = server.pid
    assert first is not None
    monkeypatch.setattr(limits, "SERVER_READY_S", 0)
    with capture_logs() as logs:
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: any(entry["event"] == "embedded_server_not_started" for entry in logs))
        slow = server.pid
        assert slow is not None and slow != first
        assert not alive(slow)
    monkeypatch.undo()
    await eventually(lambda: any_answer(server))
    watch.cancel()


async def any_answer(server: Embedded) -> str:
    """Whether the server takes a command."""
    store = connect(server.url, "d")
    try:
        await store.submit([PUT])
    except StoreError:
        return ""
    finally:
        await store.close()
    return "yes"


async def test_a_long_path_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    """The path of a unix socket has at most 107 bytes."""
    folder = tmp_path / ("d" * 100) / "store"
    server = Embedded(folder)
    await server.start()
    store = connect(server.url, "d")
    await store.submit([PUT])
    await store.close()
    private = server._socket.parent
    assert private.stat().st_mode & 0o777 == 0o700
    await server.stop()
    assert not private.exists()


async def test_a_damaged_file_is_refused_with_the_remedy(filled: Path) -> None:
    """Zeroes at the end, as after a power loss: cutting them off is the operator's choice, never ours."""
    with increment(filled).open("ab") as file:
        file.write(bytes(4096))
    with pytest.raises(ServerDamaged, match="'firstline repair'"):
        await Embedded(filled).start()
    damage = await asyncio.to_thread(lambda: find(filled, find_server(), "d"))
    assert damage is not None
    assert (damage.bytes, damage.lost.commands) == (4096, 0)
    await asyncio.to_thread(cut, damage)
    await _holds_the_command(filled)


async def test_a_file_that_ends_in_the_middle_of_a_command_is_loaded(filled: Path) -> None:
    """Nobody was answered before the command was whole."""
    with increment(filled).open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\nhal")
    await _holds_the_command(filled)


async def test_a_base_that_is_damaged_cannot_be_cut(filled: Path) -> None:
    [base] = (filled / "appendonlydir").glob("*.base.*")
    base.write_bytes(base.read_bytes()[:-20])
    with pytest.raises(ServerDamaged, match=r"^(?!.*repair).*restore a backup"):
        await Embedded(filled).start()


@pytest.mark.parametrize("fsync", ["always", "everysec"])
async def test_it_syncs_as_it_is_told_and_refuses_before_the_kernel_must(tmp_path: Path, fsync: Fsync) -> None:
    """Asked of the server itself: over half of the memory that we may use, it says no."""
    server = Embedded(tmp_path / "store", fsync=fsync)
    await server.start()
    client, reads, _ = clients(server.url, "d")
    told: dict[str | None, str | None] = await client.config_get(
        "appendonly", "appendfsync", "maxmemory", "maxmemory-policy"
    )
    assert told["appendonly"] == "yes" and told["appendfsync"] == fsync
    assert (
        int(told["maxmemory"] or 0) == await asyncio.to_thread(memory_bytes) // 2
        and told["maxmemory-policy"] == "noeviction"
    )
    await client.aclose(close_connection_pool=True)
    await reads.aclose(close_connection_pool=True)
    await server.stop()


async def test_a_program_that_is_no_server_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ServerMissing, match=r"at least 7\.0"):
        await Embedded(tmp_path / "store", "/bin/echo").start()


def test_a_configured_server_that_is_not_there_is_named() -> None:
    with pytest.raises(ServerMissing, match="nowhere-server"):
        find_server("nowhere-server")


def test_the_valkey_that_came_along_is_found() -> None:
    assert find_server().name == "valkey-server"
