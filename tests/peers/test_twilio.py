"""Twilio TaskRouter: what its documents say happens, replayed; where we decide otherwise the test says why."""

from queues.plan import RelaxStep
from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from router.core import events as e
from tests.peers.centre import MINUTE, Centre, S, agent


def rings(*after: int) -> tuple[RelaxStep, ...]:
    """Members of order 1 first, of order 2 after so many seconds, and so on."""
    return tuple(RelaxStep(after_ms=seconds * S, members=place + 1) for place, seconds in enumerate(after))


def ringed(**orders: int) -> list[object]:
    """Agents by the ring they are in."""
    return [agent(id, memberships={"q": Membership(order=order)}) for id, order in orders.items()]


def test_t1_differs_a_reservation_that_times_out_neither_skips_a_step_nor_adds_to_the_wait() -> None:
    """They move on to the next queue when a reservation times out, before its 10 s are over, and give no reason. Our
    steps count from the entry into the queue and from nothing else, so that a waiting time can be promised."""
    centre = Centre(Queue(id="q", reservation_ms=5 * S, plan=rings(0, 10, 20)), *ringed(one=1, two=2, three=3))
    centre.on("two", "three")
    centre.at(10)
    centre.offer("task")
    entered = centre.now / S
    centre.at(entered + 3)
    centre.on("one")
    assert centre.holder("task") == "one"
    centre.at(entered + 9)
    assert centre.presence("one") == ("not_ready", "no_answer")
    assert centre.holder("task") == "", "theirs is in the second step since 8 s"
    centre.at(entered + 10)
    assert centre.holder("task") == "two"
    centre.away("two")
    assert centre.holder("task") == ""
    centre.at(entered + 20)
    assert centre.holder("task") == "three", "20 s after it came: as theirs"


def test_t3_who_lacks_what_orders_comes_last() -> None:
    for first, second in (("alice", "bob"), ("bob", "alice")):
        centre = Centre(Queue(id="q", strategy="best_fit"), agent("alice", skills={"support": 3}), agent("bob"))
        centre.on(first, second)
        assert centre.offer("task", wishes={"support": 1}) == "alice", f"though {first} idles longer"
        assert centre.offer("other", wishes={"support": 1}) == "bob"


def test_t5_widens_at_its_step_and_differs_nothing_is_cancelled_at_the_end_of_the_plan() -> None:
    """They cancel what no step could place; a contact is never thrown away here: it goes on waiting, with an alarm if
    the plan asks for one. Neither falls to another rule."""
    plan = (*rings(0, 15), RelaxStep(after_ms=30 * S, alert="plan_over"))
    centre = Centre(Queue(id="q", plan=plan), Queue(id="sales"), *ringed(preferred=1, rest=2), agent("sam", "sales"))
    centre.on("sam")
    centre.offer("task")
    entered = centre.now / S
    centre.at(entered + 14)
    centre.on("rest")
    assert centre.holder("task") == ""
    centre.at(entered + 15)
    assert centre.holder("task") == "rest"
    centre.away("rest")
    centre.at(entered + 60)
    assert centre.item("task").state == "queued"
    assert [alarm.code for alarm in centre.told(e.AlarmRaised)] == ["plan_over"]
    centre.back("rest")
    assert centre.holder("task") == "rest"


def test_t7_differs_nothing_is_cancelled_because_it_waited_for_a_day() -> None:
    """A mail of yesterday is late, not void."""
    centre = Centre(Queue(id="q"), agent("ann"))
    centre.offer("task")
    centre.at(86_401)
    assert centre.item("task").state == "queued"
    centre.on("ann")
    assert centre.holder("task") == "ann"


def test_t11_differs_after_so_many_refusals_somebody_is_told_and_nothing_is_cancelled() -> None:
    """They cancel a task at its thousandth rejection. Here it is stuck, with an alarm, and a supervisor decides."""
    centre = Centre(Queue(id="q", decline_memory_ms=60 * S, declines_max=50), agent("ann"))
    centre.on("ann")
    assert centre.offer("task") == "ann"
    for _ in range(49):
        assert centre.decline("task") == ""
        centre.after(60)
        assert centre.holder("task") == "ann"
    centre.decline("task")
    assert centre.item("task").state == "stuck"
    assert [alarm.subject for alarm in centre.told(e.AlarmRaised)] == ["task"]
    centre.do(c.RequeueItem(item="task"))
    assert centre.holder("task") == "ann"


def test_t11_without_a_maximum_refusals_never_end_an_item() -> None:
    centre = Centre(Queue(id="q", decline_memory_ms=60 * S), agent("ann"))
    centre.on("ann")
    assert centre.offer("task") == "ann"
    for _ in range(50):
        assert centre.decline("task") == ""
        centre.after(60)
        assert centre.holder("task") == "ann"


def test_t13_who_becomes_unavailable_lets_go_of_what_is_reserved_at_once() -> None:
    """As theirs with RejectPendingReservations. Without it their reservation stays with somebody who is not there: a
    caller would listen to a phone that rings in an empty room. So there is no such switch."""
    centre = Centre(Queue(id="q"), agent("ann"), agent("bob"))
    centre.on("ann", "bob")
    assert centre.offer("task") == "ann"
    centre.away("ann")
    assert centre.holder("task") == "bob"
    (ended,) = centre.told(e.ReservationEnded)
    assert (ended.agent, ended.outcome) == ("ann", "released")
    centre.do(c.SetPresence(agent="bob", state="available"))
    assert centre.holder("task") == "bob", "an available activity changes nothing"


def test_t15_what_cannot_be_met_matches_nobody_and_is_no_error() -> None:
    centre = Centre(Queue(id="q"), agent("ann", skills={"x-ray": 1}), agent("bob", skills={"x": 1}))
    centre.on("ann")
    assert centre.offer("task", asks={"x": 1}) == ""
    assert centre.item("task").state == "queued"
    centre.after(MINUTE)
    assert centre.offer("other", asks={"x-ray": 1}) == "ann"
