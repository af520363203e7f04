"""Reservations: by hand or at once, for one agent or several, declined with memory, taken back, bounded."""

from typing import Any

import msgspec
import pytest

from queues.queue import Queue
from router.core import commands as c
from router.core import events as e
from router.core.due import next_deadline
from router.core.explain import explain
from router.core.holding import declined_by_all
from router.core.item import WorkItem
from router.core.state import State
from router.core.views import agent_view, holders, item_view, own_view
from tests.core.world import World, agent, change


def world(**rules: Any) -> World:
    """The small centre with these rules for its first queue, and three agents who serve it."""
    made = World()
    queue = msgspec.structs.replace(made.state.queues["help"], **rules)
    made.do(c.ApplyCentre(changes=(change(queue, seen=None), change(agent("cyd")))))
    return made


def held_for(item: WorkItem) -> list[str]:
    return [held.agent for held in item.ringing]


def ends(events: list[e.Event]) -> list[tuple[str, str, str]]:
    """Who lost their reservation, how and why."""
    return [(one.agent, one.outcome, one.reason) for one in events if isinstance(one, e.ReservationEnded)]


def until_due(world: World) -> list[e.Event]:
    at = next_deadline(world.state)
    assert at is not None
    return world.do(c.Pulse(), after=at - world.now)


# -- by hand or at once -------------------------------------------------------------------------------------------


def test_on_a_channel_that_is_accepted_at_once_the_item_is_active_in_the_same_step() -> None:
    one = world(auto_accept=("chat",))
    one.sign_on("ann")
    events = one.do(one.message("m", channel="chat"))
    assert [type(event) for event in events[-2:]] == [e.ReservationMade, e.ReservationAccepted]
    accepted = events[-1]
    assert isinstance(accepted, e.ReservationAccepted) and accepted.by == "auto"
    assert one.item("i-m").state == "active" and one.item("i-m").accepted_at == one.now


def test_other_channels_of_the_queue_are_accepted_by_hand() -> None:
    one = world(auto_accept=("chat",))
    one.sign_on("ann")
    one.do(one.message("m"))
    assert one.item("i-m").state == "reserved"


def test_a_call_that_was_accepted_at_once_is_still_put_through_by_the_phone_system() -> None:
    one = world(auto_accept=("phone",))
    one.sign_on("ann")
    item = one.call("k")
    assert (item.state, item.answered) == ("active", False)
    failed = one.do(c.FailConnect(call="k", agent="ann", reason="busy"))
    assert ends(failed) == [("ann", "connect_failed", "busy")] and item.state == "queued"
    one.sign_on("bob")
    one.do(c.AnswerCall(call="k", agent="bob"))
    assert item.answered and item.agent == "bob"


@pytest.mark.parametrize(("channel", "lasts"), [("phone", 5_000), ("email", 20_000)])
def test_the_time_to_accept_is_by_queue_and_channel(channel: str, lasts: int) -> None:
    one = world(reservations_ms={"phone": 5_000})
    one.sign_on("ann")
    if channel == "phone":
        one.call("m")
    else:
        one.do(one.message("m"))
    (held,) = one.item("i-m").ringing
    assert held.expires_at == one.now + lasts


# -- several at once ----------------------------------------------------------------------------------------------


def several(count: int = 2, **rules: Any) -> tuple[World, WorkItem]:
    one = world(simultaneous=count, strategy="longest_idle", **rules)
    one.sign_on("ann", "bob", "cyd")
    return one, one.call("k")


def test_an_item_is_held_for_several_and_takes_room_of_each() -> None:
    one, item = several(2)
    assert held_for(item) == ["ann", "bob"] and holders(item) == ("ann", "bob")
    assert [one.state.activity(agent) for agent in ("ann", "bob", "cyd")] == ["reserved", "reserved", "idle"]
    other = one.call("l")
    assert held_for(other) == ["cyd"], "the two have no room for a second call"
    one.reload()


def test_the_first_accept_wins_and_the_others_are_rescinded_with_it() -> None:
    one, item = several(3)
    events = one.do(c.AcceptReservation(item=item.id, agent="bob"))
    assert ends(events) == [("ann", "rescinded", "taken"), ("cyd", "rescinded", "taken")]
    assert (item.state, item.agent, item.rivals) == ("active", "bob", ())
    assert one.refuse(c.AcceptReservation(item=item.id, agent="ann")) == "not_reserved"
    assert one.state.activity("ann") == "idle" and "ann" not in item.barred
    assert one.do(c.AcceptReservation(item=item.id, agent="bob")) == [], "twice is once"


def test_answering_the_phone_wins_too() -> None:
    one, item = several(2)
    events = one.do(c.AnswerCall(call="k", agent="bob"))
    assert ends(events) == [("ann", "rescinded", "taken")]
    assert item.answered and item.agent == "bob"


