"""Events: facts, in the past tense, never changed. Each carries the instant `at` (ticks) at which it happened."""

from typing import TypeAlias

from router.core.events.asking import QuestionAnswered, QuestionAsked, QuestionPassed
from router.core.events.calendar import CalendarLapsed, CalendarSet
from router.core.events.call import CallAnswered, CallHeld, ConnectFailed
from router.core.events.callback import (
    CallbackAsked,
    CallbackDialled,
    CallbackFailed,
    CallbackMissed,
    CallbackOffered,
)
from router.core.events.centre import (
    AgentPhoneChanged,
    AgentSkillChanged,
    CapacityChanged,
    MembershipChanged,
    QueueClosed,
    QueueOpened,
    RecordDropped,
    RecordPut,
    TemporaryEnded,
)
from router.core.events.consult import ConsultAnswered, ConsultEnd, ConsultEnded, ConsultOpened, ItemHandedOver
from router.core.events.conversation import (
    ConversationOpened,
    CustomerLeft,
    DeliveryEnded,
    DeliveryRetried,
    DeliveryStarted,
    MessageReceived,
    MessagesSeen,
    ReplySent,
)
from router.core.events.escalation import ItemFollowed, ItemOverdue, ItemReturned
from router.core.events.housekeeping import AlarmRaised, CommandPoisoned, ItemsForgotten
from router.core.events.item import (
    AcceptedBy,
    CategoryChanged,
    CustomerLinked,
    EntryReason,
    ExceptionsLapsed,
    HoldEnd,
    ItemClosed,
    ItemContinued,
    ItemEscalated,
    ItemInterrupted,
    ItemKept,
    ItemOpened,
    ItemPending,
    ItemQueued,
    ItemRelaxed,
    ItemReopened,
    ItemResumed,
    ItemSilenced,
    ItemStuck,
    ItemTransferred,
    ItemWoken,
    NoteAdded,
    OutcomeChanged,
    PreferenceEnded,
    ReservationAccepted,
    ReservationEnded,
    ReservationMade,
    WrapUpExtended,
    WrapUpStarted,
)
from router.core.events.mail import ConversationMerged, ConversationUnmerged, ItemSplit
from router.core.events.matrix import AgentSkillsChanged
from router.core.events.presence import ClientConnected, ClientLost, NotReadyPlanned, PresenceChanged
from router.core.events.skill import ItemAskedAnew

Event: TypeAlias = (
    RecordPut
    | RecordDropped
    | AgentSkillChanged
    | AgentSkillsChanged
    | ItemAskedAnew
    | MembershipChanged
    | TemporaryEnded
    | QueueClosed
    | QueueOpened
    | CalendarSet
    | CalendarLapsed
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
    | ItemRelaxed
    | PreferenceEnded
    | ReservationMade
    | ReservationAccepted
    | ReservationEnded
    | ItemEscalated
    | ItemReturned
    | ItemFollowed
    | ItemOverdue
    | ConsultOpened
    | ConsultAnswered
    | ConsultEnded
    | ItemHandedOver
    | ItemTransferred
    | ItemPending
    | ItemResumed
    | ItemReopened
    | ItemInterrupted
    | ItemContinued
    | ItemSilenced
    | ItemWoken
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
    | ItemSplit
    | ConversationMerged
    | ConversationUnmerged
    | QuestionAsked
    | QuestionPassed
    | QuestionAnswered
    | CallAnswered
    | CallHeld
    | ConnectFailed
    | CallbackOffered
    | CallbackAsked
    | CallbackDialled
    | CallbackFailed
    | CallbackMissed
    | ItemsForgotten
    | AlarmRaised
    | CommandPoisoned
)

__all__ = [
    "AcceptedBy",
    "AgentPhoneChanged",
    "AgentSkillChanged",
    "AgentSkillsChanged",
    "AlarmRaised",
    "CalendarLapsed",
    "CalendarSet",
    "CallAnswered",
    "CallHeld",
    "CallbackAsked",
    "CallbackDialled",
    "CallbackFailed",
    "CallbackMissed",
    "CallbackOffered",
    "CapacityChanged",
    "CategoryChanged",
    "ClientConnected",
    "ClientLost",
    "CommandPoisoned",
    "ConnectFailed",
    "ConsultAnswered",
    "ConsultEnd",
    "ConsultEnded",
    "ConsultOpened",
    "ConversationMerged",
    "ConversationOpened",
    "ConversationUnmerged",
    "CustomerLeft",
    "CustomerLinked",
    "DeliveryEnded",
    "DeliveryRetried",
    "DeliveryStarted",
    "EntryReason",
    "Event",
    "ExceptionsLapsed",
    "HoldEnd",
    "ItemAskedAnew",
    "ItemClosed",
    "ItemContinued",
    "ItemEscalated",
    "ItemFollowed",
    "ItemHandedOver",
    "ItemInterrupted",
    "ItemKept",
    "ItemOpened",
    "ItemOverdue",
    "ItemPending",
    "ItemQueued",
    "ItemRelaxed",
    "ItemReopened",
    "ItemResumed",
    "ItemReturned",
    "ItemSilenced",
    "ItemSplit",
    "ItemStuck",
    "ItemTransferred",
    "ItemWoken",
    "ItemsForgotten",
    "MembershipChanged",
    "MessageReceived",
    "MessagesSeen",
    "NotReadyPlanned",
    "NoteAdded",
    "OutcomeChanged",
    "PreferenceEnded",
    "PresenceChanged",
    "QuestionAnswered",
    "QuestionAsked",
    "QuestionPassed",
    "QueueClosed",
    "QueueOpened",
    "RecordDropped",
    "RecordPut",
    "ReplySent",
    "ReservationAccepted",
    "ReservationEnded",
    "ReservationMade",
    "TemporaryEnded",
    "WrapUpExtended",
    "WrapUpStarted",
]
