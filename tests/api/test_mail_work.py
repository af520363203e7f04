"""Mail work over REST: splitting, merging, closing without an answer, and who may read what afterwards."""

from typing import Any

import pytest

from router.core import commands as c
from tests.api.house import House
from tests.support import eventually


async def taken(house: House, id: str = "m1") -> str:
    """ann has accepted the mail with this name."""
    await house.sign_on("ann")
    item = await house.message(id, text=f"the words of {id}")
    assert (await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})).status == 200
    return item


async def act(house: House, item: str, name: str, who: str = "ann", **body: Any) -> Any:
    """Do something with an item that is accepted; what it is then."""
    answer = await house.call("POST", f"/api/v1/items/{item}/{name}", who, json=body)
    assert answer.status == 200, answer
    return answer.body


async def words(house: House, conversation: str, who: str) -> list[str]:
    """What was written in a conversation, as this person reads it."""
    answer = await house.call("GET", f"/api/v1/conversations/{conversation}/messages", who)
    assert answer.status == 200, answer
    return [row["text"] for row in answer.body["rows"]]


async def test_whoever_gets_a_part_reads_the_mail_it_is_of(house: House) -> None:
    item = await taken(house)
    parts = [{"queue": "expert", "note": "the second question", "requirement": {"tax": 2}}]
    await act(house, item, "split", parts=parts, seq=1)
    (part,) = [one for one in house.domain.state.items.values() if one.split_from == item]
    assert (part.queue, part.requirement) == ("expert", (("tax", 2),))
    assert await words(house, "conv-m1", "eve") == ["the words of m1"], "eve serves the queue it waits in"
    shown = await house.call("GET", f"/api/v1/conversations/{part.conversation}", "eve")
    assert (shown.body["split_from"], shown.body["address"]) == ("conv-m1", "jan@example.org")
    source = await house.call("GET", "/api/v1/conversations/conv-m1", "ann")
    assert source.body["splits"] == [part.conversation]
    story = await house.call("GET", f"/api/v1/items/{part.id}/timeline", "eve")
    assert "the second question" in [row.get("text") for row in story.body["rows"]]


async def test_a_part_is_read_after_everything_has_left_memory(house: House) -> None:
    item = await taken(house)
    await act(house, item, "split", parts=[{"queue": "expert"}])
    part = next(one.id for one in house.domain.state.items.values() if one.split_from == item)
    await house.sign_on("eve")
    await act(house, part, "accept", "eve")
    for id, who in ((item, "ann"), (part, "eve")):
        await act(house, id, "complete", who, disposition="solved")
    await _archived(house)
    await eventually(lambda: not house.domain.state.conversations)
    assert await words(house, "conv-m1", "eve") == ["the words of m1"]


async def test_the_messages_of_a_merged_conversation_are_read_with_the_one_that_goes_on(house: House) -> None:
    item = await taken(house)
    other = await house.message("m2", text="the words of m2")
    await act(house, other, "merge", into=item)
    shown = await house.call("GET", "/api/v1/conversations/conv-m1", "ann")
    assert shown.body["merged"] == ["conv-m2"]
    assert await words(house, "conv-m2", "ann") == ["the words of m2"]
    view = (await house.call("GET", f"/api/v1/items/{item}", "ann")).body
    assert view["parts"]["merged"] == ["conv-m2"]
    assert (await house.call("GET", f"/api/v1/items/{other}", "ann")).body["merged_into"] == "conv-m1"
    await act(house, other, "unmerge")
    assert house.domain.state.conversations["conv-m1"].merged == ()


async def test_a_leader_may_undo_a_merge(house: House) -> None:
    item = await taken(house)
    other = await house.message("m2")
    await act(house, other, "merge", into=item)
    (await house.call("POST", f"/api/v1/items/{other}/unmerge", "bob", json={})).problem(409, "not_yours")
    await act(house, other, "unmerge", "lea")


async def test_nobody_merges_what_they_may_not_read(house: House) -> None:
    item = await taken(house)
    foreign = await house.message("m2", queue="expert")
    (await house.call("POST", f"/api/v1/items/{foreign}/merge", "ann", json={"into": item})).problem(403, "forbidden")
    (await house.call("POST", f"/api/v1/items/{item}/merge", "ann", json={"into": foreign})).problem(403, "forbidden")
    (await house.call("POST", f"/api/v1/items/{item}/merge", "ann", json={"into": "none"})).problem(404, "unknown_item")


async def test_spam_is_closed_and_not_counted(house: House) -> None:
    body = {"kind": "closing", "names": {"en": "Spam"}, "counts": False}
    assert (await house.call("PUT", "/api/v1/codes/closing:spam", "root", json=body)).status == 201
    item = await taken(house)
    (await house.call("POST", f"/api/v1/items/{item}/dismiss", "ann", json={"code": "x"})).problem(404, "unknown_code")
    await act(house, item, "dismiss", code="spam")
    await _archived(house)
    kept = await house.history.item(item)
    assert kept is not None and (kept["outcome"], kept["disposition"], kept["counted"]) == ("dismissed", "spam", False)
    report = await house.call("GET", "/api/v1/reports/day", "root")
    assert report.status == 200 and report.body["total"]["offered"] == 0


async def test_a_code_that_bars_tags_the_sender(house: House) -> None:
    """By the tag a rule of classification sends what they write on elsewhere; an agent takes it off again."""
    body = {"kind": "closing", "names": {"en": "Spam"}, "counts": False, "bars": True}
    assert (await house.call("PUT", "/api/v1/codes/closing:spam", "root", json=body)).status == 201
    item = await taken(house)
    await act(house, item, "dismiss", code="spam")
    card = await house.call("GET", "/api/v1/customers/cust", "ann")
    assert card.body["tags"] == ["barred"]


@pytest.mark.parametrize(("who", "status"), [("ann", 200), ("lea", 200), ("bob", 403), ("sam", 403)])
async def test_a_contact_that_left_memory_moves_to_the_right_customer(house: House, who: str, status: int) -> None:
    item = await taken(house)
    await act(house, item, "complete", disposition="solved")
    await _archived(house)
    await eventually(lambda: item not in house.domain.state.items)
    made = await house.call("POST", "/api/v1/customers", "ann", json={"name": "Ada"})
    answer = await house.call("POST", f"/api/v1/items/{item}/customer", who, json={"customer": made.body["id"]})
    assert answer.status == status, answer
    if status == 200:
        await _archived(house)
        kept = await house.history.item(item)
        assert kept is not None and kept["customer"] == made.body["id"]


async def test_a_closed_item_that_is_still_in_memory_moves_too(house: House) -> None:
    item = await taken(house)
    await house.do(c.CompleteItem(item=item, agent="ann", disposition="solved"))
    made = await house.call("POST", "/api/v1/customers", "ann", json={"name": "Ada"})
    assert (await act(house, item, "customer", customer=made.body["id"]))["position"]


async def _archived(house: House) -> None:
    async def there() -> bool:
        return await house.history.position() >= house.domain.position

    await eventually(there)
