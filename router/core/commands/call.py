"""Commands about phone calls, as the phone system tells them."""

from router.core.commands.base import BaseCommand
from router.core.facts import Facts


class OfferCall(BaseCommand, frozen=True):
    """A call came in. `item` and `conversation` are the ids to use if it is new.

    `again`: its sender has seen it in memory. It is no new one then, though it may be forgotten by now.
    """

    call: str
    item: str
    conversation: str
    facts: Facts
    again: bool = False


class AnswerCall(BaseCommand, frozen=True):
    """The agent's phone was answered: this accepts the reservation if they have not done so on the screen."""

    call: str
    agent: str


class HoldCall(BaseCommand, frozen=True):
    """The customer was put on hold (`held`) or is back."""

    call: str
    held: bool


class TransferCall(BaseCommand, frozen=True):
    """The phone system handed the call over to a queue or an agent."""

    call: str
    queue: str = ""
    agent: str = ""


class FailConnect(BaseCommand, frozen=True):
    """The agent's phone could not be reached: the caller goes back to their exact place."""

    call: str
    agent: str
    reason: str = ""


class EndCall(BaseCommand, frozen=True):
    """The call is over: before an answer it abandons, after it wrap-up starts."""

    call: str
    reason: str = ""
