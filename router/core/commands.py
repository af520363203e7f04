"""Commands: requests that may be refused. Imperative names; each is decided in one function `decide_*`.

Ids of new things (items, conversations, messages) are proposed by the sender, who is the only one who may use
chance. Nothing here is content: bodies, subjects, names and addresses lie beside the log under content ids.
"""

from typing import Literal, TypeAlias

import msgspec

from queues.capacity import Room
from queues.category import Category, Code
from queues.endpoint import Endpoint
from queues.entry_point import EntryPoint
from queues.hours import Hours
from queues.queue import ChannelName, Queue
from queues.team import Membership, Team
from router.core.agent import Agent
from router.core.conversation import Side
from router.core.facts import Facts, MessageFacts
from router.core.presence import PresenceState
from skills import Skill

CentreRecord: TypeAlias = Skill | Team | Queue | Category | Code | Hours | EntryPoint | Endpoint | Agent
"""What a contact centre is made of and supervisors edit. A record's kind is its msgspec tag."""


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    pass


# -- the centre ---------------------------------------------------------------------------------------------


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record put (`record`) or dropped (`record` is None). `seen` is the revision the editor looked at:
    0 for a new record, None to overwrite whatever is there."""

    kind: str
    id: str
    record: CentreRecord | None = None
    seen: int | None = None


class ApplyCentre(_Command, frozen=True):
    """Apply all changes as one, or none of them."""

    changes: tuple[Change, ...]


class SetAgentSkill(_Command, frozen=True):
    """Give an agent a skill at a level, or take it away (level 0). Applies at once to what waits.

    `until` makes it temporary: what was for good comes back by itself then.
    """

    agent: str
    skill: str
    level: int
    until: int | None = None
    seen: int | None = None


class SetMembership(_Command, frozen=True):
    """Let an agent serve a queue, change how, or end it (`membership` is None); for a time when `until` is given."""

    agent: str
    queue: str
    membership: Membership | None = None
    until: int | None = None
    seen: int | None = None


class SetCapacity(_Command, frozen=True):
    """Change an agent's room for one channel (None takes it away) and, if given, their total."""

    agent: str
    channel: ChannelName
    room: Room | None = None
    total: int | None = None
    seen: int | None = None


class SetAgentPhone(_Command, frozen=True):
    """Where this agent's calls are put through to."""

    agent: str
    phone: str


class CloseQueue(_Command, frozen=True):
    """Let nothing new into a queue: what comes goes to `overflow`, else is told `message` (by language).

    What waits in it is served on.
    """

    queue: str
    message: dict[str, str] = {}
    overflow: str = ""
    seen: int | None = None


class OpenQueue(_Command, frozen=True):
    """Let a closed queue take work again."""

    queue: str
    seen: int | None = None


# -- presence -----------------------------------------------------------------------------------------------


class ConnectClient(_Command, frozen=True):
    """A client of the agent proved at `gateway` that it is there."""

    agent: str
    client: str
    gateway: str


class LoseClient(_Command, frozen=True):
    """A client of the agent went away."""

    agent: str
    client: str


class LoseGateway(_Command, frozen=True):
    """A gateway died: all its clients are gone."""

    gateway: str


class SetPresence(_Command, frozen=True):
    """What the agent says: available, not ready (with a reason code) or offline.

    `after`: not ready once they hold nothing any more; nothing new comes until then.
    """

    agent: str
    state: PresenceState
    reason: str = ""
    after: bool = False


class ForcePresence(_Command, frozen=True):
    """A supervisor says it in the agent's place: a forced act, which the audit keeps."""

    agent: str
    state: PresenceState
    reason: str = ""


class SignOut(_Command, frozen=True):
    """The agent goes home. `choices` says of each item that is theirs: `keep`, `return` to its queue, or the id of
    the colleague it is handed to."""

    agent: str
    choices: dict[str, str] = {}


# -- phone --------------------------------------------------------------------------------------------------


class OfferCall(_Command, frozen=True):
    """A call came in. `item` and `conversation` are the ids to use if it is new.

    `again`: its sender has seen it in memory. It is no new one then, though it may be forgotten by now.
    """

    call: str
    item: str
    conversation: str
    facts: Facts
    again: bool = False


class AnswerCall(_Command, frozen=True):
    """The agent's phone was answered: this accepts the reservation if they have not done so on the screen."""

    call: str
    agent: str


class HoldCall(_Command, frozen=True):
    """The customer was put on hold (`held`) or is back."""

    call: str
    held: bool


class TransferCall(_Command, frozen=True):
    """The phone system handed the call over to a queue or an agent."""

    call: str
    queue: str = ""
    agent: str = ""


class FailConnect(_Command, frozen=True):
    """The agent's phone could not be reached: the caller goes back to their exact place."""

    call: str
    agent: str
    reason: str = ""


class EndCall(_Command, frozen=True):
    """The call is over: before an answer it abandons, after it wrap-up starts."""

    call: str
    reason: str = ""


# -- messages (e-mail, chat, webhook) -----------------------------------------------------------------------


