"""What leaders set by hand while it runs: a skill for a time, a closed queue, what a queue demands."""

import msgspec
import pytest

from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from router.core.reference import canonical, quoted, reference
from skills import Skill
from tests.core.world import World, change

HOUR = 3_600_000


def test_a_temporary_skill_moves_what_waits_and_reverts_by_itself() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call(tax=1)
    assert item.state == "queued"
    until = world.now + HOUR
    world.do(c.SetAgentSkill(agent="ann", skill="tax", level=2, until=until))
    assert item.agent == "ann"
    assert world.state.agents["ann"].skills == (("fr", 3), ("nl", 4)), "what is for good is as it was"
    assert world.reload().skills_of(world.state.agents["ann"]) == (("fr", 3), ("nl", 4), ("tax", 2))
    world.do(c.DeclineReservation(item=item.id, agent="ann"))
    world.do(c.Pulse(), after=HOUR)
    assert world.state.agents["ann"].temporary == ()
    assert world.call(tax=1).state == "queued"


def test_a_skill_can_be_taken_away_for_a_time() -> None:
    world = World()
    world.sign_on("ann")
    world.do(c.SetAgentSkill(agent="ann", skill="nl", level=0, until=world.now + HOUR))
    item = world.call(nl=1)
    assert item.state == "queued"
    world.do(c.Pulse(), after=HOUR)
    assert item.agent == "ann"


def test_a_temporary_membership_reverts_to_what_the_team_serves() -> None:
    world = World()
    world.sign_on("ann")
    world.do(c.SetMembership(agent="ann", queue="expert", membership=Membership(), until=world.now + HOUR))
    world.do(c.SetMembership(agent="ann", queue="help", membership=None, until=world.now + HOUR))
    ann = world.state.agents["ann"]
    assert set(world.state.memberships(ann)) == {"expert"}
    world.do(c.Pulse(), after=HOUR)
    assert set(world.state.memberships(world.state.agents["ann"])) == {"help"}


def test_a_form_that_knows_nothing_of_it_leaves_what_is_temporary() -> None:
    world = World()
    world.do(c.SetAgentSkill(agent="ann", skill="tax", level=2, until=world.now + HOUR))
    renamed = msgspec.structs.replace(world.state.agents["ann"], name="Ann", temporary=())
    world.do(c.ApplyCentre(changes=(change(renamed, seen=None),)))
    assert [lent.skill for lent in world.state.agents["ann"].temporary] == ["tax"]
    assert world.refuse(c.ApplyCentre(changes=(c.Change(kind="skill", id="tax"),))) == "in_use"


def test_what_is_set_for_good_ends_what_was_temporary() -> None:
    world = World()
    world.do(c.SetAgentSkill(agent="ann", skill="tax", level=2, until=world.now + HOUR))
    world.do(c.SetAgentSkill(agent="ann", skill="tax", level=0))
    assert world.state.agents["ann"].temporary == ()
    assert "tax" not in dict(world.state.skills_of(world.state.agents["ann"]))


def test_an_end_lies_ahead() -> None:
    world = World()
    assert world.refuse(c.SetAgentSkill(agent="ann", skill="tax", level=2, until=world.now)) == "bad_date"
    far = world.now + 1_000 * 24 * HOUR
    assert world.refuse(c.SetMembership(agent="ann", queue="expert", membership=Membership(), until=far)) == "bad_date"


# -- closed queues ------------------------------------------------------------------------------------------


def test_a_closed_queue_turns_callers_away_and_lets_mails_wait() -> None:
    world = World()
    world.do(c.CloseQueue(queue="help", message={"en": "We are on strike."}))
    call = world.call()
    assert (call.state, call.outcome, call.queue) == ("closed", "turned_away", "help")
    world.do(world.message("chat", channel="chat"))
    assert world.item("i-chat").outcome == "turned_away"
    world.do(world.message("mail"))
    assert world.item("i-mail").state == "queued"
    world.do(c.OpenQueue(queue="help"))
    assert world.call().state == "queued"


def test_what_waits_in_a_closed_queue_is_served_on() -> None:
    world = World()
    item = world.call()
    world.do(c.CloseQueue(queue="help"))
    world.sign_on("ann")
    assert item.agent == "ann"


def test_a_closed_queue_flows_over_and_never_in_a_circle() -> None:
    world = World()
    world.do(c.CloseQueue(queue="help", overflow="expert"))
    assert world.call().queue == "expert"
    assert world.refuse(c.CloseQueue(queue="expert", overflow="help")) == "overflow_loop"
    assert world.refuse(c.CloseQueue(queue="expert", overflow="expert")) == "overflow_loop"
    assert world.refuse(c.CloseQueue(queue="expert", overflow="nowhere")) == "unknown_queue"
    world.do(c.CloseQueue(queue="expert"))
    assert world.call().outcome == "turned_away"


def test_what_flows_over_asks_for_its_language_only() -> None:
    """The other skills were those of the queue it was meant for: nobody in another one need have them."""
    world = World()
    world.do(c.CloseQueue(queue="help", overflow="expert"))
    assert world.call(fr=2, tax=5).requirement == (("fr", 2),)
    world.do(c.OpenQueue(queue="help"))
    waiting = world.call(fr=2, tax=5)
    world.do(c.CloseQueue(queue="help", overflow="expert"))
    world.do(c.RequeueItem(item=waiting.id))
    assert (waiting.queue, waiting.requirement) == ("expert", (("fr", 2),))


