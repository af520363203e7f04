"""Consults: specialists are asked about an item that its agent keeps; warm, it is handed over once they are there."""

import msgspec
import pytest

from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.facts import Facts, MessageFacts
from router.core.item import WorkItem
from router.core.views import item_view
from tests.core.world import World, change

ASK = "q1"


def asked(world: World, *, channel: str = "email", **more: str) -> tuple[WorkItem, WorkItem]:
    """A mail (or chat) that ann works on and asks about, and the consult."""
    world.sign_on("ann")
    world.do(world.message("1", channel=channel))
    world.do(c.AcceptReservation(item="i-1", agent="ann"))
    world.do(c.ConsultItem(item="i-1", agent="ann", consult=ASK, note="n1", **more))
    return world.item("i-1"), world.item(ASK)


def taken(world: World, *, channel: str = "email") -> tuple[WorkItem, WorkItem]:
    """The same, and eve has taken the consult up."""
    item, consult = asked(world, channel=channel)
    world.sign_on("eve")
    world.do(c.AcceptReservation(item=ASK, agent="eve"))
    return item, consult


def on_the_phone(world: World) -> tuple[WorkItem, WorkItem]:
    """A call that ann talks on, escalated to be connected; eve is on the line."""
    world.sign_on("ann", "eve")
    item = world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(c.EscalateItem(item=item.id, agent="ann", reason="too_hard", note="n1", mode="connect", consult=ASK))
    world.do(c.AcceptReservation(item=ASK, agent="eve"))
    return item, world.item(ASK)


def test_a_consult_waits_for_specialists_as_any_item_does_and_who_asks_keeps_theirs() -> None:
    world = World()
    item, consult = asked(world)
    assert (consult.state, consult.queue, consult.channel) == ("queued", "expert", "email")
    assert (consult.consults, consult.asker, consult.conversation) == (item.id, "ann", item.conversation)
    world.sign_on("eve")
    assert (consult.state, consult.agent, item.state, item.agent) == ("reserved", "eve", "active", "ann")
    assert world.state.conversations[item.conversation].item == item.id
    assert not world.state.room(world.state.agents["eve"], "phone"), "it takes room as what it is about would"


def test_who_asks_is_told_when_it_is_taken_up_answered_or_over() -> None:
    world = World()
    item, consult = taken(world)
    (told,) = item_view(world.state, item.id)["consultations"]
    assert (told["id"], told["agent"], told["state"]) == (ASK, "eve", "active")
    events = world.do(c.AnswerConsult(item=ASK, agent="eve", note="n2"))
    assert [type(event) for event in events] == [e.ConsultAnswered, e.ItemClosed]
    assert (item.consultations, item.answers, consult.state, consult.outcome) == ((), 1, "closed", "consulted")


def test_who_was_asked_cannot_answer_the_customer_nor_end_the_matter() -> None:
    world = World()
    taken(world)
    reply = c.SendReply(item=ASK, agent="eve", message=MessageFacts(id="m", content="t"), delivery="d")
    refused = (
        reply,
        c.CompleteItem(item=ASK, agent="eve", disposition="done"),
        c.EscalateItem(item=ASK, agent="eve", reason="hard", note="n"),
        c.ConsultItem(item=ASK, agent="eve", consult="q2", note="n"),
        c.SetPending(item=ASK, agent="eve"),
    )
    assert [world.refuse(command) for command in refused] == ["is_consult"] * len(refused)
    assert world.refuse(c.AnswerConsult(item="i-1", agent="ann", note="n")) == "no_consult"
    assert world.refuse(c.AnswerConsult(item=ASK, agent="eve", note="")) == "note_required"