class ReceiveMessage(_Command, frozen=True):
    """A message came in. It joins the open conversation `conversation` (or the one that its thread keys name),
    else opens a new one under that id, with a new item `item`.

    `reopens`, `reopen_count`, `last_agent`, `last_seq` (its last message) and `reference` are how far intake found the
    conversation: they count when it is not in memory (any more). `again` is as that of a call.
    """

    channel: ChannelName
    conversation: str
    item: str
    message: MessageFacts
    facts: Facts
    reopens: str = ""
    reopen_count: int = 0
    last_agent: str = ""
    last_seq: int = 0
    reference: str = ""
    again: bool = False


class LeaveChat(_Command, frozen=True):
    """The customer closed the chat: unanswered it abandons, else wrap-up starts."""

    conversation: str


class MarkSeen(_Command, frozen=True):
    """A side's screen has shown the messages of a conversation up to this one."""

    conversation: str
    side: Side
    up_to: int


# -- what agents do with items ------------------------------------------------------------------------------


class AcceptReservation(_Command, frozen=True):
    """Take the item that is held for me. An empty `reservation` means whichever it is now."""

    item: str
    agent: str
    reservation: str = ""


class DeclineReservation(_Command, frozen=True):
    """Refuse the item that is held for me, with a reason code."""

    item: str
    agent: str
    reservation: str = ""
    reason: str = ""


class SendReply(_Command, frozen=True):
    """Answer the customer. An e-mail goes out through the outbox as `delivery`; a chat needs none."""

    item: str
    agent: str
    message: MessageFacts
    delivery: str = ""


class AddNote(_Command, frozen=True):
    """Keep a note with the item; `content` is where its text lies."""

    item: str
    agent: str
    content: str


class SetPending(_Command, frozen=True):
    """Wait for the customer, or until a date. Room is freed; the item stays the agent's."""

    item: str
    agent: str
    until: int | None = None
    reason: str = ""


class ResumeItem(_Command, frozen=True):
    """Take a pending item of mine up again."""

    item: str
    agent: str


class SetCategory(_Command, frozen=True):
    """Say what the contact is about."""

    item: str
    agent: str
    category: str


class EndContact(_Command, frozen=True):
    """The exchange is over: wrap-up starts (or the item closes where the queue has none)."""

    item: str
    agent: str


class CompleteItem(_Command, frozen=True):
    """Close the item with a disposition code."""

    item: str
    agent: str
    disposition: str
    category: str = ""


class EscalateItem(_Command, frozen=True):
    """Unresolved at this line: on to a specialist queue (that of the category or queue when none is named)."""

    item: str
    agent: str
    reason: str
    note: str
    queue: str = ""


class TransferItem(_Command, frozen=True):
    """Hand the item over to a queue, or to an agent by name. `by` is a supervisor's account if it was one."""

    item: str
    agent: str = ""
    queue: str = ""
    to_agent: str = ""
    note: str = ""


class SetOutcome(_Command, frozen=True):
    """Say how the item will have ended, before it closes."""

    item: str
    agent: str
    disposition: str


class LinkCustomer(_Command, frozen=True):
    """Say whom the item is about."""

    item: str
    agent: str
    customer: str


class MoveItems(_Command, frozen=True):
    """A supervisor moves everything an agent holds, or that waits for them by name: to a queue, to another agent,
    or (neither named) back to where each came from. A call that is on stays."""

    agent: str
    queue: str = ""
    to_agent: str = ""


class RequeueItem(_Command, frozen=True):
    """A supervisor puts an item back into a queue (its own when none is named): stuck, pending or held."""

    item: str
    queue: str = ""


# -- deliveries, housekeeping, time -------------------------------------------------------------------------


class StartDelivery(_Command, frozen=True):
    """An outbox worker is about to hand attempt `attempt` to the outside: durable before the first byte."""

    delivery: str
    attempt: int


class EndDelivery(_Command, frozen=True):
    """How attempt `attempt` ended. `retry` asks for another one (a temporary refusal, surely not delivered)."""

    delivery: str
    attempt: int
    result: Literal["sent", "failed", "unknown", "retry"]
    code: str = ""
    thread_keys: tuple[str, ...] = ()


class RetryDelivery(_Command, frozen=True):
    """A person chose to send a failed or unknown delivery again."""

    delivery: str
    agent: str


class Forget(_Command, frozen=True):
    """The archive has these closed items: they may leave memory."""

    items: tuple[str, ...]


class Pulse(_Command, frozen=True):
    """Time passed: whatever is due by now happens."""


Command: TypeAlias = (
    ApplyCentre
    | SetAgentSkill
    | SetMembership
    | SetCapacity
    | SetAgentPhone
    | CloseQueue
    | OpenQueue
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
    | ReceiveMessage
    | LeaveChat
    | MarkSeen
    | AcceptReservation
    | DeclineReservation
    | SendReply
    | AddNote
    | SetPending
    | ResumeItem
    | SetCategory
    | SetOutcome
    | LinkCustomer
    | EndContact
    | CompleteItem
    | EscalateItem
    | TransferItem
    | RequeueItem
    | MoveItems
    | StartDelivery
    | EndDelivery
    | RetryDelivery
    | Forget
    | Pulse
)
