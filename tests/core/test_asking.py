"""Asking the leader of one's team: permission, help; the item stays with its agent."""

import pytest

from queues.category import Code
from queues.team import Membership, Team
from router.core import commands as c
from router.core import events as e
from router.core.concern import concerned
from router.core.question import Question
from router.core.views import item_view
from tests.core.world import World, change

AFTER = 60_000


def asking(leader: str = "bob", stand_in: str = "eve", there: tuple[str, ...] = ("bob", "eve")) -> World:
    """ann works on the mail i-a; bob leads her team, eve stands in for him."""
    world = World()
    old = world.state.teams["first"]
    team = Team(id="first", memberships=old.memberships, leader=leader, stand_in=stand_in, stand_in_after_ms=AFTER)
    code = Code(id="permission:refund", kind="permission")
    world.do(c.ApplyCentre(changes=(change(team, seen=None), change(code))))
    world.sign_on("ann")
    world.do(world.message("a"))
    world.do(c.AcceptReservation(item="i-a", agent="ann"))
    world.sign_on(*there)
    return world


ASK = c.AskPermission(item="i-a", agent="ann", question="q1", code="refund", note="t-why", amount=12_50)
HELP = c.CallForHelp(item="i-a", agent="ann", question="q1", note="t-why")


def question(world: World) -> Question:
    """The one question of i-a."""
    (one,) = world.item("i-a").questions
    return one


def asked_of(world: World, agent: str) -> tuple[str, ...]:
    """The items that somebody is asked about."""
    return world.state.presences[agent].asked


def test_the_leader_is_told_at_once_and_the_item_stays_with_its_agent() -> None:
    world = asking()
    world.do(ASK)
    one = question(world)
    assert (one.kind, one.to, one.stand_in, one.until) == ("permission", ("bob",), "eve", world.now + AFTER)
    assert asked_of(world, "bob") == ("i-a",) and asked_of(world, "eve") == ()
    assert (world.item("i-a").state, world.item("i-a").agent) == ("active", "ann")
    assert "bob" in concerned(world.state, world.item("i-a"), "bob")[1]
    world.reload()


def test_the_same_question_twice_is_one() -> None:
    world = asking()
    world.do(ASK)
    assert world.do(ASK) == []
    assert len(world.item("i-a").questions) == 1


def test_after_a_while_the_stand_in_is_told_and_then_an_alarm_is_raised() -> None:
    world = asking()
    world.do(ASK)
    world.do(c.Pulse(), after=AFTER)
    assert (asked_of(world, "bob"), asked_of(world, "eve")) == (("i-a",), ("i-a",))
    told = world.do(c.Pulse(), after=AFTER)
    assert [event.code for event in told if isinstance(event, e.AlarmRaised)] == ["question_unanswered"]
    assert world.do(c.Pulse(), after=AFTER * 9) == []
    assert question(world).open and question(world).alarmed
    world.do(c.AnswerQuestion(item="i-a", question="q1", by="eve", answer="approve"))
    assert (asked_of(world, "bob"), asked_of(world, "eve")) == ((), ())


def test_who_is_not_there_is_not_waited_for() -> None:
    world = asking(there=("eve",))
    world.do(ASK)
    assert question(world).to == ("eve",)
    nobody = asking(there=())
    nobody.do(ASK)
    assert question(nobody).to == ()
    told = nobody.do(c.Pulse(), after=AFTER)
    assert any(isinstance(event, e.QuestionPassed) and event.to == "eve" for event in told)


def test_without_a_leader_it_waits_where_leaders_look_and_for_the_alarm() -> None:
    world = asking(leader="", stand_in="")
    world.do(HELP)
    assert question(world).to == ()
    told = world.do(c.Pulse(), after=AFTER)
    assert any(isinstance(event, e.AlarmRaised) for event in told)


def test_a_leader_asks_their_stand_in() -> None:
    world = asking(leader="ann")
    world.do(ASK)
    assert question(world).to == ("eve",)


@pytest.mark.parametrize("answer", ["approve", "refuse", "advise"])
def test_the_answer_is_kept_with_the_item(answer: str) -> None:
    world = asking()
    world.do(ASK)
    world.do(c.AnswerQuestion(item="i-a", question="q1", by="bob", answer=answer, note="t-said"))  # type: ignore[arg-type]
    one = question(world)
    assert (one.answer, one.by, one.said, one.answered_at) == (answer, "bob", "t-said", world.now)
    assert item_view(world.state, "i-a")["questions"][0]["answer"] == answer
    assert asked_of(world, "bob") == ()
    again = c.AnswerQuestion(item="i-a", question="q1", by="bob", answer="approve")
    assert world.refuse(again) == "unknown_question"


