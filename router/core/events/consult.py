"""Events of consults. `item` is the one that is asked about, so that they are part of its story; `consult` the small
item that waits, is reserved and accepted as any other."""

from typing import Literal, TypeAlias

from router.core.events.base import BaseEvent

ConsultEnd: TypeAlias = Literal["withdrawn", "handed_over", "item_ended"]


class ConsultOpened(BaseEvent, frozen=True):
    """An agent asks specialists about an item they keep. `warm`: to hand it over for `reason` once one is there."""

    item: str
    agent: str
    consult: str
    queue: str
    to_agent: str = ""
    note: str = ""
    warm: bool = False
    reason: str = ""


class ConsultAnswered(BaseEvent, frozen=True):
    """Who was asked answered: the note is kept with the item that was asked about."""

    item: str
    agent: str
    consult: str
    note: str


class ConsultEnded(BaseEvent, frozen=True):
    """The consult is over without an answer."""

    item: str
    agent: str
    consult: str
    reason: ConsultEnd


class ItemHandedOver(BaseEvent, frozen=True):
    """A specialist was asked, is there and gets the item itself, with the customer on the line if there is one."""

    item: str
    agent: str
    consult: str
    to_agent: str
    from_queue: str
    to_queue: str
