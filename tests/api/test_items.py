"""Work items over REST: the whole life of one, lists in pages, timelines that miss nothing."""

from typing import Any

import pytest

from router.api import limits
from router.core import commands as c
from tests.api.house import House
from tests.support import eventually


async def test_the_whole_life_of_an_item_by_rest(house: House) -> None:
    """Everything an agent can do by socket is also a REST call."""
    await house.sign_on("ann")
    item = await house.message("m1")

    async def do(action: str, **body: Any) -> None:
        answer = await house.call("POST", f"/api/v1/items/{item}/{action}", "ann", json=body)
        assert (answer.status, answer.body["item"]) == (200, item), answer

    async def state() -> str:
        found: str = (await house.call("GET", f"/api/v1/items/{item}", "ann")).body["state"]
        return found

    assert await state() == "reserved"
    await do("accept")
    await do("category", category="tax_question")
    await do("note", text="calls back often")
    await do("reply", text="we look into it")
    await do("pending", reason="customer")
    assert await state() == "pending"
    await do("resume")
    await do("complete", disposition="solved")
    assert await state() == "closed"


@pytest.mark.parametrize(
    ("action", "who"), [("pending", "ann"), ("unreached", "ann"), ("rescind", "lea")], ids=lambda said: said
)
async def test_a_reason_in_ones_own_words_is_one_short_line(house: House, action: str, who: str) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    for reason, said in (("a\u0000b", "control characters"), ("\u001b[31mred", "control"), ("x" * 201, "200")):
        refused = await house.call("POST", f"/api/v1/items/{item}/{action}", who, json={"reason": reason})
        (part,) = refused.problem(422, "invalid")["errors"]
        assert part["pointer"] == "/reason" and said in part["detail"]


