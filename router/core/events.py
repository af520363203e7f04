"""Events: facts, in the past tense, never changed. Each carries the instant `at` (ticks) at which it happened."""

from typing import Literal, TypeAlias

import msgspec

from queues.capacity import Room
from queues.queue import ChannelName, Closed
from queues.team import Membership
from router.core.commands import CentreRecord
from router.core.conversation import Side
from router.core.facts import Facts, MessageFacts
from router.core.presence import PresenceState
from skills import Requirement

EntryReason: TypeAlias = Literal[
    "opened", "escalated", "transferred", "reopened", "requeued", "due", "returned", "absent"
]
HoldEnd: TypeAlias = Literal["declined", "expired", "rescinded", "connect_failed", "released"]


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    at: int


# -- the centre ---------------------------------------------------------------------------------------------


class RecordPut(_Event, frozen=True):
    """A record of the centre is now this (its revision included)."""

    record: CentreRecord


class RecordDropped(_Event, frozen=True):
    """A record of the centre is gone."""

    kind: str
    id: str


class AgentSkillChanged(_Event, frozen=True):
    """The agent has the skill at this level now; 0 means no longer. `until`: only for a time."""

    agent: str
    skill: str
    level: int
    revision: int
    until: int | None = None


class MembershipChanged(_Event, frozen=True):
    """The agent serves the queue like this now; None means no longer by themselves. `until`: only for a time."""

    agent: str
    queue: str
    membership: Membership | None
    revision: int
    until: int | None = None


class TemporaryEnded(_Event, frozen=True):
    """A temporary skill or membership is over: what the agent has for good counts again."""

    agent: str
    revision: int
    skill: str = ""
    queue: str = ""


class QueueClosed(_Event, frozen=True):
    """The queue takes nothing new."""

    queue: str
    closed: Closed
    revision: int


class QueueOpened(_Event, frozen=True):
    """The queue takes work again."""

    queue: str
    revision: int


class CapacityChanged(_Event, frozen=True):
    """The agent's room for a channel, and their total, are now these."""

    agent: str
    channel: ChannelName
    room: Room | None
    total: int
    revision: int


class AgentPhoneChanged(_Event, frozen=True):
    """The agent's calls go to this address now."""

    agent: str
    phone: str
    revision: int


# -- presence -----------------------------------------------------------------------------------------------


class ClientConnected(_Event, frozen=True):
    """A client of the agent is there."""

    agent: str
    client: str
    gateway: str


class ClientLost(_Event, frozen=True):
    """A client of the agent is gone."""

    agent: str
    client: str


class PresenceChanged(_Event, frozen=True):
    """The agent is now in this state, for this reason."""

    agent: str
    state: PresenceState
    reason: str = ""


class NotReadyPlanned(_Event, frozen=True):
    """The agent gets nothing new, and will be not ready for this reason once they hold nothing."""

    agent: str
    reason: str


# -- conversations and messages -----------------------------------------------------------------------------


class ConversationOpened(_Event, frozen=True):
    """An exchange with a customer began, or one that the archive holds up to message `seq` goes on.

    `address` is the content id of where to answer.
    """

    conversation: str
    channel: ChannelName
    customer: str = ""
    language: str = ""
    address: str = ""
    seq: int = 0
    reference: str = ""


class MessageReceived(_Event, frozen=True):
    """A message of the customer is part `seq` of the conversation."""

    conversation: str
    item: str
    seq: int
    message: MessageFacts


class ReplySent(_Event, frozen=True):
    """An agent's message is part `seq` of the conversation; `delivery` is how it leaves the house (if it does)."""

    conversation: str
    item: str
    agent: str
    seq: int
    message: MessageFacts
    channel: ChannelName
    delivery: str = ""


class MessagesSeen(_Event, frozen=True):
    """A side's screen has shown the other's messages up to this one."""

    conversation: str
    side: Side
    up_to: int


class CustomerLeft(_Event, frozen=True):
    """The customer closed the chat."""

    conversation: str


class DeliveryStarted(_Event, frozen=True):
    """An attempt to send is under way: from here on its end may be unknown."""

    delivery: str
    attempt: int


class DeliveryEnded(_Event, frozen=True):
    """The attempt ended; `queued` means that another one follows."""

    delivery: str
    state: Literal["queued", "sent", "failed", "unknown"]
    code: str = ""
    thread_keys: tuple[str, ...] = ()


class DeliveryRetried(_Event, frozen=True):
    """A person chose to send a failed or unknown delivery again."""

    delivery: str
    agent: str


# -- items --------------------------------------------------------------------------------------------------


class ItemOpened(_Event, frozen=True):
    """A work item came into being. Where it waits is said by the `ItemQueued` that follows."""

    item: str
    conversation: str
    channel: ChannelName
    facts: Facts
    call: str = ""
    reopens: str = ""
    reopen_count: int = 0
    last_agent: str = ""
    related: str = ""


class ItemQueued(_Event, frozen=True):
    """The item entered a queue, at the end of its equals. `due` never grows by a move."""

    item: str
    queue: str
    reason: EntryReason
    due: int
    seq: int
    requirement: Requirement = ()
    priority: int = 0
    only: str = ""


