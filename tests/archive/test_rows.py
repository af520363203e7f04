"""What each event becomes in SQL: one scripted contact after the other, read back from the tables."""

import pytest

from router.archive.database import Database
from router.archive.history import SqlHistory
from router.core import commands as c
from router.core import events as e
from router.core.facts import Facts, MessageFacts
from router.core.item import WorkItem
from tests.archive.domain import Domain, rows


@pytest.fixture
async def domain() -> Domain:
    """The centre stands, ann and eve are there."""
    domain = Domain()
    domain.core.sign_on("ann", "eve")
    await domain.commit()
    return domain


async def _escalated_call(domain: Domain) -> WorkItem:
    item = domain.core.call("k")
    domain.core.do(c.AcceptReservation(item="i-k", agent="ann"), after=10)
    domain.core.do(c.EscalateItem(item="i-k", agent="ann", reason="hard", note="note-1", queue="expert"), after=100)
    domain.core.do(c.AcceptReservation(item="i-k", agent="eve"), after=20)
    domain.core.do(c.CompleteItem(item="i-k", agent="eve", disposition="done"), after=200)
    await domain.commit()
    return item


async def test_a_leg_for_each_holding_and_a_visit_for_each_wait(domain: Domain, database: Database) -> None:
    """An escalated call is two legs, one in each queue, and how each of them ended."""
    await _escalated_call(domain)
    await domain.archive(database)
    first, second = await rows(database, "legs")
    assert (first["agent"], first["queue"], first["ended"]) == ("ann", "help", "escalated")
    assert (second["agent"], second["queue"], second["ended"]) == ("eve", "expert", "completed")
    assert first["accepted_at_ms"] - first["reserved_at_ms"] == 10
    assert first["ended_at_ms"] - first["accepted_at_ms"] == 100
    assert second["reserved_at_ms"] == first["ended_at_ms"]
    visits = await rows(database, "queue_visits")
    assert [(v["queue"], v["reason_in"], v["reason_out"]) for v in visits] == [
        ("help", "opened", "accepted"),
        ("expert", "escalated", "accepted"),
    ]
    assert [v["left_at_ms"] - v["entered_at_ms"] for v in visits] == [10, 20]


async def test_an_item_keeps_all_its_facts(domain: Domain, database: Database) -> None:
    """Outcome, disposition and times are those of the record when it closed."""
    item = await _escalated_call(domain)
    await domain.archive(database)
    (row,) = await rows(database, "items")
    assert (row["state"], row["outcome"], row["disposition"]) == ("closed", "completed", "done")
    assert (row["escalations"], row["last_agent"], row["queue"]) == (1, "eve", "expert")
    assert (row["due_at_ms"], row["closed_at_ms"]) == (item.due, item.closed_at)
    assert row["excepted"] == {"ann": 0}


async def test_notes_are_kept_with_who_wrote_them_and_why(domain: Domain, database: Database) -> None:
    """An escalation's note, a transfer's, and one that is only a note."""
    domain.core.call("k")
    domain.core.do(c.AcceptReservation(item="i-k", agent="ann"))
    domain.core.do(c.AddNote(item="i-k", agent="ann", content="n1"))
    domain.core.do(c.TransferItem(item="i-k", agent="ann", queue="expert", note="n2"))
    await domain.commit()
    await domain.archive(database)
    told = [
        (n["kind"], n["agent"], n["content"], n["from_queue"], n["to_queue"]) for n in await rows(database, "notes")
    ]
    assert told == [("note", "ann", "n1", "", ""), ("transferred", "ann", "n2", "help", "expert")]


@pytest.mark.parametrize(
    ("command", "ended", "back"),
    [
        (c.DeclineReservation(item="i-k", agent="ann", reason="x"), "declined", True),
        (c.SetPresence(agent="ann", state="not_ready", reason="x"), "released", True),
        (c.EndCall(call="k"), "rescinded", False),
    ],
)
async def test_a_reservation_that_came_to_nothing(
    domain: Domain, database: Database, command: c.Command, ended: str, back: bool
) -> None:
    """It is a leg that was never accepted; the wait goes on, in the same visit."""
    domain.core.call("k")
    domain.core.do(command, after=5)
    await domain.commit()
    await domain.archive(database)
    (leg,) = await rows(database, "legs")
    assert (leg["ended"], leg["accepted_at_ms"]) == (ended, None)
    (visit,) = await rows(database, "queue_visits")
    assert (visit["left_at_ms"] is None) == back
    assert visit["reason_out"] == ("" if back else "abandoned")


