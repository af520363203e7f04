"""Maximum length and wait of a queue, steps of its plan that act, and moves by rule, which never go in a circle."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from queues.plan import RelaxStep
from queues.queue import Fallback, Queue
from queues.team import Membership, Team
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.due import next_deadline
from router.core.opened import waiting
from tests.core.world import World, change


def world_with(**rules: Any) -> World:
    world = World()
    put(world, "help", **rules)
    return world


def put(world: World, queue: str, **rules: Any) -> None:
    record = msgspec.structs.replace(world.state.queues.get(queue, Queue(id=queue)), **rules)
    world.do(c.ApplyCentre(changes=(change(record, seen=None),)))


def alarms(world: World) -> list[tuple[str, str]]:
    return [(event.code, event.subject) for event in world.log if isinstance(event, e.AlarmRaised)]


def offers(world: World) -> list[str]:
    return [event.why for event in world.log if isinstance(event, e.CallbackOffered)]


def test_one_more_than_may_wait_is_turned_away() -> None:
    world = world_with(waiting_max=2, when_full=Fallback(message={"en": "Try later."}))
    waits = [world.call(), world.call()]
    refused = world.call()
    assert [item.state for item in waits] == ["queued", "queued"]
    assert (refused.state, refused.outcome, refused.refused) == ("closed", "turned_away", "full")
    world.do(c.EndCall(call=waits[0].call))
    assert world.call().state == "queued", "a place is free"


def test_nobody_waits_where_nobody_may_and_who_need_not_wait_is_served() -> None:
    """Erlang B: agents, and no waiting room."""
    world = world_with(waiting_max=0)
    world.sign_on("ann")
    assert world.call().agent == "ann"
    assert world.call().outcome == "turned_away"


def test_what_is_one_too_many_flows_over_to_a_queue_that_has_place() -> None:
    world = world_with(waiting_max=1, when_full=Fallback(overflow="expert"))
    put(world, "expert", waiting_max=1, when_full=Fallback(message={"en": "Full."}))
    queues = [world.call().queue for _ in range(2)]
    last = world.call()
    assert queues == ["help", "expert"]
    assert (last.queue, last.outcome) == ("help", "turned_away"), "nobody is sent from one full queue to another"


def test_what_flows_over_may_be_served_at_once() -> None:
    world = world_with(waiting_max=0, when_full=Fallback(overflow="expert"))
    world.sign_on("eve")
    over = world.call()
    assert (over.queue, over.agent, over.passed, over.moves_by_rule) == ("expert", "eve", ("help",), 1)


def test_a_mail_is_never_thrown_away() -> None:
    world = world_with(waiting_max=1)
    for number in range(2):
        world.do(world.message(f"m{number}"))
    assert world.item("i-m1").state == "queued"
    assert alarms(world) == [("queue_full", "help")]


def test_a_caller_whom_a_full_queue_refuses_may_be_called_back() -> None:
    world = world_with(waiting_max=0, when_full=Fallback(callback=True))
    assert (world.call().outcome, offers(world)) == ("turned_away", ["full"])


def test_several_queues_may_share_one_waiting_room() -> None:
    world = world_with(waiting_max=2, waiting_with=("expert",))
    put(world, "expert", waiting_max=2, waiting_with=("help",))
    world.call(queue="help")
    world.call(queue="expert")
    assert waiting(world.state, world.state.queues["help"]) == 2
    assert [world.call(queue=queue).outcome for queue in ("help", "expert")] == ["turned_away"] * 2


def test_what_people_send_to_a_full_queue_may_be_a_fifth_more() -> None:
    """W23: ten may wait; a hand-over comes in as long as there are fewer than twelve."""
    world = world_with()
    put(world, "expert", waiting_max=10)
    for _ in range(10):
        world.call(queue="expert")
    assert world.call(queue="expert").outcome == "turned_away"
    world.sign_on("ann")
    outcomes = []
    for _ in range(3):
        item = world.call()
        world.do(c.AnswerCall(call=item.call, agent="ann"))
        refused = world.attempt(c.TransferItem(item=item.id, agent="ann", queue="expert"))[1]
        outcomes.append(refused.code if refused is not None else item.queue)
    assert outcomes == ["expert", "expert", "full"]


# -- waits ----------------------------------------------------------------------------------------------------


def test_who_has_waited_as_long_as_may_be_flows_over() -> None:
    world = world_with(wait_max_ms=5_000, when_late=Fallback(overflow="expert"))
    item = world.call()
    due = item.due
    assert next_deadline(world.state) == item.entered_at + 5_000
    world.do(c.Pulse(), after=5_000)
    assert (item.queue, item.passed, item.due) == ("expert", ("help",), due)
    assert [event.reason for event in world.log if isinstance(event, e.ItemQueued)] == ["opened", "overflowed"]


def test_who_has_waited_as_long_as_may_be_is_turned_away_where_nothing_else_is_ruled() -> None:
    world = world_with(wait_max_ms=5_000)
    item = world.call()
    world.do(c.Pulse(), after=5_000)
    assert (item.outcome, item.refused) == ("turned_away", "late")


def test_who_has_waited_as_long_as_may_be_is_offered_a_callback_once() -> None:
    world = world_with(
        wait_max_ms=5_000,
        when_late=Fallback(callback=True),
        plan=(RelaxStep(after_ms=3_000, callback=True), RelaxStep(after_ms=4_000, callback=True)),
    )
    item = world.call()
    for _ in range(3):
        world.do(c.Pulse(), after=3_000)
    assert (item.state, offers(world)) == ("queued", ["plan"])


def test_a_mail_that_has_waited_too_long_stays_with_an_alarm() -> None:
    world = world_with(wait_max_ms=5_000)
    world.do(world.message("m"))
    world.do(c.Pulse(), after=5_000)
    assert (world.item("i-m").state, alarms(world)) == ("queued", [("queue_late", "help")])
    assert next_deadline(world.state) is None, "once"


def test_a_maximum_wait_that_is_set_counts_for_what_waits_already() -> None:
    world = World()
    item = world.call()
    world.now += 60_000
    put(world, "help", wait_max_ms=30_000)
    world.do(c.Pulse())
    assert item.outcome == "turned_away"


def test_the_steps_of_a_plan_raise_alarms_offer_callbacks_and_move() -> None:
    plan = (
        RelaxStep(after_ms=1_000, alert="slow"),
        RelaxStep(after_ms=2_000, callback=True),
        RelaxStep(after_ms=3_000, overflow="expert"),
    )
    world = world_with(plan=plan)
    item = world.call()
    seen = []
    for _ in range(3):
        world.do(c.Pulse(), after=1_000)
        seen.append((item.waited, item.queue, alarms(world), offers(world)))
    slow = [("slow", item.id)]
    assert seen == [(1_000, "help", slow, []), (2_000, "help", slow, ["plan"]), (0, "expert", slow, ["plan"])]


def test_steps_that_fall_due_together_all_happen() -> None:
    plan = (RelaxStep(after_ms=1_000, alert="slow"), RelaxStep(after_ms=3_000, overflow="expert"))
    world = world_with(plan=plan)
    item = world.call()
    world.do(c.Pulse(), after=60_000)
    assert (alarms(world), item.queue) == ([("slow", item.id)], "expert")


def test_what_is_reserved_meets_its_step_when_it_waits_again() -> None:
    world = world_with(plan=(RelaxStep(after_ms=1_000, overflow="expert"),))
    world.sign_on("ann")
    item = world.call()
    world.do(c.Pulse(), after=2_000)
    assert item.state == "reserved"
    world.do(c.DeclineReservation(item=item.id, agent="ann"))
    world.do(c.Pulse())
    assert item.queue == "expert"


def test_a_callback_can_be_offered_on_arrival() -> None:
    world = world_with(plan=(RelaxStep(after_ms=0, callback=True),))
    world.call()
    world.do(world.message("m"))
    assert offers(world) == ["plan"], "to callers"


def test_no_rule_sends_to_a_queue_that_is_closed_or_full() -> None:
    for rules in ({"waiting_max": 0}, {}):
        world = world_with(plan=(RelaxStep(after_ms=1_000, overflow="expert"),))
        put(world, "expert", **rules)
        if not rules:
            world.do(c.CloseQueue(queue="expert"))
        item = world.call()
        world.do(c.Pulse(), after=1_000)
        assert item.queue == "help"


# -- circles --------------------------------------------------------------------------------------------------


def test_a_rule_never_sends_back_to_a_queue_that_was_passed() -> None:
    world = world_with(plan=(RelaxStep(after_ms=1_000, overflow="expert"),))
    put(world, "expert", plan=(RelaxStep(after_ms=1_000, overflow="help"),))
    item = world.call()
    for _ in range(5):
        world.do(c.Pulse(), after=1_000)
    assert (item.queue, item.passed, item.state) == ("expert", ("help",), "queued")


def test_a_person_may_send_it_anywhere_and_rules_begin_anew() -> None:
    world = world_with(plan=(RelaxStep(after_ms=1_000, overflow="expert"),))
    item = world.call()
    world.do(c.Pulse(), after=1_000)
    world.do(c.RequeueItem(item=item.id, queue="help"))
    assert (item.queue, item.passed, item.moves_by_rule) == ("help", (), 0)
    world.do(c.Pulse(), after=1_000)
    assert item.queue == "expert"


@pytest.mark.parametrize("length", [limits.MOVES_BY_RULE_MAX + 3])
def test_an_item_that_rules_send_round_too_often_is_stuck_and_somebody_is_told(length: int) -> None:
    world = World()
    names = [f"q{number}" for number in range(length)]
    queues = [Queue(id=names[-1])]
    queues += [Queue(id=one, plan=(RelaxStep(after_ms=1, overflow=after),)) for one, after in pairwise(names)]
    team = Team(id="all", memberships={name: Membership() for name in names})
    world.do(c.ApplyCentre(changes=tuple(change(record) for record in (*queues, team))))
    item = world.call(queue="q0")
    for _ in range(length):
        world.do(c.Pulse(), after=1)
    assert (item.state, item.moves_by_rule) == ("stuck", limits.MOVES_BY_RULE_MAX)
    assert alarms(world) == [("item_circles", item.id)]


def test_a_chain_of_closed_queues_is_followed_only_so_far() -> None:
    world = World()
    names = [f"q{number}" for number in range(limits.MOVES_BY_RULE_MAX + 5)]
    world.do(c.ApplyCentre(changes=tuple(change(Queue(id=name)) for name in names)))
    for one, after in pairwise(names):
        world.do(c.CloseQueue(queue=one, overflow=after))
    item = world.call(queue="q0")
    assert (item.outcome, len(item.passed)) == ("turned_away", limits.MOVES_BY_RULE_MAX)


# -- waiting for the customer ---------------------------------------------------------------------------------


def pending_mail(world: World, **more: Any) -> str:
    world.sign_on("ann")
    world.do(world.message("m"))
    world.do(c.AcceptReservation(item="i-m", agent="ann"))
    world.do(c.SetPending(item="i-m", agent="ann", **more))
    return "i-m"


def test_who_does_not_answer_for_days_is_waited_for_no_more() -> None:
    world = world_with(pending_close_ms=10_000)
    item = world.item(pending_mail(world))
    world.do(c.Pulse(), after=9_999)
    assert item.state == "pending"
    world.do(c.Pulse(), after=1)
    assert (item.state, item.outcome, item.agent) == ("closed", "no_answer", "ann")


def test_a_date_is_waited_for_however_long() -> None:
    world = world_with(pending_close_ms=10_000)
    item = world.item(pending_mail(world, until=world.now + 60_000))
    world.do(c.Pulse(), after=20_000)
    assert item.state == "pending"


def test_a_rule_about_silence_counts_for_what_is_pending_already() -> None:
    world = World()
    item = world.item(pending_mail(world))
    world.now += 60_000
    put(world, "help", pending_close_ms=10_000)
    world.do(c.Pulse())
    assert item.outcome == "no_answer"


def test_an_answer_in_time_reopens_the_item_and_goes_to_who_knows_it() -> None:
    world = world_with(pending_close_ms=10_000, prefer_ms=5_000)
    item = world.item(pending_mail(world))
    world.sign_on("bob")
    world.do(world.message("again", conversation="c-m"), after=5_000)
    assert (item.state, item.agent, item.reopen_count) == ("reserved", "ann", 1)


def test_an_answer_after_it_was_closed_opens_a_new_item_linked_to_it_for_who_knows_it() -> None:
    world = world_with(pending_close_ms=10_000, prefer_ms=5_000)
    pending_mail(world)
    world.sign_on("bob")
    world.do(c.Pulse(), after=10_000)
    world.do(world.message("late", conversation="c-m"))
    late = world.item("i-late")
    assert (late.reopens, late.last_agent, late.agent) == ("i-m", "ann", "ann")


def test_what_comes_due_waits_for_its_agent_alone_for_a_while() -> None:
    world = world_with(prefer_ms=5_000)
    item = world.item(pending_mail(world, until=world.now + 1_000))
    world.sign_on("bob")
    world.do(c.SetPresence(agent="ann", state="not_ready", reason="x"))
    world.do(c.Pulse(), after=1_000)
    assert (item.state, item.prefers) == ("queued", "ann")
    world.do(c.Pulse(), after=5_000)
    assert item.agent == "bob"
