"""Events about work items and their reservations."""

from typing import Final, Literal, TypeAlias

from queues.queue import ChannelName, Refused
from router.core.events.base import BaseEvent
from router.core.facts import EscalationMode, Facts
from router.core.why import Why
from skills import Requirement

EntryReason: TypeAlias = Literal[
    "opened",
    "escalated",
    "transferred",
    "reopened",
    "requeued",
    "due",
    "returned",
    "absent",
    "answered",
    "wrongly_routed",
    "consulted",
    "handed_over",
    "overflowed",
    "callback",
]
BY_HAND: Final[frozenset[EntryReason]] = frozenset({"requeued", "transferred"})
"""Reasons of an entry by which a person said where an item belongs: rules may send it on from there anew."""

Outcome: TypeAlias = Literal[
    "completed", "abandoned", "turned_away", "unreached", "no_answer", "dismissed", "merged", "consulted"
]
HoldEnd: TypeAlias = Literal["declined", "expired", "rescinded", "connect_failed", "released"]
AcceptedBy: TypeAlias = Literal["agent", "phone", "auto"]


class ItemOpened(BaseEvent, frozen=True):
    """A work item came into being. Where it waits is said by the `ItemQueued` that follows.

    `split_from` is the item that it is one matter of. `first_entered_at`: since when it waits, if not since now.
    """

    item: str
    conversation: str
    channel: ChannelName
    facts: Facts
    call: str = ""
    reopens: str = ""
    reopen_count: int = 0
    last_agent: str = ""
    related: str = ""
    split_from: str = ""
    first_entered_at: int = 0


class ItemQueued(BaseEvent, frozen=True):
    """The item entered a queue, at the end of its equals. `due` never grows by a move.

    `prefers` is whom it waits for alone at first, `last` who counts as its last agent from here on. `overdue`: it
    should have been resolved before it came here. `passed` are the queues that did not take or keep it, by rule.
    """

    item: str
    queue: str
    reason: EntryReason
    due: int
    seq: int
    requirement: Requirement = ()
    wishes: Requirement = ()
    priority: int = 0
    only: str = ""
    prefers: str = ""
    last: str = ""
    overdue: bool = False
    passed: tuple[str, ...] = ()


class ItemRelaxed(BaseEvent, frozen=True):
    """The item has waited `waited` ticks in its queue: the steps of the plan up to there are in force."""

    item: str
    waited: int


class PreferenceEnded(BaseEvent, frozen=True):
    """The agent for whom the item waited alone is gone: it waits for all who may take it."""

    item: str


class ReservationMade(BaseEvent, frozen=True):
    """The item is held for this agent until `expires_at`. `why` is the short explanation kept with it."""

    item: str
    agent: str
    queue: str
    reservation: str
    expires_at: int
    why: Why = Why()


class ReservationAccepted(BaseEvent, frozen=True):
    """The agent took the item, on the screen or by answering the phone; or it was theirs at once, by their queue's rule
    (`auto`)."""

    item: str
    agent: str
    reservation: str
    by: AcceptedBy = "agent"


class ReservationEnded(BaseEvent, frozen=True):
    """The reservation ended without the agent handling the item; it is back at its exact place.

    `excepted_until` bars the agent from it until then; 0 means not barred, -1 until they have been offline. While the
    item is held for others still, it stays reserved.
    """

    item: str
    agent: str
    reservation: str
    outcome: HoldEnd
    reason: str = ""
    excepted_until: int = 0


class ItemEscalated(BaseEvent, frozen=True):
    """Unresolved at one line, handed on to another: by whom ('' for a rule), why, and the note's content id."""

    item: str
    agent: str
    from_queue: str
    to_queue: str
    reason: str
    note: str = ""
    mode: EscalationMode = "written"


class ItemTransferred(BaseEvent, frozen=True):
    """Handed over to a queue or (by name) to an agent."""

    item: str
    agent: str
    from_queue: str
    to_queue: str
    to_agent: str = ""
    note: str = ""


class ItemPending(BaseEvent, frozen=True):
    """The item waits for the customer, or for a date, with its agent (or with nobody: it is scheduled)."""

    item: str
    agent: str
    until: int | None = None
    reason: str = ""


class ItemResumed(BaseEvent, frozen=True):
    """The agent took the pending item up again."""

    item: str
    agent: str


class ItemReopened(BaseEvent, frozen=True):
    """The customer answered, or the date came: the pending item goes back to work."""

    item: str
    reason: Literal["customer", "due"] = "customer"


class ItemInterrupted(BaseEvent, frozen=True):
    """The active item is parked with its agent, who took something that goes before it."""

    item: str
    agent: str


class ItemContinued(BaseEvent, frozen=True):
    """What interrupted the item is over: its agent goes on with it."""

    item: str
    agent: str


class ItemSilenced(BaseEvent, frozen=True):
    """The customer has said nothing for so long that the item takes no room until they do."""

    item: str
    agent: str


class ItemWoken(BaseEvent, frozen=True):
    """The silent customer wrote: the item takes room again, `over` what its agent has."""

    item: str
    agent: str
    over: bool = False


class WrapUpStarted(BaseEvent, frozen=True):
    """The exchange ended; the agent has until `until` for what is left (None: as long as their queue's demands
    are not met)."""

    item: str
    agent: str
    until: int | None = None


class WrapUpExtended(BaseEvent, frozen=True):
    """The time for wrap-up is over, but what the queue demands is not said yet: the item stays open for it."""

    item: str
    agent: str


class ItemKept(BaseEvent, frozen=True):
    """Its agent vanished and may come back until `until`; None: they are back, or keep it knowingly."""

    item: str
    agent: str
    until: int | None = None


class NoteAdded(BaseEvent, frozen=True):
    """A note was kept with the item."""

    item: str
    agent: str
    content: str


class CategoryChanged(BaseEvent, frozen=True):
    """The contact is about this."""

    item: str
    agent: str
    category: str


class OutcomeChanged(BaseEvent, frozen=True):
    """How the item will have ended."""

    item: str
    agent: str
    disposition: str


class CustomerLinked(BaseEvent, frozen=True):
    """The item, and its whole conversation, are about this customer. `conversation` is named where the item has left
    memory."""

    item: str
    agent: str
    customer: str
    conversation: str = ""


class ExceptionsLapsed(BaseEvent, frozen=True):
    """Agents who were barred from the item for a time may get it again."""

    item: str
    agents: tuple[str, ...]


class ItemStuck(BaseEvent, frozen=True):
    """The item waits for a supervisor: routing it on would do harm."""

    item: str
    reason: str


class ItemClosed(BaseEvent, frozen=True):
    """The work is over: completed by an agent, abandoned by the customer, turned away by its queue for this `reason`,
    ended because the customer could not be reached or has not answered for too long, dismissed without an answer, part
    of another one (merged), or a consult that is over. `counted`: whether the service level counts it."""

    item: str
    outcome: Outcome
    reason: Refused | Literal[""] = ""
    agent: str = ""
    disposition: str = ""
    category: str = ""
    counted: bool = True
