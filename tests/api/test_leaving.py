"""Going home and standing down, by socket and by REST: nothing that is still open is left unsaid."""

from tests.api.desk import Desk, desk
from tests.api.house import House
from tests.support import eventually


async def working(house: House, ann: Desk, *ids: str) -> list[str]:
    """Ann is available and has accepted these mails."""
    await ann.act("presence", state="available")
    items = []
    for id in ids:
        item = await house.message(id)
        items.append(item)
        await eventually(lambda: items[-1] in ann.view["items"])
        assert (await ann.act("accept", item=item))["ok"]
    return items


async def test_signing_out_by_socket_names_what_is_still_mine(house: House) -> None:
    async with desk(house, "ann") as ann:
        kept, given = await working(house, ann, "m1", "m2")
        refused = await ann.act("sign_out", items={kept: "keep"})
        assert (refused["code"], refused["problem"]["subject"]) == ("still_yours", given)
        assert (await ann.act("sign_out", items={kept: "keep", given: "return"}))["ok"]
        await eventually(lambda: ann.view["agent"]["state"] == "offline")
        assert list(ann.view["items"]) == [kept]
    assert house.domain.state.items[given].state == "queued"


async def test_signing_out_by_rest_hands_over_to_a_colleague(house: House) -> None:
    async with desk(house, "ann") as ann:
        (item,) = await working(house, ann, "m1")
        url = "/api/v1/agents/me/sign-out"
        assert (await house.call("POST", url, "ann", json={})).problem(409, "still_yours")["subject"] == item
        (await house.call("POST", url, "ann", json={"items": {"item-x": "keep"}})).problem(409, "not_yours")
        (await house.call("POST", url, "ann", json={"items": {item: "nobody"}})).problem(404, "unknown_agent")
        assert (await house.call("POST", url, "ann", json={"items": {item: "bob"}})).status == 200
    assert house.domain.state.items[item].only == "bob"
    (await house.call("POST", "/api/v1/agents/ann/sign-out", "bob", json={})).problem(403, "forbidden")


async def test_not_ready_after_this_item(house: House) -> None:
    async with desk(house, "ann") as ann:
        (item,) = await working(house, ann, "m1")
        assert (await ann.act("presence", state="not_ready", reason="break", after=True))["ok"]
        await eventually(lambda: ann.view["agent"]["next"] == "break")
        assert ann.view["agent"]["state"] == "available"
        assert (await ann.act("presence", state="available"))["ok"]
        await eventually(lambda: ann.view["agent"]["next"] == "")
        assert (await ann.act("presence", state="not_ready", reason="break", after=True))["ok"]
        assert (await ann.act("complete", item=item, disposition="solved"))["ok"]
        await eventually(lambda: (ann.view["agent"]["state"], ann.view["agent"]["reason"]) == ("not_ready", "break"))


async def test_a_queue_may_demand_the_outcome_and_takes_it_beforehand(house: House) -> None:
    body = {"team": "first", "demands": ["outcome"], "keep_ms": 60_000}
    put = await house.call("PUT", "/api/v1/queues/help", "lea", {"If-Match": "*"}, json=body)
    assert (put.status, put.body["demands"], put.body["keep_ms"], put.body["closed"]) == (
        200,
        ["outcome"],
        60_000,
        None,
    )
    async with desk(house, "ann") as ann:
        (item,) = await working(house, ann, "m1")
        unknown = await ann.act("outcome", item=item, disposition="nonsense")
        assert unknown["code"] == "unknown_code"
        assert (await ann.act("outcome", item=item, disposition="solved"))["ok"]
        await eventually(lambda: ann.view["items"][item]["disposition"] == "solved")
