"""Stop, kill and start as an operator would: everything that was acknowledged is still there, once."""

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import eventually_true
from tests.whole.server import Server, offered

pytestmark = [pytest.mark.slow, pytest.mark.service]

WAIT = {"Prefer": "wait=5"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("node"))
    made.set_up()
    made.start()
    yield made
    if made.process.poll() is None:
        assert made.stop() == 0


def ask(server: Server, number: int) -> str:
    """Tell of the call until it is acknowledged; its item."""

    def told() -> str:
        status, answer = server.post("/api/v1/events", offered(number), headers=WAIT)
        assert status in (0, 200, 202, 503), answer
        return str(answer["item"]) if status == 200 else ""

    return eventually_true(told, within_s=30)


def child_of(server: Server, name: str) -> int:
    """The process id of the embedded server, or of the archive; 0 while there is none."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return next((int(pid) for pid in children if name in Path(f"/proc/{pid}/cmdline").read_text()), 0)


def archived_calls(server: Server) -> Counter[str]:
    """How many items each call has in history."""
    with sqlite3.connect(f"file:{server.folder / 'archive.db'}?mode=ro", uri=True) as database:
        return Counter(call for (call,) in database.execute("SELECT call FROM items WHERE call <> ''"))


def test_what_was_open_is_open_after_a_stop_and_a_start(server: Server) -> None:
    item = ask(server, 1)
    before = server.get(f"/api/v1/items/{item}")[1]
    assert server.stop() == 0
    server.start()
    after = server.get(f"/api/v1/items/{item}")[1]
    assert after == before and after["state"] == "queued"


def test_kills_in_the_middle_lose_and_double_nothing(server: Server) -> None:
    items: dict[int, str] = {}
    for number in range(100, 160):
        if number % 20 == 7:
            server.kill()
            server.start()
        if number % 20 == 3:
            os.kill(eventually_true(lambda: child_of(server, "router.archive")), signal.SIGKILL)
        if number % 20 == 14:
            os.kill(child_of(server, "valkey"), signal.SIGKILL)
        items[number] = ask(server, number)
    assert len(set(items.values())) == len(items)
    again = {number: ask(server, number) for number in items}
    assert again == items, "told again, each call has the item it had"
    eventually_true(lambda: len(archived_calls(server)) > len(items), within_s=20)
    calls = archived_calls(server)
    assert {calls[f"k{number}"] for number in items} == {1}


def test_the_embedded_store_dies_with_a_killed_server(server: Server) -> None:
    store = child_of(server, "valkey")
    server.kill()
    eventually_true(lambda: not Path(f"/proc/{store}").exists())
    server.start()
    assert server.get("/api/v1/items")[0] == 200


def test_a_taken_port_and_a_folder_in_use_say_what_to_do(server: Server, tmp_path: Path) -> None:
    second = Server(tmp_path)
    second.port = server.port
    refused = second.cli("serve")
    assert refused.returncode == 5 and f"Port {server.port}" in refused.stderr and "--port" in refused.stderr
    third = Server(server.folder)
    refused = third.cli("serve")
    assert refused.returncode == 5 and str(server.folder) in refused.stderr


def test_a_data_folder_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    newer = Server(tmp_path)
    assert newer.cli("key", "add", "x", "--json").returncode == 0
    with sqlite3.connect(tmp_path / "archive.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    refused = newer.cli("serve")
    assert refused.returncode == 5 and "newer" in refused.stderr
