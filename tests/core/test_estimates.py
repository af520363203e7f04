"""Estimates: where an item stands and how long it will wait."""

import math

import pytest

from queues import estimates
from queues.capacity import Room
from queues.comparator import Comparator
from queues.endpoint import Endpoint
from queues.plan import RelaxStep
from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from router.core.agent import Agent
from router.core.ask import Raw
from router.core.effects import effects
from router.core.estimate import Estimate, Load, estimate, prospect, shared
from router.core.pace import Pace
from router.core.views import estimate_view
from skills import Skill, requirement
from tests.core.world import World, change

MEAN = 100_000


def summed(ahead: int, rate: float, leaving: float) -> float:
    return sum(1 / (rate + place * leaving) for place in range(ahead + 1))


@pytest.mark.parametrize("ahead", [0, 1, 7, 400])
@pytest.mark.parametrize(("rate", "leaving"), [(0.5, 0.0), (0.5, 0.002), (3e-4, 5e-6), (1.0, 7.0)])
def test_queue_length_is_the_sum_of_the_times_between_those_who_go(ahead: int, rate: float, leaving: float) -> None:
    wait = estimates.queue_length(ahead, rate, leaving)
    assert wait.mean == pytest.approx(summed(ahead, rate, leaving), rel=1e-9)
    assert wait.variance == pytest.approx(
        sum(1 / (rate + place * leaving) ** 2 for place in range(ahead + 1)), rel=1e-7
    )


def test_a_range_leaves_out_the_tenth_on_either_side() -> None:
    one = estimates.between(estimates.queue_length(0, 1e-6))
    assert one.low / 1e6 == pytest.approx(-math.log(0.9), rel=0.08)
    assert one.high / 1e6 == pytest.approx(-math.log(0.1), rel=0.02)
    assert estimates.between(estimates.Wait(0.0, 0.0)) == (0, 0, 0)


# -- in a centre ----------------------------------------------------------------------------------------------

PHONE = {"phone": Room(maximum=1, weight=100)}


def staff(name: str, count: int, *queues: str, **skills: int) -> list[Agent]:
    memberships = {queue: Membership() for queue in queues}
    return [
        Agent(id=f"{name}{n}", memberships=memberships, skills=requirement(skills), rooms=PHONE) for n in range(count)
    ]


def centre(agents: list[Agent], *queues: Queue, known: bool = True) -> World:
    """All of these agents on shift and busy with what came first; how long things take is known."""
    world = World()
    world.do(c.ApplyCentre(changes=tuple(change(record) for record in (Skill(id="rare"), *queues, *agents))))
    world.sign_on(*(agent.id for agent in agents))
    for agent in agents:
        call = f"first-{agent.id}"
        queue = next(iter(agent.memberships))
        item = world.call(call, queue=queue)
        assert item.agent
        world.do(c.AnswerCall(call=call, agent=item.agent))
    if known:
        for record in (*queues, world.state.queues["help"]):
            pace = Pace(id=f"{record.id}/phone", queue=record.id, channel="phone")
            for _ in range(2_000):
                pace.add_handled(MEAN)
            world.state.paces[pace.id] = pace
    return world


def told(world: World, item: str) -> Estimate:
    found = estimate(world.state, item, world.now)
    assert found is not None
    return found


def test_one_line_of_equal_agents_is_the_formula() -> None:
    world = centre(staff("x", 4, "q"), Queue(id="q"))
    items = [world.call(queue="q") for _ in range(6)]
    found = [told(world, item.id) for item in items]
    assert [(one.position, one.ahead, one.agents) for one in found] == [(n + 1, n, 4) for n in range(6)]
    assert [one.expected for one in found] == pytest.approx([(n + 1) * MEAN / 4 for n in range(6)], rel=1e-3)
    assert all(one.low < one.expected < one.high for one in found if one.low and one.expected and one.high)
    assert found[0].method == "queue_length" and found[0].confidence == 80


def test_who_may_leave_before_shortens_the_wait() -> None:
    world = centre(staff("x", 4, "q"), Queue(id="q"))
    items = [world.call(queue="q") for _ in range(6)]
    pace = world.state.paces["q/phone"]
    pace.waited, pace.left = 10 * MEAN, 10 << 16
    assert told(world, items[-1].id).expected == pytest.approx(summed(5, 4 / MEAN, 1 / MEAN), rel=1e-3)


def test_shared_agents_are_counted_for_what_they_have_to_do() -> None:
    """Two queues with four agents each and two who serve both: either waits as long as all of them together make it."""
    agents = [*staff("a", 4, "qa"), *staff("b", 4, "qb"), *staff("m", 2, "qa", "qb")]
    world = centre(agents, Queue(id="qa"), Queue(id="qb"))
    for queue in ("qa", "qb") * 10:
        world.call(queue=queue)
    last = [world.call(queue="qa"), world.call(queue="qb")]
    for item in last:
        assert told(world, item.id).expected == pytest.approx(21.5 * MEAN / 10, rel=0.05)


def test_a_line_that_overwhelms_its_agents_leaves_the_others_theirs() -> None:
    agents = [*staff("a", 4, "qa"), *staff("b", 4, "qb"), *staff("m", 2, "qa", "qb")]
    world = centre(agents, Queue(id="qa"), Queue(id="qb"))
    for _ in range(40):
        world.call(queue="qb")
    few = world.call(queue="qa")
    assert told(world, few.id).expected == pytest.approx(MEAN / 4, rel=0.3)
    last = world.call(queue="qb")
    assert told(world, last.id).expected == pytest.approx(41 * MEAN / 6, rel=0.06)