async def test_a_reason_is_kept_without_the_blanks_that_say_nothing(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    body = {"reason": "  she asks\n\ther husband "}
    assert (await house.call("POST", f"/api/v1/items/{item}/pending", "ann", json=body)).status == 200
    assert house.domain.state.items[item].pending_reason == "she asks her husband"


async def test_an_email_reply_becomes_a_delivery_with_its_text_beside_the_log(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    text = "ü" * 40_000
    answer = await house.call("POST", f"/api/v1/items/{item}/reply", "ann", json={"text": text})
    assert answer.status == 200
    (delivery,) = house.domain.state.deliveries.values()
    assert (delivery.item, delivery.agent, delivery.channel) == (item, "ann", "email")
    inline = house.world.contents[delivery.content]
    assert len(inline) < limits.CONTENT_INLINE_BYTES_MAX, "above 64 KiB it lies in a blob"
    messages = await house.call("GET", "/api/v1/conversations/conv-m1/messages", "ann")
    assert messages.body["rows"][1]["text"] == text
    assert messages.body["rows"][1]["delivery"] == delivery.id


async def test_a_failed_delivery_is_sent_again_by_a_person(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    await house.call("POST", f"/api/v1/items/{item}/reply", "ann", json={"text": "hello"})
    (id,) = house.domain.state.deliveries
    (await house.call("POST", f"/api/v1/deliveries/{id}/retry", "ann")).problem(409, "wrong_state")
    await house.do(c.StartDelivery(delivery=id, attempt=1))
    await house.do(c.EndDelivery(delivery=id, attempt=1, result="unknown"))
    (await house.call("POST", f"/api/v1/deliveries/{id}/retry", "bob")).problem(403, "forbidden")
    assert (await house.call("POST", f"/api/v1/deliveries/{id}/retry", "ann")).status == 200
    assert house.domain.state.deliveries[id].state == "queued"


async def test_a_chat_reply_over_16_kib_is_an_error_and_nothing_else(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1", "chat")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    answer = await house.call("POST", f"/api/v1/items/{item}/reply", "ann", json={"text": "x" * 16_385})
    assert answer.problem(413, "too_large")["errors"][0]["pointer"] == "/text"
    assert (await house.call("POST", f"/api/v1/items/{item}/reply", "ann", json={"text": "x" * 16_384})).status == 200
    assert not house.domain.state.deliveries


async def test_an_escalated_item_goes_to_the_specialists_with_its_story(house: House) -> None:
    await house.sign_on("ann", "eve")
    item = await house.message("m1")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    body = {"reason": "too_hard", "note": "needs a specialist"}
    assert (await house.call("POST", f"/api/v1/items/{item}/escalate", "ann", json=body)).status == 200
    await eventually(lambda: house.domain.state.items[item].agent == "eve")
    rows = (await house.call("GET", f"/api/v1/items/{item}/timeline", "eve")).body["rows"]
    escalated = next(row for row in rows if row["type"] == "ItemEscalated")
    assert (escalated["agent"], escalated["reason"], escalated["text"]) == ("ann", "too_hard", "needs a specialist")
    assert (await house.call("GET", "/api/v1/conversations/conv-m1/messages", "eve")).body["rows"][0]["text"] == "hello"


async def test_a_timeline_has_every_event_once_whether_archived_or_not(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    at_once = (await house.call("GET", f"/api/v1/items/{item}/timeline", "ann")).body["rows"]
    positions = [row["position"] for row in at_once]
    assert positions == sorted(set(positions))
    assert [row["type"] for row in at_once][:2] == ["ItemOpened", "MessageReceived"] or len(at_once) >= 4
    await house.archiver.drained(house.domain.position)
    assert (await house.call("GET", f"/api/v1/items/{item}/timeline", "ann")).body["rows"] == at_once


async def test_an_item_that_left_memory_is_read_from_the_archive(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    await house.call("POST", f"/api/v1/items/{item}/complete", "ann", json={"disposition": "solved"})
    await eventually(lambda: item not in house.domain.state.items)
    answer = await house.call("GET", f"/api/v1/items/{item}", "ann")
    assert (answer.status, answer.body["disposition"]) == (200, "solved")
    assert (await house.call("GET", f"/api/v1/items/{item}/timeline", "lea")).body["rows"]
    (await house.call("GET", f"/api/v1/items/{item}", "sam")).problem(403, "forbidden")
    (await house.call("GET", "/api/v1/conversations/conv-m1", "sam")).problem(403, "forbidden")
    closed = await house.call("GET", "/api/v1/conversations/conv-m1", "ann")
    assert (closed.body["open"], closed.body["items"]) == (False, [item])


async def test_lists_are_filtered_and_paged_without_gap_or_repeat(house: House) -> None:
    made = [await house.message(f"m{number}", "email" if number % 2 else "chat") for number in range(7)]
    everything: list[str] = []
    after = ""
    for _ in range(4):
        page = await house.call("GET", f"/api/v1/items?limit=2&after={after}", "lea")
        everything += [row["id"] for row in page.body["rows"]]
        after = page.body["next"]
    assert after == "" and sorted(everything) == sorted(made)
    chats = (await house.call("GET", "/api/v1/items?channel=chat&state=queued&queue=help&team=first", "lea")).body
    assert len(chats["rows"]) == 4
    assert (await house.call("GET", "/api/v1/items?agent=ann", "lea")).body["rows"] == []
    one = (await house.call("GET", "/api/v1/items?conversation=conv-m3", "lea")).body["rows"]
    assert [row["id"] for row in one] == ["item-m3"]


async def test_a_supervisor_requeues_and_transfers_what_an_agent_holds(house: House) -> None:
    await house.sign_on("ann")
    item = await house.phone_call()
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    (await house.call("POST", f"/api/v1/items/{item}/requeue", "ann", json={})).problem(403, "forbidden")
    answer = await house.call("POST", f"/api/v1/items/{item}/transfer", "lea", json={"queue": "expert"})
    assert answer.status == 200
    assert house.domain.state.items[item].queue == "expert"
