"""Decisions about questions: an agent asks, keeps the item, and somebody who leads answers."""

from queues.team import Team
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.decide_item import moved
from router.core.decision import Decision, code_known, no, owned
from router.core.item import OPEN, WorkItem
from router.core.question import ANSWERS, Question, QuestionKind
from router.core.rejections import Rejection
from router.core.state import State

LOGIN = "login:"
"""What somebody is named by who answers and works as no agent: this, and their login."""

_NO_TEAM = Team(id="")


def ask_permission(state: State, command: c.AskPermission, now: int) -> Decision:
    """The agent asks whether they may: what, why, how much."""
    if not code_known(state, "permission", command.code):
        return no("unknown_code" if command.code else "reason_required", command.code or command.item)
    if not 0 <= command.amount <= limits.AMOUNT_MAX:
        return no("bad_value", "amount")
    return _asked(state, command, "permission", now, code=command.code, amount=command.amount)


def call_for_help(state: State, command: c.CallForHelp, now: int) -> Decision:
    """The agent wants somebody beside them."""
    return _asked(state, command, "help", now)


def _asked(
    state: State,
    command: c.AskPermission | c.CallForHelp,
    kind: QuestionKind,
    now: int,
    *,
    code: str = "",
    amount: int = 0,
) -> Decision:
    """Who leads their team is told at once if they are there, else the stand-in; if neither is, it waits where leaders
    look, and for the alarm. The same question twice is one."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    if any(question.id == command.question for question in item.questions):
        return []
    if sum(question.open for question in item.questions) >= limits.QUESTIONS_OPEN_MAX:
        return no("full", item.id)
    team = _team(state, command.agent)
    there = [
        agent
        for agent in dict.fromkeys((team.leader, team.stand_in))
        if agent != command.agent and _is_there(state, agent)
    ]
    asked = e.QuestionAsked(
        at=now,
        item=item.id,
        question=command.question,
        kind=kind,
        agent=command.agent,
        team=team.id,
        until=now + team.stand_in_after_ms,
        code=code,
        note=command.note,
        amount=amount,
        to=tuple(there[:1]),
        stand_in=team.stand_in if team.stand_in != command.agent and team.stand_in not in there[:1] else "",
    )
    return [asked]


def _team(state: State, agent: str) -> Team:
    """The first of the agent's teams that somebody else leads; without one the first of all."""
    teams = [state.teams[team] for team in state.agents[agent].teams if team in state.teams]
    led = (team for team in teams if {team.leader, team.stand_in} - {"", agent})
    return next(led, teams[0] if teams else _NO_TEAM)


def _is_there(state: State, agent: str) -> bool:
    presence = state.presences.get(agent)
    return presence is not None and presence.state != "offline" and bool(presence.clients)


def answer_question(state: State, command: c.AnswerQuestion, now: int) -> Decision:
    """What the leader says. Nobody answers what they asked themselves; the first answer counts."""
    item = state.items.get(command.item)
    if item is None or item.state not in OPEN:
        return no("unknown_item", command.item)
    question = next((one for one in item.questions if one.id == command.question), None)
    if question is None or not question.open:
        return no("unknown_question", command.question)
    refused = _not_to_answer(state, command, question)
    if refused is not None:
        return refused
    answered = e.QuestionAnswered(
        at=now,
        item=item.id,
        question=question.id,
        agent=question.agent,
        by=command.by,
        answer=command.answer,
        note=command.note,
    )
    if command.answer != "take_over":
        return [answered]
    taken = moved(state, item, now, by=question.agent, to_agent=command.by, note=command.note)
    return taken if isinstance(taken, Rejection) else [answered, *taken]


def _not_to_answer(state: State, command: c.AnswerQuestion, question: Question) -> Rejection | None:
    if command.answer not in ANSWERS[question.kind]:
        return no("bad_value", "answer")
    if command.by == question.agent:
        return no("own_question", question.id)
    if not command.by.startswith(LOGIN) and command.by not in state.agents:
        return no("unknown_agent", command.by)
    if command.answer in ("join", "take_over") and command.by not in state.agents:
        return no("unknown_agent", command.by)
    return None


def overdue(state: State, item: WorkItem, now: int) -> list[e.Event]:
    """Questions that nobody has answered in their time: on to the stand-in, then an alarm."""
    events: list[e.Event] = []
    for question in item.questions:
        if question.open and question.until is not None and question.until <= now:
            events += _passed_on(state, item, question, now)
    return events


def _passed_on(state: State, item: WorkItem, question: Question, now: int) -> list[e.Event]:
    stand_in = question.stand_in
    if stand_in in state.agents and stand_in not in question.to and not state.agents[stand_in].disabled:
        until = now + state.teams.get(question.team, _NO_TEAM).stand_in_after_ms
        return [e.QuestionPassed(at=now, item=item.id, question=question.id, to=stand_in, until=until)]
    return [
        e.QuestionPassed(at=now, item=item.id, question=question.id),
        e.AlarmRaised(at=now, code="question_unanswered", subject=item.id, count=1),
    ]
