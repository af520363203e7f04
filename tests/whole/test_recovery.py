"""What breaks under a node and comes back: refused honestly meanwhile, nothing lost, nothing doubled, nobody needed."""

import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from router.runtime.embedded import find_server
from tests.disks import empty, fill, small_disk
from tests.support import eventually_true
from tests.whole.postgres import Postgres
from tests.whole.server import Server, offered

pytestmark = [pytest.mark.slow, pytest.mark.service]

WAIT = {"Prefer": "wait=5"}
DISK_MIB = 96
HONEST = {200, 202, 503}
"""What an integrator may be answered while something is away: safe, or not taken."""


class Pbx:
    """A telephone system that tells of calls one after the other, each again until it is acknowledged; and somebody
    who looks into history after each."""

    numbers = count(1)

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.items: dict[int, str] = {}
        self.told: Counter[int] = Counter()
        self.read: Counter[int] = Counter()

    def __enter__(self) -> "Pbx":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        number, looks = next(self.numbers), cycle(self._looks())
        while not self._stopping.is_set():
            status, answer = self._server.post("/api/v1/events", offered(number), headers=WAIT)
            self.told[status] += 1
            if status == 200:
                self.items[number] = answer["item"]
                number = next(self.numbers)
            self.read[next(looks)()] += 1

    def _looks(self) -> list[Callable[[], int]]:
        token, sent = self._server.token, b'{"q": "nobody"}'
        return [
            lambda: self._server.request("GET", "/api/v1/audit?limit=5", None, key=token)[0],
            lambda: self._server.request("POST", "/api/v1/customers/search", sent, key=token)[0],
            lambda: self._server.request("GET", "/api/v1/items/item_unknown", None, key=token)[0],
        ]

    def more(self, calls: int = 3) -> None:
        """Wait until so many more were acknowledged."""
        wanted = len(self.items) + calls
        eventually_true(lambda: len(self.items) >= wanted, within_s=30)


def end(server: Server, number: int) -> int:
    """Tell that a call is over: work in the house, which makes room. The status."""
    over = {**offered(number), "id": f"end-{number}", "type": "call.ended", "data": {"call": f"k{number}"}}
    return server.post("/api/v1/events", over, headers=WAIT)[0]


def queued(server: Server) -> list[str]:
    """The items that wait."""
    return [row["id"] for row in server.get("/api/v1/items?state=queued&limit=200")[1]["rows"]]


def logged(server: Server, event: str) -> list[dict[str, Any]]:
    """What the node and its archive said under this name."""
    lines = (server.folder / "log").read_text().splitlines()
    said = (json.loads(line) for line in lines if line.startswith("{"))
    return [entry for entry in said if entry["event"] == event]


