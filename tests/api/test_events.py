"""POST /api/v1/events: CloudEvents in every mode, one effect each, and clear refusals."""

from typing import Any

import msgspec
import pytest

from tests.api.house import Answer, House
from tests.support import eventually

STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


def event(id: str, call: str = "", type: str = "call.offered", **data: Any) -> dict[str, Any]:
    """A phone event."""
    body = {"call": call or f"call-{id}"} | (
        {"to": "+3225550100", "from": "+3225550199"} if type == "call.offered" else {}
    )
    return {"specversion": "1.0", "id": id, "source": "/pbx", "type": type, "data": body | data}


async def post(house: House, what: Any, headers: dict[str, str] = STRUCTURED, who: str = "key") -> Answer:
    data = what if isinstance(what, bytes) else msgspec.json.encode(what)
    return await house.call("POST", "/api/v1/events", who, headers, data=data)


async def test_an_event_is_202_once_durable_and_its_receipt_names_item_and_conversation(house: House) -> None:
    answer = await post(house, event("e1"))
    assert answer.status == 202
    body = await house.ended(answer.headers["Location"], "key")
    assert house.domain.state.items[body["item"]].conversation == body["conversation"]
    item = await house.call("GET", f"/api/v1/items/{body['item']}", "key")
    assert (item.status, item.body["channel"]) == (200, "phone")


async def test_prefer_wait_answers_with_the_outcome(house: House) -> None:
    answer = await post(house, event("e1"), STRUCTURED | {"Prefer": "respond-async, wait=5"})
    assert answer.status == 200
    assert answer.headers["Preference-Applied"] == "wait=5"
    assert answer.body["item"] in house.domain.state.items
    assert int(answer.position) == answer.body["position"]
    gone = await post(house, event("e2", "no-such-call", "call.held", held=True), STRUCTURED | {"Prefer": "wait=5"})
    gone.problem(404, "unknown_call")


async def test_the_same_event_twice_has_one_effect_and_one_answer(house: House) -> None:
    wait = STRUCTURED | {"Prefer": "wait=5"}
    first, again = await post(house, event("e1"), wait), await post(house, event("e1"), wait)
    assert (first.body["item"], first.body["position"]) == (again.body["item"], again.body["position"])
    assert again.body["duplicate"]
    assert len(house.domain.state.items) == 1


async def test_the_same_id_for_something_else_is_refused(house: House) -> None:
    await post(house, event("e1"))
    (await post(house, event("e1", "another-call"))).problem(422, "key_conflict")


async def test_binary_mode_carries_attributes_in_headers(house: House) -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "b1",
        "ce-source": "/pbx",
        "ce-type": "call.offered",
        "Content-Type": "application/json",
        "Prefer": "wait=5",
    }
    answer = await post(house, {"call": "b1", "to": "+3225550100"}, headers)
    assert answer.status == 200 and answer.body["item"]
    del headers["ce-type"]
    assert "ce-type" in (await post(house, {}, headers)).problem(400, "bad_event")["detail"]


@pytest.mark.parametrize("headers", [BATCH, {"Content-Type": "application/json"}])
async def test_in_a_batch_a_bad_event_harms_no_other(house: House, headers: dict[str, str]) -> None:
    batch = [event("e1"), event("e2", type="call.sung"), {"id": 7}, event("e4")]
    answer = await post(house, batch, headers)
    assert answer.status == 202
    results = answer.body["results"]
    assert [result["status"] for result in results] == [202, 400, 422, 202]
    assert results[1]["problem"]["code"] == "unknown_event_type"
    assert results[2]["problem"]["code"] == "invalid"
    await eventually(lambda: len(house.domain.state.items) == 2)


async def test_a_batch_keeps_the_order_of_one_call_and_can_wait(house: House) -> None:
    batch = [event("e1", "k"), event("e2", "k", "call.ended")]
    answer = await post(house, batch, BATCH | {"Prefer": "wait=5"})
    assert answer.status == 200
    assert [result["status"] for result in answer.body["results"]] == [200, 200]
    item = answer.body["results"][0]["item"]
    assert item not in house.domain.state.items or house.domain.state.items[item].state == "closed"


@pytest.mark.parametrize(
    ("data", "headers", "status", "code"),
    [
        (b"{", STRUCTURED, 400, "bad_json"),
        (b"[1", BATCH, 400, "bad_json"),
        (b"{}", STRUCTURED, 422, "invalid"),
        (b"{}", BATCH, 422, "invalid"),
        (b"hello", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (msgspec.json.encode(event("e", type="call.sung")), STRUCTURED, 400, "unknown_event_type"),
        (msgspec.json.encode(event("e") | {"specversion": "0.3"}), STRUCTURED, 400, "bad_event"),
        (msgspec.json.encode(event("e") | {"data": {"call": 7}}), STRUCTURED, 400, "bad_event"),
        (msgspec.json.encode(event("e", to="+999")), STRUCTURED, 422, "unknown_entry_point"),
        (msgspec.json.encode([event(str(one)) for one in range(101)]), BATCH, 413, "too_large"),
    ],
)
async def test_bad_events_are_refused_with_their_reason(
    house: House, data: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    (await post(house, data, headers)).problem(status, code)
    assert not house.domain.state.items


async def test_an_agent_posts_no_events(house: House) -> None:
    (await post(house, event("e1"), who="ann")).problem(403, "forbidden")


async def test_when_the_store_is_away_nothing_is_promised(house: House) -> None:
    house.store._closed = True
    answer = await post(house, event("e1"))
    house.store._closed = False
    answer.problem(503, "store_unavailable")
    assert (await post(house, event("e1"), STRUCTURED | {"Prefer": "wait=5"})).status == 200
    assert len(house.domain.state.items) == 1