def test_what_goes_first_counts_whatever_came_first() -> None:
    world = centre(staff("x", 2, "low", "high"), Queue(id="low"), Queue(id="high", priority=5))
    low = world.call(queue="low")
    before = told(world, low.id)
    for _ in range(4):
        world.call(queue="high")
    after = told(world, low.id)
    assert (before.ahead, after.ahead) == (0, 4)
    assert before.position == after.position == 1, "in its own queue it is first still"
    assert after.expected == pytest.approx(5 * MEAN / 2, rel=0.02)


def test_a_head_start_counts_as_waiting() -> None:
    ahead = Comparator(kind="head_start", per_point_ms=60_000)
    queues = (Queue(id="low", comparator=ahead), Queue(id="high", priority=1, comparator=ahead))
    world = centre(staff("x", 2, "low", "high"), *queues)
    old = world.call(queue="low")
    world.now += 61_000
    new = world.call(queue="high")
    assert (told(world, old.id).ahead, told(world, new.id).ahead) == (0, 1)


def test_a_step_that_comes_before_the_end_lets_others_help() -> None:
    plan = (RelaxStep(after_ms=50_000, drop=("rare",)),)
    agents = [*staff("x", 1, "q", rare=3), *staff("y", 9, "q")]
    world = centre(agents, Queue(id="q", plan=plan))
    items = [world.call(queue="q", rare=1) for _ in range(5)]
    alone = 5 * MEAN
    found = told(world, items[-1].id).expected
    assert found is not None
    assert 50_000 < found < alone / 4, "the rest of its wait is at the pace of ten"


def test_nobody_there_is_no_wait_but_that() -> None:
    world = centre(staff("x", 1, "q"), Queue(id="q"))
    world.do(c.SetPresence(agent="x0", state="not_ready", reason="break"))
    item = world.call(queue="q")
    found = told(world, item.id)
    assert (found.method, found.reason, found.expected, found.agents) == (None, "nobody", None, 0)
    assert estimate(world.state, "i-first-x0", world.now) is None, "who is answered waits no more"


def test_without_history_the_head_of_the_line_tells() -> None:
    world = centre(staff("x", 1, "q"), Queue(id="q"), known=False)
    first = world.call(queue="q")
    assert told(world, first.id).reason in ("no_history", "")
    world.now += 30_000
    second = world.call(queue="q")
    found = told(world, second.id)
    assert found.method == "head_of_line"
    assert found.expected == pytest.approx(world.now - first.entered_at, abs=1)


def test_crews_follow_what_happens() -> None:
    world = centre(staff("x", 3, "q"), Queue(id="q"))
    item = world.call(queue="q")

    def agents() -> int:
        found = estimate(world.state, item.id, world.now)
        assert found is not None
        return found.agents

    assert agents() == 3
    for command, there in (
        (c.SetPresence(agent="x0", state="not_ready", reason="break"), 2),
        (c.SetMembership(agent="x1", queue="help", membership=Membership()), 2),
        (c.ApplyCentre(changes=(change(Agent(id="new")),)), 2),
        (c.SetPresence(agent="x0", state="available"), 3),
    ):
        world.do(command)
        assert agents() == there
    assert estimate(world.reload(), item.id, world.now) == told(world, item.id)


def test_load_is_shared_until_nobody_could_help() -> None:
    world = centre([*staff("a", 2, "qa"), *staff("m", 2, "qa", "qb")], Queue(id="qa"), Queue(id="qb"))
    found = world.state.crews
    loads = []
    for queue in ("qa", "qb"):
        item_class = world.state.lines.class_of(world.call(queue=queue).id)
        assert item_class is not None
        able = {crew: len(crew.members) for crew in found.able(item_class.key)}
        loads.append(Load(4, able, 1.0, "phone"))
    a, b = loads
    assert shared([a, b]) == pytest.approx(2.0, rel=0.05)
    assert shared([b, a]) == pytest.approx(2.0, rel=0.05)
    assert shared([a]) == pytest.approx(1.0)


def test_who_would_come_now_waits_as_long_as_who_comes() -> None:
    world = centre(staff("x", 4, "q"), Queue(id="q"))
    for _ in range(5):
        world.call(queue="q")
    asks = Raw("q", "phone", 0, (), (), "", "", 0)
    size = len(list(world.state.lines.classes()))
    before = prospect(world.state, asks, world.now)
    assert before is not None and before.position == 6 and len(list(world.state.lines.classes())) == size
    item = world.call(queue="q")
    assert told(world, item.id).expected == before.expected == pytest.approx(6 * MEAN / 4, rel=1e-3)
    assert prospect(world.state, asks._replace(queue="none"), world.now) is None
    world.state.paces.clear()
    after = prospect(world.state, asks, world.now)
    assert after is not None and after.method == "head_of_line"


def test_integrators_hear_how_long_it_may_take_unless_an_agent_has_it() -> None:
    world = centre(staff("x", 1, "q"), Queue(id="q"))
    world.do(c.ApplyCentre(changes=(change(Endpoint(id="pbx", url="https://pbx.example/hook")),)))
    before = len(world.log)
    item = world.call(queue="q")
    bodies = [body for event in world.log[before:] for _, body in effects(world.state, event)]
    (queued,) = [body for body in bodies if body["type"] == "item.queued"]
    assert queued["estimate"] == estimate_view(told(world, item.id))
    assert queued["estimate"]["position"] == 1 and queued["estimate"]["expected_ms"] == pytest.approx(MEAN, rel=1e-3)
