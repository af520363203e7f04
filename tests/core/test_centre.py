"""The centre edited while it runs: what waits is reconsidered at once; all changes of an edit, or none."""

import msgspec
import pytest

from queues.capacity import Room
from queues.entry_point import EntryPoint
from queues.hours import Hours, Span
from queues.plan import RelaxStep
from queues.queue import Queue
from queues.team import Membership, Team
from router.core import commands as c
from router.core import events as e
from router.core.agent import Agent
from skills import Skill, requirement
from tests.core.world import World, agent, change


def test_a_new_skill_takes_effect_on_what_waits() -> None:
    world = World()
    world.sign_on("bob")
    item = world.call(nl=2)
    assert item.state == "queued"
    world.do(c.SetAgentSkill(agent="bob", skill="nl", level=2))
    assert item.agent == "bob"


def test_a_lost_skill_takes_effect_on_what_comes() -> None:
    world = World()
    world.sign_on("ann")
    world.do(c.SetAgentSkill(agent="ann", skill="nl", level=0))
    assert world.call(nl=1).state == "queued"


def test_a_new_membership_takes_effect_on_what_waits() -> None:
    world = World()
    world.sign_on("eve")
    item = world.call()
    world.do(c.SetMembership(agent="eve", queue="help", membership=Membership(order=2)))
    assert item.agent == "eve"
    world.do(c.SetMembership(agent="eve", queue="help", membership=Membership(order=2, enabled=False)))
    assert world.call().state == "queued"


def test_membership_order_goes_before_idle_time() -> None:
    world = World()
    world.do(c.SetMembership(agent="eve", queue="help", membership=Membership(order=2)))
    world.sign_on("eve", "ann")
    assert world.call().agent == "ann"
    assert world.call().agent == "eve"


def test_more_room_takes_effect_on_what_waits() -> None:
    world = World()
    world.sign_on("ann")
    for id in ("a", "b", "d"):
        world.do(world.message(id, channel="chat"))
    world.do(c.SetCapacity(agent="ann", channel="chat", room=Room(maximum=3, weight=10)))
    assert world.item("i-d").agent == "ann"


def test_a_queues_requirement_applies_to_what_waits_in_it() -> None:
    world = World()
    item = world.call()
    queue = msgspec.structs.replace(world.state.queues["help"], requirement=requirement({"nl": 1}))
    world.do(c.ApplyCentre(changes=(change(queue, seen=None),)))
    world.sign_on("bob")
    assert item.state == "queued"
    world.do(c.ApplyCentre(changes=(change(msgspec.structs.replace(queue, requirement=()), seen=None),)))
    assert item.agent == "bob"


def test_priority_goes_before_age() -> None:
    world = World()
    world.call("old")
    world.call("urgent", priority=5)
    world.sign_on("ann")
    assert world.item("i-urgent").agent == "ann"


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (agent("x", teams=("none",)), "unknown_team"),
        (agent("x", klingon=3), "unknown_skill"),
        (Queue(id="q", hours="never"), "unknown_hours"),
        (Queue(id="a queue"), "bad_value"),
        (Queue(id="q" * 129), "bad_value"),
        (Queue(id="q", reservation_ms=0), "bad_value"),
        (EntryPoint(id="d", channel="phone", address="+32", queue="none"), "unknown_queue"),
        (msgspec.structs.replace(agent("x"), skills=(("fr", 9),)), "bad_level"),
    ],
)
def test_a_record_that_names_nothing_or_nonsense_is_refused_whole(record: c.CentreRecord, code: str) -> None:
    world = World()
    good = change(Skill(id="de", kind="language"))
    assert world.refuse(c.ApplyCentre(changes=(good, change(record)))) == code
    assert "de" not in world.state.skills


def test_an_edit_of_something_that_changed_since_is_refused() -> None:
    world = World()
    seen = world.state.agents["ann"].revision
    world.do(c.SetAgentSkill(agent="ann", skill="tax", level=1, seen=seen))
    assert world.refuse(c.SetAgentSkill(agent="ann", skill="tax", level=2, seen=seen)) == "stale_revision"
    assert world.refuse(c.ApplyCentre(changes=(change(agent("ann"), seen=seen),))) == "stale_revision"


def test_what_others_name_or_items_need_cannot_be_dropped() -> None:
    world = World()
    drop_queue = c.ApplyCentre(changes=(c.Change(kind="queue", id="help"),))
    assert world.refuse(drop_queue) == "in_use"
    assert world.refuse(c.ApplyCentre(changes=(c.Change(kind="skill", id="nl"),))) == "in_use"
    assert world.refuse(c.ApplyCentre(changes=(c.Change(kind="skill", id="zz"),))) == "unknown_record"
    world.do(c.ApplyCentre(changes=(c.Change(kind="agent", id="bob"),)))
    assert "bob" not in world.state.agents and "bob" not in world.state.presences


def test_putting_what_is_there_already_changes_nothing() -> None:
    world = World()
    same = msgspec.structs.replace(world.state.agents["ann"], revision=0)
    assert world.do(c.ApplyCentre(changes=(change(same, seen=None),))) == []


