"""How events about questions change state. Who is told of a question has its item in their presence."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from router.core import events as e
from router.core import limits
from router.core.item import WorkItem
from router.core.question import WITHDRAWN, Question
from router.core.state import State


def _question_asked(state: State, event: e.QuestionAsked) -> None:
    item = state.edit_item(event.item)
    question = Question(
        id=event.question,
        kind=event.kind,
        agent=event.agent,
        team=event.team,
        at=event.at,
        code=event.code,
        note=event.note,
        amount=event.amount,
        to=event.to,
        stand_in=event.stand_in,
        until=event.until,
    )
    item.questions = (*item.questions, question)[-limits.QUESTIONS_KEPT_MAX :]
    for agent in event.to:
        _tell(state, agent, item.id)


def _question_passed(state: State, event: e.QuestionPassed) -> None:
    item = state.edit_item(event.item)
    question = _of(item, event.question)
    changes: dict[str, Any] = {"until": event.until}
    if event.to:
        changes |= {"to": (*question.to, event.to), "stand_in": ""}
        _tell(state, event.to, item.id)
    else:
        changes["alarmed"] = True
    _set(item, msgspec.structs.replace(question, **changes))


def _question_answered(state: State, event: e.QuestionAnswered) -> None:
    item = state.edit_item(event.item)
    question = _of(item, event.question)
    answered = msgspec.structs.replace(
        question, answer=event.answer, by=event.by, said=event.note, answered_at=event.at, until=None
    )
    _set(item, answered)
    if event.answer == "join" and event.by not in item.joined:
        item.joined = (*item.joined, event.by)[-limits.JOINED_MAX :]
    _untell(state, item, question)


def withdraw(state: State, item: WorkItem, at: int) -> None:
    """The item, which is being changed, leaves its agent: nobody need answer what they asked, or stay with it."""
    item.joined = ()
    for question in item.questions:
        if question.open:
            _set(item, msgspec.structs.replace(question, answer=WITHDRAWN, answered_at=at, until=None))
            _untell(state, item, question)


def _of(item: WorkItem, id: str) -> Question:
    return next(question for question in item.questions if question.id == id)


def _set(item: WorkItem, changed: Question) -> None:
    item.questions = tuple(changed if question.id == changed.id else question for question in item.questions)


def _tell(state: State, agent: str, item: str) -> None:
    """The agent's own part of what they are shown has the item's questions from now on."""
    if agent in state.presences:
        presence = state.edit_presence(agent)
        if item not in presence.asked:
            presence.asked = (*presence.asked, item)


def _untell(state: State, item: WorkItem, question: Question) -> None:
    """Whoever was told of this question, which is answered, and of no other open one of the item."""
    for agent in question.to:
        if agent in state.presences and not any(one.open and agent in one.to for one in item.questions):
            presence = state.edit_presence(agent)
            presence.asked = tuple(id for id in presence.asked if id != item.id)


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.QuestionAsked: _question_asked,
    e.QuestionPassed: _question_passed,
    e.QuestionAnswered: _question_answered,
}