@pytest.mark.parametrize("taken_up", [False, True])
def test_who_asked_may_end_it_and_whoever_was_rung_for_is_free(taken_up: bool) -> None:
    world = World()
    item, _ = taken(world) if taken_up else asked(world)
    world.sign_on("eve")
    assert world.refuse(c.EndConsult(item=ASK, agent="eve")) == "not_yours"
    world.do(c.EndConsult(item=ASK, agent="ann"))
    assert world.item(ASK).state == "closed" and item.consultations == () and item.answers == 0
    assert world.state.holds.get("eve") is None
    assert world.refuse(c.EndConsult(item=ASK, agent="ann")) == "unknown_item"
    assert world.refuse(c.EndConsult(item="i-1", agent="ann")) == "no_consult"


def test_a_consult_ends_with_its_item() -> None:
    world = World()
    taken(world)
    events = world.do(c.CompleteItem(item="i-1", agent="ann", disposition="done"))
    ended = next(event for event in events if isinstance(event, e.ConsultEnded))
    assert (ended.item, ended.consult, ended.reason) == ("i-1", ASK, "item_ended")
    assert world.item(ASK).state == "closed"
    world.do(c.Forget(items=("i-1", ASK)))
    world.reload()


def test_it_ends_with_an_item_that_ends_in_the_same_moment_in_which_nobody_answers_the_consult() -> None:
    world = World()
    queue = msgspec.structs.replace(world.state.queues["help"], wrap_up_ms={"chat": 20_000})
    world.do(c.ApplyCentre(changes=(change(queue, seen=None),)))
    item, consult = asked(world, channel="chat")
    world.sign_on("eve")
    assert consult.state == "reserved"
    world.do(c.EndContact(item=item.id, agent="ann"))
    world.do(c.Pulse(), after=20_000)
    assert (item.state, consult.state) == ("closed", "closed")


def test_who_asks_is_never_asked_themselves() -> None:
    world = World()
    _, consult = asked(world, queue="help")
    assert consult.state == "queued", "ann is there, serves the queue, and asked"
    world.sign_on("bob")
    assert consult.agent == "bob"
    world.do(c.RequeueItem(item=ASK))
    assert consult.agent == "bob"
    assert world.refuse(c.TransferItem(item=ASK, to_agent="ann")) == "bad_value"
    mine = c.ConsultItem(item="i-1", agent="ann", consult="q2", note="n", to_agent="ann")
    assert world.refuse(mine) == "bad_value"


def test_a_colleague_is_asked_by_name() -> None:
    world = World()
    _, consult = asked(world, to_agent="bob")
    world.sign_on("eve")
    assert consult.state == "queued"
    world.sign_on("bob")
    assert consult.agent == "bob"


def test_what_a_question_needs() -> None:
    world = World()
    asked(world)
    ask = c.ConsultItem(item="i-1", agent="ann", consult="q2", note="n")
    for change_of, code in (
        ({"note": ""}, "note_required"),
        ({"queue": "nowhere"}, "unknown_queue"),
        ({"to_agent": "nobody"}, "unknown_agent"),
        ({"consult": ASK}, "duplicate_id"),
        ({"agent": "bob"}, "not_yours"),
    ):
        assert world.refuse(msgspec.structs.replace(ask, **change_of)) == code
    for number in range(limits.CONSULTS_MAX - 1):
        world.do(msgspec.structs.replace(ask, consult=f"more{number}"))
    assert world.refuse(ask) == "full"


def test_a_specialist_who_vanishes_leaves_the_question_to_the_others() -> None:
    """Also on the phone: nobody talks with the customer but who asked."""
    world = World()
    item, consult = on_the_phone(world)
    world.do(c.LoseClient(agent="eve", client="tab-eve"))
    world.do(c.Pulse(), after=limits.PRESENCE_GRACE_TICKS)
    assert (consult.state, item.state, item.agent) == ("queued", "active", "ann")


