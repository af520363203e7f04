"""Interrupting: a call comes to who works on mails; these are parked with them, and come back before new work."""

from typing import Any

import msgspec
import pytest

from queues.capacity import Room
from router.core import commands as c
from router.core import events as e
from router.core.due import next_deadline
from tests.core.world import World, agent, change

GIVING_WAY = {
    "phone": Room(maximum=1, weight=100),
    "chat": Room(maximum=2, weight=50),
    "email": Room(maximum=3, weight=33, interruptible_by=("phone", "chat")),
}


def busy_with_mails(count: int = 2, rooms: dict[str, Room] = GIVING_WAY) -> World:
    """ann works on some mails, and is the only one there."""
    world = World()
    for channel, room in rooms.items():
        world.do(c.SetCapacity(agent="ann", channel=channel, room=room))  # type: ignore[arg-type]
    world.sign_on("ann")
    for number in range(count):
        world.do(world.message(f"m{number}"), after=1)
        world.do(c.AcceptReservation(item=f"i-m{number}", agent="ann"))
    return world


def kinds(events: list[e.Event], *wanted: type) -> list[tuple[str, str]]:
    return [(type(event).__name__, event.item) for event in events if isinstance(event, wanted)]  # type: ignore[attr-defined]


def told(events: list[e.Event]) -> list[tuple[str, str]]:
    """What was interrupted, what goes on, and what is held for somebody, in order."""
    return kinds(events, e.ItemInterrupted, e.ItemContinued, e.ReservationMade)


def test_a_call_comes_all_the_same_and_parks_the_mails_once_it_is_accepted() -> None:
    world = busy_with_mails(2)
    call = world.call("k")
    assert call.state == "reserved" and call.agent == "ann"
    assert not world.item("i-m0").interrupted, "it only rings"
    events = world.do(c.AnswerCall(call="k", agent="ann"))
    assert told(events) == [("ItemInterrupted", "i-m0"), ("ItemInterrupted", "i-m1")]
    assert {world.item(id).state for id in ("i-m0", "i-m1")} == {"active"}
    assert set(world.state.theirs("ann")) == {"i-m0", "i-m1", "i-k"}
    world.reload()


def test_they_come_back_before_new_work_when_the_call_and_its_wrap_up_are_over() -> None:
    world = busy_with_mails(2)
    world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(world.message("new"), after=1)
    world.do(c.EndCall(call="k"), after=60_000)
    assert world.item("i-m0").interrupted, "wrap-up is work"
    events = world.do(c.CompleteItem(item="i-k", agent="ann", disposition="done"))
    assert told(events) == [("ItemContinued", "i-m0"), ("ItemContinued", "i-m1"), ("ReservationMade", "i-new")]


def test_never_the_reverse() -> None:
    world = busy_with_mails(0)
    world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(world.message("m"))
    assert world.item("i-m").state == "queued"


def test_nothing_is_parked_while_both_fit() -> None:
    world = busy_with_mails(1)
    world.do(world.message("talk", channel="chat"))
    events = world.do(c.AcceptReservation(item="i-talk", agent="ann"))
    assert told(events) == [] and not world.item("i-m0").interrupted


def test_three_mails_at_full_load_and_a_chat_comes() -> None:
    world = busy_with_mails(3)
    world.do(world.message("talk", channel="chat"))
    events = world.do(c.AcceptReservation(item="i-talk", agent="ann"))
    assert [kind for kind, _ in told(events)] == ["ItemInterrupted"] * 3


def test_the_last_interrupter_ends_it() -> None:
    world = busy_with_mails(3)
    for chat in ("one", "two"):
        world.do(world.message(chat, channel="chat"))
        world.do(c.AcceptReservation(item=f"i-{chat}", agent="ann"))
    assert told(world.do(c.CompleteItem(item="i-one", agent="ann", disposition="done"))) == []
    events = world.do(c.CompleteItem(item="i-two", agent="ann", disposition="done"))
    assert [kind for kind, _ in told(events)] == ["ItemContinued"] * 3


def test_a_call_that_was_never_accepted_interrupted_nothing() -> None:
    world = busy_with_mails(2)
    world.call("k")
    assert told(world.do(c.DeclineReservation(item="i-k", agent="ann"))) == []


