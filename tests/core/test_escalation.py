"""Escalation and transfer: the story, the due and the bar on the agent who gave up."""

from router.core import commands as c
from router.core.item import WorkItem
from tests.core.world import World


def handled(world: World, agent: str = "ann", **asks: int) -> WorkItem:
    """A call that `agent` is talking on."""
    world.sign_on(agent)
    item = world.call(**asks)
    world.do(c.AnswerCall(call=item.call, agent=agent))
    return item


def escalate(item: WorkItem, agent: str = "ann", **more: str) -> c.EscalateItem:
    return c.EscalateItem(item=item.id, agent=agent, reason="too_hard", note="n1", **more)


def test_an_escalated_item_keeps_its_due_and_asks_only_the_language_of_the_specialists() -> None:
    world = World()
    item = handled(world, fr=2)
    due, entered = item.due, item.first_entered_at
    world.do(escalate(item), after=100)
    assert (item.queue, item.due, item.first_entered_at) == ("expert", due, entered)
    assert item.requirement == (("fr", 2),)
    world.sign_on("eve")
    assert item.agent == "eve" and item.escalations == 1


def test_it_never_goes_back_to_the_agent_who_escalated_it_unless_by_name() -> None:
    world = World()
    item = handled(world)
    world.do(escalate(item))
    world.sign_on("eve")
    world.do(c.AcceptReservation(item=item.id, agent="eve"))
    world.do(c.TransferItem(item=item.id, agent="eve", queue="help"))
    assert item.state == "queued", "ann is free, serves the queue, and is barred"
    world.do(c.TransferItem(item=item.id, to_agent="ann"))
    assert item.agent == "ann"


def test_an_escalation_needs_reason_note_and_somewhere_to_go() -> None:
    world = World()
    item = handled(world)
    assert world.refuse(c.EscalateItem(item=item.id, agent="ann", reason="", note="n")) == "reason_required"
    assert world.refuse(c.EscalateItem(item=item.id, agent="ann", reason="x", note="")) == "note_required"
    assert world.refuse(escalate(item, queue="nowhere")) == "unknown_queue"
    assert world.refuse(escalate(item, agent="bob")) == "not_yours"
    world.do(escalate(item))
    world.sign_on("eve")
    world.do(c.AcceptReservation(item=item.id, agent="eve"))
    assert world.refuse(escalate(item, agent="eve")) == "no_specialist_queue"


def test_a_category_names_its_specialists() -> None:
    world = World()
    item = handled(world)
    world.do(c.SetCategory(item=item.id, agent="ann", category="tax_question"))
    world.do(escalate(item))
    assert item.queue == "expert" and item.category == "tax_question"


def test_a_transfer_by_name_waits_for_that_agent_only() -> None:
    world = World()
    item = handled(world)
    world.sign_on("bob")
    busy = world.call()
    world.do(c.AnswerCall(call=busy.call, agent="bob"))
    world.do(c.TransferItem(item=item.id, agent="ann", to_agent="bob"))
    assert item.state == "queued"
    assert world.call().agent == "ann", "others go on"
    world.do(c.CompleteItem(item=busy.id, agent="bob", disposition="done"))
    assert item.agent == "bob"


def test_a_supervisor_takes_a_reserved_item_away() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call()
    world.do(c.TransferItem(item=item.id, queue="expert"))
    assert (item.state, item.queue, item.agent) == ("queued", "expert", "")
    assert world.call().agent == "ann"