def test_each_reservation_is_declined_by_itself_and_the_item_waits_again_after_the_last() -> None:
    one, item = several(2)
    one.do(c.SetPresence(agent="cyd", state="not_ready", reason="x"))
    assert one.refuse(c.DeclineReservation(item=item.id, agent="cyd")) == "not_reserved"
    one.do(c.DeclineReservation(item=item.id, agent="ann"))
    assert (item.state, item.agent, held_for(item)) == ("reserved", "bob", ["bob"])
    one.do(c.DeclineReservation(item=item.id, agent="bob"))
    assert (item.state, item.agent, item.declines) == ("queued", "", 2)


def test_a_phone_that_cannot_be_reached_ends_only_its_own_reservation() -> None:
    one, item = several(2)
    one.do(c.FailConnect(call="k", agent="bob"))
    assert held_for(item) == ["ann"] and item.connect_failures == 1


def test_who_leaves_while_rung_for_lets_go_at_once_and_the_others_ring_on() -> None:
    for leaving in (
        c.SetPresence(agent="ann", state="not_ready", reason="x"),
        c.SetPresence(agent="ann", state="offline"),
        c.SignOut(agent="ann"),
    ):
        one, item = several(2)
        assert ends(one.do(leaving))[0][:2] == ("ann", "released")
        assert held_for(item) == ["bob"]


def test_two_who_vanish_together_both_let_go() -> None:
    one, item = several(2, reservation_ms=60_000)
    one.do(c.LoseGateway(gateway="g1"))
    until_due(one)
    assert item.state == "queued"
    assert {one.state.presences[agent].state for agent in ("ann", "bob")} == {"offline"}


def test_each_agent_sees_their_own_reservation_only() -> None:
    one, item = several(2)
    views = {agent: own_view(one.state, item.id, agent) for agent in ("ann", "bob")}
    assert {agent: view["reservation"]["agent"] for agent, view in views.items()} == {"ann": "ann", "bob": "bob"}
    assert all(view["rivals"] == [] and view["agent"] == agent for agent, view in views.items())
    assert agent_view(one.state, "bob")["items"][item.id] == views["bob"]
    assert [held["agent"] for held in item_view(one.state, item.id)["rivals"]] == ["bob"]


def test_the_explanation_names_everybody_who_has_it_and_who_declined() -> None:
    one, item = several(3)
    one.do(c.DeclineReservation(item=item.id, agent="bob"))
    reasons = {verdict.agent: (verdict.reason, verdict.detail) for verdict in explain(one.state, item.id).agents}
    assert reasons["ann"][0] == reasons["cyd"][0] == "has_it"
    assert reasons["bob"] == ("excepted", "declined")


def test_the_caller_who_hangs_up_takes_all_reservations_back() -> None:
    one, item = several(2)
    assert ends(one.do(c.EndCall(call="k"))) == [("ann", "rescinded", ""), ("bob", "rescinded", "")]
    assert item.outcome == "abandoned"


def test_what_expires_for_several_knocks_out_no_more_than_the_queue_lets_it() -> None:
    one, item = several(3, knock_out_max=2)
    assert held_for(item) == ["ann", "bob"]
    events = until_due(one)
    assert ends(events) == [("ann", "expired", ""), ("bob", "expired", "")]
    assert item.state == "stuck"
    assert [one.state.presences[agent].state for agent in ("ann", "bob", "cyd")] == [
        "not_ready",
        "not_ready",
        "available",
    ]


def test_who_waits_by_name_is_held_for_that_agent_alone() -> None:
    one = world(simultaneous=3)
    one.sign_on("ann", "bob")
    item = one.call("k")
    one.do(c.TransferItem(item=item.id, to_agent="bob"))
    assert held_for(item) == ["bob"]


# -- taken back ---------------------------------------------------------------------------------------------------


def test_a_supervisor_takes_an_item_back_and_it_goes_to_another() -> None:
    one = world(strategy="longest_idle")
    one.sign_on("ann", "bob")
    item = one.call("k")
    events = one.do(c.RescindReservation(item=item.id, reason="vip"))
    assert ends(events) == [("ann", "rescinded", "vip")]
    assert held_for(item) == ["bob"] and item.declines == 0
    assert one.state.presences["ann"].state == "available"


def test_one_of_several_is_taken_back() -> None:
    one, item = several(3)
    one.do(c.RescindReservation(item=item.id, agent="bob"))
    assert held_for(item) == ["ann", "cyd"]
    assert one.refuse(c.RescindReservation(item=item.id, agent="bob")) == "not_reserved"


def test_nothing_that_was_accepted_is_taken_back() -> None:
    one = world()
    one.sign_on("ann")
    item = one.call("k")
    one.do(c.AcceptReservation(item=item.id, agent="ann"))
    assert one.refuse(c.RescindReservation(item=item.id)) == "not_reserved"
    assert one.refuse(c.RescindReservation(item="none")) == "unknown_item"


# -- memory -------------------------------------------------------------------------------------------------------


