"""Silent customers: a chat in which nobody says anything takes no room, until somebody does."""

import pytest

from queues.capacity import Room
from router.core import commands as c
from router.core import events as e
from router.core.capacity import load_share, over_capacity
from router.core.due import next_deadline
from router.core.facts import MessageFacts
from router.core.views import agent_summary, item_view
from tests.core.world import World

SILENCE = 600_000


def chatting(*chats: str, silent_ms: int = SILENCE) -> World:
    """ann is in these chats; two of them are all that she has room for."""
    world = World()
    room = Room(maximum=2, weight=50, silent_ms=silent_ms)
    world.do(c.SetCapacity(agent="ann", channel="chat", room=room))
    world.sign_on("ann")
    for chat in chats:
        world.do(world.message(chat, channel="chat"), after=1)
        world.do(c.AcceptReservation(item=f"i-{chat}", agent="ann"))
    return world


def say(world: World, chat: str) -> None:
    """The agent writes."""
    world.made += 1
    message = MessageFacts(id=f"r{world.made}", content=f"t-r{world.made}")
    world.do(c.SendReply(item=f"i-{chat}", agent="ann", message=message))


def hear(world: World, chat: str) -> list[e.Event]:
    """The customer writes."""
    world.made += 1
    return world.do(world.message(f"x{world.made}", channel="chat", conversation=f"c-{chat}"))


def wait(world: World, ticks: int) -> list[e.Event]:
    return world.do(c.Pulse(), after=ticks)


def test_a_chat_without_a_word_for_so_long_makes_room_for_another() -> None:
    world = chatting("one", "two")
    say(world, "one")
    world.do(world.message("three", channel="chat"))
    assert next_deadline(world.state) == world.now + SILENCE
    wait(world, SILENCE - 1)
    assert world.item("i-three").state == "queued"
    events = wait(world, 1)
    assert [type(event) for event in events] == [e.ItemSilenced, e.ReservationMade]
    assert world.item("i-three").agent == "ann"
    assert item_view(world.state, "i-one")["silent"] and world.item("i-one").state == "active"
    world.reload()


def test_waking_above_capacity_is_visible_and_takes_nothing_away() -> None:
    world = chatting("one", "two")
    say(world, "one")
    wait(world, SILENCE)
    world.do(world.message("three", channel="chat"))
    world.do(c.AcceptReservation(item="i-three", agent="ann"))
    ann = world.state.agents["ann"]
    assert not over_capacity(world.state, ann) and load_share(world.state, ann) == 1_000
    (woken,) = [event for event in hear(world, "one") if isinstance(event, e.ItemWoken)]
    assert woken.over
    assert over_capacity(world.state, ann) and load_share(world.state, ann) == 1_500
    assert agent_summary(world.state, "ann")["over_capacity"]
    world.do(world.message("four", channel="chat"))
    assert world.item("i-four").state == "queued"
    world.do(c.CompleteItem(item="i-two", agent="ann", disposition="done"))
    assert world.item("i-four").state == "queued" and not over_capacity(world.state, ann)
    world.do(c.CompleteItem(item="i-one", agent="ann", disposition="done"))
    assert world.item("i-four").agent == "ann"


def test_waking_within_capacity_is_no_alarm() -> None:
    world = chatting("one")
    say(world, "one")
    wait(world, SILENCE)
    (woken,) = [event for event in hear(world, "one") if isinstance(event, e.ItemWoken)]
    assert not woken.over and not world.item("i-one").silent


def test_a_word_of_the_customer_in_time_keeps_it_awake_and_the_agents_next_one_counts_anew() -> None:
    world = chatting("one")
    say(world, "one")
    wait(world, SILENCE - 1)
    hear(world, "one")
    assert next_deadline(world.state) is None, "the agent has not answered: it is not the customer who is silent"
    wait(world, SILENCE)
    assert not world.item("i-one").silent
    say(world, "one")
    wait(world, SILENCE - 1)
    say(world, "one")
    wait(world, 1)
    assert not world.item("i-one").silent
    wait(world, SILENCE)
    assert world.item("i-one").silent


def test_what_the_agent_never_answered_is_not_silent() -> None:
    world = chatting("one")
    assert next_deadline(world.state) is None


def test_without_the_rule_nothing_is_silent_and_taking_it_away_counts_what_was() -> None:
    world = chatting("one", "two", silent_ms=0)
    say(world, "one")
    assert next_deadline(world.state) is None
    world = chatting("one", "two")
    say(world, "one")
    wait(world, SILENCE)
    assert world.state.room(world.state.agents["ann"], "chat")
    world.do(c.SetCapacity(agent="ann", channel="chat", room=Room(maximum=2, weight=50)))
    assert not world.state.room(world.state.agents["ann"], "chat")


@pytest.mark.parametrize("end", ["leave", "end", "pending", "transfer", "complete"])
def test_a_silent_chat_ends_in_every_way(end: str) -> None:
    world = chatting("one")
    say(world, "one")
    wait(world, SILENCE)
    world.do(
        {
            "leave": c.LeaveChat(conversation="c-one"),
            "end": c.EndContact(item="i-one", agent="ann"),
            "pending": c.SetPending(item="i-one", agent="ann"),
            "transfer": c.TransferItem(item="i-one", queue="expert"),
            "complete": c.CompleteItem(item="i-one", agent="ann", disposition="done"),
        }[end]
    )
    assert not world.item("i-one").silent and world.item("i-one").silent_at is None


def test_who_vanishes_leaves_silent_chats_as_others() -> None:
    world = chatting("one")
    say(world, "one")
    wait(world, SILENCE)
    world.do(c.SetPresence(agent="ann", state="offline"))
    assert world.item("i-one").state == "queued" and not world.item("i-one").silent
