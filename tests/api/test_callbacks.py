"""Callbacks over REST and sockets: asked for by agents, leaders and integrators; said to have failed by who called."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.api.desk import Desk
from tests.api.house import House
from tests.support import eventually

NUMBER = "+32 2 555 01 23"
MINUTE = 60_000


def soon(house: House, first: int = 60, last: int = 90) -> list[dict[str, int]]:
    now = house.deps().clock.now_ms()
    return [{"start_at_ms": now + first * MINUTE, "end_at_ms": now + last * MINUTE}]


async def asked(house: House, who: str = "ann", **more: object) -> str:
    body = {"queue": "help", "number": NUMBER, "name": "Ada"} | more
    answer = await house.call("POST", "/api/v1/callbacks", who, json=body)
    assert answer.status == 201, answer
    return str(answer.body["item"])


async def test_an_agent_has_a_customer_called_back_at_a_time(house: House) -> None:
    windows = soon(house)
    item = await asked(house, windows=windows, agent="ann", attempts=2)
    view = (await house.call("GET", f"/api/v1/items/{item}", "ann")).body
    assert (view["state"], view["pending_until_at_ms"]) == ("pending", windows[0]["start_at_ms"])
    assert (view["last_agent"], view["given"]["address"]) == ("ann", "+3225550123")
    where = (await house.call("GET", f"/api/v1/callbacks/{item}", "key")).body
    assert (where["number"], where["name"], where["state"]) == ("+3225550123", "Ada", "pending")
    assert where["callback"]["windows"] == windows
    queue = next(row for row in (await house.call("GET", "/api/v1/queues", "ann")).body["rows"] if row["id"] == "help")
    assert (queue["callbacks"], queue["scheduled"], queue["waiting"]) == (0, 1, 0)


async def test_an_integrator_asks_for_one_now_and_is_told_the_same_when_it_asks_again(house: House) -> None:
    headers = {"Idempotency-Key": "k1"}
    body = {"queue": "help", "number": NUMBER}
    first = await house.call("POST", "/api/v1/callbacks", "key", headers, json=body)
    again = await house.call("POST", "/api/v1/callbacks", "key", headers, json=body)
    assert first.status == 201 and first.body == again.body
    other = await house.call("POST", "/api/v1/callbacks", "key", headers, json=body | {"name": "Bea"})
    other.problem(422, "key_conflict")
    queue = next(row for row in (await house.call("GET", "/api/v1/queues", "ann")).body["rows"] if row["id"] == "help")
    assert (queue["callbacks"], queue["waiting"]) == (1, 1)


async def test_nobody_is_called_back_for_a_customer_whom_nobody_knows(house: House) -> None:
    body = {"queue": "help", "number": NUMBER, "customer": "jan@example.org"}
    (await house.call("POST", "/api/v1/callbacks", "key", json=body)).problem(404, "unknown_customer")


async def test_what_is_asked_may_be_alternatives(house: House) -> None:
    item = await asked(house, requirement={"fr|nl": 2, "!tax": 1})
    assert house.domain.state.items[item].requirement == (("!tax", 1), ("fr|nl", 2))


async def test_what_cannot_be_called_is_refused(house: House) -> None:
    for body, code, pointer in (
        ({"queue": "help", "number": "nobody"}, "invalid", "/number"),
        ({"queue": "help", "number": NUMBER, "requirement": {"cello": 2}}, "invalid", "/requirement/cello"),
        ({"queue": "help", "number": NUMBER, "requirement": {"fr|": 2}}, "invalid", "/requirement/fr|"),
        ({"queue": "help", "number": NUMBER, "category": "cello"}, "invalid", "/category"),
    ):
        refused = (await house.call("POST", "/api/v1/callbacks", "ann", json=body)).problem(422, code)
        assert refused["errors"][0]["pointer"] == pointer
    (await house.call("POST", "/api/v1/callbacks", "ann", json={"queue": "no", "number": NUMBER})).problem(
        404, "unknown_record"
    )
    late = {"queue": "help", "number": NUMBER, "windows": [{"start_at_ms": 1, "end_at_ms": 2}]}
    assert (await house.call("POST", "/api/v1/callbacks", "ann", json=late)).body["code"] == "bad_date"
    far = {"queue": "help", "number": NUMBER, "windows": soon(house, last=400 * 24 * 60)}
    told = (await house.call("POST", "/api/v1/callbacks", "ann", json=far)).problem(422, "bad_date")
    assert "more than 366 days ahead" in told["detail"]
    item = await house.message("m1")
    (await house.call("GET", f"/api/v1/callbacks/{item}", "key")).problem(404, "unknown_item")


async def test_nobody_asks_for_a_queue_that_they_neither_serve_nor_lead(house: House) -> None:
    body = {"queue": "expert", "number": NUMBER}
    (await house.call("POST", "/api/v1/callbacks", "ann", json=body)).problem(403, "forbidden")
    (await house.call("POST", "/api/v1/callbacks", "lea", json=body)).problem(403, "forbidden")
    assert (await house.call("POST", "/api/v1/callbacks", "sam", json=body)).status == 201


async def test_an_agent_arranges_a_callback_for_the_customer_they_talk_to(house: House) -> None:
    await house.sign_on("ann")
    item = await house.phone_call()
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    refused = await house.call("POST", f"/api/v1/items/{item}/call_back", "ann", json={})
    assert refused.problem(422, "invalid")["errors"][0]["pointer"] == "/number", "they withheld theirs"
    body = {"number": NUMBER, "windows": soon(house)}
    (await house.call("POST", f"/api/v1/items/{item}/call_back", "bob", json=body)).problem(409, "not_yours")
    answer = await house.call("POST", f"/api/v1/items/{item}/call_back", "ann", json=body)
    later = house.domain.state.items[answer.body["item"]]
    assert (later.related, later.last_agent, later.state, later.customer) == (item, "ann", "pending", "cust")
    assert house.domain.state.items[item].state == "active"


async def test_an_agent_says_by_socket_that_nobody_answered(house: House) -> None:
    desk = Desk(house)
    await desk.connect({"token": await house.token("ann")})
    await desk.act("presence", state="available")
    item = await asked(house)
    await eventually(lambda: house.domain.state.items[item].agent == "ann")
    assert (await desk.act("accept", item=item))["ok"]
    shown = house.domain.state.items[item]
    assert shown.state == "active" and shown.to_call
    assert (await desk.act("unreached", item=item, reason="busy"))["ok"]
    assert (shown.state, shown.callback and shown.callback.attempts) == ("pending", 1)
    refused = await desk.act("unreached", item=item)
    assert (refused["ok"], refused["code"]) == (False, "wrong_state")
    await desk.client.disconnect()


async def test_a_callback_is_the_same_in_history(house: House) -> None:
    """What was asked and how it went is kept with the item."""
    item = await asked(house, attempts=1)
    await house.sign_on("ann")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    await house.call("POST", f"/api/v1/items/{item}/unreached", "ann", json={"reason": "busy"})
    assert house.domain.state.items[item].outcome == "unreached"

    async def archived() -> bool:
        return await house.history.position() >= house.domain.position

    condition: Callable[[], Awaitable[Any]] = archived
    await eventually(condition)
    kept = await house.history.item(item)
    assert kept is not None
    assert (kept["outcome"], kept["callback"]["attempts"], kept["state"]) == ("unreached", 1, "closed")
    rows = (await house.call("GET", f"/api/v1/items/{item}/timeline", "ann")).body["rows"]
    told = [row["type"] for row in rows if row["type"].startswith("Callback")]
    assert told == ["CallbackAsked", "CallbackFailed"]
    where = (await house.call("GET", f"/api/v1/callbacks/{item}", "key")).body
    assert where["number"] == "+3225550123"
