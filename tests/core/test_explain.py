"""The full explanation: every agent, every step, and what would end the wait."""

import msgspec

from queues.plan import RelaxStep
from queues.queue import Queue
from queues.team import Membership, Team
from router.core import commands as c
from router.core.explain import Explained, Verdict, explain
from skills import Skill
from tests.core.world import World, agent, change

MINUTE = 60_000


def told(world: World, item: str) -> Explained:
    return explain(world.state, item, world.now)


def of(found: Explained, agent: str) -> Verdict:
    return next(one for one in found.agents if one.agent == agent)


def endings(found: Explained) -> dict[str, int]:
    return {one.reason: one.agents for one in found.endings}


def test_each_agent_has_the_rule_that_keeps_them_and_what_it_is_about() -> None:
    world = World()
    world.sign_on("bob", "ann")
    held = world.call("k")
    world.do(c.AcceptReservation(item=held.id, agent=held.agent))
    item = world.call(nl=2, tax=1)
    found = told(world, item.id)
    assert [(one.agent, one.reason, one.detail) for one in found.agents] == [
        ("ann", "lacks_skill", "tax:1"),
        ("bob", "lacks_skill", "nl:2, tax:1"),
        ("eve", "not_member", ""),
    ]
    assert endings(found) == {"lacks_skill": 2, "not_member": 1}
    assert "AgentSkillsChanged" in next(one for one in found.endings if one.reason == "lacks_skill").events
    assert (found.asks.requirement, found.state, found.queue) == ({"nl": 2, "tax": 1}, "queued", "help")


def test_who_is_busy_is_expected_to_be_free() -> None:
    world = World()
    world.sign_on("bob")
    first = world.call("a")
    world.do(c.AnswerCall(call="a", agent="bob"))
    world.do(c.EndCall(call="a"), after=MINUTE)
    world.do(c.Pulse(), after=5_000)
    second = world.call("b")
    world.do(c.AnswerCall(call="b", agent="bob"))
    item = world.call("c")
    world.now += 10_000
    found = told(world, item.id)
    busy = of(found, "bob")
    assert first.state == "closed"
    assert (busy.reason, busy.detail) == ("no_room", "1")
    assert busy.until == second.accepted_at + MINUTE + 5_000 if second.accepted_at else False
    soonest = found.endings[0]
    assert (soonest.reason, soonest.agents, soonest.at) == ("no_room", 1, busy.until)
    world.now += 10 * MINUTE
    late = of(told(world, item.id), "bob").until
    assert late is not None and late > world.now, "who is over the mean is still expected to end"


def test_steps_say_when_they_were_taken_and_which_come() -> None:
    plan = (RelaxStep(after_ms=10_000, drop=("tax",)), RelaxStep(after_ms=30_000, teams=("second",)))
    world = World()
    queue = msgspec.structs.replace(world.state.queues["help"], plan=plan)
    world.do(c.ApplyCentre(changes=(change(queue, seen=None),)))
    item = world.call(tax=3)
    found = told(world, item.id)
    assert [(one.kind, one.taken, one.at - item.entered_at) for one in found.steps] == [
        ("entered", True, 0),
        ("plan", False, 10_000),
        ("plan", False, 30_000),
    ]
    assert found.steps[1].step == plan[0]
    coming = next(one for one in found.endings if one.reason == "next_step")
    assert coming.at == item.entered_at + 10_000
    world.do(c.Pulse(), after=10_000)
    found = told(world, item.id)
    assert [one.taken for one in found.steps] == [True, True, False]
    assert found.asks.requirement == {}


def test_a_skill_that_nobody_has_is_named() -> None:
    world = World()
    world.do(c.ApplyCentre(changes=(change(Skill(id="piano")),)))
    item = world.call(piano=1)
    (found,) = [one for one in told(world, item.id).endings if one.reason == "nobody_has"]
    assert found.subject == "piano:1"


def test_who_has_it_beat_the_others_by_their_points() -> None:
    world = World()
    second = Team(id="first", memberships={"help": Membership(order=2)})
    world.do(c.ApplyCentre(changes=(change(agent("zoe", teams=()), seen=None),)))
    world.do(c.SetMembership(agent="zoe", queue="help", membership=Membership(order=1)))
    world.do(c.ApplyCentre(changes=(change(second, seen=None),)))
    world.sign_on("ann", "bob", "zoe")
    item = world.call()
    found = told(world, item.id)
    assert (item.agent, of(found, "zoe").reason) == ("zoe", "has_it")
    assert [one.agent for one in sorted(found.agents, key=lambda one: one.place) if one.place] == ["ann", "bob"]
    assert of(found, "zoe").points < of(found, "ann").points < of(found, "bob").points
    assert found.endings == () and found.estimate is None


def test_who_declined_and_for_how_long() -> None:
    world = World()
    world.sign_on("bob")
    item = world.call()
    world.do(c.DeclineReservation(item=item.id, agent="bob"))
    found = of(told(world, item.id), "bob")
    assert (found.reason, found.until) == ("excepted", world.now + 300_000)


def test_a_delay_says_when_it_is_over_and_names_are_those_of_the_outer_faces() -> None:
    world = World()
    world.do(c.ApplyCentre(changes=(change(Queue(id="slow")),)))
    world.do(c.SetMembership(agent="bob", queue="slow", membership=Membership(delay_ms=20_000)))
    world.sign_on("bob")
    item = world.call(queue="slow")
    found = told(world, item.id)
    assert (of(found, "bob").reason, of(found, "bob").until) == ("not_yet", item.entered_at + 20_000)
    shown = msgspec.json.decode(msgspec.json.encode(found))
    assert shown["agents"][1] == {"agent": "bob", "reason": "not_yet", "until_at_ms": item.entered_at + 20_000}
    assert shown["steps"][1]["after_ms"] == 20_000
    assert msgspec.json.decode(msgspec.json.encode(found), type=Explained) == found
