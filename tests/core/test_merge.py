"""Two conversations about one matter become one, and apart again."""

import pytest

from queues.capacity import Room
from router.core import commands as c
from router.core.item import WorkItem
from router.core.views import item_view
from tests.core.world import World


def two() -> World:
    """A world in which ann works on the mail i-a, while i-b of the same customer waits."""
    world = World()
    world.sign_on("ann")
    world.do(c.SetCapacity(agent="ann", channel="email", room=Room(maximum=1, weight=50)))
    world.do(world.message("a", keys=("ka",)))
    world.do(c.AcceptReservation(item="i-a", agent="ann"))
    world.do(world.message("b", keys=("kb",)), after=100)
    return world


def merged() -> World:
    """The same after ann merged the one that waits into hers."""
    world = two()
    world.do(c.MergeConversation(item="i-b", into="i-a", agent="ann"))
    return world


def held(world: World, id: str) -> WorkItem:
    """An item that ann works on."""
    item = world.item(id)
    assert (item.state, item.agent) == ("active", "ann")
    return item


def test_one_goes_on_and_the_other_closes() -> None:
    world = merged()
    held(world, "i-a")
    part = world.item("i-b")
    assert (part.state, part.outcome, part.counted) == ("closed", "merged", False)
    assert world.state.conversations["c-b"].merged_into == "c-a"
    assert world.state.conversations["c-a"].merged == ("c-b",)
    world.reload()


@pytest.mark.parametrize("key", ["ka", "kb"])
def test_later_mails_to_either_land_in_the_one_that_goes_on(key: str) -> None:
    world = merged()
    world.do(world.message("later", keys=(key,)))
    assert world.state.conversations["c-a"].seq == 2
    assert "i-later" not in world.state.items
    world.do(world.message("named", conversation="c-b"))
    assert world.state.conversations["c-a"].seq == 3


def test_the_one_that_goes_on_is_as_urgent_as_the_more_urgent_one() -> None:
    world = two()
    world.do(c.TransferItem(item="i-a", agent="ann", queue="help"))
    world.do(c.AcceptReservation(item="i-a", agent="ann"))
    due = world.item("i-a").due
    assert due < world.item("i-b").due
    world.do(c.MergeConversation(item="i-a", into="i-b", agent="ann"))
    assert world.item("i-b").due == due
    assert world.item("i-b").state == "reserved", "ann has room again"


def test_what_is_reserved_for_a_colleague_is_released() -> None:
    world = two()
    world.sign_on("bob")
    assert world.item("i-b").agent == "bob"
    world.do(c.MergeConversation(item="i-b", into="i-a", agent="ann"))
    assert world.state.activity("bob") == "idle"


def test_nothing_is_taken_from_the_hands_of_a_colleague() -> None:
    world = two()
    world.sign_on("bob")
    assert world.refuse(c.MergeConversation(item="i-b", into="i-a", agent="eve")) == "not_yours"
    world.do(c.AcceptReservation(item="i-b", agent="bob"))
    assert world.refuse(c.MergeConversation(item="i-b", into="i-a", agent="ann")) == "not_yours"
    world.do(c.MergeConversation(item="i-b", into="i-a", agent="bob"))
    held(world, "i-a")


def test_what_waits_for_its_customer_wakes_when_a_colleague_merges_a_mail_into_it() -> None:
    world = two()
    world.do(c.SetPending(item="i-a", agent="ann"))
    world.do(c.SetPresence(agent="ann", state="offline"))
    world.sign_on("bob")
    world.do(c.AcceptReservation(item="i-b", agent="bob"))
    world.do(c.MergeConversation(item="i-b", into="i-a", agent="bob"))
    assert (world.item("i-a").state, world.item("i-a").reopen_count) == ("reserved", 1)


def test_undone_the_conversation_goes_on_by_itself_as_old_and_as_urgent() -> None:
    world = merged()
    before = world.item("i-b")
    world.do(c.UnmergeConversation(item="i-b", opens="i-c", agent="ann"), after=5_000)
    opened = world.item("i-c")
    assert (opened.conversation, opened.queue, opened.reopens) == ("c-b", before.queue, "i-b")
    assert (opened.first_entered_at, opened.due) == (before.first_entered_at, before.due)
    assert world.state.conversations["c-b"].merged_into == "" and world.state.conversations["c-a"].merged == ()
    world.do(world.message("later", keys=("kb",)))
    assert (world.state.conversations["c-a"].seq, world.state.conversations["c-b"].seq) == (1, 2)
    world.reload()


def test_it_can_be_undone_as_long_as_the_one_that_goes_on_is_open() -> None:
    world = merged()
    world.do(c.Forget(items=("i-b",)))
    assert world.refuse(c.UnmergeConversation(item="i-b", opens="i-c", agent="bob")) == "not_yours"
    assert world.refuse(c.UnmergeConversation(item="i-a", opens="i-c", agent="ann")) == "wrong_state"
    assert world.refuse(c.UnmergeConversation(item="i-x", opens="i-c", agent="ann")) == "unknown_item"
    world.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    assert world.refuse(c.UnmergeConversation(item="i-b", opens="i-c")) == "wrong_state"


def test_what_was_merged_leaves_memory_with_the_one_that_goes_on() -> None:
    world = merged()
    world.do(c.Forget(items=("i-b",)))
    assert "i-b" in world.state.items
    world.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    world.do(c.Forget(items=("i-a",)))
    assert not world.state.items and not world.state.conversations


def test_a_chain_of_merges_ends_in_one() -> None:
    world = merged()
    world.do(world.message("d", keys=("kd",)))
    world.do(c.MergeConversation(item="i-a", into="i-d", agent="ann"))
    assert item_view(world.state, "i-d")["parts"]["merged"] == ["c-a", "c-b"]
    world.do(world.message("later", keys=("kb",)))
    assert world.state.conversations["c-d"].seq == 2
    world.do(c.AcceptReservation(item="i-d", agent="ann"))
    world.do(c.CompleteItem(item="i-d", agent="ann", disposition="done"))
    world.do(c.Forget(items=("i-d",)))
    assert not world.state.conversations


def test_a_mail_after_the_end_opens_a_new_item_in_the_conversation_that_went_on() -> None:
    world = merged()
    world.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    world.do(world.message("later", keys=("kb",)))
    item = world.item("i-later")
    assert (item.conversation, item.reopens) == ("c-a", "i-a")


def test_what_cannot_be_merged_is_refused() -> None:
    world = two()
    world.do(world.message("chat", channel="chat"))
    merge = c.MergeConversation
    assert world.refuse(merge(item="i-a", into="i-a", agent="ann")) == "bad_value"
    assert world.refuse(merge(item="i-none", into="i-a", agent="ann")) == "unknown_item"
    assert world.refuse(merge(item="i-b", into="i-none", agent="ann")) == "unknown_item"
    assert world.refuse(merge(item="i-chat", into="i-a", agent="ann")) == "wrong_channel"
    assert world.refuse(merge(item="i-b", into="i-chat", agent="ann")) == "wrong_channel"
    world.do(merge(item="i-b", into="i-a", agent="ann"))
    assert world.refuse(merge(item="i-b", into="i-a", agent="ann")) == "unknown_item"
