"""The shape of a centre file. These structs are the format: the reader, the writer and the checks all follow them.

An `Annotated` type says more than its Python type: `form` is how the value is written (see `forms`), `defines`
makes a key the id of a new record, `refers` makes a value the id of a record of that kind, which must exist.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from queues.capacity import TOTAL
from queues.category import CodeKind
from queues.comparator import Comparator, ComparatorKind
from queues.entry_point import Override
from queues.hours import Span
from queues.queue import ChannelName, DeclineUntil, Demand, Queue
from queues.strategy import IdleFrom, Strategy
from queues.team import Membership, Team
from router.centre import limits
from router.core.limits import (
    ATTEMPTS_MAX,
    CLOSED_MESSAGE_CHARS_MAX,
    DECLINES_MAX,
    HELD_MAX,
    KNOCK_OUT_MAX,
    LINE_MAX,
    ORDER_MAX,
    PLACE_MAX,
    PRIORITY_MAX,
    REOPENS_MAX,
    RESERVE_MAX,
    SIMULTANEOUS_MAX,
    WAITING_MANY_MAX,
    WEIGHT_MAX,
)
from skills import PROFICIENCY_MAX, PROFICIENCY_MIN

_QUEUE = Queue(id="")
_COMPARATOR = Comparator()
_MEMBERSHIP = Membership()
_TEAM = Team(id="")

ChannelOrAny: TypeAlias = Literal[ChannelName, "*"]
"""A channel, or `*` for those that are not named."""
Text: TypeAlias = Annotated[str, Meta(max_length=limits.NAME_CHARS_MAX)]
Address: TypeAlias = Annotated[str, Meta(max_length=limits.ADDRESS_CHARS_MAX)]
Language: TypeAlias = Annotated[str, Meta(extra={"form": "language"})]
Tag: TypeAlias = Annotated[str, Meta(extra={"form": "tag"})]
Country: TypeAlias = Annotated[str, Meta(extra={"form": "country"})]
Names: TypeAlias = dict[Language, Text]
Duration: TypeAlias = Annotated[int, Meta(extra={"form": "duration"})]
SignedDuration: TypeAlias = Annotated[int, Meta(extra={"form": "signed_duration"})]
Thousandths: TypeAlias = Annotated[int, Meta(extra={"form": "thousandths"})]
OpenSpan: TypeAlias = Annotated[Span, Meta(extra={"form": "span"})]
Level: TypeAlias = Annotated[int, Meta(ge=PROFICIENCY_MIN, le=PROFICIENCY_MAX)]
Priority: TypeAlias = Annotated[int, Meta(ge=-PRIORITY_MAX, le=PRIORITY_MAX)]
Line: TypeAlias = Annotated[int, Meta(ge=1, le=LINE_MAX)]
Order: TypeAlias = Annotated[int, Meta(ge=1, le=ORDER_MAX)]
Share: TypeAlias = Annotated[int, Meta(ge=0, le=WEIGHT_MAX)]
Ref: TypeAlias = Annotated[tuple[str, str], Meta(extra={"form": "ref"})]

SkillKey: TypeAlias = Annotated[str, Meta(extra={"form": "id", "defines": "skill"})]
HoursKey: TypeAlias = Annotated[str, Meta(extra={"form": "id", "defines": "hours"})]
QueueKey: TypeAlias = Annotated[str, Meta(extra={"form": "id", "defines": "queue"})]
TeamKey: TypeAlias = Annotated[str, Meta(extra={"form": "id", "defines": "team"})]
CategoryKey: TypeAlias = Annotated[str, Meta(extra={"form": "id", "defines": "category"})]
AgentKey: TypeAlias = Annotated[str, Meta(extra={"form": "id", "defines": "agent"})]
EntryPointKey: TypeAlias = Annotated[str, Meta(extra={"form": "id", "defines": "entry_point"})]
OtherKey: TypeAlias = Annotated[str, Meta(extra={"form": "id"})]
SkillId: TypeAlias = Annotated[str, Meta(extra={"refers": "skill"})]
Term: TypeAlias = Annotated[str, Meta(extra={"form": "term", "names": "skill"})]
"""A skill, alternatives (`french|dutch`) or an exclusion (`!trainee`)."""
SkillOrNone: TypeAlias = Annotated[str, Meta(extra={"form": "skill_or_none", "names": "skill"})]
RequirementShape: TypeAlias = dict[Term, Level]
HoursId: TypeAlias = Annotated[str, Meta(extra={"refers": "hours"})]
QueueId: TypeAlias = Annotated[str, Meta(extra={"refers": "queue"})]
TeamId: TypeAlias = Annotated[str, Meta(extra={"refers": "team"})]
AgentId: TypeAlias = Annotated[str, Meta(extra={"refers": "agent"})]
EntryPointId: TypeAlias = Annotated[str, Meta(extra={"refers": "entry_point"})]
QueueOrAny: TypeAlias = Annotated[str, Meta(extra={"form": "any_id", "names": "queue"})]
"""A queue, or `*` for all others."""
CategoryId: TypeAlias = Annotated[str, Meta(extra={"refers": "category"})]
Date: TypeAlias = Annotated[str, Meta(extra={"form": "date"})]
Zone: TypeAlias = Annotated[str, Meta(extra={"form": "zone"})]


class _Shape(msgspec.Struct, frozen=True, kw_only=True):
    pass


class SkillShape(_Shape, frozen=True):
    """A skill, under its id."""

    names: Names = {}
    kind: Literal["skill", "language"] = "skill"


class WeekShape(_Shape, frozen=True):
    """Opening spans by weekday; a day that is not named is closed."""

    monday: tuple[OpenSpan, ...] = ()
    tuesday: tuple[OpenSpan, ...] = ()
    wednesday: tuple[OpenSpan, ...] = ()
    thursday: tuple[OpenSpan, ...] = ()
    friday: tuple[OpenSpan, ...] = ()
    saturday: tuple[OpenSpan, ...] = ()
    sunday: tuple[OpenSpan, ...] = ()


class HoursShape(_Shape, frozen=True):
    """Opening hours. `exceptions` replace a date whole; an empty list closes it."""

    zone: Zone
    weekly: WeekShape = WeekShape()
    exceptions: dict[Date, tuple[OpenSpan, ...]] = {}
    holidays: Country = ""


class ComparatorShape(_Shape, frozen=True):
    """How items claim to be next. `per_s` is how many points a second of waiting is worth."""

    kind: ComparatorKind = _COMPARATOR.kind
    per_point: Duration = _COMPARATOR.per_point_ms
    base: SignedDuration = _COMPARATOR.base_ms
    per_s: Thousandths = _COMPARATOR.per_s


class FallbackShape(_Shape, frozen=True):
    """What becomes of what a queue does not take, or does not keep."""

    message: dict[Language, Annotated[str, Meta(max_length=CLOSED_MESSAGE_CHARS_MAX)]] = {}
    overflow: QueueId = ""
    callback: bool = False


class CallbacksShape(_Shape, frozen=True):
    """How a queue calls customers back."""

    attempts: Annotated[int, Meta(ge=1, le=ATTEMPTS_MAX)] = _QUEUE.callbacks.attempts
    retry: Duration = _QUEUE.callbacks.retry_ms
    delay: Duration = _QUEUE.callbacks.delay_ms


class StepShape(_Shape, frozen=True):
    """What changes for an item that has waited so long in the queue."""

    after: Duration
    drop: tuple[Term, ...] = ()
    lower: RequirementShape = {}
    members: Order | None = None
    teams: tuple[TeamId, ...] = ()
    queues: tuple[QueueId, ...] = ()
    priority: Priority = 0
    overflow: QueueId = ""
    callback: bool = False
    alert: Text = ""


class QueueShape(_Shape, frozen=True):
    """A queue. What is left out has the default of `queues.queue.Queue`."""

    names: Names = {}
    line: Line = _QUEUE.line
    team: TeamId = ""
    skills: RequirementShape = {}
    wishes: RequirementShape = {}
    priority: Priority = 0
    target: dict[ChannelName, Duration] = {}
    reservation: Duration = _QUEUE.reservation_ms
    wrap_up: dict[ChannelName, Duration] = {}
    decline_memory: Duration = _QUEUE.decline_memory_ms
    knock_out_max: Annotated[int, Meta(ge=1, le=KNOCK_OUT_MAX)] = _QUEUE.knock_out_max
    escalates_to: QueueId = ""
    hours: HoursId = ""
    demands: tuple[Demand, ...] = ()
    keep: Duration = _QUEUE.keep_ms
    auto_accept: tuple[ChannelName, ...] = ()
    reservations: dict[ChannelName, Duration] = {}
    decline_until: DeclineUntil = _QUEUE.decline_until
    declines_max: Annotated[int, Meta(ge=0, le=DECLINES_MAX)] = _QUEUE.declines_max
    simultaneous: Annotated[int, Meta(ge=1, le=SIMULTANEOUS_MAX)] = _QUEUE.simultaneous
    resolve: dict[ChannelOrAny, Duration] = {}
    reopens_max: Annotated[int, Meta(ge=0, le=REOPENS_MAX)] = _QUEUE.reopens_max
    escalate_declined: bool = _QUEUE.escalate_declined
    when_closed: FallbackShape = FallbackShape()
    waiting_max: Annotated[int, Meta(ge=0, le=WAITING_MANY_MAX)] | None = None
    waiting_with: tuple[QueueId, ...] = ()
    when_full: FallbackShape = FallbackShape()
    wait_max: Duration = _QUEUE.wait_max_ms
    when_late: FallbackShape = FallbackShape()
    callbacks: CallbacksShape = CallbacksShape()
    pending_close: Duration = _QUEUE.pending_close_ms
    plan: tuple[StepShape, ...] = ()
    prefer: Duration = _QUEUE.prefer_ms
    strategy: Strategy = _QUEUE.strategy
    idle_from: IdleFrom = _QUEUE.idle_from
    comparator: ComparatorShape = ComparatorShape()
    reserve: dict[QueueOrAny, Annotated[int, Meta(ge=0, le=RESERVE_MAX)]] = {}


class ServeShape(_Shape, frozen=True):
    """Serving a queue: the long form of a bare order."""

    order: Order = _MEMBERSHIP.order
    enabled: bool = True
    priority: Priority = _MEMBERSHIP.priority
    delay: Duration = _MEMBERSHIP.delay_ms
    weight: Share = _MEMBERSHIP.weight


Serves: TypeAlias = dict[QueueId, Order | ServeShape]


class TeamShape(_Shape, frozen=True):
    """A team; its agents serve these queues unless their own `serves` say otherwise.

    They ask `leader`; after `stand_in_after` without an answer `stand_in` is told too.
    """

    names: Names = {}
    line: Line = 1
    serves: Serves = {}
    comparator: ComparatorShape | None = None
    leader: AgentId = ""
    stand_in: AgentId = ""
    stand_in_after: Duration = _TEAM.stand_in_after_ms


class RoomShape(_Shape, frozen=True):
    """Room for one channel."""

    maximum: Annotated[int, Meta(ge=0, le=HELD_MAX)]
    weight: Share
    alone: bool = False
    interruptible_by: tuple[ChannelName, ...] = ()
    silent: Duration = 0


class AgentShape(_Shape, frozen=True):
    """An agent. `rooms`, when given, names every channel that the agent has room for."""

    name: Text = ""
    teams: tuple[TeamId, ...] = ()
    skills: dict[SkillId, Level] = {}
    serves: Serves = {}
    rooms: dict[ChannelName, RoomShape] | None = None
    total: Share = TOTAL
    phone: Address = ""
    language: Language = ""
    disabled: bool = False


class ClosingShape(_Shape, frozen=True):
    """A code for closing without an answer. `counts`: whether the service level counts what is closed with it; `bars`:
    whether its sender gets the tag `barred`, for rules to know them by."""

    names: Names = {}
    counts: bool = True
    bars: bool = False


class CategoryShape(_Shape, frozen=True):
    """What a contact is about; a node of the tree that `parent` makes."""

    names: Names = {}
    parent: CategoryId = ""
    queue: QueueId = ""
    skills: RequirementShape = {}
    escalates_to: QueueId = ""
    specialist: bool = False


class EntryPointShape(_Shape, frozen=True):
    """A number, mailbox or chat site. `overrides` is what an event coming through it may change."""

    channel: ChannelName
    address: Address
    queue: QueueId
    skills: RequirementShape = {}
    language: Language = ""
    priority: Priority = 0
    category: CategoryId = ""
    overrides: tuple[Override, ...] = ()
    origins: tuple[Address, ...] = ()


class WhenShape(_Shape, frozen=True):
    """What a rule looks at: all that is given must hold, of a list any one."""

    channels: tuple[ChannelName, ...] = ()
    entry_points: tuple[EntryPointId, ...] = ()
    to: tuple[Address, ...] = ()
    senders: tuple[Address, ...] = ()
    tags: tuple[Tag, ...] = ()
    languages: tuple[Language, ...] = ()
    keywords: tuple[Text, ...] = ()
    form: dict[Text, tuple[Text, ...]] = {}
    hours: HoursId = ""
    outside: HoursId = ""


class RuleShape(_Shape, frozen=True):
    """A rule of classification. Without `place` it stands behind the one before it in the file."""

    place: Annotated[int, Meta(ge=0, le=PLACE_MAX)] | None = None
    names: Names = {}
    when: WhenShape = WhenShape()
    category: CategoryId = ""
    queue: QueueId = ""
    skills: RequirementShape = {}
    wishes: RequirementShape = {}
    priority: Priority | None = None
    language: Language = ""
    go_on: bool = False
    disabled: bool = False


class EndpointShape(_Shape, frozen=True):
    """A webhook endpoint; `secret` names the setting that holds its signing secret.

    One that answered 410 is disabled.
    """

    url: Annotated[str, Meta(max_length=limits.URL_CHARS_MAX)]
    events: tuple[Text, ...] = ("*",)
    secret: Text = ""
    disabled: bool = False


class Document(_Shape, frozen=True):
    """A whole file. `revision` is the state of the centre that it was written against (0: none).

    `languages` are those in which every title must be given. `default_region` (a country code) lets numbers of
    entry points be written without it. `remove` names records to be dropped: nothing else ever is.
    `skills_become` drops skills too, and says which one takes the place of each in all that names it, open items
    included (`""` for none).
    """

    revision: Annotated[int, Meta(ge=0)] = 0
    name: Text = ""
    languages: tuple[Language, ...] = ()
    default_region: Annotated[str, Meta(extra={"form": "region"})] = ""
    skills: dict[SkillKey, SkillShape] = {}
    hours: dict[HoursKey, HoursShape] = {}
    queues: dict[QueueKey, QueueShape] = {}
    teams: dict[TeamKey, TeamShape] = {}
    agents: dict[AgentKey, AgentShape] = {}
    categories: dict[CategoryKey, CategoryShape] = {}
    codes: dict[CodeKind, dict[OtherKey, Names]] = {}
    closings: dict[OtherKey, ClosingShape] = {}
    entry_points: dict[EntryPointKey, EntryPointShape] = {}
    rules: dict[OtherKey, RuleShape] = {}
    endpoints: dict[OtherKey, EndpointShape] = {}
    remove: tuple[Ref, ...] = ()
    skills_become: dict[OtherKey, SkillOrNone] = {}
