"""Reading history: what intake finds after forgetting, and what people read of an item."""

import pytest

from router.archive.database import Database
from router.archive.history import SqlHistory
from router.core import commands as c
from router.core.facts import MessageFacts
from router.core.reference import reference
from router.gateway import Thread, story_row
from tests.archive.domain import Domain


async def _answered_mail(database: Database) -> Domain:
    """A mail that ann answered and closed, archived and forgotten."""
    domain = Domain()
    domain.core.sign_on("ann")
    core = domain.core
    domain.memory.contents |= {"t-a": b'{"text":"hello"}', "t-r": b'{"text":"answer"}'}
    core.do(core.message("a", keys=("t1",)))
    core.do(c.AcceptReservation(item="i-a", agent="ann"))
    reply = MessageFacts(id="r", content="t-r", thread_keys=("t2",))
    core.do(c.SendReply(item="i-a", agent="ann", message=reply, delivery="d"))
    core.do(c.StartDelivery(delivery="d", attempt=1))
    core.do(c.EndDelivery(delivery="d", attempt=1, result="sent", thread_keys=("t3",)))
    core.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    core.do(c.Forget(items=("i-a",)))
    await domain.commit()
    assert "c-a" not in core.state.conversations
    await domain.archive(database)
    return domain


def _answered_thread() -> Thread:
    """What history knows of that conversation."""
    return Thread(
        conversation="c-a",
        item="i-a",
        last_agent="ann",
        reopen_count=0,
        seq=2,
        customer="cust",
        channel="email",
        reference=reference(1),
    )


@pytest.mark.parametrize("key", ["t1", "t2", "t3"])
async def test_a_forgotten_conversation_is_found_by_any_of_its_thread_keys(database: Database, key: str) -> None:
    """The customer's own key, our reply's, and the one that the mail server gave it."""
    await _answered_mail(database)
    thread = await SqlHistory(database).find_thread(("unknown", key))
    assert thread == _answered_thread()


async def test_a_forgotten_conversation_is_found_by_its_reference(database: Database) -> None:
    """As by its thread keys; one that nobody ever got, and none at all, lead to nothing."""
    await _answered_mail(database)
    found = [await SqlHistory(database).find_reference(quoted) for quoted in (reference(1), reference(2), "")]
    assert found == [_answered_thread(), None, None]


async def test_the_newest_conversation_of_a_thread_key_wins(database: Database) -> None:
    """Two conversations may name one message; the one that used it last goes on."""
    domain = Domain()
    domain.core.sign_on("ann")
    for name in ("a", "b"):
        domain.core.do(domain.core.message(name, keys=("shared", f"own-{name}")))
        await domain.commit()
        domain.core.do(c.AcceptReservation(item=f"i-{name}", agent="ann"))
        domain.core.do(c.CompleteItem(item=f"i-{name}", agent="ann", disposition="done"))
        domain.core.do(c.Forget(items=(f"i-{name}",)))
    await domain.commit()
    await domain.archive(database)
    found = [await SqlHistory(database).find_thread((key,)) for key in ("shared", "own-a", "own-b", "none")]
    assert [thread.conversation if thread else None for thread in found] == ["c-b", "c-a", "c-b", None]


async def test_a_reopened_conversation_keeps_one_row_and_one_sequence(database: Database) -> None:
    """The customer answers after closing: a new linked item in the same conversation, numbered on."""
    domain = await _answered_mail(database)
    history = SqlHistory(database)
    thread = await history.find_thread(("t1",))
    assert thread is not None
    again = domain.core.message(
        "b",
        conversation=thread.conversation,
        reopens=thread.item,
        reopen_count=thread.reopen_count + 1,
        last_agent=thread.last_agent,
        last_seq=thread.seq,
    )
    domain.core.do(again)
    await domain.commit()
    await domain.archive(database)
    assert [message["seq"] for message in await history.messages("c-a")] == [1, 2, 3]
    conversation = await history.conversation("c-a")
    assert conversation == {
        "id": "c-a",
        "channel": "email",
        "reference": conversation["reference"] if conversation else "",
        "customer": "cust",
        "language": "",
        "items": ["i-a", "i-b"],
        "split_from": "",
        "splits": [],
        "merged_into": "",
        "merged": [],
    }
    thread = await history.find_thread(("t1",))
    assert thread is not None
    assert (thread.item, thread.reopen_count, thread.seq) == ("i-b", 1, 3)


