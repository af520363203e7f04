"""References in events: a call is shown beside what its caller quotes, a text joins it if it is their own."""

from typing import Any

import msgspec
import pytest

from router.core.item import WorkItem
from router.core.reference import reference
from router.gateway import Content, Outcome
from tests.phone.house import House

CHAT = {"site": "shop", "from": "nora", "text": "Bonjour", "id": "1", "conversation": "window-7"}
FORM = {"to": "forms", "from": "nora@x.example", "text": "Ma demande"}
CALL = {"call": "c1", "to": "+32 2 555 00 01", "from": "+32 470 12 34 56"}
TYPES = pytest.mark.parametrize(
    ("type", "data"), [("call.offered", CALL), ("chat.message", CHAT), ("webhook.received", FORM)]
)


def item_of(house: House, outcome: Outcome) -> WorkItem:
    assert not outcome.rejection, outcome
    return house.state.items[outcome.refs["item"]]


async def closed(house: House, item: WorkItem) -> None:
    await house.sign_on("ann")
    await house.accept(item.id)
    await house.close(item.id)
    await house.archive()


@TYPES
async def test_misspelt_digits_are_refused_with_the_field(house: House, type: str, data: dict[str, Any]) -> None:
    refused = await house.refused(type, data | {"reference": "618-033-948"})
    assert (refused.code, refused.pointer, refused.status) == ("bad_reference", "/data/reference", 422)
    assert not house.state.items


@TYPES
async def test_a_reference_that_nobody_has_is_taken_and_shown(house: House, type: str, data: dict[str, Any]) -> None:
    """What the caller read out may be from long ago, or another desk's: nothing is lost, and the agent sees it."""
    item = item_of(house, await house.take(type, data | {"reference": "618 033 949"}))
    (content,) = await house.domain.contents([item.attributes])
    assert msgspec.json.decode(content or b"{}", type=Content).attributes == {"reference_unknown": "618-033-949"}
    assert item.related == ""


@pytest.mark.parametrize("ended", [False, True])
async def test_a_call_is_beside_the_latest_item_of_what_the_caller_quotes(house: House, ended: bool) -> None:
    """Open or in history, of whatever channel and customer. A call is never part of an older conversation."""
    item = item_of(house, await house.take("chat.message", CHAT))
    if ended:
        await closed(house, item)
        item = item_of(house, await house.take("chat.message", CHAT | {"id": "2"}))
        await closed(house, item)
    call = item_of(house, await house.take("call.offered", CALL | {"reference": reference(1)}))
    assert (call.related, call.conversation == item.conversation) == (item.id, False)


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(("type", "data"), [("chat.message", CHAT), ("webhook.received", FORM)])
async def test_a_text_joins_what_its_customer_quotes(
    house: House, type: str, data: dict[str, Any], ended: bool
) -> None:
    """Open, or closed and then with a linked item; from then on the new handle names it too."""
    item = item_of(house, await house.take(type, data))
    if ended:
        await closed(house, item)
    quoting = data | {"id": "7", "conversation": "new-window", "reference": reference(1)}
    joined = item_of(house, await house.take(type, quoting))
    assert joined.conversation == item.conversation
    assert joined.reopens == (item.id if ended else "")
    later = data | {"id": "8", "conversation": "new-window"}
    assert item_of(house, await house.take(type, later)).id == joined.id
    conversation = house.state.conversations[item.conversation]
    assert (conversation.seq, conversation.reference) == (3, reference(1))


async def test_a_text_that_quotes_and_comes_twice_is_one_message(house: House) -> None:
    """In two events: by then its handle names the conversation that it joined."""
    await house.take("chat.message", CHAT)
    quoting = CHAT | {"id": "7", "conversation": "new-window", "reference": reference(1)}
    outcomes = [await house.take("chat.message", quoting) for _ in range(3)]
    (conversation,) = {outcome.refs["conversation"] for outcome in outcomes}
    assert house.state.conversations[conversation].seq == 2


@pytest.mark.parametrize(("type", "data"), [("chat.message", CHAT), ("webhook.received", FORM)])
async def test_somebody_elses_text_is_an_item_beside_it(house: House, type: str, data: dict[str, Any]) -> None:
    item = item_of(house, await house.take(type, data))
    other = data | {"from": "eve@evil.example", "id": "7", "conversation": "evil", "reference": reference(1)}
    beside = item_of(house, await house.take(type, other))
    assert (beside.related, beside.conversation == item.conversation) == (item.id, False)
    assert house.state.conversations[item.conversation].seq == 1


async def test_texts_of_nobody_in_particular_are_not_one_customer(house: House) -> None:
    """Two forms without a sender: that neither says who it is makes them nobody's, not the same one's."""
    item = item_of(house, await house.take("webhook.received", {"to": "forms", "text": "a"}))
    other = await house.take("webhook.received", {"to": "forms", "text": "b", "reference": reference(1)})
    assert (item_of(house, other).related, other.refs["conversation"] == item.conversation) == (item.id, False)


async def test_a_customer_on_another_channel_is_beside_it(house: House) -> None:
    """The same person, but a form cannot go on in a chat: the agent sees both."""
    item = item_of(house, await house.take("chat.message", CHAT | {"customer": "crm-7"}))
    form = FORM | {"customer": "crm-7", "reference": reference(1)}
    beside = item_of(house, await house.take("webhook.received", form))
    assert (beside.customer, beside.related) == (item.customer, item.id)
    assert beside.channel == "webhook"
