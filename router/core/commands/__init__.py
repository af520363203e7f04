"""Commands: requests that may be refused. Imperative names; each is decided in one function `decide_*`.

Ids of new things (items, conversations, messages) are proposed by the sender, who is the only one who may use
chance. Nothing here is content: bodies, subjects, names and addresses lie beside the log under content ids.
"""

from typing import TypeAlias

from router.core.commands.asking import AnswerQuestion, AskPermission, CallForHelp
from router.core.commands.calendar import SetCalendar
from router.core.commands.call import AnswerCall, EndCall, FailConnect, HoldCall, OfferCall, TransferCall
from router.core.commands.callback import AskCallback, DialCallback, FailCallback
from router.core.commands.centre import (
    ApplyCentre,
    CentreRecord,
    Change,
    CloseQueue,
    OpenQueue,
    SetAgentPhone,
    SetAgentSkill,
    SetCapacity,
    SetMembership,
)
from router.core.commands.consult import AnswerConsult, ConsultItem, EndConsult, HandOver
from router.core.commands.escalation import FollowItem, ReturnItem
from router.core.commands.housekeeping import EndDelivery, Forget, Pulse, RetryDelivery, StartDelivery
from router.core.commands.item import (
    AcceptReservation,
    AddNote,
    CompleteItem,
    DeclineReservation,
    EndContact,
    EscalateItem,
    LinkCustomer,
    MoveItems,
    RequeueItem,
    RescindReservation,
    ResumeItem,
    SendReply,
    SetCategory,
    SetOutcome,
    SetPending,
    TransferItem,
)
from router.core.commands.mail import DismissItem, MergeConversation, SplitItem, SplitPart, UnmergeConversation
from router.core.commands.matrix import SetAgentSkills, SkillEdit
from router.core.commands.message import LeaveChat, MarkSeen, ReceiveMessage
from router.core.commands.presence import ConnectClient, ForcePresence, LoseClient, LoseGateway, SetPresence, SignOut

Command: TypeAlias = (
    ApplyCentre
    | SetAgentSkill
    | SetAgentSkills
    | SetMembership
    | SetCapacity
    | SetAgentPhone
    | CloseQueue
    | OpenQueue
    | SetCalendar
    | ConnectClient
    | LoseClient
    | LoseGateway
    | SetPresence
    | ForcePresence
    | SignOut
    | OfferCall
    | AnswerCall
    | HoldCall
    | TransferCall
    | FailConnect
    | EndCall
    | AskCallback
    | DialCallback
    | FailCallback
    | ReceiveMessage
    | LeaveChat
    | MarkSeen
    | AcceptReservation
    | DeclineReservation
    | RescindReservation
    | SendReply
    | AddNote
    | SetPending
    | ResumeItem
    | SetCategory
    | EndContact
    | CompleteItem
    | EscalateItem
    | ReturnItem
    | FollowItem
    | ConsultItem
    | AnswerConsult
    | EndConsult
    | HandOver
    | TransferItem
    | SetOutcome
    | LinkCustomer
    | MoveItems
    | RequeueItem
    | SplitItem
    | MergeConversation
    | UnmergeConversation
    | DismissItem
    | AskPermission
    | CallForHelp
    | AnswerQuestion
    | StartDelivery
    | EndDelivery
    | RetryDelivery
    | Forget
    | Pulse
)

__all__ = [
    "AcceptReservation",
    "AddNote",
    "AnswerCall",
    "AnswerConsult",
    "AnswerQuestion",
    "ApplyCentre",
    "AskCallback",
    "AskPermission",
    "CallForHelp",
    "CentreRecord",
    "Change",
    "CloseQueue",
    "Command",
    "CompleteItem",
    "ConnectClient",
    "ConsultItem",
    "DeclineReservation",
    "DialCallback",
    "DismissItem",
    "EndCall",
    "EndConsult",
    "EndContact",
    "EndDelivery",
    "EscalateItem",
    "FailCallback",
    "FailConnect",
    "FollowItem",
    "ForcePresence",
    "Forget",
    "HandOver",
    "HoldCall",
    "LeaveChat",
    "LinkCustomer",
    "LoseClient",
    "LoseGateway",
    "MarkSeen",
    "MergeConversation",
    "MoveItems",
    "OfferCall",
    "OpenQueue",
    "Pulse",
    "ReceiveMessage",
    "RequeueItem",
    "RescindReservation",
    "ResumeItem",
    "RetryDelivery",
    "ReturnItem",
    "SendReply",
    "SetAgentPhone",
    "SetAgentSkill",
    "SetAgentSkills",
    "SetCalendar",
    "SetCapacity",
    "SetCategory",
    "SetMembership",
    "SetOutcome",
    "SetPending",
    "SetPresence",
    "SignOut",
    "SkillEdit",
    "SplitItem",
    "SplitPart",
    "StartDelivery",
    "TransferCall",
    "TransferItem",
    "UnmergeConversation",
]
