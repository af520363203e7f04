"""Events about questions to leaders."""

from router.core.events.base import BaseEvent
from router.core.question import Answer, QuestionKind


class QuestionAsked(BaseEvent, frozen=True):
    """An agent asks the leader of their team. `to` are told at once; until `until` somebody should have answered."""

    item: str
    question: str
    kind: QuestionKind
    agent: str
    team: str
    until: int
    code: str = ""
    note: str = ""
    amount: int = 0
    to: tuple[str, ...] = ()
    stand_in: str = ""


class QuestionPassed(BaseEvent, frozen=True):
    """Nobody has answered: the stand-in is told too, and has until `until`; with no `to`, it waits with an alarm."""

    item: str
    question: str
    to: str = ""
    until: int | None = None


class QuestionAnswered(BaseEvent, frozen=True):
    """What was answered, and by whom (see `AnswerQuestion`); `note` is where the text lies."""

    item: str
    question: str
    agent: str
    by: str
    answer: Answer
    note: str = ""