async def test_a_late_duplicate_is_recognised_after_forgetting(database: Database) -> None:
    """A message by its natural key, a call by its id: memory knows neither any more."""
    domain = await _answered_mail(database)
    domain.core.call("k")
    domain.core.do(c.EndCall(call="k"))
    domain.core.do(c.Forget(items=("i-k",)))
    await domain.commit()
    await domain.archive(database)
    history = SqlHistory(database)
    assert await history.find_natural("n-a") == "c-a"
    assert await history.find_natural("call:k") == "c-k"
    assert await history.find_natural("n-none") is None
    assert await history.find_natural("call:none") is None


async def test_messages_are_read_in_order_from_any_point(database: Database) -> None:
    """Each with side, agent and the content id under which its text is found."""
    await _answered_mail(database)
    history = SqlHistory(database)
    first, second = await history.messages("c-a")
    assert (first["seq"], first["side"], first["content"]) == (1, "customer", "t-a")
    assert (second["seq"], second["side"], second["agent"], second["content"]) == (2, "agent", "ann", "t-r")
    assert await history.messages("c-a", after=1) == [second]
    assert await history.contents(["t-r", "none", "t-a"]) == [b'{"text":"answer"}', None, b'{"text":"hello"}']


async def test_the_story_of_an_item_is_its_events_in_order(database: Database) -> None:
    """As `story_row` shows them, whichever entries they lie in."""
    domain = await _answered_mail(database)
    expected = [
        story_row(position, event)
        for position, event in enumerate(domain.events, 1)
        if getattr(event, "item", "") == "i-a"
    ]
    assert await SqlHistory(database).timeline("i-a") == expected
    assert len(expected) > 6
    assert await SqlHistory(database).timeline("none") == []


async def test_a_forgotten_item_is_shown_as_it_was(database: Database) -> None:
    """Its view, with outcome, legs, visits and notes."""
    await _answered_mail(database)
    history = SqlHistory(database)
    item = await history.item("i-a")
    assert item is not None
    assert (item["state"], item["outcome"], item["disposition"]) == ("closed", "completed", "done")
    assert (item["address"], item["messages"]) == ("addr-a", 2)
    assert item["deliveries"]["d"]["state"] == "sent"
    assert [leg["agent"] for leg in item["legs"]] == ["ann"]
    assert [visit["queue"] for visit in item["queue_visits"]] == ["help"]
    assert await history.item("none") is None
    assert await history.conversation("none") is None


async def test_closed_items_come_in_pages(database: Database) -> None:
    """The latest first, each once, whatever closes at the same instant; only of the queues asked for."""
    domain = Domain()
    for number in range(5):
        domain.core.call(f"k{number}", queue="help" if number % 2 else "expert")
    for number in range(5):
        domain.core.do(c.EndCall(call=f"k{number}"), after=number // 2)
    domain.core.call("open")
    await domain.commit()
    await domain.archive(database)
    history = SqlHistory(database)
    seen: list[str] = []
    cursor = ""
    while True:
        page = await history.closed_items(cursor=cursor, limit=2)
        seen += [item["id"] for item in page.items]
        cursor = page.cursor
        if not cursor:
            break
    assert seen == ["i-k4", "i-k3", "i-k2", "i-k1", "i-k0"]
    helped = await history.closed_items(["help"])
    assert [item["id"] for item in helped.items] == ["i-k3", "i-k1"]


async def test_entries_can_be_read_again_from_any_position(database: Database) -> None:
    """For webhooks that an integrator missed."""
    domain = await _answered_mail(database)
    history = SqlHistory(database)
    told = [event for entry in [entry async for entry in history.replay(0)] for event in entry.events]
    assert told == domain.events
    (last,) = [entry async for entry in history.replay(domain.position - 1)]
    assert last.last == domain.position == await history.position()
