"""A skill that goes becomes another one, or nothing, in all that names it at once: records and what waits."""

from typing import Any

import pytest

from queues.category import Category
from queues.entry_point import EntryPoint
from queues.plan import RelaxStep
from queues.queue import Queue
from queues.rule import Rule
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.agent import Agent
from router.core.becoming import asked_after, term_after
from router.core.decide_centre import apply_centre
from router.core.decision import Decision
from router.core.facts import Facts
from router.core.rejections import Rejection
from router.core.state import State
from skills import Skill, requirement
from tests.core.world import World, change

DUTCH = Skill(id="dutch", kind="language")


def becomes(other: str, *more: c.Change) -> c.ApplyCentre:
    """Dutch goes, and becomes this."""
    return c.ApplyCentre(changes=(*more, c.Change(kind="skill", id="nl", becomes=other)))


def put(*records: Any) -> c.ApplyCentre:
    return c.ApplyCentre(changes=tuple(change(record, seen=None) for record in records))


@pytest.mark.parametrize(
    ("term", "after"),
    [
        ("nl", "dutch"),
        ("fr", "fr"),
        ("fr|nl", "fr|dutch"),
        ("dutch|nl", "dutch"),
        ("!nl", "!dutch"),
        ("old", ""),
        ("old|fr", "fr"),
        ("!old", ""),
        ("!old|nl", "!dutch"),
    ],
)
def test_a_term_with_another_name(term: str, after: str) -> None:
    assert term_after(term, {"nl": "dutch", "old": ""}) == after


def test_what_asked_both_asks_the_stricter() -> None:
    assert asked_after((("dutch", 2), ("nl", 4)), {"nl": "dutch"}) == (("dutch", 4),)
    assert asked_after((("!dutch", 2), ("!nl", 4)), {"nl": "dutch"}) == (("!dutch", 2),)
    assert asked_after((("nl", 4),), {"nl": ""}) == ()


def test_everything_that_names_it_is_rewritten_and_what_waits_is_matched_at_once() -> None:
    world = World()
    plan = (RelaxStep(after_ms=5_000, lower={"nl": 1}), RelaxStep(after_ms=9_000, drop=("nl",)))
    expert = Queue(id="expert", line=2, requirement=(("nl", 3),), plan=plan)
    world.do(
        put(
            expert,
            Category(id="tax_question", escalates_to="expert", requirement=(("fr|nl", 2),)),
            EntryPoint(id="door", channel="chat", address="d", queue="help", requirement=(("nl", 2),)),
            Rule(id="r", requirement=(("!nl", 4),), wishes=(("nl", 1),)),
            DUTCH,
        )
    )
    world.do(c.SetAgentSkill(agent="bob", skill="nl", level=2, until=world.now + 60_000))
    world.do(c.SetAgentSkill(agent="bob", skill="dutch", level=5))
    world.sign_on("bob")
    waiting = world.call(nl=4)
    assert waiting.state == "queued", "bob's Dutch is for a time, and not good enough"
    events = world.do(becomes("dutch"))
    assert [type(event) for event in events if isinstance(event, e.ItemAskedAnew | e.RecordDropped)] == [
        e.ItemAskedAnew,
        e.RecordDropped,
    ]
    state = world.state
    assert "nl" not in state.skills
    assert state.agents["ann"].skills == (("dutch", 4), ("fr", 3))
    assert state.queues["expert"].requirement == (("dutch", 3),)
    assert [(step.drop, step.lower) for step in state.queues["expert"].plan] == [((), {"dutch": 1}), (("dutch",), {})]
    assert state.categories["tax_question"].requirement == (("fr|dutch", 2),)
    assert state.entry_points["door"].requirement == (("dutch", 2),)
    assert (state.rules["r"].requirement, state.rules["r"].wishes) == ((("!dutch", 4),), (("dutch", 1),))
    assert [lent.skill for lent in state.agents["bob"].temporary] == ["dutch"]
    assert world.item(waiting.id).requirement == (("dutch", 4),)


def test_who_had_the_other_skill_gets_what_waited() -> None:
    world = World()
    world.do(put(DUTCH, Agent(id="zoe", teams=("first",), skills=requirement({"dutch": 5}))))
    world.sign_on("zoe")
    waiting = world.call(nl=4)
    assert waiting.state == "queued"
    world.do(becomes("dutch"))
    assert world.item(waiting.id).agent == "zoe"


