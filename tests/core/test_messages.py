"""E-mails and chats: one conversation, one item at a time, each message once and in order."""

from queues.queue import Queue
from router.core import commands as c
from router.core import events as e
from router.core.facts import MessageFacts
from tests.core.world import World, change


def reply(item: str, agent: str, id: str, delivery: str = "") -> c.SendReply:
    return c.SendReply(
        item=item, agent=agent, message=MessageFacts(id=id, content=f"t-{id}", natural_key=f"n-{id}"), delivery=delivery
    )


def answered_mail(world: World) -> None:
    """The mail `i-a` is with ann, who has answered it."""
    world.sign_on("ann")
    world.do(world.message("a", keys=("k1",)))
    world.do(c.AcceptReservation(item="i-a", agent="ann"))
    world.do(reply("i-a", "ann", "r1", "d1"))


def test_the_customers_answer_lands_in_the_same_conversation_and_reopens_the_pending_item() -> None:
    world = World()
    answered_mail(world)
    world.do(c.SetPending(item="i-a", agent="ann"))
    world.sign_on("bob")
    world.do(c.StartDelivery(delivery="d1", attempt=1))
    world.do(c.EndDelivery(delivery="d1", attempt=1, result="sent", thread_keys=("ours1",)))
    world.do(world.message("b", keys=("k2", "ours1")), after=50)
    item = world.item("i-a")
    assert "i-b" not in world.state.items
    assert item.state == "reserved" and item.agent == "ann", "its last agent is asked before others"
    assert world.state.conversations["c-a"].seq == 3
    assert item.due == world.now + world.state.queues["help"].target("email")


def test_an_answer_after_closing_opens_a_linked_item_in_the_same_conversation() -> None:
    world = World()
    answered_mail(world)
    world.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    world.do(world.message("b", keys=("k1",)))
    item = world.item("i-b")
    assert (item.conversation, item.reopens, item.reopen_count, item.last_agent) == ("c-a", "i-a", 1, "ann")
    assert world.state.conversations["c-a"].item == "i-b"


def test_the_same_mail_twice_has_one_effect() -> None:
    world = World()
    world.do(world.message("a"))
    assert world.do(world.message("a", item="i-x", conversation="c-x")) == []


def test_an_automatic_answer_reopens_nothing() -> None:
    world = World()
    answered_mail(world)
    world.do(c.SetPending(item="i-a", agent="ann"))
    events = world.do(world.message("b", keys=("k1",), automatic=True))
    assert [type(x) for x in events] == [e.MessageReceived]
    assert world.item("i-a").state == "pending"


def test_a_pending_item_comes_back_on_its_date() -> None:
    world = World()
    answered_mail(world)
    assert world.refuse(c.SetPending(item="i-a", agent="ann", until=world.now)) == "bad_date"
    world.do(c.SetPending(item="i-a", agent="ann", until=world.now + 500))
    world.do(c.Pulse(), after=500)
    assert world.item("i-a").agent == "ann"


def test_pending_frees_room_and_resuming_needs_it() -> None:
    world = World()
    answered_mail(world)
    world.do(c.SetPending(item="i-a", agent="ann"))
    call = world.call()
    assert call.agent == "ann"
    assert world.refuse(c.ResumeItem(item="i-a", agent="ann")) == "full"
    world.do(c.EndCall(call=call.call))
    world.do(c.ResumeItem(item="i-a", agent="ann"))
    assert world.item("i-a").state == "active"


def test_a_reply_that_may_have_arrived_is_resent_only_by_a_person() -> None:
    world = World()
    answered_mail(world)
    assert world.refuse(c.EndDelivery(delivery="d1", attempt=1, result="sent")) == "wrong_attempt"
    world.do(c.StartDelivery(delivery="d1", attempt=1))
    assert world.refuse(c.StartDelivery(delivery="d1", attempt=2)) == "wrong_attempt"
    world.do(c.EndDelivery(delivery="d1", attempt=1, result="unknown"))
    assert world.refuse(c.StartDelivery(delivery="d1", attempt=2)) == "wrong_attempt"
    world.do(c.RetryDelivery(delivery="d1", agent="ann"))
    world.do(c.StartDelivery(delivery="d1", attempt=2))
    assert world.state.deliveries["d1"].state == "sending"


