"""The life of a phone item: routed, rung, answered in either order, abandoned, put back at its place."""

from router.core import commands as c
from router.core import events as e
from router.core.facts import Facts
from tests.core.world import World


def kinds(events: list[e.Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_a_call_goes_to_the_agent_idle_longest() -> None:
    world = World()
    world.sign_on("bob", "ann")
    assert world.call().agent == "bob"
    assert world.call().agent == "ann"


def test_a_call_waits_for_an_agent_with_the_skill_it_asks() -> None:
    world = World()
    world.sign_on("bob")
    item = world.call(nl=3)
    assert item.state == "queued"
    world.sign_on("ann")
    assert item.state == "reserved" and item.agent == "ann"


def test_answering_the_phone_accepts() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call("k")
    events = world.do(c.AnswerCall(call="k", agent="ann"))
    assert kinds(events) == ["ReservationAccepted", "CallAnswered"]
    assert item.state == "active" and item.answered
    assert item.reservation is not None
    assert world.do(c.AcceptReservation(item=item.id, agent="ann", reservation=item.reservation.id)) == []


def test_accepting_on_the_screen_first_is_the_same() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call("k")
    world.do(c.AcceptReservation(item=item.id, agent="ann"))
    assert kinds(world.do(c.AnswerCall(call="k", agent="ann"))) == ["CallAnswered"]
    assert item.state == "active" and item.answered


def test_a_caller_who_hangs_up_while_it_rings_abandons_and_the_agent_is_free_at_once() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call("k")
    events = world.do(c.EndCall(call="k"))
    assert kinds(events) == ["ReservationEnded", "ItemClosed"]
    assert isinstance(events[0], e.ReservationEnded) and events[0].outcome == "rescinded"
    assert isinstance(events[1], e.ItemClosed) and events[1].outcome == "abandoned"
    assert item.state == "closed"
    assert world.call().agent == "ann"
    assert world.refuse(c.AnswerCall(call="k", agent="ann")) == "unknown_call"


def test_a_failed_connect_returns_the_caller_to_the_exact_place_and_is_not_a_no_answer() -> None:
    world = World()
    world.sign_on("ann")
    first = world.call("k")
    second = world.call("l")
    due, seq = first.due, first.seq
    world.do(c.FailConnect(call="k", agent="ann", reason="busy"))
    assert (first.state, first.due, first.seq) == ("queued", due, seq)
    assert world.state.presences["ann"].state == "available"
    assert second.agent == "ann", "the next caller is tried while the phone is left alone by the first"
    world.sign_on("bob")
    assert first.agent == "bob"


def test_repeated_failed_connects_alarm() -> None:
    world = World()
    world.sign_on("ann", "bob")
    world.do(c.SetPresence(agent="bob", state="not_ready", reason="break"))
    world.call("k")
    alarms = []
    for _ in range(3):
        alarms += [x for x in world.do(c.FailConnect(call="k", agent="ann")) if isinstance(x, e.AlarmRaised)]
        world.do(c.Pulse(), after=60_000)
    assert [alarm.code for alarm in alarms] == ["connect_failed"]


def test_wrap_up_holds_the_agent_until_it_ends_by_itself() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(c.EndCall(call="k"), after=1_000)
    waiting = world.call()
    assert (item.state, waiting.state) == ("wrapping", "queued")
    world.do(c.Pulse(), after=5_000)
    assert (item.state, waiting.agent) == ("closed", "ann")


def test_an_unanswered_reservation_expires_and_its_agent_is_not_ready() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call()
    due = item.due
    world.do(c.Pulse(), after=20_000)
    presence = world.state.presences["ann"]
    assert (presence.state, presence.reason) == ("not_ready", "no_answer")
    assert (item.state, item.due) == ("queued", due)


def test_one_item_empties_no_more_than_three_desks() -> None:
    world = World()
    item = world.call()
    world.sign_on("ann")
    world.do(c.Pulse(), after=20_000)
    for _ in range(2):
        world.do(c.SetPresence(agent="ann", state="available"))
        world.do(c.Pulse(), after=20_000)
    assert item.state == "stuck"
    world.do(c.RequeueItem(item=item.id))
    world.do(c.SetPresence(agent="ann", state="available"))
    assert item.agent == "ann"


def test_the_same_call_told_twice_is_one_item() -> None:
    world = World()
    world.call("k")
    again = c.OfferCall(call="k", item="other", conversation="other", facts=Facts(queue="help"))
    assert world.do(again) == []


def test_a_decline_is_remembered_and_forgotten_in_time() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call()
    world.do(c.DeclineReservation(item=item.id, agent="ann"))
    assert item.state == "queued"
    world.do(c.Pulse(), after=299_999)
    assert item.state == "queued"
    world.do(c.Pulse(), after=1)
    assert item.agent == "ann"
