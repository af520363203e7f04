"""Promises to call back, and hours, over kill -9: who asked keeps their place, what is due while nobody runs is done
after, and a closed queue stays closed."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import eventually_true
from tests.whole.server import CENTRE, Server

pytestmark = [pytest.mark.slow, pytest.mark.service]

WAIT = {"Prefer": "wait=5"}
NIGHT = CENTRE.replace(
    "queues:\n",
    """hours:
  never: {zone: Europe/Brussels, weekly: {}}
queues:
  night:
    names: {en: Night}
    hours: never
    when_closed: {callback: true, message: {en: Closed.}}
""",
).replace(
    "entry_points:\n",
    """entry_points:
  night:
    channel: phone
    address: "+3222000001"
    queue: night
""",
)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("node"))
    made.start_new(NIGHT)
    yield made
    if made.process.poll() is None:
        assert made.stop() == 0


def tell(server: Server, id: str, type: str, data: dict[str, Any]) -> str:
    """Post an event until it is acknowledged; its item."""
    event = {"specversion": "1.0", "id": id, "source": "/pbx", "type": type, "data": data}

    def told() -> str:
        status, answer = server.post("/api/v1/events", event, headers=WAIT)
        assert status in (0, 200, 202, 503), answer
        return str(answer.get("item") or "-") if status == 200 else ""

    return eventually_true(told, within_s=30)


def call(server: Server, name: str, to: str = "+3222000000") -> str:
    return tell(server, f"offer-{name}", "call.offered", {"call": name, "to": to, "from": "+32470000000"})


def item(server: Server, id: str) -> dict[str, Any]:
    status, view = server.get(f"/api/v1/items/{id}")
    assert status == 200, view
    return dict(view)


def crash(server: Server) -> None:
    server.kill()
    server.start()
    server.token = ""


def test_promises_to_call_back_outlive_a_kill(server: Server) -> None:
    first, asks, last = (call(server, name) for name in ("k1", "k2", "k3"))
    before = item(server, asks)
    assert tell(server, "ask", "callback.requested", {"call": "k2"}) == asks
    soon = round(time.time() * 1000) + 4_000
    windows = [{"start_at_ms": soon, "end_at_ms": soon + 600_000}]
    body = {"queue": "help", "number": "+32 470 00 00 02", "windows": windows}
    status, made = server.post("/api/v1/callbacks", body, headers={"Idempotency-Key": "c1"})
    assert status == 201, made
    crash(server)
    assert server.post("/api/v1/callbacks", body, headers={"Idempotency-Key": "c1"})[1]["item"] == made["item"]
    tell(server, "over", "call.ended", {"call": "k2"})
    assert tell(server, "ask", "callback.requested", {"call": "k2"}) == asks
    waits = item(server, asks)
    assert (waits["state"], waits["callback"]["attempts"]) == ("queued", 0)
    assert [waits[name] for name in ("due_at_ms", "first_entered_at_ms")] == [
        before[name] for name in ("due_at_ms", "first_entered_at_ms")
    ]
    rows = server.get("/api/v1/board/help")[1]["items"]
    assert [row["id"] for row in rows][:3] == [first, asks, last], "at the place that they had"
    server.kill()
    eventually_true(lambda: time.time() > soon / 1000, within_s=30)
    server.start()
    server.token = ""
    eventually_true(lambda: item(server, made["item"])["state"] == "queued", within_s=15)
    where = server.request("GET", f"/api/v1/callbacks/{made['item']}", None, key=server.key)[1]
    assert (where["number"], where["state"]) == ("+32470000002", "queued")


def test_a_closed_queue_is_closed_after_a_kill_too(server: Server) -> None:
    """A node says when hours are open as soon as it runs; those that it said before count meanwhile."""

    def turned_away(name: str) -> bool:
        return bool(item(server, call(server, name, "+3222000001"))["outcome"] == "turned_away")

    numbers = iter(range(1_000))
    eventually_true(lambda: turned_away(f"n{next(numbers)}"), within_s=15)
    crash(server)
    assert turned_away("after")
    queues = {row["id"]: row for row in server.get("/api/v1/queues")[1]["rows"]}
    assert (queues["night"]["open"], queues["help"]["open"]) == (False, True)
