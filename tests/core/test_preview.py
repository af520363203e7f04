"""A preview says what a change would do, and does not do it."""

import msgspec

from queues.team import Membership
from router.core import commands as c
from router.core.copies import copies
from router.core.preview import Offered, Preview, QueueChange, preview
from router.core.state import load
from tests.core.world import World, change


def foretold(world: World, *commands: c.Command, most: int = 10, teams: frozenset[str] | None = None) -> Preview:
    """The preview; asserts that the state is as it was."""
    before = world.state.digest()
    found = preview(load(copies(world.state)), commands, world.now, most=most, teams=teams)
    assert world.state.digest() == before
    return found


def give(agent: str, skill: str, level: int) -> c.SetAgentSkills:
    return c.SetAgentSkills(edits=(c.SkillEdit(agent=agent, skill=skill, level=level),))


def test_a_skill_given_says_who_would_get_what() -> None:
    world = World()
    world.sign_on("ann")
    taxes = [world.call(tax=2) for _ in range(3)]
    other = world.call(nl=9 - 4)
    found = foretold(world, give("ann", "tax", 3))
    assert found.queues == {"help": QueueChange(waiting=4, gained=3, possible=3)}
    assert [(one.item, one.gained, one.before, one.after) for one in found.items] == [
        (item.id, ("ann",), 0, 1) for item in taxes
    ]
    assert found.offers == (Offered(item=taxes[0].id, queue="help", agent="ann"),)
    assert found.events == {"AgentSkillsChanged": 1, "ReservationMade": 1}
    assert other.state == "queued"
    world.do(give("ann", "tax", 3))
    assert taxes[0].agent == "ann", "and so it comes"


def test_a_skill_taken_away_says_what_nobody_could_take_any_more() -> None:
    world = World()
    items = [world.call(nl=1) for _ in range(12)]
    found = foretold(world, give("ann", "nl", 0), most=5)
    assert found.queues == {"help": QueueChange(waiting=12, lost=12, impossible=12)}
    assert (len(found.items), found.items_total, found.items[0].lost) == (5, 12, ("ann",))
    assert found.items[0].item == items[0].id


def test_a_queue_that_asks_more_and_a_membership_are_previewed_too() -> None:
    world = World()
    world.sign_on("eve")
    item = world.call()
    stricter = msgspec.structs.replace(world.state.queues["help"], requirement=(("tax", 3),))
    found = foretold(world, c.ApplyCentre(changes=(change(stricter, seen=None),)))
    assert found.queues == {"help": QueueChange(waiting=1, lost=1, impossible=1)}
    found = foretold(world, c.SetMembership(agent="eve", queue="help", membership=Membership()))
    assert found.offers == (Offered(item=item.id, queue="help", agent="eve"),)
    assert found.items[0].gained == ("eve",) and found.items[0].after == 3


def test_several_changes_are_one() -> None:
    world = World()
    world.sign_on("eve")
    item = world.call(tax=5)
    joins = c.SetMembership(agent="eve", queue="help", membership=Membership())
    assert foretold(world, joins, give("eve", "tax", 1)).offers == ()
    assert foretold(world, joins).offers == (Offered(item=item.id, queue="help", agent="eve"),)


def test_what_would_be_refused_is_told_and_other_teams_are_not() -> None:
    world = World()
    world.call(tax=5)
    found = foretold(world, give("ann", "piano", 1))
    assert found.refused is not None and found.refused.code == "unknown_skill"
    assert foretold(world, give("ann", "tax", 5), teams=frozenset({"second"})).queues == {}
