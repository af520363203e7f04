"""Callbacks: asked from the queue keeping the place, or for a time; called again so often and no more (W7, W9, W11)."""

from typing import Any

import msgspec
import pytest

from queues.callback import Callbacks, Window
from queues.hours import Hours
from queues.queue import Queue
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.callbacks import as_callback
from router.core.due import next_deadline
from router.core.evolve import evolve
from router.core.facts import Facts
from router.core.item import WorkItem
from router.core.step import refs, step
from tests.core.world import World, change

SECOND = 1_000
MINUTE = 60 * SECOND


def world_with(**rules: Any) -> World:
    """A world whose first queue calls back three times, a minute apart."""
    world = World()
    callbacks = Callbacks(attempts=3, retry_ms=MINUTE, delay_ms=rules.pop("delay_ms", 0))
    record = msgspec.structs.replace(world.state.queues["help"], callbacks=callbacks, **rules)
    world.do(c.ApplyCentre(changes=(change(record, seen=None),)))
    return world


def ask(item: str = "b", **more: Any) -> c.AskCallback:
    return c.AskCallback(item=item, conversation=f"c-{item}", facts=Facts(queue="help", customer="cust"), **more)


def kinds(events: list[e.Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def alarms(world: World) -> list[tuple[str, str]]:
    return [(event.code, event.subject) for event in world.log if isinstance(event, e.AlarmRaised)]


def taken(world: World, **more: Any) -> WorkItem:
    """A callback that ann has accepted and must call now."""
    world.sign_on("ann")
    world.do(ask(number="num", **more))
    world.do(c.Pulse())
    world.do(c.AcceptReservation(item="b", agent="ann"))
    return world.item("b")


# -- from the queue -------------------------------------------------------------------------------------------


def test_who_asks_keeps_their_place_and_may_hang_up() -> None:
    world = world_with()
    first, asks, last = world.call(), world.call("k"), world.call()
    place = (asks.due, asks.seq, asks.first_entered_at)
    assert kinds(world.do(ask(call="k", number="num"))) == ["CallbackAsked"]
    assert world.do(c.EndCall(call="k")) == []
    assert (asks.state, asks.due, asks.seq, asks.first_entered_at) == ("queued", *place)
    order = []
    for _ in range(3):
        world.do(c.SetPresence(agent="ann", state="offline"))
        world.sign_on("ann")
        (held,) = world.state.holds["ann"]
        order.append(held)
        world.do(c.AcceptReservation(item=held, agent="ann"))
        world.do(c.CompleteItem(item=held, agent="ann", disposition="done"))
    assert order == [first.id, asks.id, last.id]


def test_who_asks_is_told_which_item_it_is() -> None:
    world = world_with()
    waits = world.call("k")
    for command, item in ((ask(call="k"), waits.id), (ask(of=waits.id), waits.id), (ask("b2"), "b2")):
        step(world.state, command, world.now)
        assert refs(world.state, command)["item"] == item


def test_the_first_call_waits_a_moment_and_its_place_is_kept() -> None:
    """W7: asked at 11:37, a delay of 99 s, in the queue again at 11:38:39, at its place."""
    world = world_with(delay_ms=99 * SECOND)
    asks = world.call("k")
    place = (asks.due, asks.seq)
    world.do(ask(call="k"), after=2 * MINUTE)
    asked_at = world.now
    assert (asks.state, asks.agent, asks.pending_until) == ("pending", "", asked_at + 99 * SECOND)
    world.sign_on("ann")
    assert asks.state == "pending"
    later = world.call(queue="expert")
    world.do(c.Pulse(), after=99 * SECOND)
    assert (asks.state, asks.agent, asks.due, asks.seq) == ("reserved", "ann", *place)
    assert asks.entered_at >= asked_at + 99 * SECOND and asks.first_entered_at < asked_at
    assert later.state == "queued"


def test_asked_while_an_agent_is_being_rung_the_customer_keeps_their_place_too() -> None:
    world = world_with(delay_ms=MINUTE)
    world.sign_on("ann")
    asks = world.call("k")
    assert asks.state == "reserved"
    assert kinds(world.do(ask(call="k"))) == ["ReservationEnded", "CallbackAsked", "ItemPending"]


def test_asking_twice_is_asking_once_and_other_times_are_a_change_of_mind() -> None:
    world = world_with()
    asks = world.call("k")
    world.do(ask(call="k", number="num"))
    assert world.do(ask(call="k", number="num")) == []
    window = Window(start=world.now + MINUTE, end=world.now + 2 * MINUTE)
    world.do(ask(of=asks.id, windows=(window,)))
    assert (asks.state, asks.pending_until) == ("pending", window.start)
    later = Window(start=world.now + 5 * MINUTE, end=world.now + 6 * MINUTE)
    world.do(ask(of=asks.id, windows=(later,)))
    assert asks.pending_until == later.start and len(world.state.items) == 1


def test_a_full_queue_takes_a_callback_of_who_waits_in_it_already() -> None:
    """W23 b: others refuse it, since there it is one more that waits. Here its place is one of those that there are."""
    world = world_with(waiting_max=1)
    asks = world.call("k")
    world.do(ask(call="k"))
    assert asks.state == "queued"


# -- the call -------------------------------------------------------------------------------------------------


def test_the_customer_is_called_and_talked_to() -> None:
    world = world_with()
    item = taken(world)
    world.do(c.DialCallback(item="b", call="out"))
    assert world.do(c.DialCallback(item="b", call="out")) == []
    world.do(c.AnswerCall(call="out", agent="ann"))
    assert item.answered and not item.to_call
    world.do(c.HoldCall(call="out", held=True))
    world.do(c.EndCall(call="out"))
    assert (item.state, item.call) == ("wrapping", "")
    world.reload()


def test_a_phone_system_that_holds_the_call_may_answer_with_the_same_one() -> None:
    world = world_with()
    world.sign_on("ann")
    item = world.call("k")
    world.do(c.SetPresence(agent="ann", state="offline"))
    world.do(ask(call="k"))
    world.sign_on("ann")
    world.do(c.AnswerCall(call="k", agent="ann"))
    assert item.state == "active" and item.answered
    world.do(c.EndCall(call="k"))
    assert item.state == "wrapping"


def test_who_does_not_answer_is_called_so_often_and_no_more() -> None:
    """W9: two retries are three attempts at most."""
    world = world_with()
    item = taken(world)
    failed = []
    for attempt in range(3):
        world.do(c.DialCallback(item="b", call=f"out{attempt}"))
        failed.append(kinds(world.do(c.FailCallback(item="b", reason="busy"))))
        if item.state == "pending":
            assert item.agent == "" and item.pending_until == world.now + MINUTE
            world.do(c.Pulse(), after=MINUTE)
            world.do(c.AcceptReservation(item="b", agent="ann"))
    assert failed == [["CallbackFailed", "ItemPending"]] * 2 + [["CallbackFailed", "ItemClosed"]]
    assert (item.outcome, item.callback and item.callback.attempts) == ("unreached", 3)
    assert world.state.activity("ann") == "idle"


def test_the_end_of_a_call_that_nobody_answered_is_a_failed_attempt() -> None:
    world = world_with()
    item = taken(world)
    world.do(c.DialCallback(item="b", call="out"))
    world.do(c.EndCall(call="out", reason="no_answer"))
    assert (item.state, item.callback and item.callback.attempts) == ("pending", 1)
    assert world.refuse(c.EndCall(call="out")) == "unknown_call"


def test_an_agent_who_ignores_the_reservation_has_called_nobody() -> None:
    """W11: five minutes in the queue, the delay, the queue again; ignoring is no failed attempt."""
    world = world_with(delay_ms=10 * SECOND)
    item = world.call("k")
    world.do(ask(call="k"), after=5 * MINUTE)
    world.sign_on("ann")
    world.do(c.Pulse(), after=10 * SECOND)
    world.do(c.Pulse(), after=world.state.queues["help"].reservation_ms)
    assert (item.state, item.expiries, item.callback and item.callback.attempts) == ("queued", 1, 0)


def test_an_agent_says_it_too_and_only_whose_item_it_is() -> None:
    world = world_with()
    item = taken(world)
    assert world.refuse(c.FailCallback(item="b", agent="bob")) == "not_yours"
    world.do(c.FailCallback(item="b", agent="ann"))
    assert item.state == "pending"
    assert world.refuse(c.FailCallback(item="b", agent="ann")) == "wrong_state"
    assert world.refuse(c.FailCallback(item="no")) == "unknown_item"


def test_what_is_asked_of_a_call_may_say_how_often() -> None:
    world = world_with()
    item = taken(world, attempts=1)
    world.do(c.FailCallback(item="b"))
    assert item.outcome == "unreached"


def test_an_agent_who_vanishes_before_the_call_gives_it_back_at_its_place() -> None:
    world = world_with()
    item = taken(world)
    seq = item.seq
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    world.do(c.Pulse(), after=limits.PRESENCE_GRACE_TICKS)
    assert (item.state, item.seq) == ("queued", seq)


def test_an_agent_who_leaves_before_the_call_says_what_becomes_of_it() -> None:
    world = world_with()
    item = taken(world)
    world.do(c.SignOut(agent="ann", choices={"b": "return"}))
    assert item.state == "queued"


def test_while_the_customer_is_being_called_nobody_takes_it_away() -> None:
    world = world_with()
    taken(world)
    world.do(c.DialCallback(item="b", call="out"))
    assert world.refuse(c.SignOut(agent="ann", choices={"b": "return"})) == "call_active"


def test_only_what_is_to_be_called_is_dialled() -> None:
    world = world_with()
    call = world.call("k")
    assert world.refuse(c.DialCallback(item=call.id, call="out")) == "wrong_state"
    assert world.refuse(c.FailCallback(item=call.id)) == "wrong_state"
    assert world.refuse(c.DialCallback(item="no", call="out")) == "unknown_item"
    world.do(ask())
    assert world.refuse(c.DialCallback(item="b", call="k")) == "duplicate_id"


# -- for a time -----------------------------------------------------------------------------------------------


def hour(world: World, first: int, last: int) -> Window:
    return Window(start=world.now + first * MINUTE, end=world.now + last * MINUTE)


def test_a_callback_for_a_time_waits_in_no_line_until_then() -> None:
    world = world_with(target_ms={"phone": 20_000})
    world.sign_on("ann")
    window = hour(world, 60, 120)
    world.do(ask(windows=(window,)))
    item = world.item("b")
    assert (item.state, item.agent, item.pending_until, item.due) == (
        "pending",
        "",
        window.start,
        window.start + 20_000,
    )
    assert next_deadline(world.state) == window.start
    world.do(c.Pulse(), after=60 * MINUTE)
    assert (item.state, item.agent, item.due) == ("reserved", "ann", window.start + 20_000)


def test_a_time_that_passes_without_a_call_leads_to_the_next_one() -> None:
    world = world_with()
    first, second = hour(world, 1, 2), hour(world, 10, 12)
    world.do(ask(windows=(first, second)))
    item = world.item("b")
    world.do(c.Pulse(), after=MINUTE)
    assert item.state == "queued"
    assert kinds(world.do(c.Pulse(), after=MINUTE)) == ["CallbackMissed", "ItemPending"]
    assert item.pending_until == second.start and alarms(world) == []


def test_the_last_time_that_passes_without_a_call_is_told_and_the_customer_called_as_soon_as_possible() -> None:
    """They were promised a call: that we failed is no reason to forget them."""
    world = world_with()
    world.do(ask(windows=(hour(world, 1, 2),)))
    item = world.item("b")
    world.do(c.Pulse(), after=MINUTE)
    world.do(c.Pulse(), after=MINUTE)
    assert (item.state, alarms(world)) == ("queued", [("callback_missed", "b")])
    assert next_deadline(world.state) is None
    world.sign_on("ann")
    assert item.agent == "ann"


def test_times_may_overlap() -> None:
    world = world_with()
    world.do(ask(windows=(hour(world, 1, 3), hour(world, 2, 5))))
    item = world.item("b")
    for _ in range(4):
        world.do(c.Pulse(), after=MINUTE)
    assert (item.state, alarms(world)) == ("queued", [])
    world.do(c.Pulse(), after=MINUTE)
    assert alarms(world) == [("callback_missed", "b")]


def test_a_customer_who_does_not_answer_is_called_again_in_their_time() -> None:
    world = world_with()
    world.sign_on("ann")
    first, second = hour(world, 1, 2), hour(world, 10, 12)
    world.do(ask(windows=(first, second)))
    item = world.item("b")
    world.do(c.Pulse(), after=MINUTE)
    world.do(c.AcceptReservation(item="b", agent="ann"))
    world.do(c.FailCallback(item="b"), after=30 * SECOND)
    assert item.pending_until == second.start
    world.do(c.Pulse(), after=second.start - world.now)
    world.do(c.AcceptReservation(item="b", agent="ann"))
    world.do(c.FailCallback(item="b"), after=90 * SECOND)
    assert item.outcome == "unreached", "their times are over"


def test_who_asks_for_a_customer_is_the_one_to_call_them() -> None:
    world = world_with(prefer_ms=MINUTE)
    world.sign_on("bob", "ann")
    call = world.call("k")
    world.do(c.SetPresence(agent="bob", state="not_ready", reason="x"))
    assert call.agent == "ann"
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(c.SetPresence(agent="bob", state="available"))
    world.do(ask(of=call.id, agent="ann", windows=(hour(world, 1, 5),)))
    later = world.item("b")
    assert (call.state, later.related, later.last_agent) == ("active", call.id, "ann")
    world.do(c.EndCall(call="k"))
    world.do(c.CompleteItem(item=call.id, agent="ann", disposition="done"))
    world.do(c.Pulse(), after=MINUTE)
    assert later.agent == "ann"


def test_a_callback_asked_at_night_is_for_the_morning() -> None:
    world = world_with()
    help = msgspec.structs.replace(world.state.queues["help"], hours="day")
    world.do(c.ApplyCentre(changes=(change(Hours(id="day", zone="UTC", weekly=((),) * 7)), change(help, seen=None))))
    opens = world.now + 30 * MINUTE
    revision = world.state.hours["day"].revision
    spans = ((opens, opens + MINUTE),)
    world.do(c.SetCalendar(hours="day", spans=spans, through=opens + 9 * MINUTE, revision=revision))
    world.do(ask())
    assert world.item("b").pending_until == opens


def test_a_new_callback_is_no_way_round_a_full_queue() -> None:
    world = world_with(waiting_max=5)
    for _ in range(6):
        world.attempt(ask(f"b{_}"))
    assert world.refuse(ask()) == "full"
    world.do(ask(windows=(hour(world, 1, 2),)))
    assert world.item("b").state == "pending", "who comes another time takes no place"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"agent": "no"}, "unknown_agent"),
        ({"attempts": limits.ATTEMPTS_MAX + 1}, "bad_value"),
        ({"delay": -1}, "bad_value"),
        ({"windows": (Window(start=5_000, end=5_000),)}, "bad_date"),
        ({"windows": (Window(start=1, end=2),)}, "bad_date"),
        ({"windows": (Window(start=1, end=2 * limits.DURATION_TICKS_MAX),)}, "bad_date"),
        ({"windows": (Window(start=5_000, end=6_000),) * (limits.WINDOWS_MAX + 1)}, "bad_value"),
    ],
)
def test_a_callback_that_cannot_be_is_refused(more: dict[str, Any], code: str) -> None:
    assert world_with().refuse(ask(**more)) == code
    unknown = c.AskCallback(item="b", conversation="c", facts=Facts(queue="no"))
    assert world_with().refuse(unknown) == "unknown_queue"


