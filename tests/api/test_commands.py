"""Commands over REST: accepted means safe, said twice is done once, and one reads what one wrote."""

import asyncio

import pytest

from router.api import limits
from router.core import commands as c
from tests.api.house import House
from tests.support import eventually


async def test_an_accepted_command_says_where_it_stands(house: House) -> None:
    answer = await house.call("PUT", "/api/v1/agents/me/phone", "ann", json={"phone": "42"})
    assert answer.status == 200
    assert int(answer.position) == answer.body["position"] == house.domain.position


async def test_the_same_key_and_body_is_done_once_and_answered_alike(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    headers = {"Idempotency-Key": "once"}
    first = await house.call("POST", f"/api/v1/items/{item}/reply", "ann", headers, json={"text": "hello"})
    again = await house.call("POST", f"/api/v1/items/{item}/reply", "ann", headers, json={"text": "hello"})
    assert first.status == again.status == 200
    assert first.body == again.body
    assert house.domain.state.conversations["conv-m1"].seq == 2


async def test_the_same_key_with_another_body_is_422(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    headers = {"Idempotency-Key": "once"}
    await house.call("POST", f"/api/v1/items/{item}/reply", "ann", headers, json={"text": "hello"})
    other = await house.call("POST", f"/api/v1/items/{item}/reply", "ann", headers, json={"text": "goodbye"})
    other.problem(422, "key_conflict")


async def test_a_key_counts_for_its_caller_and_route_only(house: House) -> None:
    headers = {"Idempotency-Key": "k"}
    for who in ("ann", "bob"):
        answer = await house.call("PUT", "/api/v1/agents/me/phone", who, headers, json={"phone": f"7-{who}"})
        assert answer.status == 200
    assert {house.domain.state.agents[id].phone for id in ("ann", "bob")} == {"7-ann", "7-bob"}
    assert (
        await house.call("PUT", "/api/v1/agents/me/presence", "ann", headers, json={"state": "offline"})
    ).status == 200


async def test_a_repeated_completion_is_still_answered_when_the_item_has_left_memory(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    headers = {"Idempotency-Key": "done"}
    first = await house.call("POST", f"/api/v1/items/{item}/complete", "ann", headers, json={"disposition": "solved"})
    await eventually(lambda: item not in house.domain.state.items)
    again = await house.call("POST", f"/api/v1/items/{item}/complete", "ann", headers, json={"disposition": "solved"})
    assert (again.status, again.body) == (200, first.body)


async def test_an_impossible_key_is_400(house: House) -> None:
    answer = await house.call(
        "PUT", "/api/v1/agents/me/phone", "ann", {"Idempotency-Key": "k" * 256}, json={"phone": "1"}
    )
    answer.problem(400, "bad_request")


async def test_late_outcomes_are_202_with_a_receipt_that_tells_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OUTCOME_WAIT_S", 0.02)
    house.store.gate.clear()
    answer = await house.call("PUT", "/api/v1/agents/me/phone", "ann", json={"phone": "42"})
    assert (await house.call("GET", answer.headers["Location"], "ann")).body == {"state": "open"}
    house.store.gate.set()
    assert answer.status == 202
    where = answer.headers["Location"]
    assert where == f"/api/v1/receipts/{answer.body['receipt']}"

    assert (await house.ended(where, "ann"))["state"] == "accepted"
    (await house.call("GET", where, "bob")).problem(404, "not_found")
    assert (await house.call("GET", where, "root")).body["state"] == "accepted"


async def test_a_receipt_of_a_refused_command_holds_its_problem(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OUTCOME_WAIT_S", 0.02)
    house.store.gate.clear()
    answer = await house.call("PUT", "/api/v1/agents/me/presence", "ann", json={"state": "available"})
    house.store.gate.set()
    body = await house.ended(answer.headers["Location"], "ann")
    assert body["state"] == "rejected"
    assert body["problem"]["code"] == "not_connected"


async def test_a_request_waits_for_the_position_it_carries(house: House) -> None:
    """Read your writes over nodes: the answer comes once this node has got there."""
    await house.token("ann")
    ahead = house.domain.position + 1
    asked = asyncio.create_task(
        house.call("GET", "/api/v1/agents/me", "ann", headers={"Firstline-Position": str(ahead)})
    )
    await house.do(c.SetAgentPhone(agent="ann", phone="new"))
    assert (await asked).body["phone"] == "new"


async def test_a_position_that_is_not_reached_is_503(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REACHED_WAIT_S", 0.01)
    answer = await house.call("GET", "/api/v1/agents/me", "ann", headers={"Firstline-Position": "999999"})
    answer.problem(503, "not_reached")
    assert "Retry-After" in answer.headers
    answer = await house.call("GET", "/api/v1/agents/me", "ann", headers={"Firstline-Position": "soon"})
    answer.problem(400, "bad_request")