def metric(server: Server, name: str) -> float | None:
    """A figure of /metrics, by its name and labels."""
    asked = urllib.request.Request(server.url + "/metrics", headers={"Authorization": f"Bearer {server.key}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(f"{name} ")), None)


def refusal(server: Server, number: int) -> tuple[str, str]:
    """The code and the `Retry-After` that a call is refused with."""
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {server.key}"}
    request = urllib.request.Request(
        server.url + "/api/v1/events", data=json.dumps(offered(number)).encode(), headers=sent
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    with refused.value as answer:
        assert answer.code == 503
        return json.load(answer)["code"], str(answer.headers["Retry-After"])


def archived(url: str, items: dict[int, str]) -> bool:
    """Whether each of these calls has its one item in history."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = Counter(tuple(row) for row in connection.execute(text("SELECT call, id FROM items")))
    engine.dispose()
    return all(found[f"k{number}", item] == 1 for number, item in items.items()) and sum(found.values()) == len(
        {call for call, _ in found}
    )


def child_of(server: Server, name: str) -> int:
    """The process id of a child by a part of its command line; 0 while there is none."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return next((int(pid) for pid in children if name in Path(f"/proc/{pid}/cmdline").read_text()), 0)


# -- the disk, and what a power loss leaves on it -----------------------------------------------------------


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A node on a small disk. What it says goes elsewhere, or it would be cut off."""
    folder = tmp_path_factory.mktemp("full")
    said = tmp_path_factory.mktemp("said") / "log"
    with small_disk(folder, DISK_MIB):
        (folder / "log").symlink_to(said)
        server = Server(folder)
        server.start_new()
        yield server
        if server.process.poll() is None:
            server.stop()


def test_a_disk_that_fills_up_costs_nothing_but_time(full: Server) -> None:
    """First only new work is refused; then the private server ends; with room again all goes on, without a restart."""
    history = f"sqlite:///{full.folder / 'archive.db'}"
    pid = full.process.pid
    with Pbx(full) as pbx:
        pbx.more(10)
        fill(full.folder, leave=2_000_000)
        eventually_true(lambda: pbx.told[503])
        assert metric(full, 'firstline_intake_refusing{reason="no_space"}') == 1
        code, again = refusal(full, 90_001)
        assert code == "house_full" and again.isdecimal()
        assert end(full, next(iter(pbx.items))) == 200, "work in the house goes on"
        assert full.request("GET", "/readyz", None)[0] == 503
        fill(full.folder)
        eventually_true(lambda: end(full, 90_002) == 503 and logged(full, "embedded_server_not_started"))
        empty(full.folder)
        pbx.more()
        assert full.request("GET", "/readyz", None)[0] == 200
    assert set(pbx.told) <= HONEST and set(pbx.read) <= {200, 404, 503}
    assert full.process.pid == pid and full.process.poll() is None
    assert logged(full, "disk_low") and logged(full, "disk_room_again")
    assert (metric(full, "firstline_embedded_server_exits_total") or 0) >= 1
    eventually_true(lambda: archived(history, pbx.items), within_s=20)


def test_zeroes_at_the_end_of_the_log_are_cut_off_by_the_command_that_is_named(full: Server) -> None:
    waiting = queued(full)
    assert waiting
    assert full.stop() == 0
    [log] = (full.folder / "redis" / "appendonlydir").glob("*.incr.aof")
    with log.open("ab") as file:
        file.write(bytes(4096))
    refused = full.cli("serve")
    assert refused.returncode == 5 and "'firstline repair'" in refused.stderr
    looked = full.cli("repair")
    assert looked.returncode == 1 and "nothing that was accepted is among them" in looked.stdout
    assert full.cli("repair", "--yes").returncode == 0
    full.start()
    assert queued(full) == waiting


# -- a Redis of somebody else's -----------------------------------------------------------------------------


class Theirs:
    """A Redis that the node did not start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder}/s"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--unixsocket", f"{self._folder}/s", "--dir", str(self._folder), "--port", "0", "--save", ""]
        synced = ["--appendonly", "yes", "--appendfsync", "always"]
        self._process = subprocess.Popen([find_server(), *options, *synced], stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theirs]:
    made = Theirs(tmp_path_factory.mktemp("redis"))
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def beside(theirs: Theirs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A node on a Redis that is not its own."""
    server = Server(tmp_path_factory.mktemp("beside"), {"FIRSTLINE_REDIS_URL": theirs.url})
    server.start_new()
    yield server
    assert server.stop() == 0


def test_a_redis_that_is_killed_and_started_again_has_forgotten_nothing(beside: Server, theirs: Theirs) -> None:
    with Pbx(beside) as pbx:
        pbx.more(10)
        theirs.kill()
        eventually_true(lambda: pbx.told[503] and metric(beside, "firstline_store_up") == 0)
        theirs.start()
        pbx.more()
        eventually_true(lambda: metric(beside, "firstline_store_up") == 1)
    assert set(pbx.told) <= HONEST
    assert metric(beside, "firstline_store_outages_total") == 1
    assert logged(beside, "store_away") and logged(beside, "store_back")
    eventually_true(lambda: archived(f"sqlite:///{beside.folder / 'archive.db'}", pbx.items), within_s=20)


def test_a_store_that_is_nearly_full_takes_nothing_new_and_lets_work_be_finished(
    beside: Server, theirs: Theirs
) -> None:
    """The second limit is below what is used: Redis itself says no to whatever is not meant to make room."""
    with Redis.from_url(theirs.url) as redis, Pbx(beside) as pbx:
        pbx.more(6)
        calls = iter(list(pbx.items))
        for share in (0.95, 1.5):
            redis.config_set("maxmemory", int(redis.info("memory")["used_memory"] / share))
            refused = pbx.told[503]
            eventually_true(lambda before=refused: pbx.told[503] > before)
            eventually_true(lambda: metric(beside, 'firstline_intake_refusing{reason="no_memory"}') == 1)
            assert end(beside, next(calls)) == 200
        redis.config_set("maxmemory", 0)
        pbx.more()
    assert set(pbx.told) <= HONEST
    assert logged(beside, "store_memory_full") and logged(beside, "store_memory_room_again")


def test_a_redis_that_keeps_less_than_is_promised_is_refused(theirs: Theirs, tmp_path: Path) -> None:
    with Redis.from_url(theirs.url) as redis:
        redis.config_set("appendfsync", "everysec")
        refused = Server(tmp_path, {"FIRSTLINE_REDIS_URL": theirs.url}).cli("serve")
        redis.config_set("appendfsync", "always")
    assert refused.returncode == 5 and "set appendfsync always there" in refused.stderr


# -- PostgreSQL ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    made = Postgres()
    made.start()
    made.make()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def historic(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A node with PostgreSQL, and a private server that syncs each second."""
    settings = {"FIRSTLINE_DATABASE_URL": postgres.url(), "FIRSTLINE_DURABILITY": "everysec"}
    server = Server(tmp_path_factory.mktemp("historic"), settings)
    server.start_new()
    yield server
    if server.process.poll() is None:
        assert server.stop() == 0


def driver_url(postgres: Postgres) -> str:
    """The URL with the driver that is installed."""
    return postgres.url().replace("postgresql://", "postgresql+psycopg://")


def test_a_postgresql_that_restarts_holds_history_up_and_nothing_else(historic: Server, postgres: Postgres) -> None:
    """Calls are taken in meanwhile; who asks history is told to come again; nothing is missing from it in the end."""
    eventually_true(
        lambda: logged(historic, "naturals_loaded"), within_s=20
    )  # until then, each call is asked for there
    with Pbx(historic) as pbx:
        pbx.more(6)
        for mode in ("fast", "immediate"):
            away = pbx.read[503]
            postgres.stop(mode)
            os.kill(eventually_true(lambda: child_of(historic, "router.archive")), signal.SIGKILL)
            eventually_true(lambda before=away: pbx.read[503] > before)
            eventually_true(lambda: metric(historic, "firstline_history_up") == 0)
            pbx.more(6)
            eventually_true(lambda: logged(historic, "history_awaited"))
            postgres.start()
            back = pbx.read[200]
            eventually_true(lambda before=back: pbx.read[200] > before + 3, within_s=20)
            eventually_true(lambda: metric(historic, "firstline_history_up") == 1)
    assert len(logged(historic, "history_away")) == len(logged(historic, "history_back")) == 2
    assert set(pbx.told) <= {200, 202}, "routing needs no history"
    assert set(pbx.read) <= {200, 404, 503}
    eventually_true(lambda: archived(driver_url(postgres), pbx.items), within_s=30)


def test_after_a_power_loss_a_log_that_syncs_each_second_ends_earlier_and_goes_on(
    historic: Server, postgres: Postgres
) -> None:
    """What the power loss takes is cut off the file: the calls of two seconds. History knows of none of them, so the
    node starts, and told again they are new."""
    with Redis(unix_socket_path=str(historic.folder / "redis/run/server.sock")) as redis:
        assert redis.config_get("appendfsync") == {"appendfsync": "everysec"}
    [log] = (historic.folder / "redis" / "appendonlydir").glob("*.incr.aof")
    with Pbx(historic) as pbx:
        pbx.more()
        synced, until = log.stat().st_size, time.monotonic() + 2
        eventually_true(lambda: time.monotonic() > until)
    historic.kill()
    os.truncate(log, synced)
    historic.start()
    lost = [number for number, item in pbx.items.items() if historic.get(f"/api/v1/items/{item}")[0] == 404]
    assert lost, "nothing was cut off"
    for number in lost:
        status, answer = historic.post("/api/v1/events", offered(number), headers=WAIT)
        assert status == 200
        pbx.items[number] = answer["item"]
    eventually_true(lambda: archived(driver_url(postgres), pbx.items), within_s=30)


def test_a_node_waits_for_its_data_base_and_may_be_stopped_meanwhile(historic: Server, postgres: Postgres) -> None:
    assert historic.stop() == 0
    postgres.stop()
    awaited = len(logged(historic, "history_awaited"))
    starting = threading.Thread(target=historic.start)
    starting.start()
    eventually_true(lambda: len(logged(historic, "history_awaited")) > awaited + 2, within_s=20)
    postgres.start()
    starting.join()
    assert historic.get("/api/v1/audit?limit=1")[0] == 200


def test_a_wrong_password_ends_the_start_with_what_to_correct(postgres: Postgres, tmp_path: Path) -> None:
    refused = Server(tmp_path, {"FIRSTLINE_DATABASE_URL": postgres.url("guessed")}).cli("serve")
    assert refused.returncode == 5
    assert "Correct user, password and name in database_url" in refused.stderr and "guessed" not in refused.stderr
