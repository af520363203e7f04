"""Bad input over HTTP: each gets a clear problem with a stable code, and nothing else suffers."""

import asyncio
import io
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from router.api import limits, metrics
from router.api.problems import STATUSES
from router.core.rejections import CODES
from tests.api.house import KEY, PASSWORD, House
from tests.support import eventually


async def test_malformed_json_is_400_with_the_place(house: House) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await house.call("POST", "/api/v1/items/x/accept", "ann", headers=headers, data=b'{"agent": ')
    assert "truncated" in answer.problem(400, "bad_json")["detail"]
    answer = await house.call("POST", "/api/v1/items/x/accept", "ann", headers=headers, data=b'{"agent": }')
    assert "byte 10" in answer.problem(400, "bad_json")["detail"]
    answer = await house.call("POST", "/api/v1/items/x/accept", "ann", headers=headers, data=b'{"agent": "\xff"}')
    answer.problem(400, "bad_json")
    for deep in (b"[" * 100_000, b'{"data":' * 100_000):
        (await house.call("POST", "/api/v1/events", "key", headers=headers, data=deep)).problem(400, "bad_json")


async def by_hand(house: House, head: str, body: str = "", path: str = "items/x/accept") -> bytes:
    """The answer to a request that no client library would send; a lone surrogate is a byte that is no UTF-8."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(house.url.rpartition(":")[2]))
    fixed = f"POST /api/v1/{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    writer.write(f"{fixed}{head}\r\n\r\n{body}".encode(errors="surrogateescape"))
    answer = await reader.read()
    writer.close()
    return answer


async def test_headers_that_are_no_utf8_are_400(house: House) -> None:
    person, key = (f"Authorization: Bearer {it}" for it in (await house.token("ann"), KEY))
    event = f"{key}\r\nContent-Length: 2\r\nce-specversion: 1.0\r\nce-source: /s\r\nce-type: call.ended\r\nce-id: "
    for answer in (
        await by_hand(house, "Authorization: Bearer fl_\udce9"),
        await by_hand(house, f"{person}\r\nIdempotency-Key: \udce9"),
        await by_hand(house, event + "\udce9", "{}", "events"),
    ):
        assert answer.startswith(b"HTTP/1.1 400 ") and b"bad_request" in answer


async def test_a_body_that_does_not_come_is_408(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    person = f"Authorization: Bearer {await house.token('ann')}\r\n"
    monkeypatch.setattr(limits, "BODY_WAIT_S", 0.05)
    assert (await by_hand(house, person + "Content-Length: 99", "{")).startswith(b"HTTP/1.1 408 ")


async def test_a_client_that_goes_in_the_middle_of_a_body_is_no_defect_of_ours(house: House) -> None:
    refused = metrics.REQUESTS.labels("POST", 400)
    before = refused._value.get()
    _, writer = await asyncio.open_connection("127.0.0.1", int(house.url.rpartition(":")[2]))
    head = "POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    with capture_logs() as logs:
        writer.write(head.encode())
        writer.close()
        await eventually(lambda: refused._value.get() > before)
    assert [line for line in logs if line["log_level"] == "error"] == []


async def test_a_number_over_64_bits_is_refused(house: House) -> None:
    body = {"order": 2**70}
    (await house.call("PUT", "/api/v1/agents/ann/memberships/help", "root", json=body)).problem(400, "bad_request")
    problem = (await house.call("PUT", "/api/v1/queues/x", "root", json={"reservation_ms": 2**64 - 1})).problem(
        422, "invalid"
    )
    assert problem["errors"][0]["pointer"] == "/reservation_ms"


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("items/x/accept", {"reservation": 7}, "/reservation"),
        ("items/x/accept", {"colour": "red"}, "/colour"),
        ("items/x/reply", {}, "/text"),
        ("items/x/reply", {"text": ""}, "/text"),
        ("items/x/accept", [], ""),
        ("keys", {"name": ""}, "/name"),
    ],
)
async def test_a_wrong_shape_is_422_with_a_json_pointer(house: House, path: str, body: object, pointer: str) -> None:
    who = "root" if path == "keys" else "ann"
    problem = (await house.call("POST", f"/api/v1/{path}", who, json=body)).problem(422, "invalid")
    assert [part["pointer"] for part in problem["errors"]] == [pointer]


async def test_a_pointer_leads_into_lists_and_tables(house: House) -> None:
    body: dict[str, Any] = {"names": {}, "memberships": {"help": {"order": "first"}}}
    problem = (await house.call("PUT", "/api/v1/teams/x", "root", json=body)).problem(422, "invalid")
    assert problem["errors"][0]["pointer"].startswith("/memberships/")
    body = {"zone": "Europe/Brussels", "weekly": [[], [], [{"start": 1}], [], [], [], []]}
    problem = (await house.call("PUT", "/api/v1/hours/x", "root", json=body)).problem(422, "invalid")
    assert problem["errors"][0]["pointer"] == "/weekly/2/0/end"


async def test_another_content_type_is_415(house: House) -> None:
    answer = await house.call(
        "POST", "/api/v1/items/x/accept", "ann", data="agent=ann", headers={"Content-Type": "text/plain"}
    )
    answer.problem(415, "unsupported_media_type")
    form = await house.call("POST", "/api/v1/login", data={"login": "ann", "password": PASSWORD})
    form.problem(415, "unsupported_media_type")


async def test_a_body_over_the_limit_is_413(house: House) -> None:
    headers = {"Content-Type": "application/json"}
    data = b'{"agent": "' + b"x" * limits.BODY_BYTES_MAX + b'"}'
    (await house.call("POST", "/api/v1/items/x/accept", "ann", headers=headers, data=io.BytesIO(data))).problem(
        413, "too_large"
    )
    assert (await house.call("GET", "/api/v1/queues", "ann")).status == 200


async def test_unknown_paths_and_methods_are_problems_too(house: House) -> None:
    (await house.call("GET", "/api/v1/nothing")).problem(404, "not_found")
    answer = await house.call("PATCH", "/api/v1/queues")
    answer.problem(405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


async def test_wrong_query_parameters_are_400(house: House) -> None:
    for query in ("limit=0", "limit=201", "limit=many", "colour=red", "after=nonsense"):
        (await house.call("GET", f"/api/v1/items?{query}", "ann")).problem(400, "bad_request")


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [
        ("GET /api/v1/items/nothing", "unknown_item", 404),
        ("GET /api/v1/agents/nobody", "unknown_record", 404),
        ("GET /api/v1/queues/nothing", "unknown_record", 404),
        ("GET /api/v1/conversations/nothing", "unknown_conversation", 404),
        ("POST /api/v1/deliveries/nothing/retry", "unknown_delivery", 404),
        ("GET /api/v1/receipts/!!!", "not_found", 404),
    ],
)
async def test_unknown_things_are_404(house: House, path: str, code: str, status: int) -> None:
    method, _, url = path.partition(" ")
    (await house.call(method, url, "root")).problem(status, code)


async def test_a_wrong_state_is_409_and_a_missing_reason_422(house: House) -> None:
    await house.sign_on("ann")
    item = await house.phone_call()
    answer = await house.call("POST", f"/api/v1/items/{item}/complete", "ann", json={"disposition": "solved"})
    assert answer.status == 409
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    answer = await house.call("POST", f"/api/v1/items/{item}/escalate", "ann", json={"note": "hard"})
    answer.problem(422, "reason_required")
    answer = await house.call("POST", f"/api/v1/items/{item}/escalate", "ann", json={"reason": "too_hard"})
    answer.problem(422, "note_required")
    answer = await house.call("PUT", "/api/v1/agents/me/presence", "ann", json={"state": "not_ready"})
    answer.problem(422, "reason_required")


async def test_when_the_store_is_away_it_is_503_and_says_when_to_come_again(house: House) -> None:
    await house.token("ann")
    house.store._closed = True
    answer = await house.call("PUT", "/api/v1/agents/me/phone", "ann", json={"phone": "1"})
    house.store._closed = False
    answer.problem(503, "store_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert (await house.call("PUT", "/api/v1/agents/me/phone", "ann", json={"phone": "1"})).status == 200


async def test_a_defect_is_a_500_with_the_id_that_the_log_has(house: House) -> None:
    house.well = None  # type: ignore[assignment]
    with capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        answer = await house.call("GET", "/readyz")
    problem = answer.problem(500, "internal")
    assert "NoneType" not in str(problem)
    assert problem["instance"] == answer.headers["Firstline-Correlation"] == logs[0]["correlation"]


async def test_a_trace_id_becomes_the_correlation_id(house: House) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    assert (await house.call("GET", "/healthz", headers=headers)).headers["Firstline-Correlation"] == trace


async def test_every_answer_carries_the_security_headers(house: House) -> None:
    for answer in (
        await house.call("GET", "/healthz"),
        await house.call("GET", "/nothing"),
        await house.call("GET", "/docs"),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_every_rejection_has_a_status() -> None:
    assert not set(CODES) - set(STATUSES)
    assert all(400 <= status < 600 for status in STATUSES.values())