def test_who_declined_is_asked_again_when_everybody_else_was() -> None:
    one = world(decline_until="others", strategy="longest_idle")
    one.sign_on("ann", "bob")
    item = one.call("k")
    one.do(c.DeclineReservation(item=item.id, agent="ann"), after=5)
    assert held_for(item) == ["bob"] and "ann" in item.barred
    one.do(c.DeclineReservation(item=item.id, agent="bob"), after=5)
    assert held_for(item) == ["ann"] and set(item.barred) == {"bob"}


def test_who_is_the_only_one_is_asked_again_after_the_time() -> None:
    one = world(decline_until="others", decline_memory_ms=60_000)
    one.sign_on("ann")
    item = one.call("k")
    one.do(c.DeclineReservation(item=item.id, agent="ann"))
    assert item.state == "queued"
    until_due(one)
    assert held_for(item) == ["ann"] and one.now == 60_000 + item.barred.get("ann", one.now - 60_000)


def test_who_declined_for_good_gets_it_again_after_having_been_offline() -> None:
    one = world(decline_until="return")
    one.sign_on("ann")
    item = one.call("k")
    one.do(c.DeclineReservation(item=item.id, agent="ann"))
    one.do(c.Pulse(), after=86_400_000)
    one.do(c.SetPresence(agent="ann", state="not_ready", reason="x"))
    one.do(c.SetPresence(agent="ann", state="available"))
    assert item.state == "queued", "a break is not enough"
    one.do(c.SetPresence(agent="ann", state="offline"))
    one.do(c.SetPresence(agent="ann", state="available"))
    assert held_for(item) == ["ann"]


def test_the_next_item_comes_to_who_declined_the_first() -> None:
    one = world(decline_until="return")
    one.sign_on("ann")
    first = one.call("k")
    one.do(c.DeclineReservation(item=first.id, agent="ann"))
    assert held_for(one.call("l")) == ["ann"]


def test_after_so_many_declines_the_item_is_stuck_with_an_alarm() -> None:
    one = world(declines_max=2, strategy="longest_idle", decline_memory_ms=0)
    one.sign_on("ann")
    item = one.call("k")
    one.do(c.DeclineReservation(item=item.id, agent="ann"))
    assert held_for(item) == ["ann"], "nothing is remembered"
    events = one.do(c.DeclineReservation(item=item.id, agent="ann"))
    assert (item.state, item.declines) == ("stuck", 2)
    (alarm,) = [event for event in events if isinstance(event, e.AlarmRaised)]
    assert (alarm.code, alarm.subject, alarm.count) == ("item_stuck", item.id, 2)
    one.do(c.RequeueItem(item=item.id))
    assert held_for(item) == ["ann"] and item.declines == 0, "a supervisor begins anew"


def test_what_was_declined_in_one_queue_is_not_in_the_next() -> None:
    one = world(decline_until="return")
    one.sign_on("ann")
    item = one.call("k")
    one.do(c.DeclineReservation(item=item.id, agent="ann"))
    one.do(c.SetMembership(agent="ann", queue="expert", membership=one.state.teams["first"].memberships["help"]))
    one.do(c.TransferItem(item=item.id, queue="expert"))
    assert held_for(item) == ["ann"] and item.declined_by == ()


def test_declined_by_all_asks_who_is_signed_on_and_could_have_it() -> None:
    one = world(strategy="longest_idle")
    one.sign_on("ann", "bob", "eve")
    item = one.call("k", nl=2)
    assert not declined_by_all(one.state, item)
    assert declined_by_all(one.state, item, "ann"), "bob speaks no Dutch, eve serves another queue, cyd is not there"
    one.do(c.SetAgentSkill(agent="cyd", skill="nl", level=3))
    one.sign_on("cyd")
    assert not declined_by_all(one.state, item, "ann")
    one.do(c.SetPresence(agent="cyd", state="not_ready", reason="x"))
    assert not declined_by_all(one.state, item, "ann"), "who has a break has not declined"
    one.do(c.DeclineReservation(item=item.id, agent="ann"))
    one.do(c.SetPresence(agent="cyd", state="offline"))
    assert declined_by_all(one.state, item)


# -- what the centre may say --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rules",
    [{"simultaneous": 0}, {"simultaneous": 11}, {"declines_max": -1}, {"reservations_ms": {"phone": 0}}],
)
def test_rules_out_of_bounds_are_refused(rules: dict[str, Any]) -> None:
    one = World()
    assert one.refuse(c.ApplyCentre(changes=(change(Queue(id="q", **rules)),))) == "bad_value"


def test_old_records_read_as_before() -> None:
    """A queue of an earlier version: one agent at once, by hand, remembered for a time."""
    old = msgspec.json.decode(b'{"type":"queue","id":"q","reservation_ms":7000}', type=Queue)
    assert (old.simultaneous, old.auto_accept, old.decline_until, old.reservation("phone")) == (1, (), "time", 7_000)
    assert State().size() == 1
