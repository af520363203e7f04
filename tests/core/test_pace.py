"""What the state learns of handling times and patience, by queue and channel."""

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core.estimate import impatience
from router.core.pace import Pace
from tests.core.world import World

MINUTE = 60_000


def test_a_handling_time_counts_from_the_accept_to_the_end_of_wrap_up() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"), after=3_000)
    world.do(c.EndCall(call="k"), after=MINUTE)
    assert item.state == "wrapping" and world.state.paces["help/phone"].handled == 0
    world.do(c.Pulse(), after=5_000)
    pace = world.reload().paces["help/phone"]
    assert (pace.handled, pace.mean, pace.last_wait, impatience(pace)) == (1, MINUTE + 5_000, 3_000, 0)


def test_who_left_makes_the_others_known_as_impatient() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call("k")
    world.do(c.AcceptReservation(item=item.id, agent="ann"))
    world.call("l")
    world.do(c.EndCall(call="l"), after=MINUTE)
    assert impatience(world.state.paces["help/phone"]) == pytest.approx(1 / MINUTE)


def test_what_an_agent_got_by_name_says_nothing_of_waiting() -> None:
    world = World()
    world.sign_on("ann", "bob")
    item = world.call("k")
    world.do(c.AcceptReservation(item=item.id, agent=item.agent))
    waited = world.state.paces["help/phone"].last_wait
    other = "bob" if item.agent == "ann" else "ann"
    world.do(c.TransferItem(item=item.id, agent=item.agent, to_agent=other), after=MINUTE)
    world.do(c.AcceptReservation(item=item.id, agent=other), after=7_000)
    pace = world.state.paces["help/phone"]
    assert (pace.last_wait, pace.handled, pace.mean) == (waited, 1, MINUTE)


def test_a_pace_goes_with_its_queue() -> None:
    world = World()
    world.sign_on("eve")
    item = world.call("k", queue="expert")
    world.do(c.AcceptReservation(item=item.id, agent="eve"))
    world.do(c.EndCall(call="k"), after=MINUTE)
    world.do(c.Forget(items=(item.id,)))
    assert "expert/phone" in world.state.paces
    drops = [c.Change(kind=kind, id=id) for kind, id in (("queue", "expert"), ("category", "tax_question"))]
    help, second = world.state.queues["help"], world.state.teams["second"]
    puts = [
        c.Change(kind="queue", id="help", record=replace(help, escalates_to="")),
        c.Change(kind="team", id="second", record=replace(second, memberships={})),
    ]
    world.do(c.ApplyCentre(changes=(*drops, *puts)))
    assert world.state.paces == {}


def test_old_handling_times_fade() -> None:
    pace = Pace(id="q/phone", queue="q", channel="phone")
    for _ in range(4_000):
        pace.add_handled(1_000)
    assert pace.mean == pytest.approx(1_000, abs=1) and pace.handled in (511, 512)
    for _ in range(4_000):
        pace.add_handled(3_000)
    assert pace.mean == pytest.approx(3_000, abs=3)
