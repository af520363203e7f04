"""Escalation and transfer: the story, the due and the bar on the agent who gave up; by rule, and back again."""

from typing import Any

import msgspec

from queues.category import Category, Code
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.due import next_deadline
from router.core.facts import Facts
from router.core.item import WorkItem
from router.core.views import followed_view, item_view
from tests.core.world import World, change


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


def test_what_is_urgent_is_so_wherever_it_goes() -> None:
    world = World()
    world.sign_on("ann")
    world.do(c.OfferCall(call="k", item="i-k", conversation="c-k", facts=Facts(queue="help", priority=7)))
    item = world.item("i-k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(c.ConsultItem(item="i-k", agent="ann", consult="q", queue="expert", note="n1"))
    world.do(escalate(item))
    assert (item.queue, item.priority, world.item("q").priority) == ("expert", 7, 7)


def test_what_an_agent_leaves_behind_keeps_its_wishes() -> None:
    world = World()
    world.sign_on("ann")
    asks = Facts(queue="help", wishes=(("nl", 1),), priority=3)
    world.do(msgspec.structs.replace(world.message("m", channel="chat"), facts=asks))
    item = world.item("i-m")
    world.do(c.AcceptReservation(item=item.id, agent="ann"))
    world.do(c.SetPresence(agent="ann", state="offline"))
    assert (item.state, item.wishes, item.priority) == ("queued", (("nl", 1),), 3)


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


# -- by rule ------------------------------------------------------------------------------------------------


def ruled(**rules: Any) -> World:
    """The small centre, with these rules of its first queue."""
    world = World()
    queue = msgspec.structs.replace(world.state.queues["help"], **rules)
    world.do(c.ApplyCentre(changes=(change(queue, seen=None),)))
    return world


def moved_by(events: list[e.Event]) -> list[tuple[str, str, str]]:
    """Who or what escalated: (agent, reason, where to)."""
    return [(one.agent, one.reason, one.to_queue) for one in events if isinstance(one, e.ItemEscalated)]


def test_what_waits_past_its_resolution_target_goes_to_the_specialists() -> None:
    """Counted from its first entry into the house; both clocks are kept."""
    world = ruled(resolve_ms={"*": 60_000})
    item = world.call(fr=2)
    entered, due = item.entered_at, item.due
    assert next_deadline(world.state) == entered + 60_000
    assert moved_by(world.do(c.Pulse(), after=60_000)) == [("", "overdue", "expert")]
    assert (item.state, item.queue, item.due, item.requirement) == ("queued", "expert", due, (("fr", 2),))
    assert (item.first_entered_at, item.entered_at) == (entered, entered + 60_000)
    assert (item.moves_by_rule, item.excepted) == (1, None)


def test_what_an_agent_has_in_hand_is_not_taken_from_them_but_agent_and_leader_are_told() -> None:
    world = ruled(resolve_ms={"phone": 60_000})
    item = handled(world)
    told = world.do(c.Pulse(), after=60_000)
    assert [type(event) for event in told] == [e.ItemOverdue, e.AlarmRaised]
    assert (item.state, item.agent, item_view(world.state, item.id)["overdue"]) == ("active", "ann", True)
    assert next_deadline(world.state) is None, "it is told once"


def test_what_is_late_when_its_agent_leaves_it_goes_on() -> None:
    world = ruled(resolve_ms={"*": 60_000})
    world.sign_on("ann")
    world.do(world.message("1"))
    world.do(c.AcceptReservation(item="i-1", agent="ann"))
    world.do(c.Pulse(), after=60_000)
    world.do(c.SignOut(agent="ann", choices={"i-1": "return"}))
    world.do(c.Pulse())
    assert world.item("i-1").queue == "expert"


def test_the_rule_moves_an_item_no_further_that_comes_too_late_already() -> None:
    """Or who waits there could never have it."""
    world = ruled(resolve_ms={"*": 60_000})
    late = msgspec.structs.replace(world.state.queues["expert"], resolve_ms={"*": 30_000}, escalates_to="help")
    world.do(c.ApplyCentre(changes=(change(late, seen=None),)))
    item = world.call()
    world.do(c.Pulse(), after=60_000)
    assert item.queue == "expert" and item.overdue
    world.do(c.Pulse(), after=60_000)
    assert item.queue == "expert"


def test_without_specialists_there_is_an_alarm() -> None:
    world = ruled(resolve_ms={"*": 60_000}, escalates_to="")
    item = world.call()
    told = world.do(c.Pulse(), after=60_000)
    assert [type(event) for event in told] == [e.ItemOverdue, e.AlarmRaised]
    assert (item.queue, item.state) == ("help", "queued")


def test_a_new_resolution_target_holds_for_what_waits_and_what_is_worked_on() -> None:
    world = ruled()
    item = handled(world)
    waits = world.call()
    for target, at in ((60_000, 60_000), (30_000, 30_000)):
        queue = msgspec.structs.replace(world.state.queues["help"], resolve_ms={"*": target})
        world.do(c.ApplyCentre(changes=(change(queue, seen=None),)))
        assert next_deadline(world.state) == item.first_entered_at + at
        world.reload()
    world.do(c.Pulse(), after=30_001)
    assert (item.overdue, waits.queue) == (True, "expert")


def test_what_comes_back_too_often_goes_to_the_specialists() -> None:
    world = ruled(reopens_max=2)
    world.sign_on("ann")
    world.do(world.message("1"))
    for answer in ("2", "3"):
        world.do(c.AcceptReservation(item="i-1", agent="ann"))
        world.do(c.SetPending(item="i-1", agent="ann"))
        events = world.do(world.message(answer, conversation="c-1"), after=10)
    item = world.item("i-1")
    assert moved_by(events) == [("", "reopened", "expert")]
    assert (item.queue, item.reopen_count, item.due) == ("expert", 2, world.now + 14_400_000)


def test_what_opens_anew_too_often_enters_at_the_specialists() -> None:
    world = ruled(reopens_max=2)
    world.do(world.message("1", reopens="i-0", reopen_count=2, last_agent="ann"))
    assert world.item("i-1").queue == "expert"


def test_a_category_that_only_specialists_solve_goes_to_their_queue_at_once() -> None:
    """Its own flag, or that of one above it; the way back remembers what was asked."""
    world = World()
    tree = (
        Category(id="tax_question", escalates_to="expert", specialist=True),
        Category(id="vat", parent="tax_question"),
    )
    world.do(c.ApplyCentre(changes=tuple(change(one, seen=None) for one in tree)))
    command = world.message("1")
    facts = msgspec.structs.replace(command.facts, category="vat", requirement=(("fr", 3), ("tax", 1)))
    events = world.do(msgspec.structs.replace(command, facts=facts))
    assert moved_by(events) == [("", "category", "expert")]
    item = world.item("i-1")
    assert (item.queue, item.requirement) == ("expert", (("fr", 3),))
    assert (item.way[0].queue, item.way[0].requirement) == ("help", (("fr", 3), ("tax", 1)))


def test_who_sets_such_a_category_is_offered_the_specialists_and_keeps_the_item() -> None:
    world = World()
    flagged = Category(id="tax_question", escalates_to="expert", specialist=True)
    world.do(c.ApplyCentre(changes=(change(flagged, seen=None),)))
    item = handled(world)
    world.do(c.SetCategory(item=item.id, agent="ann", category="tax_question"))
    assert (item.state, item.queue, item_view(world.state, item.id)["specialists"]) == ("active", "help", "expert")


def test_what_everybody_declined_goes_to_the_specialists_where_the_queue_wants_it() -> None:
    for wanted, queue in ((True, "expert"), (False, "help")):
        world = ruled(escalate_declined=wanted)
        world.sign_on("ann", "bob")
        item = world.call()
        first = item.agent
        world.do(c.DeclineReservation(item=item.id, agent=first))
        assert item.agent not in ("", first), "somebody else can be asked"
        events = world.do(c.DeclineReservation(item=item.id, agent=item.agent))
        assert (moved_by(events), item.queue) == ([("", "declined", "expert")] if wanted else [], queue)


# -- back ---------------------------------------------------------------------------------------------------


def at_the_specialists(world: World, **asks: int) -> WorkItem:
    """A call that ann escalated and eve has."""
    item = handled(world, **asks)
    world.do(escalate(item), after=100)
    world.sign_on("eve")
    world.do(c.AcceptReservation(item=item.id, agent="eve"))
    return item


def returned(item: WorkItem, **more: Any) -> c.ReturnItem:
    fields = {"kind": "answered", "note": "n2"} | more
    return c.ReturnItem(item=item.id, agent="eve", **fields)


def test_back_with_an_answer_it_goes_to_who_escalated_it_with_what_it_asked() -> None:
    world = World()
    item = at_the_specialists(world, fr=2, nl=1)
    due = item.due
    world.sign_on("bob")
    world.do(returned(item))
    assert (item.state, item.queue, item.agent, item.due) == ("reserved", "help", "ann", due)
    assert item.requirement == (("fr", 2), ("nl", 1)) and item.excepted is None and item.way == ()


def test_wrongly_routed_needs_a_reason_from_the_list() -> None:
    world = World()
    world.do(c.ApplyCentre(changes=(change(Code(id="return:not_ours", kind="return")),)))
    item = at_the_specialists(world)
    assert world.refuse(returned(item, kind="wrongly_routed")) == "reason_required"
    assert world.refuse(returned(item, kind="wrongly_routed", reason="mood")) == "unknown_code"
    assert world.refuse(returned(item, note="")) == "note_required"
    events = world.do(returned(item, kind="wrongly_routed", reason="not_ours", note=""))
    assert [type(event) for event in events][:2] == [e.ItemReturned, e.ItemQueued]
    assert item.queue == "help"


def test_only_what_was_escalated_can_be_given_back() -> None:
    world = World()
    item = handled(world)
    refused = c.ReturnItem(item=item.id, agent="ann", kind="answered", note="n")
    assert world.refuse(refused) == "nowhere_to_return"
    item = at_the_specialists(World())
    assert [one.queue for one in item.way] == ["help"]


def test_no_item_goes_to_and_fro_for_ever() -> None:
    """After a bounded number of moves by agents it is stuck, with an alarm; a supervisor's requeue begins anew."""
    world = World()
    item = at_the_specialists(world)
    turns = 0
    while item.state != "stuck":
        world.do(returned(item) if item.agent == "eve" else escalate(item))
        if item.state == "reserved":
            world.do(c.AcceptReservation(item=item.id, agent=item.agent))
        turns += 1
        assert turns <= limits.MOVES_MAX
    alarm = next(event for event in reversed(world.log) if isinstance(event, e.AlarmRaised))
    assert (alarm.code, alarm.subject, alarm.count) == ("item_circles", item.id, limits.MOVES_MAX)
    world.do(c.RequeueItem(item=item.id, queue="help"))
    assert (item.moves, item.state) == (0, "reserved")


def test_rules_that_lead_in_a_circle_end_it_too() -> None:
    world = World()
    loop = [
        msgspec.structs.replace(world.state.queues[id], escalates_to=to, reopens_max=1)
        for id, to in (("help", "expert"), ("expert", "help"))
    ]
    world.do(c.ApplyCentre(changes=tuple(change(queue, seen=None) for queue in loop)))
    world.sign_on("ann", "eve")
    world.do(world.message("0"))
    item = world.item("i-0")
    for number in range(1, limits.MOVES_BY_RULE_MAX + 1):
        world.do(c.AcceptReservation(item=item.id, agent=item.agent))
        world.do(c.SetPending(item=item.id, agent=item.agent))
        world.do(world.message(str(number), conversation="c-0"), after=10)
    assert (item.state, item.moves_by_rule) == ("stuck", limits.MOVES_BY_RULE_MAX)


# -- followed -----------------------------------------------------------------------------------------------


def test_who_escalated_follows_until_the_end_and_is_told_of_it() -> None:
    world = World()
    item = at_the_specialists(world)
    (row,) = followed_view(world.state, "ann")
    assert (row["item"], row["state"], row["agent"], row["queue"]) == (item.id, "active", "eve", "expert")
    world.do(c.CompleteItem(item=item.id, agent="eve", disposition="done"))
    world.do(c.Forget(items=(item.id,)))
    (row,) = followed_view(world.reload(), "ann")
    assert (row["item"], row["state"], row["outcome"], row["closed_at_ms"]) == (
        item.id,
        "closed",
        "completed",
        world.now,
    )
    world.do(c.FollowItem(item=item.id, agent="ann", follow=False))
    assert followed_view(world.state, "ann") == []
    assert world.refuse(c.FollowItem(item=item.id, agent="ann", follow=False)) == "not_followed"


def test_following_begins_and_ends_by_word_too() -> None:
    world = World()
    item = at_the_specialists(world)
    world.do(c.FollowItem(item=item.id, agent="ann", follow=False))
    assert followed_view(world.state, "ann") == []
    world.do(c.FollowItem(item=item.id, agent="bob"))
    assert world.do(c.FollowItem(item=item.id, agent="bob")) == []
    assert [row["item"] for row in followed_view(world.state, "bob")] == [item.id]
    assert world.refuse(c.FollowItem(item="i-none", agent="bob")) == "unknown_item"
    assert world.refuse(c.FollowItem(item=item.id, agent="nobody")) == "unknown_agent"
    world.reload()


# -- called back --------------------------------------------------------------------------------------------


def test_a_specialist_calls_back_in_the_slot_that_was_promised() -> None:
    """The customer may hang up; the item waits for its time, and goes to a specialist then."""
    world = World()
    item = handled(world)
    slot = {"mode": "callback", "from_at": world.now + 60_000, "until_at": world.now + 120_000}
    world.do(msgspec.structs.replace(escalate(item), **slot))
    world.do(c.EndCall(call=item.call))
    world.sign_on("eve")
    assert (item.state, item.queue, item.pending_until) == ("pending", "expert", slot["from_at"])
    assert item.escalations == 1 and item.followers == ("ann",) and world.state.holds.get("ann") is None
    assert item.callback is not None and item.callback.number == f"number-{item.call}", "somebody can dial it"
    world.do(c.Pulse(), after=60_000)
    assert (item.state, item.agent) == ("reserved", "eve")


def test_nobody_promises_to_call_back_some_day() -> None:
    world = World()
    item = handled(world)
    now = world.now
    for from_at, until_at in ((None, None), (None, now), (now + 5, now + 5), (now, now + limits.SLOT_TICKS_MAX + 1)):
        asked = msgspec.structs.replace(escalate(item), mode="callback", from_at=from_at, until_at=until_at)
        assert world.refuse(asked) == "bad_slot"