def test_a_mail_reply_needs_a_delivery_and_a_chat_reply_none() -> None:
    world = World()
    answered_mail(world)
    assert world.refuse(reply("i-a", "ann", "r2")) == "bad_value"
    assert world.refuse(reply("i-a", "bob", "r2", "d2")) == "not_yours"


def test_a_chat_that_is_left_before_an_answer_is_abandoned() -> None:
    world = World()
    world.do(world.message("a", channel="chat"))
    world.do(c.LeaveChat(conversation="c-a"))
    assert world.item("i-a").state == "closed"
    world.sign_on("ann")
    world.do(world.message("b", channel="chat"))
    world.do(c.AcceptReservation(item="i-b", agent="ann"))
    world.do(reply("i-b", "ann", "r1"))
    world.do(c.LeaveChat(conversation="c-b"))
    assert world.item("i-b").state == "closed" and world.state.conversations["c-b"].gone


def test_seen_only_grows_and_never_past_the_last_message() -> None:
    world = World()
    world.do(world.message("a", channel="chat"))
    assert world.do(c.MarkSeen(conversation="c-a", side="agent", up_to=9)) != []
    assert world.state.conversations["c-a"].seen == {"agent": 1}
    assert world.do(c.MarkSeen(conversation="c-a", side="agent", up_to=1)) == []


def test_forgetting_takes_only_closed_items_and_keeps_unfinished_deliveries() -> None:
    world = World()
    answered_mail(world)
    world.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    world.do(world.message("b"))
    world.do(c.Forget(items=("i-a", "i-b", "i-zzz")))
    assert "i-a" not in world.state.items and "c-a" not in world.state.conversations
    assert "i-b" in world.state.items and "d1" in world.state.deliveries
    world.do(c.StartDelivery(delivery="d1", attempt=1))
    world.do(c.EndDelivery(delivery="d1", attempt=1, result="sent"))
    assert world.state.deliveries == {}


def test_a_conversation_that_left_memory_goes_on_with_its_numbers() -> None:
    world = World()
    world.do(world.message("b", conversation="c-old", reopens="i-old", reopen_count=2, last_seq=7))
    assert world.state.conversations["c-old"].seq == 8
    assert world.item("i-b").reopen_count == 2


def test_two_chats_fit_and_a_call_does_not() -> None:
    world = World()
    world.sign_on("ann")
    for id in ("a", "b", "d"):
        world.do(world.message(id, channel="chat"))
    assert [world.item(f"i-{id}").state for id in ("a", "b", "d")] == ["reserved", "reserved", "queued"]
    assert world.call().state == "queued"


def test_what_a_customer_writes_during_wrap_up_gets_an_item_of_its_own() -> None:
    """The wrap-up ends by itself; a message that joined it would be answered by nobody."""
    world = World()
    world.do(c.ApplyCentre(changes=(change(Queue(id="help", wrap_up_ms={"chat": 5_000}), seen=None),)))
    world.sign_on("ann")
    world.do(world.message("a", channel="chat"))
    world.do(c.AcceptReservation(item="i-a", agent="ann"))
    world.do(c.EndContact(item="i-a", agent="ann"))
    world.do(world.message("b", channel="chat", conversation="c-a"))
    assert (world.item("i-a").state, world.item("i-b").state) == ("wrapping", "reserved")
    assert (world.item("i-b").reopens, world.item("i-b").agent) == ("i-a", "ann")
    world.do(c.Pulse(), after=5_000)
    assert (world.item("i-a").state, world.item("i-b").state) == ("closed", "reserved")