class ReservationMade(_Event, frozen=True):
    """The item is held for this agent until `expires_at`. `why` is the short explanation kept with it."""

    item: str
    agent: str
    queue: str
    reservation: str
    expires_at: int
    why: dict[str, int] = {}


class ReservationAccepted(_Event, frozen=True):
    """The agent took the item, on the screen or by answering the phone."""

    item: str
    agent: str
    reservation: str
    by: Literal["agent", "phone"] = "agent"


class ReservationEnded(_Event, frozen=True):
    """The reservation ended without the agent handling the item; it is back at its exact place.

    `excepted_until` bars the agent from it until then; 0 means not barred.
    """

    item: str
    agent: str
    reservation: str
    outcome: HoldEnd
    reason: str = ""
    excepted_until: int = 0


class CallAnswered(_Event, frozen=True):
    """The agent and the customer are connected."""

    item: str
    agent: str


class CallHeld(_Event, frozen=True):
    """The customer is on hold, or back."""

    item: str
    held: bool


class ConnectFailed(_Event, frozen=True):
    """The agent's phone could not be reached, for the `count`th time on this item."""

    item: str
    agent: str
    count: int
    reason: str = ""


class ItemEscalated(_Event, frozen=True):
    """Unresolved at one line, handed on to another: by whom, why, and the note's content id."""

    item: str
    agent: str
    from_queue: str
    to_queue: str
    reason: str
    note: str


class ItemTransferred(_Event, frozen=True):
    """Handed over to a queue or (by name) to an agent."""

    item: str
    agent: str
    from_queue: str
    to_queue: str
    to_agent: str = ""
    note: str = ""


class ItemPending(_Event, frozen=True):
    """The item waits for the customer, or for a date, with its agent."""

    item: str
    agent: str
    until: int | None = None
    reason: str = ""


class ItemResumed(_Event, frozen=True):
    """The agent took the pending item up again."""

    item: str
    agent: str


class ItemReopened(_Event, frozen=True):
    """The customer answered, or the date came: the pending item goes back to work."""

    item: str
    reason: Literal["customer", "due"] = "customer"


class WrapUpStarted(_Event, frozen=True):
    """The exchange ended; the agent has until `until` for what is left (None: as long as their queue's demands
    are not met)."""

    item: str
    agent: str
    until: int | None = None


class WrapUpExtended(_Event, frozen=True):
    """The time for wrap-up is over, but what the queue demands is not said yet: the item stays open for it."""

    item: str
    agent: str


class ItemKept(_Event, frozen=True):
    """Its agent vanished and may come back until `until`; None: they are back, or keep it knowingly."""

    item: str
    agent: str
    until: int | None = None


class NoteAdded(_Event, frozen=True):
    """A note was kept with the item."""

    item: str
    agent: str
    content: str


class CategoryChanged(_Event, frozen=True):
    """The contact is about this."""

    item: str
    agent: str
    category: str


class OutcomeChanged(_Event, frozen=True):
    """How the item will have ended."""

    item: str
    agent: str
    disposition: str


class CustomerLinked(_Event, frozen=True):
    """The item, and its conversation, are about this customer."""

    item: str
    agent: str
    customer: str


class ExceptionsLapsed(_Event, frozen=True):
    """Agents who were barred from the item for a time may get it again."""

    item: str
    agents: tuple[str, ...]


class ItemStuck(_Event, frozen=True):
    """The item waits for a supervisor: routing it on would do harm."""

    item: str
    reason: str


class ItemClosed(_Event, frozen=True):
    """The work is over: completed by an agent, abandoned by the customer, or turned away by a closed queue."""

    item: str
    outcome: Literal["completed", "abandoned", "turned_away"]
    agent: str = ""
    disposition: str = ""
    category: str = ""


class ItemsForgotten(_Event, frozen=True):
    """Closed items left memory; the archive has them."""

    items: tuple[str, ...]


class AlarmRaised(_Event, frozen=True):
    """Something a supervisor must look at: a stable code, and what it is about."""

    code: str
    subject: str
    count: int = 0


class CommandPoisoned(_Event, frozen=True):
    """A command that made the core fail was set aside; a person has to look at it."""

    command: int
    reason: str


Event: TypeAlias = (
    RecordPut
    | RecordDropped
    | AgentSkillChanged
    | MembershipChanged
    | TemporaryEnded
    | QueueClosed
    | QueueOpened
    | CapacityChanged
    | AgentPhoneChanged
    | ClientConnected
    | ClientLost
    | PresenceChanged
    | NotReadyPlanned
    | ConversationOpened
    | MessageReceived
    | ReplySent
    | MessagesSeen
    | CustomerLeft
    | DeliveryStarted
    | DeliveryEnded
    | DeliveryRetried
    | ItemOpened
    | ItemQueued
    | ReservationMade
    | ReservationAccepted
    | ReservationEnded
    | CallAnswered
    | CallHeld
    | ConnectFailed
    | ItemEscalated
    | ItemTransferred
    | ItemPending
    | ItemResumed
    | ItemReopened
    | WrapUpStarted
    | WrapUpExtended
    | ItemKept
    | NoteAdded
    | CategoryChanged
    | OutcomeChanged
    | CustomerLinked
    | ExceptionsLapsed
    | ItemStuck
    | ItemClosed
    | ItemsForgotten
    | AlarmRaised
    | CommandPoisoned
)
