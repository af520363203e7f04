"""The phone, through intake and the real engine: whatever order events come in, the caller is where they should be."""

import asyncio
import itertools
import random

import pytest

from router.core.commands import AcceptReservation, SetAgentPhone, SetPresence
from router.gateway import KeyConflict
from tests.phone.house import House
from tests.support import eventually


async def test_a_call_becomes_one_item_in_the_entry_points_queue(house: House) -> None:
    item = await house.call()
    assert (item.channel, item.queue, item.state, item.call) == ("phone", "help", "queued", "c1")
    assert item.customer.startswith("cust_")


async def test_answering_the_phone_accepts(house: House) -> None:
    """Item 13: the phone first, then the screen; the second changes nothing."""
    await house.sign_on("ann")
    item = await house.call()
    await house.take("call.answered", {"call": "c1", "agent": "ann"})
    assert (item.state, item.answered, item.agent) == ("active", True, "ann")
    again = await house.attempt(AcceptReservation(item=item.id, agent="ann"))
    assert (item.state, item.answered, again.rejection) == ("active", True, "")


async def test_answering_after_the_screen_accepted(house: House) -> None:
    """Item 13: the screen first, then the phone."""
    await house.sign_on("ann")
    item = await house.call()
    await house.do(AcceptReservation(item=item.id, agent="ann"))
    assert not item.answered
    await house.take("call.answered", {"call": "c1", "agent": "ann"})
    assert (item.state, item.answered) == ("active", True)


@pytest.mark.parametrize("phone", ["+3225550012", "02 555 00 12", "0032 2 555 00 12"])
async def test_an_agent_may_be_named_by_phone(house: House, phone: str) -> None:
    await house.sign_on("bob")
    item = await house.call()
    await house.take("call.answered", {"call": "c1", "phone": phone})
    assert (item.state, item.agent) == ("active", "bob")


async def test_a_shared_phone_means_the_agent_whom_it_rings_for(house: House) -> None:
    await house.sign_on("ann")
    ann = house.state.agents["ann"]
    await house.put(type(ann)(id="ann2", phone="2001"))
    item = await house.call()
    await house.take("call.answered", {"call": "c1", "phone": "2001"})
    assert (item.state, item.agent) == ("active", "ann")
    refused = await house.refused("call.answered", {"call": "other", "phone": "2001"})
    assert (refused.code, refused.pointer) == ("ambiguous_phone", "/data/phone")


async def test_hanging_up_while_it_rings_abandons_and_rescinds(house: House) -> None:
    """F15, F31: the agent is free at once, the item ends once."""
    await house.sign_on("ann")
    item = await house.call()
    assert item.state == "reserved"
    await house.take("call.ended", {"call": "c1", "reason": "hangup"})
    assert (item.state, house.state.activity("ann")) == ("closed", "idle")
    late = await house.take("call.answered", {"call": "c1", "agent": "ann"})
    assert (late.rejection, item.state) == ("unknown_call", "closed")


async def test_connect_failed_returns_the_caller_to_their_exact_place(house: House) -> None:
    """Item 13: not the agent's no-answer, and nobody overtakes the caller."""
    await house.sign_on("ann")
    first = await house.call("c1")
    due, seq = first.due, first.seq
    second = await house.call("c2")
    await house.take("call.connect_failed", {"call": "c1", "agent": "ann", "reason": "busy"})
    assert (first.due, first.seq, first.connect_failures) == (due, seq, 1)
    assert house.state.presences["ann"].state == "available"
    assert second.state == "reserved", "the phone that failed is left alone by the caller it failed, not by others"
    await house.sign_on("bob")
    assert first.reservation is not None
    assert first.reservation.agent == "bob"


async def test_hold_and_transfer_follow_the_phone_system(house: House) -> None:
    await house.sign_on("ann")
    item = await house.call()
    await house.take("call.answered", {"call": "c1", "agent": "ann"})
    await house.take("call.held", {"call": "c1", "held": True})
    assert item.held
    await house.take("call.transferred", {"call": "c1", "queue": "expert"})
    assert (item.queue, item.state) == ("expert", "queued")