def test_who_joins_sees_the_item_until_it_leaves_its_agent() -> None:
    world = asking()
    world.do(HELP)
    world.do(c.AnswerQuestion(item="i-a", question="q1", by="bob", answer="join"))
    assert world.item("i-a").joined == ("bob",)
    assert "bob" in concerned(world.state, world.item("i-a"), "bob")[1]
    world.do(c.TransferItem(item="i-a", agent="ann", queue="expert"))
    assert world.item("i-a").joined == ()


def test_taking_over_brings_the_item_to_the_leader() -> None:
    world = asking()
    world.do(HELP)
    world.do(c.AnswerQuestion(item="i-a", question="q1", by="bob", answer="take_over"))
    item = world.item("i-a")
    assert (item.state, item.agent) == ("reserved", "bob")
    assert item.questions[0].answer == "take_over"


def test_somebody_who_works_as_no_agent_answers_and_cannot_take_over() -> None:
    world = asking()
    world.do(HELP)
    answer = c.AnswerQuestion
    assert world.refuse(answer(item="i-a", question="q1", by="login:leo", answer="take_over")) == "unknown_agent"
    assert world.refuse(answer(item="i-a", question="q1", by="nobody", answer="advise")) == "unknown_agent"
    world.do(answer(item="i-a", question="q1", by="login:leo", answer="advise", note="t"))
    assert question(world).by == "login:leo"


@pytest.mark.parametrize("way", ["closed", "moved"])
def test_what_is_no_agents_any_more_asks_nothing_any_more(way: str) -> None:
    world = asking()
    world.do(ASK)
    if way == "closed":
        world.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    else:
        world.do(c.RequeueItem(item="i-a"))
    assert question(world).answer == "withdrawn"
    assert asked_of(world, "bob") == ()
    assert world.refuse(c.AnswerQuestion(item="i-a", question="q1", by="bob", answer="approve")) in (
        "unknown_question",
        "unknown_item",
    )


def test_what_cannot_be_asked_or_answered_is_refused() -> None:
    world = asking()
    assert world.refuse(c.AskPermission(item="i-a", agent="bob", question="q", code="refund")) == "not_yours"
    assert world.refuse(c.AskPermission(item="i-a", agent="ann", question="q", code="")) == "reason_required"
    assert world.refuse(c.AskPermission(item="i-a", agent="ann", question="q", code="holiday")) == "unknown_code"
    assert world.refuse(c.AskPermission(item="i-a", agent="ann", question="q", code="refund", amount=-1)) == "bad_value"
    world.do(ASK)
    answer = c.AnswerQuestion
    assert world.refuse(answer(item="i-a", question="q1", by="bob", answer="join")) == "bad_value"
    assert world.refuse(answer(item="i-a", question="q1", by="ann", answer="approve")) == "own_question"
    assert world.refuse(answer(item="i-none", question="q1", by="bob", answer="approve")) == "unknown_item"
    for number in (2, 3):
        world.do(c.CallForHelp(item="i-a", agent="ann", question=f"q{number}"))
    assert world.refuse(c.CallForHelp(item="i-a", agent="ann", question="q4")) == "full"


def test_a_leader_is_an_agent_of_the_centre() -> None:
    world = World()
    team = Team(id="first", memberships=world.state.teams["first"].memberships, leader="nobody")
    assert world.refuse(c.ApplyCentre(changes=(change(team, seen=None),))) == "unknown_agent"


def test_who_is_asked_stays_until_it_is_answered() -> None:
    """An agent dropped and made anew would know nothing of a question that names them."""
    world = asking()
    world.do(HELP)
    world.do(c.ApplyCentre(changes=(change(Team(id="first", memberships={"help": Membership()}), seen=None),)))
    world.do(c.LoseClient(agent="bob", client="tab-bob"))
    world.do(c.Pulse(), after=40_000)
    gone = c.ApplyCentre(changes=(c.Change(kind="agent", id="bob"),))
    assert world.refuse(gone) == "in_use"
    world.do(c.AnswerQuestion(item="i-a", question="q1", by="eve", answer="advise"))
    world.do(gone)
