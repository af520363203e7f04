"""Escalation over REST and sockets: the specialists' view, consults as both sides see them, back, what is followed."""

from typing import Any

from router.core.views import agent_view
from tests.api.desk import desk
from tests.api.house import House
from tests.support import eventually


async def accepted(house: House, channel: str = "email") -> str:
    """ann has the item of a message, and its text was read."""
    await house.sign_on("ann")
    item = await house.message("m1", channel)
    await done(house, "ann", f"{item}/accept")
    return item


async def done(house: House, who: str, what: str, **body: Any) -> None:
    answer = await house.call("POST", f"/api/v1/items/{what}", who, json=body)
    assert answer.status == 200, answer


async def view(house: House, item: str, who: str = "ann") -> Any:
    return (await house.call("GET", f"/api/v1/items/{item}", who)).body


async def test_before_escalating_one_sees_who_is_there_and_free(house: House) -> None:
    item = await accepted(house, "chat")
    await house.sign_on("eve")
    answer = await house.call("GET", f"/api/v1/items/{item}/specialists", "ann")
    (row,) = answer.body["rows"]
    assert (row["queue"], row["line"], row["usual"], row["open"], row["opens_at_ms"]) == ("expert", 2, True, True, None)
    assert (row["there"], row["free"]) == (1, 1) and set(row["wait"]) >= {"low_ms", "expected_ms", "high_ms"}
    assert answer.body["modes"] == ["connect", "callback", "written"]
    (await house.call("GET", f"/api/v1/items/{item}/specialists", "eve")).problem(403, "forbidden")
    (await house.call("GET", "/api/v1/items/none/specialists", "ann")).problem(404, "unknown_item")


async def test_hours_and_agents_in_use_are_seen_too(house: House) -> None:
    item = await accepted(house)
    for number in range(3):
        await house.message(f"x{number}", "email", queue="expert")
    await house.sign_on("eve")
    await house.call("POST", "/api/v1/queues/expert/close", "root", json={})
    (row,) = (await house.call("GET", f"/api/v1/items/{item}/specialists", "ann")).body["rows"]
    assert (row["there"], row["free"], row["open"], row["opens_at_ms"]) == (1, 0, False, None)
    assert row["wait"]["position"] == 2


async def test_who_asks_sees_each_step_and_who_is_asked_sees_the_story_and_answers_no_customer(house: House) -> None:
    item = await accepted(house)
    await done(house, "ann", f"{item}/note", text="they called before")
    async with desk(house, "eve") as eve, desk(house, "ann") as ann:
        assert (await eve.act("presence", state="available"))["ok"]
        ack = await ann.act("consult", item=item, note="what does the law say?")
        assert ack["ok"], ack
        await eventually(lambda: ann.view["items"][item]["consultations"][0]["state"] == "reserved")
        (consult,) = eve.view["items"]
        shown = eve.view["items"][consult]
        assert (shown["consults"], shown["asker"], shown["conversation"]) == (item, "ann", "conv-m1")
        assert (await eve.act("accept", item=consult))["ok"]
        await eventually(lambda: ann.view["items"][item]["consultations"][0]["state"] == "active")
        assert (await house.call("GET", "/api/v1/conversations/conv-m1/messages", "eve")).body["rows"][0]["text"]
        story = (await house.call("GET", f"/api/v1/items/{item}/timeline", "eve")).body["rows"]
        texts = {row["type"]: row["text"] for row in story if "text" in row}
        assert texts == {"NoteAdded": "they called before", "ConsultOpened": "what does the law say?"}
        refused = await eve.act("reply", item=consult, text="Dear customer")
        assert refused["code"] == "is_consult"
        assert (await eve.act("advise", item=consult, note="article 5"))["ok"]
        await eventually(lambda: ann.view["items"][item]["answers"] == 1)
        assert ann.view["items"][item]["consultations"] == [] and eve.view["items"] == {}
    story = (await house.call("GET", f"/api/v1/items/{item}/timeline", "ann")).body["rows"]
    assert [row["text"] for row in story if row["type"] == "ConsultAnswered"] == ["article 5"]
    (await house.call("GET", "/api/v1/conversations/conv-m1/messages", "eve")).problem(403, "forbidden")