@pytest.mark.parametrize("data", [{"call": "c1"}, {"call": "c1", "queue": "help", "agent": "ann"}])
async def test_a_transfer_goes_to_one_queue_or_agent(house: House, data: dict[str, str]) -> None:
    assert (await house.refused("call.transferred", data)).code == "bad_event"


async def test_the_same_event_five_times_at_once_is_one_item(house: House) -> None:
    """F112: at least once from outside, once inside."""
    event = house.event("call.offered", {"call": "c1", "to": "+3225550001"}, "e1")
    receipts = await asyncio.gather(*(house.intake.take(event, by="pbx") for _ in range(5)))
    outcomes = [await house.ended(receipt) for receipt in receipts]
    assert len({receipt.command for receipt in receipts}) == 1
    assert len(house.state.items) == 1
    assert len({outcome.refs["item"] for outcome in outcomes}) == 1


async def test_the_same_call_in_five_events_is_one_item(house: House) -> None:
    data = {"call": "c1", "to": "+3225550001"}
    outcomes = await asyncio.gather(*(house.take("call.offered", data) for _ in range(5)))
    assert len(house.state.items) == 1
    assert {outcome.refs["item"] for outcome in outcomes} == set(house.state.items)


async def test_a_repeated_event_gets_its_first_receipt_though_the_entry_point_was_edited(house: House) -> None:
    """What is looked up at intake may change between two tries of an integrator: the event is still the same."""
    event = house.event("call.offered", {"call": "c1", "to": "+3225550001"}, "e1")
    first = await house.intake.take(event, by="pbx")
    await house.ended(first)
    await house.put(
        type(house.state.entry_points["number"])(id="number", channel="phone", address="+3225550001", queue="expert")
    )
    again = await house.intake.take(event, by="pbx")
    assert (again.command, again.duplicate) == (first.command, True)


async def test_the_same_id_with_other_data_is_a_conflict(house: House) -> None:
    await house.take("call.offered", {"call": "c1", "to": "+3225550001"}, "e1")
    with pytest.raises(KeyConflict):
        await house.take("call.offered", {"call": "c2", "to": "+3225550001"}, "e1")


async def test_the_same_event_id_of_two_integrators_is_two_events(house: House) -> None:
    await house.take("call.offered", {"call": "c1", "to": "+3225550001"}, "e1", by="pbx")
    await house.take("call.offered", {"call": "c2", "to": "+3225550001"}, "e1", by="other")
    assert set(house.state.calls) == {"c1", "c2"}


async def test_a_call_that_history_knows_is_not_offered_again(house: House) -> None:
    """F35: a dead call that is delivered late rings nobody; the retry of its first event is still answered."""
    offered = {"call": "c1", "to": "+3225550001"}
    await house.take("call.offered", offered, "e1")
    await house.take("call.ended", {"call": "c1"})
    await house.archive()
    assert not house.state.items
    refused = await house.refused("call.offered", offered, "e2")
    assert (refused.code, refused.status, refused.pointer) == ("duplicate", 409, "/data/call")
    again = await house.intake.take(house.event("call.offered", offered, "e1"), by="pbx")
    assert again.duplicate
    assert not house.state.items


async def test_a_call_that_is_closed_and_still_in_memory_is_not_offered_again(house: House) -> None:
    item = (await house.call("c1")).id
    await house.take("call.ended", {"call": "c1"})
    late = await house.take("call.offered", {"call": "c1", "to": "+3225550001"})
    assert (late.rejection, late.refs["item"]) == ("", item)
    assert [item.state for item in house.state.items.values()] == ["closed"]


async def test_a_call_that_ended_before_it_was_offered_does_not_ring(house: House) -> None:
    """F36, F39: the end is a function of the set of events, not of their order."""
    await house.sign_on("ann")
    ended = await house.take("call.ended", {"call": "c1"})
    assert ended.rejection == "unknown_call"
    outcome = await house.take("call.offered", {"call": "c1", "to": "+3225550001"})
    item = house.state.items[outcome.refs["item"]]
    await eventually(lambda: item.state == "closed")
    assert house.state.activity("ann") == "idle"


