"""An item that is held for several agents at once, as each of their desks sees it; and rooms over REST."""

import msgspec

from router.core import commands as c
from tests.api.desk import desk
from tests.api.house import House
from tests.api.test_sockets import same
from tests.core.world import change
from tests.support import eventually


async def rules(house: House, **changed: object) -> None:
    queue = msgspec.structs.replace(house.domain.state.queues["help"], **changed)
    await house.do(c.ApplyCentre(changes=(change(queue, seen=None),)))


async def test_each_desk_rings_by_itself_and_the_first_accept_ends_the_others(house: House) -> None:
    await rules(house, simultaneous=2)
    async with desk(house, "ann") as ann, desk(house, "bob") as bob:
        for one in (ann, bob):
            await one.act("presence", state="available")
        item = await house.phone_call()
        for one in (ann, bob):
            await eventually(lambda one=one: item in one.view["items"])
        held = {id: one.view["items"][item]["reservation"] for id, one in (("ann", ann), ("bob", bob))}
        assert {id: one["agent"] for id, one in held.items()} == {"ann": "ann", "bob": "bob"}
        assert held["ann"]["id"] != held["bob"]["id"]
        assert await same(house, ann, "ann") and await same(house, bob, "bob")
        ack = await bob.act("accept", item=item, reservation=held["bob"]["id"])
        assert ack["ok"], ack
        await eventually(lambda: item not in ann.view["items"])
        assert (await ann.act("accept", item=item))["code"] == "not_reserved"
        assert await same(house, ann, "ann") and await same(house, bob, "bob")
        assert ann.view["agent"]["activity"] == "idle" and bob.view["items"][item]["state"] == "active"


async def test_a_leader_takes_one_of_them_back(house: House) -> None:
    await rules(house, simultaneous=2)
    async with desk(house, "ann") as ann, desk(house, "bob") as bob:
        for one in (ann, bob):
            await one.act("presence", state="available")
        item = await house.phone_call()
        await eventually(lambda: item in bob.view["items"] and item in ann.view["items"])
        answer = await house.call("POST", f"/api/v1/items/{item}/rescind", "lea", json={"of": "ann", "reason": "vip"})
        assert answer.status == 200, answer
        await eventually(lambda: item not in ann.view["items"])
        assert await same(house, bob, "bob") and bob.view["items"][item]["reservation"]["agent"] == "bob"
        (await house.call("POST", f"/api/v1/items/{item}/rescind", "bob", json={})).problem(403, "forbidden")


async def test_a_room_over_rest_says_what_keeps_others_away_and_what_gives_way(house: House) -> None:
    body = {"maximum": 2, "weight": 40, "alone": True, "interruptible_by": ["phone"], "silent_ms": 600_000}
    path = "/api/v1/agents/ann/capacity/email"
    assert (await house.call("PUT", path, "lea", json=body)).status == 200
    view = (await house.call("GET", "/api/v1/agents/ann", "lea")).body
    assert house.domain.state.agents["ann"].rooms["email"].interruptible_by == ("phone",)
    assert view["over_capacity"] is False and view["load_share"] == 0
    assert view["rooms"]["email"] == body
    (await house.call("PUT", path, "lea", json=body | {"interruptible_by": ["email"]})).problem(422, "bad_value")
    answer = await house.call("PUT", path, "lea", json=body | {"interruptible_by": ["fax"]})
    assert 400 <= answer.status < 500