async def test_warm_and_handed_over(house: House) -> None:
    item = await accepted(house, "chat")
    await house.sign_on("eve")
    await done(house, "ann", f"{item}/escalate", reason="too_hard", note="please", mode="connect")
    (consult,) = (await view(house, item))["consultations"]
    assert consult["warm"] and consult["state"] == "reserved"
    await done(house, "eve", f"{consult['id']}/accept")
    await done(house, "ann", f"{item}/handover", consult=consult["id"])
    shown = await view(house, item, "eve")
    assert (shown["agent"], shown["state"], shown["queue"], shown["returns_to"]) == ("eve", "active", "expert", "help")


async def test_a_question_may_be_withdrawn_and_is_then_no_business_of_theirs(house: House) -> None:
    item = await accepted(house)
    await house.sign_on("eve")
    await done(house, "ann", f"{item}/consult", note="?", to_agent="eve")
    (consult,) = (await view(house, item))["consultations"]
    (await house.call("POST", f"/api/v1/items/{consult['id']}/withdraw", "eve", json={})).problem(409, "not_yours")
    await done(house, "ann", f"{consult['id']}/withdraw")
    assert (await view(house, item))["consultations"] == []
    (await house.call("GET", f"/api/v1/items/{item}", "eve")).problem(403, "forbidden")


async def test_a_specialist_gives_it_back_with_an_answer(house: House) -> None:
    item = await accepted(house)
    await done(house, "ann", f"{item}/escalate", reason="too_hard", note="please")
    await house.sign_on("eve")
    await done(house, "eve", f"{item}/accept")
    await done(house, "eve", f"{item}/return", kind="answered", note="it is article 5")
    shown = await view(house, item)
    assert (shown["queue"], shown["agent"], shown["state"], shown["returns_to"]) == ("help", "ann", "reserved", "")
    story = (await house.call("GET", f"/api/v1/items/{item}/timeline", "ann")).body["rows"]
    assert [row["text"] for row in story if row["type"] == "ItemReturned"] == ["it is article 5"]


async def test_who_escalated_follows_on_their_desk_to_the_end(house: House) -> None:
    """Also when it has left memory: what ended stays until they have read it."""
    item = await accepted(house)
    async with desk(house, "ann") as ann:
        assert (await ann.act("escalate", item=item, reason="too_hard", note="please"))["ok"]
        await eventually(lambda: [row["state"] for row in ann.view["followed"]] == ["queued"])
        await house.sign_on("eve")
        await eventually(lambda: ann.view["followed"][0]["agent"] == "eve")
        await done(house, "eve", f"{item}/accept")
        await done(house, "eve", f"{item}/complete", disposition="solved")
        await eventually(lambda: ann.view["followed"][0]["state"] == "closed")
        (row,) = (await house.call("GET", "/api/v1/agents/me/followed", "ann")).body["rows"]
        assert row == ann.view["followed"][0] and row["disposition"] == "solved" and row["closed_at_ms"]
        assert (await ann.act("unfollow", item=item))["ok"]
        await eventually(lambda: ann.view["followed"] == [])
        assert ann.view["followed"] == agent_view(house.domain.state, "ann")["followed"] and ann.gaps == 0
    (await house.call("GET", "/api/v1/agents/ann/followed", "eve")).problem(403, "forbidden")


async def test_whoever_may_see_an_item_may_follow_it(house: House) -> None:
    item = await accepted(house)
    await done(house, "bob", f"{item}/follow")
    (row,) = (await house.call("GET", "/api/v1/agents/bob/followed", "lea")).body["rows"]
    assert row["item"] == item
    (await house.call("POST", f"/api/v1/items/{item}/follow", "eve", json={})).problem(403, "forbidden")
