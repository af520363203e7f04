"""Commands about work items: what agents and supervisors do with them."""

from router.core.commands.base import BaseCommand
from router.core.facts import EscalationMode, MessageFacts


class AcceptReservation(BaseCommand, frozen=True):
    """Take the item that is held for me. An empty `reservation` means whichever it is now."""

    item: str
    agent: str
    reservation: str = ""


class DeclineReservation(BaseCommand, frozen=True):
    """Refuse the item that is held for me, with a reason code."""

    item: str
    agent: str
    reservation: str = ""
    reason: str = ""


class RescindReservation(BaseCommand, frozen=True):
    """A supervisor takes an item back that is held for an agent (for all of them when none is named), before they
    accept it. It is not held for them again for as long as after a decline."""

    item: str
    agent: str = ""
    reason: str = ""


class SendReply(BaseCommand, frozen=True):
    """Answer the customer. An e-mail goes out through the outbox as `delivery`; a chat needs none."""

    item: str
    agent: str
    message: MessageFacts
    delivery: str = ""


class AddNote(BaseCommand, frozen=True):
    """Keep a note with the item; `content` is where its text lies."""

    item: str
    agent: str
    content: str


class SetPending(BaseCommand, frozen=True):
    """Wait for the customer, or until a date. Room is freed; the item stays the agent's."""

    item: str
    agent: str
    until: int | None = None
    reason: str = ""


class ResumeItem(BaseCommand, frozen=True):
    """Take a pending item of mine up again."""

    item: str
    agent: str


class SetCategory(BaseCommand, frozen=True):
    """Say what the contact is about."""

    item: str
    agent: str
    category: str


class EndContact(BaseCommand, frozen=True):
    """The exchange is over: wrap-up starts (or the item closes where the queue has none)."""

    item: str
    agent: str


class CompleteItem(BaseCommand, frozen=True):
    """Close the item with a disposition code."""

    item: str
    agent: str
    disposition: str
    category: str = ""


class EscalateItem(BaseCommand, frozen=True):
    """Unresolved at this line: on to a specialist queue (that of the category or queue when none is named).

    `mode` says how: in writing; `connect`: its agent keeps it until a specialist is there, asked by the consult with
    the new id `consult`; `callback`: a specialist calls back between `from_at` and `until_at`.
    """

    item: str
    agent: str
    reason: str
    note: str
    queue: str = ""
    mode: EscalationMode = "written"
    consult: str = ""
    from_at: int | None = None
    until_at: int | None = None


class TransferItem(BaseCommand, frozen=True):
    """Hand the item over to a queue, or to an agent by name. `by` is a supervisor's account if it was one."""

    item: str
    agent: str = ""
    queue: str = ""
    to_agent: str = ""
    note: str = ""


class SetOutcome(BaseCommand, frozen=True):
    """Say how the item will have ended, before it closes."""

    item: str
    agent: str
    disposition: str


class LinkCustomer(BaseCommand, frozen=True):
    """Say whom the item is about, open or closed: its whole conversation moves to them. `conversation` is that of an
    item which has left memory, as history knows it."""

    item: str
    agent: str
    customer: str
    conversation: str = ""


class MoveItems(BaseCommand, frozen=True):
    """A supervisor moves everything an agent holds, or that waits for them by name: to a queue, to another agent,
    or (neither named) back to where each came from. A call that is on stays."""

    agent: str
    queue: str = ""
    to_agent: str = ""


class RequeueItem(BaseCommand, frozen=True):
    """A supervisor puts an item back into a queue (its own when none is named): stuck, pending or held."""

    item: str
    queue: str = ""
