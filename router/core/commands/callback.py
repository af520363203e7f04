"""Commands about calling customers back."""

from queues.callback import Window
from router.core.commands.base import BaseCommand
from router.core.facts import Facts


class AskCallback(BaseCommand, frozen=True):
    """Somebody wants to be called back, at `number` (the id of the content that holds it).

    What waits as `call` or as the item `of` keeps its place; else a new item `item` opens, related to it. In one of
    these `windows`, or as soon as possible; after `delay` ticks; at most `attempts` times (0: as the queue says).
    `agent` is who asks for the customer, and goes first.
    """

    item: str
    conversation: str
    facts: Facts
    number: str = ""
    call: str = ""
    of: str = ""
    agent: str = ""
    windows: tuple[Window, ...] = ()
    delay: int | None = None
    attempts: int = 0


class DialCallback(BaseCommand, frozen=True):
    """The phone system dials the customer of this item: `call` is that call from here on."""

    item: str
    call: str


class FailCallback(BaseCommand, frozen=True):
    """The customer did not answer, or was engaged: told by the phone system, or by the `agent` who has the item."""

    item: str
    reason: str = ""
    agent: str = ""