def test_an_agents_phone_changes_in_an_event_of_its_own() -> None:
    world = World()
    events = world.do(c.SetAgentPhone(agent="ann", phone="sip:ann@home"))
    assert [type(x) for x in events] == [e.AgentPhoneChanged]
    assert world.state.agents["ann"].phone == "sip:ann@home"


HUGE = 2**64 - 1


@pytest.mark.parametrize(
    "record",
    [
        Queue(id="q", reservation_ms=HUGE),
        Queue(id="q", reservation_ms=0),
        Queue(id="q", target_ms={"phone": HUGE}),
        Queue(id="q", wrap_up_ms={"phone": -1}),
        Queue(id="q", priority=-HUGE),
        Team(id="t", memberships={"help": Membership(order=HUGE)}),
        Agent(id="a", rooms={"phone": Room(maximum=1, weight=HUGE)}),
        Hours(id="h", zone="UTC", weekly=((Span(start=-1, end=HUGE),), (), (), (), (), (), ())),
    ],
)
def test_a_number_that_no_instant_could_be_counted_with_is_refused(record: c.CentreRecord) -> None:
    """Added to the clock it would not fit an entry of the log, and stop the writer for good."""
    assert World().refuse(c.ApplyCentre(changes=(change(record),))) == "bad_value"


def test_single_facts_of_agents_and_dates_have_the_same_bounds() -> None:
    world = World()
    assert world.refuse(c.SetMembership(agent="ann", queue="help", membership=Membership(order=HUGE))) == "bad_value"
    assert world.refuse(c.SetCapacity(agent="ann", channel="email", total=HUGE)) == "bad_value"
    world.sign_on("ann")
    world.do(world.message("m"))
    world.do(c.AcceptReservation(item="i-m", agent="ann"))
    assert world.refuse(c.SetPending(item="i-m", agent="ann", until=HUGE)) == "bad_date"


def test_a_disabled_agent_leaves_what_they_did_not_accept_to_the_others() -> None:
    world = World()
    world.sign_on("ann")
    rung, named = world.call(), world.call(nl=2)
    world.do(c.TransferItem(item=named.id, to_agent="ann"))
    world.sign_on("bob")
    assert (rung.agent, named.only) == ("ann", "ann")
    gone = msgspec.structs.replace(world.state.agents["ann"], disabled=True)
    world.do(c.ApplyCentre(changes=(change(gone, seen=None),)))
    assert (rung.agent, named.only) == ("bob", "")
    assert world.refuse(c.TransferItem(item=named.id, to_agent="ann")) == "agent_disabled"


def test_nobody_and_nothing_that_waiting_items_need_can_be_dropped() -> None:
    world = World()
    world.call(tax=2)
    named = world.call()
    world.do(c.TransferItem(item=named.id, to_agent="bob"))
    assert world.refuse(c.ApplyCentre(changes=(c.Change(kind="agent", id="bob"),))) == "in_use"
    unskilled = change(agent("eve", teams=("second",)), seen=None)
    assert world.refuse(c.ApplyCentre(changes=(unskilled, c.Change(kind="skill", id="tax")))) == "in_use"


def test_one_edit_changes_a_record_once() -> None:
    """Twice: the second drop would drop what is gone, and a put beside a drop would leave names that lead nowhere."""
    world = World()
    world.do(c.ApplyCentre(changes=(change(Skill(id="zz")),)))
    dropped = c.Change(kind="skill", id="zz", becomes="")
    assert world.refuse(c.ApplyCentre(changes=(dropped, dropped))) == "duplicate_id"
    needs = change(Queue(id="q", requirement=(("zz", 1),)))
    again = change(Skill(id="zz"), seen=None)
    assert world.refuse(c.ApplyCentre(changes=(again, c.Change(kind="skill", id="zz"), needs))) == "duplicate_id"


@pytest.mark.parametrize(
    "record",
    [
        *(Queue(id="q", requirement=((term, 1),)) for term in ("", "!", "|", "fr|", "|fr", "!|", "!fr|")),
        Queue(id="q", wishes=(("!", 1),)),
        Queue(id="q", plan=(RelaxStep(after_ms=1, drop=("fr|",)),)),
        Queue(id="q", plan=(RelaxStep(after_ms=1, lower={"": 1}),)),
        Queue(id="q", plan=(RelaxStep(after_ms=1, queues=("",)),)),
        Queue(id="q", plan=(RelaxStep(after_ms=1, teams=("",)),)),
        Queue(id="q", plan=(RelaxStep(after_ms=1, alert="x" * 201),)),
        Queue(id="q", reserve={"": 1}),
        Queue(id="q", waiting_with=("",)),
        Team(id="t", memberships={"": Membership()}),
        Agent(id="a", memberships={"": Membership()}),
        Agent(id="a", skills=(("", 1),)),
        Agent(id="a", teams=("",)),
    ],
)
def test_what_names_nothing_or_says_too_much_is_refused(record: c.CentreRecord) -> None:
    assert World().refuse(c.ApplyCentre(changes=(change(record),))) == "bad_value"