async def test_expiry_connect_failure_and_wrap_up_are_seen_in_the_leg(domain: Domain, database: Database) -> None:
    """The caller whose agent did not answer, then could not be reached, then was served."""
    domain.core.sign_on("bob")
    domain.core.call("k")
    domain.core.do(c.Pulse(), after=20_000)
    second = domain.core.item("i-k").agent
    domain.core.do(c.AcceptReservation(item="i-k", agent=second))
    domain.core.do(c.FailConnect(call="k", agent=second))
    domain.core.sign_on("ann")
    domain.core.do(c.AnswerCall(call="k", agent="ann"))
    domain.core.do(c.EndCall(call="k"), after=7)
    await domain.commit()
    await domain.archive(database)
    legs = await rows(database, "legs")
    assert [leg["ended"] for leg in legs] == ["expired", "connect_failed", ""]
    assert legs[2]["wrapping_at_ms"] - legs[2]["accepted_at_ms"] == 7
    visits = await rows(database, "queue_visits")
    assert [(v["reason_in"], v["reason_out"]) for v in visits] == [
        ("opened", "accepted"),
        ("connect_failed", "accepted"),
    ]


async def test_messages_threads_and_deliveries(domain: Domain, database: Database) -> None:
    """Both sides' messages in order, the keys they are found by, and how the reply left the house."""
    domain.core.do(domain.core.message("a", keys=("t1",)))
    domain.core.do(c.AcceptReservation(item="i-a", agent="ann"))
    reply = MessageFacts(id="r", content="t-r", size=7, thread_keys=("t2",))
    domain.core.do(c.SendReply(item="i-a", agent="ann", message=reply, delivery="d"))
    domain.core.do(c.StartDelivery(delivery="d", attempt=1))
    domain.core.do(c.EndDelivery(delivery="d", attempt=1, result="sent", code="250", thread_keys=("t3",)))
    await domain.commit()
    await domain.archive(database)
    received, sent = await rows(database, "messages")
    assert (received["seq"], received["side"], received["natural_key"]) == (1, "customer", "n-a")
    assert (sent["seq"], sent["side"], sent["agent"], sent["size"], sent["delivery"]) == (2, "agent", "ann", 7, "d")
    assert {row["key"] for row in await rows(database, "thread_keys")} == {"t1", "t2", "t3"}
    (delivery,) = await rows(database, "deliveries")
    assert (delivery["state"], delivery["attempt"], delivery["code"]) == ("sent", 1, "250")
    (conversation,) = await rows(database, "conversations")
    assert (conversation["seq"], conversation["last_agent"], conversation["item"]) == (2, "ann", "i-a")


async def test_pending_and_taking_it_up_again_are_two_legs(domain: Domain, database: Database) -> None:
    """While an item waits for the customer nobody holds it; the second leg needs no reservation."""
    domain.core.do(domain.core.message("a"))
    domain.core.do(c.AcceptReservation(item="i-a", agent="ann"))
    domain.core.do(c.SetPending(item="i-a", agent="ann"), after=5)
    domain.core.do(c.ResumeItem(item="i-a", agent="ann"), after=50)
    await domain.commit()
    await domain.archive(database)
    first, second = await rows(database, "legs")
    assert first["ended"] == "pending"
    assert (second["reservation"], second["reserved_at_ms"], second["ended_at_ms"]) == ("", None, None)
    assert second["accepted_at_ms"] - first["ended_at_ms"] == 50


async def test_changes_of_the_centre_are_audited_with_before_and_after(domain: Domain, database: Database) -> None:
    """Who, when, what, and how it was."""
    await domain.do(c.SetAgentSkill(agent="ann", skill="fr", level=5), by="lea")
    await domain.archive(database)
    *_, last = await rows(database, "audit")
    assert (last["by"], last["command"], last["kind"], last["subject"]) == ("lea", "SetAgentSkill", "agent", "ann")
    assert dict(last["before"]["skills"])["fr"] == 3
    assert dict(last["after"]["skills"])["fr"] == 5
    assert (last["at_ms"], last["correlation"]) == (domain.core.now, "cor")


async def test_a_dropped_record_is_audited_and_ends_the_agents_interval(domain: Domain, database: Database) -> None:
    """After it there is nothing; before it there was the record."""
    drop = c.Change(kind="agent", id="bob", seen=None)
    await domain.do(c.ApplyCentre(changes=(drop,)), by="lea")
    await domain.archive(database)
    *_, last = await rows(database, "audit")
    assert (last["kind"], last["subject"], last["after"]) == ("agent", "bob", None)
    assert last["before"]["id"] == "bob"
    (interval,) = [row for row in await rows(database, "agent_intervals") if row["agent"] == "bob"]
    assert interval["to_ms"] == domain.core.now


