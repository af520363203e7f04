"""What waits is shown in its order with its estimate, and why it waits with what would end it."""

from router.core.pace import Pace
from tests.api.house import House


async def busy(house: House) -> None:
    """Ann has a mail, and it is known how long mails take."""
    await house.sign_on("ann")
    for number in range(2):
        item = await house.message(f"held{number}")
        await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    pace = Pace(id="help/email", queue="help", channel="email")
    for _ in range(100):
        pace.add_handled(60_000)
    house.domain.state.paces[pace.id] = pace


async def test_what_waits_is_told_in_order_with_its_place_and_how_long(house: House) -> None:
    await busy(house)
    items = [await house.message(f"m{number}") for number in range(3)]
    answer = (await house.call("GET", "/api/v1/queues/help/waiting?limit=2", "lea")).body
    assert (answer["queue"], answer["count"]) == ("help", 3)
    assert [row["id"] for row in answer["items"]] == items[:2]
    first, second = (row["estimate"] for row in answer["items"])
    assert (first["position"], second["position"], first["agents"]) == (1, 2, 1)
    assert first["method"] == "queue_length" and first["confidence"] == 80
    assert first["low_ms"] < first["expected_ms"] < second["expected_ms"] < second["high_ms"]
    assert answer["newcomers"]["email"]["position"] == 4 and "phone" in answer["newcomers"]
    view = (await house.call("GET", f"/api/v1/items/{items[2]}", "lea")).body
    assert view["estimate"]["position"] == 3
    assert "estimate" not in (await house.call("GET", "/api/v1/items/item-held0", "lea")).body


async def test_who_serves_a_queue_sees_what_waits_there_and_others_do_not(house: House) -> None:
    await house.message("m")
    assert (await house.call("GET", "/api/v1/queues/help/waiting", "ann")).status == 200
    for who in ("eve", "sam"):
        (await house.call("GET", "/api/v1/queues/help/waiting", who)).problem(403, "forbidden")
    (await house.call("GET", "/api/v1/queues/none/waiting", "root")).problem(404, "unknown_record")


async def test_an_explanation_says_what_would_end_the_wait(house: House) -> None:
    await busy(house)
    item = await house.message("m")
    found = (await house.call("GET", f"/api/v1/items/{item}/explain", "lea")).body
    agents = {one["agent"]: one for one in found["agents"]}
    assert (agents["ann"]["reason"], agents["bob"]["reason"], agents["eve"]["reason"]) == (
        "no_room",
        "not_connected",
        "not_member",
    )
    soonest = found["endings"][0]
    assert (soonest["reason"], soonest["agents"]) == ("no_room", 1)
    assert soonest["at_ms"] == agents["ann"]["until_at_ms"] > found["at_ms"]
    assert found["steps"][0] == {"kind": "entered", "after_ms": 0, "at_ms": found["steps"][0]["at_ms"], "taken": True}
    assert found["estimate"]["position"] == 1 and found["position"] == house.domain.position
