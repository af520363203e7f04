"""How the centre's records look on the outside: skills and requirements as {skill: level}, no id and revision in
bodies (the path and If-Match say them). Explicit structs, so that nothing is taken over that was not meant
(ASVS 15.3.3).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from queues.callback import Callbacks
from queues.capacity import DEFAULT_ROOMS, TOTAL, Room
from queues.category import Category, Code, CodeKind
from queues.comparator import Comparator
from queues.endpoint import Endpoint
from queues.entry_point import EntryPoint, Override
from queues.hours import Hours, Span
from queues.plan import RelaxStep
from queues.queue import ChannelName, DeclineUntil, Demand, Fallback, Queue
from queues.rule import Rule, When
from queues.strategy import DEFAULT_STRATEGY, IdleFrom, Strategy
from queues.team import Membership, Team
from router.api import limits
from router.centre.limits import NAME_CHARS_MAX, URL_CHARS_MAX
from router.core import limits as core
from router.core.agent import Agent
from router.core.commands import CentreRecord
from router.core.views import closed_view, temporary_view
from skills import Skill, requirement

Id: TypeAlias = Annotated[str, msgspec.Meta(max_length=limits.ID_CHARS_MAX)]
Levels: TypeAlias = dict[str, Annotated[int, msgspec.Meta(ge=1, le=5)]]
"""Of a requirement the keys are terms: a skill, alternatives (`french|dutch`) or an exclusion (`!trainee`)."""
Milliseconds: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=core.DURATION_TICKS_MAX)]
Line: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=core.LINE_MAX)]
Priority: TypeAlias = Annotated[int, msgspec.Meta(ge=-core.PRIORITY_MAX, le=core.PRIORITY_MAX)]
Weight: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=core.WEIGHT_MAX)]
Names: TypeAlias = dict[str, str]


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class MembershipBody(Membership, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Serving one queue."""