async def test_a_call_whose_end_was_told_to_another_node_does_not_ring_on(house: House) -> None:
    """That it is over lies in the store, and in no node's memory: whoever lets it in afterwards finds it there."""
    await house.sign_on("ann")
    ended = await house.take("call.ended", {"call": "c1"})
    assert ended.rejection == "unknown_call"
    house.intake = house.fresh_intake()
    outcome = await house.take("call.offered", {"call": "c1", "to": "+3225550001"})
    item = house.state.items[outcome.refs["item"]]
    await eventually(lambda: item.state == "closed")
    assert (item.outcome, house.state.activity("ann")) == ("abandoned", "idle")


STEPS = (
    ("call.offered", {"call": "c1", "to": "+3225550001"}),
    ("call.answered", {"call": "c1", "agent": "ann"}),
    ("call.held", {"call": "c1", "held": True}),
    ("call.held", {"call": "c1", "held": False}),
    ("call.connect_failed", {"call": "c1", "agent": "ann"}),
    ("call.ended", {"call": "c1"}),
)


@pytest.mark.parametrize("seed", range(8))
async def test_shuffled_phone_events_break_nothing_and_leave_no_ghost(house: House, seed: int) -> None:
    """F36: in every order, with duplicates, the call is over in the end and the agent is free."""
    chance = random.Random(seed)
    events = [house.event(type, data, f"e{number}") for number, (type, data) in enumerate(STEPS)] * 2
    chance.shuffle(events)
    await house.sign_on("ann")
    for event in events:
        await house.ended(await house.intake.take(event, by="pbx"))
    await eventually(lambda: [item.state for item in house.state.items.values()] == ["closed"])
    assert house.state.activity("ann") == "idle"


async def test_every_order_of_answer_and_hang_up_ends_in_one_way(house: House) -> None:
    """F31: either answered or abandoned, never both; and never an agent who talks to nobody."""
    await house.sign_on("ann")
    for number, order in enumerate(itertools.permutations(("call.offered", "call.answered", "call.ended"))):
        call = f"o{number}"
        more = {"call.offered": {"to": "+3225550001"}, "call.answered": {"agent": "ann"}, "call.ended": {}}
        for type in order:
            await house.take(type, {"call": call, **more[type]})
        await eventually(lambda: all(item.state == "closed" for item in house.state.items.values()))
        assert house.state.activity("ann") == "idle"


@pytest.mark.parametrize("who", [{"agent": "zoe"}, {"phone": "+3225559999"}])
async def test_an_unknown_agent_is_refused_by_name(house: House, who: dict[str, str]) -> None:
    refused = await house.refused("call.answered", {"call": "c1", **who})
    assert refused.code == "unknown_agent"
    assert refused.pointer == f"/data/{next(iter(who))}"


@pytest.mark.parametrize("who", [{}, {"agent": "ann", "phone": "2001"}])
async def test_an_agent_is_named_in_exactly_one_way(house: House, who: dict[str, str]) -> None:
    assert (await house.refused("call.answered", {"call": "c1", **who})).code == "bad_event"


async def test_a_phone_changed_at_sign_in_counts_at_once(house: House) -> None:
    await house.sign_on("ann")
    await house.do(SetAgentPhone(agent="ann", phone="sip:desk7@pbx.example"))
    item = await house.call()
    await house.take("call.answered", {"call": "c1", "phone": "SIP:desk7@PBX.example"})
    assert item.agent == "ann"


async def test_an_override_reaches_the_item(house: House) -> None:
    await house.do(SetPresence(agent="ann", state="offline"))
    item = await house.call(to="+3225550002", queue="expert", skills={"tax": 4}, priority=3, category="tax_question")
    assert (item.queue, item.requirement, item.priority, item.category) == (
        "expert",
        (("fr", 2), ("tax", 4)),
        3,
        "tax_question",
    )
