"""Many cells of the skills matrix change as one, with one revision, or none of them does."""

import pytest

from router.core import commands as c
from router.core import events as e
from router.core.limits import CHANGES_MAX
from tests.core.world import World

HOUR = 3_600_000


def cell(agent: str, skill: str, level: int, until: int | None = None) -> c.SkillEdit:
    return c.SkillEdit(agent=agent, skill=skill, level=level, until=until)


def test_all_cells_change_with_one_revision_and_what_waits_moves() -> None:
    world = World()
    world.sign_on("ann", "bob")
    taxes, dutch = world.call(tax=2), world.call(nl=5)
    assert (taxes.state, dutch.state) == ("queued", "queued")
    before = world.state.meta.revision
    events = world.do(c.SetAgentSkills(edits=(cell("ann", "tax", 3), cell("ann", "fr", 0), cell("bob", "nl", 5))))
    assert (taxes.agent, dutch.agent) == ("ann", "bob")
    ann, bob = world.state.agents["ann"], world.state.agents["bob"]
    assert (dict(ann.skills), dict(bob.skills)) == ({"nl": 4, "tax": 3}, {"fr": 5, "nl": 5})
    assert ann.revision == bob.revision == world.state.meta.revision == before + 1
    assert [event.agent for event in events if isinstance(event, e.AgentSkillsChanged)] == ["ann", "bob"]
    assert len(world.reload().skills_of(ann)) == 2


def test_what_is_so_already_is_no_change() -> None:
    world = World()
    assert world.do(c.SetAgentSkills(edits=(cell("ann", "fr", 3), cell("eve", "tax", 5)))) == []
    events = world.do(c.SetAgentSkills(edits=(cell("ann", "fr", 3), cell("ann", "nl", 5))))
    assert [event.edits for event in events if isinstance(event, e.AgentSkillsChanged)] == [(cell("ann", "nl", 5),)]


def test_cells_may_be_for_a_time_and_what_was_temporary_gives_way() -> None:
    world = World()
    until = world.now + HOUR
    world.do(c.SetAgentSkills(edits=(cell("ann", "tax", 2, until), cell("ann", "nl", 0, until))))
    assert dict(world.state.skills_of(world.state.agents["ann"])) == {"fr": 3, "tax": 2}
    world.do(c.SetAgentSkills(edits=(cell("ann", "tax", 1),)))
    ann = world.state.agents["ann"]
    assert dict(ann.skills)["tax"] == 1 and [lent.skill for lent in ann.temporary] == ["nl"]
    world.do(c.Pulse(), after=HOUR)
    assert dict(world.state.skills_of(world.state.agents["ann"])) == {"fr": 3, "nl": 4, "tax": 1}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (cell("nobody", "fr", 1), "unknown_agent"),
        (cell("bob", "piano", 1), "unknown_skill"),
        (cell("bob", "nl", 6), "bad_level"),
        (cell("bob", "nl", 1, 1), "bad_date"),
        (cell("ann", "tax", 2), "duplicate_id"),
    ],
)
def test_one_wrong_cell_refuses_all_of_them(wrong: c.SkillEdit, code: str) -> None:
    assert World().refuse(c.SetAgentSkills(edits=(cell("ann", "tax", 1), wrong))) == code


def test_an_agent_who_was_changed_since_refuses_all_and_another_one_does_not_matter() -> None:
    world = World()
    seen = world.state.meta.revision
    world.do(c.SetAgentSkill(agent="bob", skill="tax", level=1))
    assert world.refuse(c.SetAgentSkills(edits=(cell("ann", "tax", 1), cell("bob", "tax", 2)), seen=seen)) == (
        "stale_revision"
    )
    world.do(c.SetAgentSkills(edits=(cell("ann", "tax", 1),), seen=seen))
    world.do(c.SetAgentSkills(edits=(cell("bob", "tax", 2),), seen=world.state.meta.revision))


def test_an_edit_has_a_bounded_number_of_cells() -> None:
    world = World()
    too_many = tuple(cell("ann", "fr", 1) for _ in range(CHANGES_MAX + 1))
    assert world.refuse(c.SetAgentSkills(edits=too_many)) == "full"
