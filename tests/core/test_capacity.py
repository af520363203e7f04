"""Capacity: who may come while others are held, how much of it is in use, and how long agents were busy."""

from queues.capacity import Room, circular, fits, interrupted, over, share
from router.core import commands as c
from router.core.capacity import load_share
from tests.core.world import World

PEERS_MIX = {
    "phone": Room(maximum=1, weight=60),
    "chat": Room(maximum=2, weight=10),
    "email": Room(maximum=2, weight=10),
}
"""A house whose voice is always possible: 60 beside the most of all others."""


def test_a_call_beside_all_the_rest_and_no_third_chat_though_there_is_room() -> None:
    assert fits(PEERS_MIX, 100, ["chat", "chat", "email", "email"], "phone")
    assert not fits(PEERS_MIX, 100, ["chat", "chat"], "chat")


def test_a_channel_without_room_gets_nothing() -> None:
    assert not fits(PEERS_MIX, 100, [], "webhook")
    assert not fits({"chat": Room(maximum=0, weight=1)}, 100, [], "chat")


def test_the_share_in_use_counts_weights_against_the_total() -> None:
    rooms = {"chat": Room(maximum=9, weight=1)}
    assert [share(rooms, total, ["chat"] * used) for total, used in ((5, 3), (4, 3), (5, 3), (3, 0))] == [
        600,
        750,
        600,
        0,
    ]
    assert share(rooms, 0, []) == 1_000


def test_while_an_item_is_held_alone_nothing_of_another_channel_comes() -> None:
    rooms = {
        "chat": Room(maximum=2, weight=10, alone=True),
        "email": Room(maximum=1, weight=10),
        "phone": Room(maximum=1, weight=10),
    }
    assert not fits(rooms, 100, ["chat"], "email")
    assert fits(rooms, 100, ["chat"], "chat")
    assert fits(rooms, 100, ["email"], "chat"), "alone keeps others away, it does not wait for them"
    assert not fits(rooms, 100, ["email", "chat"], "phone")
    assert fits(rooms, 100, ["email"], "phone")
    assert not fits(rooms, 100, ["email", "phone"], "email")


def test_what_gives_way_does_not_count_for_what_interrupts_it() -> None:
    rooms = {
        "email": Room(maximum=3, weight=33, interruptible_by=("chat", "phone")),
        "chat": Room(maximum=2, weight=50),
        "phone": Room(maximum=1, weight=100),
    }
    mails = ["email"] * 3
    assert fits(rooms, 100, mails, "chat") and fits(rooms, 100, mails, "phone")
    assert not fits(rooms, 100, ["phone"], "email"), "never the reverse"
    assert not fits(rooms, 100, [*mails, "chat"], "phone")
    assert interrupted(rooms, 100, [*mails, "phone"]) == {"email"}
    assert interrupted(rooms, 100, ["email", "chat"]) == frozenset(), "both fit"
    assert not over(rooms, 100, [*mails, "phone"]) and over(rooms, 100, ["email", "chat", "phone"])


def test_nothing_interrupts_what_interrupts_it() -> None:
    def room(*by: str) -> Room:
        return Room(maximum=1, weight=1, interruptible_by=by)

    assert not circular({"email": room("chat", "phone"), "chat": room("phone"), "phone": room()})
    assert circular({"email": room("chat"), "chat": room("phone"), "phone": room("email")})
    assert circular({"email": room("email")})


def test_an_agent_counts_what_they_handled_and_how_long_since_they_signed_on() -> None:
    world = World()
    world.sign_on("bob")
    first = world.call()
    assert load_share(world.state, world.state.agents["bob"]) == 1_000
    bob = world.state.presences["bob"]
    assert (bob.handled, bob.busy_since) == (0, None), "not before they accept"
    world.do(c.AcceptReservation(item=first.id, agent="bob"), after=5)
    world.do(c.AnswerCall(call="call1", agent="bob"))
    assert (bob.handled, bob.busy_since) == (1, world.now)
    world.do(c.EndCall(call="call1"), after=100)
    assert bob.busy_ticks(world.now) == 100 and bob.busy_since is not None, "wrap-up is busy time"
    world.do(c.CompleteItem(item=first.id, agent="bob", disposition="done"), after=20)
    assert (bob.handled, bob.busy, bob.busy_since) == (1, 120, None)
    assert load_share(world.state, world.state.agents["bob"]) == 0
    world.do(c.SetPresence(agent="bob", state="offline"), after=10)
    world.do(c.SetPresence(agent="bob", state="available"), after=10)
    assert (bob.handled, bob.busy, bob.busy_since) == (0, 0, None)


def test_two_items_at_once_are_busy_time_once() -> None:
    world = World()
    world.sign_on("bob")
    for id in ("a", "b"):
        world.do(world.message(id), after=1)
        world.do(c.AcceptReservation(item=f"i-{id}", agent="bob"), after=1)
    bob = world.state.presences["bob"]
    since = bob.busy_since
    world.do(c.SetPending(item="i-a", agent="bob"), after=10)
    assert (bob.handled, bob.busy, bob.busy_since) == (2, 0, since)
    world.do(c.CompleteItem(item="i-b", agent="bob", disposition="done"), after=10)
    assert bob.busy_since is None and since is not None and bob.busy == world.now - since
    world.do(c.ResumeItem(item="i-a", agent="bob"), after=10)
    assert (bob.handled, bob.busy_since) == (2, world.now)
