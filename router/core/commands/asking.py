"""Commands about asking: an agent asks the leader of their team, and keeps the item meanwhile."""

from router.core.commands.base import BaseCommand
from router.core.question import Answer


class AskPermission(BaseCommand, frozen=True):
    """May I? What (a code of kind permission), why (`note` is where its text lies), how much (in hundredths of the
    centre's unit of money, or of whatever the code counts)."""

    item: str
    agent: str
    question: str
    code: str
    note: str = ""
    amount: int = 0


class CallForHelp(BaseCommand, frozen=True):
    """Help me: the leader may advise, join, or take over."""

    item: str
    agent: str
    question: str
    note: str = ""


class AnswerQuestion(BaseCommand, frozen=True):
    """What the leader says. `by` is their agent, or `login:` and the login of who works as none."""

    item: str
    question: str
    by: str
    answer: Answer
    note: str = ""