class RoomBody(Room, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Room for one channel."""


class ComparatorBody(Comparator, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How items claim to be next."""


class FallbackBody(Fallback, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of what a queue does not take, or does not keep."""


class CallbacksBody(Callbacks, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a queue calls customers back."""


class StepBody(RelaxStep, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of a queue's plan."""


class WhenBody(When, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rule looks at."""


_STRICT: dict[type[Any], type[Any]] = {
    MembershipBody: Membership,
    RoomBody: Room,
    ComparatorBody: Comparator,
    FallbackBody: Fallback,
    CallbacksBody: Callbacks,
    StepBody: RelaxStep,
    WhenBody: When,
}
"""Parts of bodies, which take no unknown field, and the parts of records that they are."""


class SkillBody(_Body, frozen=True):
    """A skill or a language."""

    names: Names = {}
    kind: Annotated[str, msgspec.Meta(pattern="^(skill|language)$")] = "skill"


class TeamBody(_Body, frozen=True):
    """A team: its line, what its members serve, and whom they ask."""

    names: Names = {}
    line: Line = 1
    memberships: dict[str, MembershipBody] = {}
    comparator: ComparatorBody | None = None
    leader: Id = ""
    stand_in: Id = ""
    stand_in_after_ms: Annotated[int, msgspec.Meta(ge=1, le=core.DURATION_TICKS_MAX)] = 60_000


class QueueBody(_Body, frozen=True):
    """A queue and its rules. A changed requirement applies at once to what waits."""

    names: Names = {}
    line: Line = 1
    team: Id = ""
    requirement: Levels = {}
    priority: Priority = 0
    target_ms: dict[str, Milliseconds] = {}
    reservation_ms: Annotated[int, msgspec.Meta(ge=1, le=core.DURATION_TICKS_MAX)] = 20_000
    wrap_up_ms: dict[str, Milliseconds] = {}
    decline_memory_ms: Milliseconds = 300_000
    knock_out_max: Annotated[int, msgspec.Meta(ge=1, le=core.KNOCK_OUT_MAX)] = 3
    escalates_to: Id = ""
    hours: Id = ""
    when_closed: FallbackBody = FallbackBody()
    waiting_max: Annotated[int, msgspec.Meta(ge=0, le=core.WAITING_MANY_MAX)] | None = None
    waiting_with: tuple[Id, ...] = ()
    when_full: FallbackBody = FallbackBody()
    wait_max_ms: Milliseconds = 0
    when_late: FallbackBody = FallbackBody()
    callbacks: CallbacksBody = CallbacksBody()
    pending_close_ms: Milliseconds = 0
    demands: tuple[Demand, ...] = ()
    keep_ms: Milliseconds = 14_400_000
    wishes: Levels = {}
    plan: Annotated[tuple[StepBody, ...], msgspec.Meta(max_length=core.STEPS_MAX)] = ()
    prefer_ms: Milliseconds = 0
    strategy: Strategy = DEFAULT_STRATEGY
    idle_from: IdleFrom = "available"
    comparator: ComparatorBody = ComparatorBody()
    reserve: dict[str, Annotated[int, msgspec.Meta(ge=0, le=core.RESERVE_MAX)]] = {}
    auto_accept: tuple[ChannelName, ...] = ()
    reservations_ms: dict[ChannelName, Milliseconds] = {}
    decline_until: DeclineUntil = "time"
    declines_max: Annotated[int, msgspec.Meta(ge=0, le=core.DECLINES_MAX)] = 0
    simultaneous: Annotated[int, msgspec.Meta(ge=1, le=core.SIMULTANEOUS_MAX)] = 1
    resolve_ms: dict[Literal[ChannelName, "*"], Milliseconds] = {}
    reopens_max: Annotated[int, msgspec.Meta(ge=0, le=core.REOPENS_MAX)] = 0
    escalate_declined: bool = False


class CategoryBody(_Body, frozen=True):
    """What a contact may be about."""

    names: Names = {}
    parent: Id = ""
    queue: Id = ""
    requirement: Levels = {}
    escalates_to: Id = ""
    specialist: bool = False


class CodeBody(_Body, frozen=True):
    """A code agents choose. Its id is `kind:name`; agents say the name. `counts` (of kind closing): whether the service
    level counts what is closed with it; `bars`: whether its sender gets the tag `barred`."""

    kind: CodeKind
    names: Names = {}
    counts: bool = True
    bars: bool = False


class HoursBody(_Body, frozen=True):
    """Opening hours: minutes of the local day, seven days from Monday; `exceptions` by ISO date."""

    zone: str
    weekly: Annotated[tuple[tuple[Span, ...], ...], msgspec.Meta(min_length=7, max_length=7)]
    exceptions: dict[str, tuple[Span, ...]] = {}
    holidays: str = ""


class EntryPointBody(_Body, frozen=True):
    """A number, mailbox or chat site, and what it says of what comes in there."""

    channel: ChannelName
    address: str
    queue: Id
    requirement: Levels = {}
    language: str = ""
    priority: Priority = 0
    category: Id = ""
    overrides: tuple[Override, ...] = ()
    origins: tuple[str, ...] = ()


class RuleBody(_Body, frozen=True):
    """A rule of classification. What is left empty it does not say."""

    place: Annotated[int, msgspec.Meta(ge=0, le=core.PLACE_MAX)] = 0
    names: Names = {}
    when: WhenBody = WhenBody()
    category: Id = ""
    queue: Id = ""
    requirement: Levels = {}
    wishes: Levels = {}
    priority: Priority | None = None
    language: str = ""
    go_on: bool = False
    disabled: bool = False


class EndpointBody(_Body, frozen=True):
    """Where webhooks go. `secret` names the setting that holds the signing secret."""

    url: Annotated[str, msgspec.Meta(pattern="^https?://", max_length=URL_CHARS_MAX)]
    events: tuple[str, ...] = ("*",)
    secret: str = ""


class AgentBody(_Body, frozen=True):
    """A person who handles items."""

    name: Annotated[str, msgspec.Meta(max_length=NAME_CHARS_MAX)] = ""
    teams: tuple[str, ...] = ()
    skills: Levels = {}
    memberships: dict[str, MembershipBody] = {}
    rooms: dict[ChannelName, RoomBody] = msgspec.field(default_factory=lambda: rooms_of(DEFAULT_ROOMS))
    total: Weight = TOTAL
    phone: str = ""
    language: str = ""
    disabled: bool = False


BODIES: dict[str, type[_Body]] = {
    "skill": SkillBody,
    "team": TeamBody,
    "queue": QueueBody,
    "category": CategoryBody,
    "code": CodeBody,
    "hours": HoursBody,
    "entry_point": EntryPointBody,
    "rule": RuleBody,
    "endpoint": EndpointBody,
    "agent": AgentBody,
}
"""Kind of record -> what is put."""

_RECORDS: dict[str, type[Any]] = {
    "skill": Skill,
    "team": Team,
    "queue": Queue,
    "category": Category,
    "code": Code,
    "hours": Hours,
    "entry_point": EntryPoint,
    "rule": Rule,
    "endpoint": Endpoint,
    "agent": Agent,
}
_LEVELS = ("skills", "requirement", "wishes")


def record_of(kind: str, id: str, body: Any) -> CentreRecord:
    """The record that a body describes. Its revision is for the core to set."""
    fields = {name: _plain(value) for name, value in msgspec.structs.asdict(body).items()}
    for name in _LEVELS:
        if name in fields:
            fields[name] = requirement(fields[name])
    record: CentreRecord = _RECORDS[kind](id=id, **fields)
    return record


def _plain(value: Any) -> Any:
    """A value of a body as it stands in a record."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    kind = _STRICT.get(type(value))
    return value if kind is None else kind(**msgspec.structs.asdict(value))


def shown(record: Any) -> dict[str, Any]:
    """A record as it is answered: its fields, id and revision included, and what is set by hand while it runs."""
    fields: dict[str, Any] = {name: _whole(value) for name, value in msgspec.structs.asdict(record).items()}
    for name in _LEVELS:
        if name in fields:
            fields[name] = dict(fields[name])
    if isinstance(record, Queue):
        fields["closed"] = closed_view(record.closed)
    if isinstance(record, Agent):
        fields["temporary"] = [temporary_view(lent) for lent in record.temporary]
    return fields


def _whole(value: Any) -> Any:
    """A value with all fields of what it is made of, also those that have their default."""
    if isinstance(value, tuple):
        return tuple(map(_whole, value))
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    if isinstance(value, msgspec.Struct):
        return {name: _whole(part) for name, part in msgspec.structs.asdict(value).items()}
    return value


def rooms_of(rooms: Mapping[str, Room]) -> dict[Any, RoomBody]:
    """Rooms as they may be put."""
    return {channel: RoomBody(**msgspec.structs.asdict(room)) for channel, room in rooms.items()}


def memberships_of(agent: Agent) -> dict[str, MembershipBody]:
    """An agent's own memberships as they may be put."""
    return {queue: MembershipBody(**msgspec.structs.asdict(how)) for queue, how in agent.memberships.items()}


def body_of_agent(agent: Agent) -> dict[str, Any]:
    """An agent's record as it may be put."""
    fields = shown(agent)
    return {name: fields[name] for name in AgentBody.__struct_fields__}