def test_a_call_that_is_accepted_at_once_parks_in_the_same_step() -> None:
    world = busy_with_mails(2)
    queue = msgspec.structs.replace(world.state.queues["help"], auto_accept=("phone",))
    world.do(c.ApplyCentre(changes=(change(queue, seen=None),)))
    world.call("k")
    assert world.item("i-k").state == "active" and world.item("i-m0").interrupted


def test_parked_work_may_still_be_answered_closed_or_handed_over() -> None:
    world = busy_with_mails(2)
    world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(c.CompleteItem(item="i-m0", agent="ann", disposition="done"))
    assert world.item("i-m0").state == "closed" and not world.item("i-m0").interrupted
    world.do(c.TransferItem(item="i-m1", queue="expert"))
    assert world.item("i-m1").state == "queued" and not world.item("i-m1").interrupted


def test_a_mail_that_is_pending_meanwhile_is_not_interrupted_when_it_is_taken_up_again() -> None:
    world = busy_with_mails(1)
    world.do(c.SetPending(item="i-m0", agent="ann"))
    world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    assert world.refuse(c.ResumeItem(item="i-m0", agent="ann")) == "full", "a mail never interrupts a call"


def leave_by_vanishing(world: World) -> None:
    world.do(c.LoseGateway(gateway="g1"))
    at = next_deadline(world.state)
    assert at is not None
    world.do(c.Pulse(), after=at - world.now)


@pytest.mark.parametrize("by", ["offline", "vanishing"])
def test_when_the_agent_leaves_it_waits_again_with_its_due_and_what_was_not_interrupted_is_kept(by: str) -> None:
    world = busy_with_mails(2)
    due = {id: world.item(id).due for id in ("i-m0", "i-m1")}
    world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    if by == "offline":
        world.do(c.SetPresence(agent="ann", state="offline"))
    else:
        leave_by_vanishing(world)
    for id in ("i-m0", "i-m1"):
        assert world.item(id).state == "queued" and world.item(id).due == due[id]
    assert world.item("i-m0").seq != world.item("i-m1").seq
    assert world.item("i-k").state == "active", "the call is between two phones"
    world.sign_on("bob")
    assert world.item("i-m0").agent == "bob"


def test_a_disabled_agents_parked_work_goes_back_too() -> None:
    world = busy_with_mails(1)
    world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    gone = msgspec.structs.replace(world.state.agents["ann"], disabled=True)
    world.do(c.ApplyCentre(changes=(change(gone, seen=None),)))
    assert world.item("i-m0").state == "queued"


def test_what_may_interrupt_is_edited_while_it_runs() -> None:
    world = busy_with_mails(2)
    world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    room = Room(maximum=3, weight=0, interruptible_by=("phone",))
    events = world.do(c.SetCapacity(agent="ann", channel="email", room=room))
    assert told(events) == [("ItemContinued", "i-m0"), ("ItemContinued", "i-m1")], "they weigh nothing now"


@pytest.mark.parametrize(
    ("channel", "by"),
    [("phone", ("chat",)), ("phone", ("phone",)), ("chat", ("email",)), ("email", ("email",))],
)
def test_what_can_never_be_is_refused(channel: Any, by: Any) -> None:
    """A call is never parked, and nothing interrupts what interrupts it."""
    world = World()
    world.do(c.SetCapacity(agent="ann", channel="email", room=GIVING_WAY["email"]))
    room = Room(maximum=1, weight=10, interruptible_by=by)
    assert world.refuse(c.SetCapacity(agent="ann", channel=channel, room=room)) == "bad_value"
    new = agent("zoe")
    new = msgspec.structs.replace(new, rooms={**GIVING_WAY, channel: room})
    assert world.refuse(c.ApplyCentre(changes=(change(new),))) == "bad_value"


def test_alone_keeps_other_channels_away_and_its_own_may_come() -> None:
    rooms = {
        "chat": Room(maximum=2, weight=10, alone=True),
        "email": Room(maximum=1, weight=10),
        "phone": Room(maximum=1, weight=10),
    }
    world = busy_with_mails(0, rooms)
    for chat in ("one", "two"):
        world.do(world.message(chat, channel="chat"))
        world.do(c.AcceptReservation(item=f"i-{chat}", agent="ann"))
    world.do(world.message("task"))
    assert world.item("i-task").state == "queued"
    for chat in ("one", "two"):
        world.do(c.CompleteItem(item=f"i-{chat}", agent="ann", disposition="done"))
    assert world.item("i-task").state == "reserved"