def test_a_skill_that_becomes_nothing_is_asked_no_more() -> None:
    world = World()
    world.sign_on("bob")
    waiting = world.call(nl=4)
    world.do(becomes(""))
    assert (world.item(waiting.id).requirement, world.item(waiting.id).agent) == ((), "bob")
    assert world.state.agents["ann"].skills == (("fr", 3),)


def test_without_a_word_it_is_refused_while_something_asks_or_wishes_it() -> None:
    world = World()
    for facts in (Facts(queue="help", requirement=(("fr|nl", 2),)), Facts(queue="help", wishes=(("nl", 1),))):
        world.do(c.OfferCall(call="k", item="i", conversation="v", facts=facts), after=1)
        assert world.refuse(c.ApplyCentre(changes=(c.Change(kind="skill", id="nl"),))) == "in_use"
        world.do(c.EndCall(call="k"))
        world.do(c.Forget(items=("i",)))


def test_what_was_escalated_comes_back_without_a_skill_that_is_gone() -> None:
    """Else it would wait for a skill that nobody has, and nobody would be told."""
    world = World()
    world.sign_on("ann")
    item = world.call("k", nl=2)
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(c.EscalateItem(item=item.id, agent="ann", reason="hard", note="n"))
    assert world.refuse(c.ApplyCentre(changes=(c.Change(kind="skill", id="nl"),))) == "in_use"
    world.do(becomes("dutch", change(DUTCH)))
    assert (item.requirement, item.way[0].requirement) == ((("dutch", 2),), (("dutch", 2),))
    world.reload()
    world.sign_on("eve")
    world.do(c.AnswerCall(call="k", agent="eve"))
    world.do(c.ReturnItem(item=item.id, agent="eve", kind="answered", note="n"))
    assert (item.requirement, item.queue) == ((("dutch", 2),), "help")


def test_it_may_be_renamed_in_one_edit_and_records_of_that_edit_count() -> None:
    world = World()
    help = Queue(id="help", requirement=(("dutch", 1),))
    world.do(becomes("dutch", change(DUTCH), change(help, seen=None)))
    assert world.state.queues["help"].requirement == (("dutch", 1),)
    assert dict(world.state.agents["ann"].skills)["dutch"] == 4


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (becomes("dutch"), "unknown_skill"),
        (becomes("nl"), "bad_value"),
        (becomes("fr", c.Change(kind="skill", id="fr", becomes="")), "unknown_skill"),
        (becomes("fr", change(Queue(id="help", requirement=(("nl", 1),)), seen=None)), "unknown_skill"),
        (c.ApplyCentre(changes=(c.Change(kind="queue", id="expert", becomes="help"),)), "bad_value"),
        (c.ApplyCentre(changes=(c.Change(kind="skill", id="xx", becomes="fr"),)), "unknown_record"),
    ],
)
def test_what_cannot_be(command: c.Command, code: str) -> None:
    assert World().refuse(command) == code


@pytest.mark.slow
def test_more_than_one_commit_can_hold_is_refused() -> None:
    """20,000 records and items: then it is `full`, and nothing of it is done."""
    state = State(routing=False)
    for record in (Skill(id="nl", kind="language"), DUTCH):
        state.put("skill", record.id, record)
    for number in range(limits.CHANGES_MAX - 1):
        agent = Agent(id=f"a{number}", skills=(("nl", 3),))
        state.put("agent", agent.id, agent)
    state.settle()
    assert len(decided(apply_centre(state, becomes("dutch"), 1))) == limits.CHANGES_MAX
    state.put("agent", "more", Agent(id="more", skills=(("nl", 3),)))
    state.settle()
    refused = apply_centre(state, becomes("dutch"), 1)
    assert isinstance(refused, Rejection) and (refused.code, refused.subject) == ("full", "nl")


def decided(decision: Decision) -> list[e.Event]:
    """The events of what was not refused."""
    assert not isinstance(decision, Rejection), decision
    return decision


def test_a_contact_on_its_way_asks_no_skill_that_has_gone() -> None:
    """It would wait for ever. A supervisor is told."""
    world = World()
    world.do(becomes("fr"))
    item = world.call(nl=4, fr=2)
    assert item.requirement == (("fr", 2),)
    assert [(event.code, event.subject) for event in world.log if isinstance(event, e.AlarmRaised)] == [
        ("unknown_skill", item.id)
    ]
