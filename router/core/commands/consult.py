"""Commands of consults: asking specialists without handing over."""

from router.core.commands.base import BaseCommand


class ConsultItem(BaseCommand, frozen=True):
    """Ask a queue, or an agent by name; the item stays with who asks. `consult` is the id of the new consult."""

    item: str
    agent: str
    consult: str
    note: str
    queue: str = ""
    to_agent: str = ""


class AnswerConsult(BaseCommand, frozen=True):
    """Who was asked answers; `item` is the consult."""

    item: str
    agent: str
    note: str


class EndConsult(BaseCommand, frozen=True):
    """Who asked needs no answer any more; `item` is the consult."""

    item: str
    agent: str


class HandOver(BaseCommand, frozen=True):
    """The specialist who has taken up a consult gets the item itself; `item` is that one. An escalation needs a reason,
    unless it was given with the consult."""

    item: str
    agent: str
    consult: str
    reason: str = ""