def test_what_is_set_by_hand_holds_on_to_what_it_names() -> None:
    """A file that changes a record does not say what is live of it, and may not take away what that names."""
    world = World()
    world.do(c.ApplyCentre(changes=(change(Queue(id="spare")), change(Skill(id="new")))))
    world.do(c.CloseQueue(queue="help", overflow="spare"))
    world.do(c.SetAgentSkill(agent="ann", skill="new", level=2, until=world.now + HOUR))
    help, ann = world.state.queues["help"], world.state.agents["ann"]
    for record, kind, id in (
        (msgspec.structs.replace(help, priority=3, closed=None), "queue", "spare"),
        (msgspec.structs.replace(ann, name="Ann", temporary=()), "skill", "new"),
    ):
        drop = c.Change(kind=kind, id=id, record=None, seen=None)
        assert world.refuse(c.ApplyCentre(changes=(change(record, seen=None), drop))) == f"unknown_{kind}"


def test_a_form_does_not_open_a_closed_queue() -> None:
    world = World()
    world.do(c.CloseQueue(queue="help"))
    edited = msgspec.structs.replace(world.state.queues["help"], priority=3, closed=None)
    world.do(c.ApplyCentre(changes=(change(edited, seen=None),)))
    assert world.state.queues["help"].closed is not None


# -- what a queue demands -----------------------------------------------------------------------------------


def demanding() -> World:
    """A world whose queue `help` wants category and outcome."""
    world = World()
    strict = msgspec.structs.replace(world.state.queues["help"], demands=("category", "outcome"))
    world.do(c.ApplyCentre(changes=(change(strict, seen=None),)))
    world.sign_on("ann")
    return world


def test_an_item_does_not_close_before_category_and_outcome_are_said() -> None:
    world = demanding()
    item = world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    assert world.refuse(c.CompleteItem(item=item.id, agent="ann", disposition="done")) == "category_required"
    world.do(c.SetCategory(item=item.id, agent="ann", category="tax_question"))
    assert world.refuse(c.CompleteItem(item=item.id, agent="ann", disposition="")) == "outcome_required"
    world.do(c.SetOutcome(item=item.id, agent="ann", disposition="solved"))
    world.do(c.CompleteItem(item=item.id, agent="ann", disposition=""))
    assert (item.disposition, item.category) == ("solved", "tax_question")


def test_wrap_up_waits_for_what_is_demanded_and_closes_without_if_nobody_is_there() -> None:
    world = demanding()
    item = world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(c.EndCall(call="k"))
    world.do(c.Pulse(), after=5_000)
    assert (item.state, item.wrap_until) == ("wrapping", None)
    world.do(c.SetPresence(agent="ann", state="offline"))
    world.do(c.Pulse(), after=Queue(id="x").keep_ms)
    assert item.state == "closed"


def test_a_queue_without_wrap_up_still_waits_for_what_it_demands() -> None:
    world = demanding()
    world.do(world.message("m"))
    world.do(c.AcceptReservation(item="i-m", agent="ann"))
    world.do(c.EndContact(item="i-m", agent="ann"))
    assert world.item("i-m").state == "wrapping"
    said = c.CompleteItem(item="i-m", agent="ann", disposition="done", category="tax_question")
    world.do(said)
    assert world.item("i-m").state == "closed"


# -- references ---------------------------------------------------------------------------------------------


def test_references_are_unique_and_notice_every_wrong_or_swapped_digit() -> None:
    made = [reference(number) for number in range(1, 3_000)]
    assert len(set(made)) == len(made)
    for one in made[:50]:
        digits = one.replace("-", "")
        assert canonical(digits) == canonical(f" {one} ") == one
        for at in range(len(digits)):
            wrong = digits[:at] + str((int(digits[at]) + 1) % 10) + digits[at + 1 :]
            assert canonical(wrong) == ""
            if at and digits[at] != digits[at - 1]:
                assert canonical(digits[: at - 1] + digits[at] + digits[at - 1] + digits[at + 1 :]) == ""


@pytest.mark.parametrize("text", ["{}", "Re: my tax [{}]", "dossier {}: when?", "reference {}."])
def test_a_reference_is_found_in_a_sentence(text: str) -> None:
    assert quoted(text.format("618-033-949")) == "618-033-949"
    assert quoted(text.format("618 033 949")) == "618-033-949"
    assert quoted(text.format("618-033-948")) == ""


def test_a_conversation_older_than_references_gets_one_of_its_own() -> None:
    world = World()
    world.do(world.message("old", last_seq=3))
    world.do(world.message("new"))
    made = [world.state.conversations[id].reference for id in ("c-old", "c-new")]
    assert made == [reference(1), reference(2)]


def test_an_archived_conversation_that_goes_on_keeps_its_reference() -> None:
    world = World()
    world.do(world.message("back", last_seq=3, reference=reference(40)))
    world.do(world.message("new"))
    assert [world.state.conversations[id].reference for id in ("c-back", "c-new")] == [reference(40), reference(1)]


def test_a_quoted_reference_joins_the_customers_own_conversation_and_only_relates_for_others() -> None:
    world = World()
    world.do(world.message("a"))
    mine = world.state.conversations["c-a"].reference
    assert canonical(mine) == mine and world.state.references[mine] == "c-a"
    again = world.message("b")
    own = msgspec.structs.replace(again, facts=msgspec.structs.replace(again.facts, quotes=mine))
    world.do(own)
    assert "c-b" not in world.state.conversations and world.state.conversations["c-a"].seq == 2
    other = world.message("x")
    stranger = msgspec.structs.replace(other.facts, quotes=mine, customer="somebody")
    world.do(msgspec.structs.replace(other, facts=stranger))
    assert world.item("i-x").related == "i-a"
    assert world.state.conversations["c-x"].reference != mine
