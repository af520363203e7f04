"""A question of an agent to the leader of their team, kept with its item. The item stays with the agent meanwhile."""

from typing import Literal, TypeAlias

import msgspec

QuestionKind: TypeAlias = Literal["permission", "help"]
Answer: TypeAlias = Literal["approve", "refuse", "advise", "join", "take_over"]

ANSWERS: dict[QuestionKind, frozenset[Answer]] = {
    "permission": frozenset({"approve", "refuse", "advise", "take_over"}),
    "help": frozenset({"advise", "join", "take_over"}),
}
"""What may be answered to which question."""

WITHDRAWN = "withdrawn"
"""In place of an answer: the item went on, or ended, before anybody answered."""


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked, who is told of it now (`to`), and the answer.

    `code` says what for (a permission), `note` is where the text lies, `amount` is in hundredths. `stand_in` is who is
    told when nobody has answered until `until`; when they were told, or there is none, an alarm is raised then, and
    `until` is None from there on.
    """

    id: str
    kind: QuestionKind
    agent: str
    team: str
    at: int
    code: str = ""
    note: str = ""
    amount: int = 0
    to: tuple[str, ...] = ()
    stand_in: str = ""
    until: int | None = None
    alarmed: bool = False
    answer: str = ""
    by: str = ""
    said: str = ""
    answered_at: int = 0

    @property
    def open(self) -> bool:
        """Whether it still waits for an answer."""
        return not self.answer


def due_of(questions: tuple[Question, ...]) -> int | None:
    """When somebody else has to be told of one of these, or an alarm is due; None if nothing is."""
    return min((one.until for one in questions if one.until is not None and not one.answer), default=None)