async def test_what_a_supervisor_does_to_an_item_is_audited(domain: Domain, database: Database) -> None:
    """Putting an item back into a queue is not the agent's doing."""
    domain.core.call("k")
    domain.core.do(c.AcceptReservation(item="i-k", agent="ann"))
    await domain.commit()
    told = await domain.do(c.RequeueItem(item="i-k", queue="expert"), by="lea")
    assert len(told) > 1
    await domain.archive(database)
    (last,) = [row for row in await rows(database, "audit") if row["kind"] == "item"]
    assert (last["by"], last["command"], last["kind"], last["subject"]) == ("lea", "RequeueItem", "item", "i-k")


async def test_alarms_are_kept(domain: Domain, database: Database) -> None:
    """Those of the core, and commands that were set aside."""
    alarm = e.AlarmRaised(at=5_000, code="item_stuck", subject="i-k", count=3)
    poisoned = e.CommandPoisoned(at=5_001, command=7, reason="KeyError")
    await domain.commit([alarm, poisoned])
    await domain.archive(database)
    told = [(row["code"], row["subject"], row["count"]) for row in await rows(database, "alarms")]
    assert told == [("item_stuck", "i-k", 3), ("command_poisoned", "7: KeyError", 1)]


async def test_odd_values_do_not_stop_history(database: Database) -> None:
    """A NUL in a code and a number that no column takes: the row has the nearest there is, the entry the truth."""
    domain = Domain()
    odd = e.AlarmRaised(at=5_000, code="a\0b", subject="x" * 10_000, count=2**64 - 1)
    await domain.commit([odd])
    await domain.archive(database)
    (row,) = await rows(database, "alarms")
    assert (row["code"], len(row["subject"]), row["count"]) == ("a\ufffdb", 10_000, 2**63 - 1)
    assert [entry.events async for entry in SqlHistory(database).replay(0)] == [(odd,)]


async def test_every_entry_is_kept_as_it_lay_in_the_store(domain: Domain, database: Database) -> None:
    """Byte for byte, with its digest."""
    await _escalated_call(domain)
    kept = await domain.store.entries(0, 100, 0.0)
    await domain.archive(database)
    assert [(row["last"], row["data"], row["digest"]) for row in await rows(database, "entries")] == kept


async def test_a_caller_of_a_closed_queue_is_turned_away_in_history_too(domain: Domain, database: Database) -> None:
    """Neither abandoned nor completed: reports count them apart."""
    domain.core.do(c.CloseQueue(queue="help", message={"fr": "Fermé"}))
    domain.core.call("k")
    await domain.commit()
    await domain.archive(database)
    (row,) = await rows(database, "items")
    assert (row["state"], row["outcome"]) == ("closed", "turned_away")
    (visit,) = await rows(database, "queue_visits")
    assert (visit["reason_in"], visit["reason_out"]) == ("opened", "turned_away")


async def test_what_an_agent_gives_back_and_what_is_kept_for_them_is_seen(domain: Domain, database: Database) -> None:
    """Going home gives one mail back; who vanishes keeps theirs for a time, and then it goes back by itself."""
    core = domain.core
    for name in ("a", "b"):
        core.do(core.message(name))
        core.do(c.AcceptReservation(item=f"i-{name}", agent="ann"))
    core.do(c.SignOut(agent="ann", choices={"i-a": "return", "i-b": "keep"}), after=5)
    await domain.commit()
    await domain.archive(database)
    first, second = await rows(database, "legs")
    assert (first["ended"], second["ended"]) == ("returned", "")
    assert [visit["reason_in"] for visit in await rows(database, "queue_visits")][-1] == "returned"
    domain.core.sign_on("bob")
    core.do(c.AcceptReservation(item="i-a", agent="bob"))
    core.do(c.LoseClient(agent="bob", client="tab-bob"))
    core.do(c.Pulse(), after=60_000)
    await domain.commit()
    await domain.archive(database)
    (row,) = [row for row in await rows(database, "items") if row["id"] == "i-a"]
    assert row["kept_until_at_ms"] == core.item("i-a").kept_until is not None
    core.do(c.Pulse(), after=86_400_000)
    await domain.commit()
    await domain.archive(database)
    legs = [leg["ended"] for leg in await rows(database, "legs") if leg["agent"] == "bob"]
    assert legs == ["absent"]


async def test_a_conversation_keeps_its_reference_and_an_item_what_it_is_related_to(
    domain: Domain, database: Database
) -> None:
    """By which people find them again."""
    domain.core.do(domain.core.message("a"))
    reference = domain.core.state.conversations["c-a"].reference
    facts = Facts(queue="help", quotes=reference)
    domain.core.do(c.OfferCall(call="k", item="i-k", conversation="c-k", facts=facts))
    await domain.commit()
    await domain.archive(database)
    assert {row["id"]: row["reference"] for row in await rows(database, "conversations")}["c-a"] == reference
    assert {row["id"]: row["related"] for row in await rows(database, "items")} == {"i-a": "", "i-k": "i-a"}