def test_warm_the_specialist_gets_the_item_with_the_customer_on_the_line() -> None:
    world = World()
    item, consult = on_the_phone(world)
    assert consult.warm and (item.state, item.agent) == ("active", "ann")
    first = item.first_entered_at
    events = world.do(c.HandOver(item=item.id, agent="ann", consult=ASK), after=50)
    assert [type(event).__name__ for event in events] == [
        "ConsultEnded",
        "ItemClosed",
        "ItemEscalated",
        "ItemHandedOver",
        "ItemQueued",
        "ReservationMade",
        "ReservationAccepted",
        "CallAnswered",
    ]
    assert (item.state, item.agent, item.queue, item.answered) == ("active", "eve", "expert", True)
    assert (item.first_entered_at, item.entered_at, item.followers) == (first, world.now, ("ann",))
    assert world.do(c.AnswerCall(call="k", agent="eve")) == [], "the phone system says what is so already"
    world.do(c.EndCall(call="k"))
    assert world.call().agent == "ann"


def test_handing_over_needs_somebody_who_is_there_and_a_reason() -> None:
    world = World()
    item, _ = asked(world)
    hand = c.HandOver(item=item.id, agent="ann", consult=ASK)
    world.sign_on("eve")
    assert world.refuse(hand) == "wrong_state"
    world.do(c.AcceptReservation(item=ASK, agent="eve"))
    assert world.refuse(hand) == "reason_required"
    assert world.refuse(msgspec.structs.replace(hand, consult="q9")) == "no_consult"
    world.do(msgspec.structs.replace(hand, reason="too_hard"))
    assert (item.agent, item.state, item.escalations) == ("eve", "active", 1)


def test_a_colleague_of_the_same_queue_gets_it_by_transfer() -> None:
    world = World()
    item, _ = asked(world, queue="help", to_agent="bob")
    world.sign_on("bob")
    world.do(c.AcceptReservation(item=ASK, agent="bob"))
    events = world.do(c.HandOver(item=item.id, agent="ann", consult=ASK))
    assert e.ItemTransferred in {type(event) for event in events}
    assert (item.agent, item.queue, item.escalations) == ("bob", "help", 0)


def test_only_somebody_on_the_line_can_be_connected() -> None:
    world = World()
    item, _ = asked(world)
    now = c.EscalateItem(item=item.id, agent="ann", reason="x", note="n", mode="connect", consult="q2")
    assert world.refuse(now) == "wrong_channel"


def test_a_consult_is_no_call_that_keeps_somebody_from_signing_out() -> None:
    world = World()
    on_the_phone(world)
    world.do(c.SignOut(agent="eve", choices={ASK: "return"}))
    assert world.item(ASK).state == "queued"
    world.do(c.ForcePresence(agent="ann", state="not_ready", reason="x"))
    world.do(c.MoveItems(agent="ann", to_agent="bob"))
    assert world.item("i-k").agent == "ann", "the call stays"


def test_a_consult_that_outlives_the_conversation_in_memory_stops_nobody() -> None:
    """The archive may have the item before the consult; what was about both is about the item alone."""
    world = World()
    item, _ = asked(world)
    world.sign_on("eve")
    world.do(c.AcceptReservation(item=ASK, agent="eve"))
    world.do(c.AnswerConsult(item=ASK, agent="eve", note="n"))
    world.do(c.CompleteItem(item=item.id, agent="ann", disposition="done"))
    world.do(c.Forget(items=(item.id,)))
    assert item.conversation not in world.state.conversations and ASK in world.state.items
    assert world.refuse(c.UnmergeConversation(item=ASK, opens="i-new")) == "is_consult"
    assert world.refuse(c.LinkCustomer(item=ASK, agent="", customer="other")) == "is_consult"
    world.do(c.Forget(items=(ASK,)))
    assert not world.state.items


def test_nobody_is_called_back_for_a_consult() -> None:
    world = World()
    asked(world)
    back = c.AskCallback(item="b", conversation="c-b", facts=Facts(queue="help"), of=ASK)
    assert world.refuse(back) == "is_consult"