# -- scheduled in general -------------------------------------------------------------------------------------


def test_work_of_any_channel_may_begin_later() -> None:
    """A19: suspended until its time; who cannot wait so long activates it."""
    world = world_with()
    world.sign_on("ann")
    start = world.now + 3 * MINUTE
    for id in ("m1", "m2"):
        message = world.message(id)
        facts = msgspec.structs.replace(message.facts, start_at=start)
        world.do(msgspec.structs.replace(message, facts=facts))
    items = [world.item("i-m1"), world.item("i-m2")]
    assert [item.state for item in items] == ["pending", "pending"]
    world.do(c.RequeueItem(item="i-m2"))
    assert [item.state for item in items] == ["pending", "reserved"]
    world.do(c.AcceptReservation(item="i-m2", agent="ann"))
    world.do(c.Pulse(), after=3 * MINUTE)
    assert [item.state for item in items] == ["reserved", "active"]


def test_what_is_scheduled_is_answered_when_its_customer_writes_again() -> None:
    world = world_with()
    message = world.message("m1")
    facts = msgspec.structs.replace(message.facts, start_at=world.now + MINUTE)
    world.do(msgspec.structs.replace(message, facts=facts))
    world.do(world.message("m2", conversation="c-m1"))
    assert world.item("i-m1").state == "queued"


def test_an_escalation_may_become_a_callback_of_the_specialists() -> None:
    """The seam that escalating has: what an agent has becomes a callback of another queue in a bounded time."""
    world = world_with()
    world.sign_on("ann", "eve")
    call = world.call("k", fr=1)
    world.do(c.AnswerCall(call="k", agent="ann"))
    window = hour(world, 5, 9)
    queue: Queue = world.state.queues["expert"]
    for event in as_callback(world.state, call, queue, world.now, windows=(window,), number="num"):
        evolve(world.state, event)
    assert (call.state, call.queue, call.pending_until) == ("pending", "expert", window.start)
    assert world.do(c.EndCall(call="k")) == []
    world.do(c.Pulse(), after=5 * MINUTE)
    assert call.agent == "eve"
