"""Between a document and the records that the core knows. One pair of functions per kind, each the other's inverse."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import phonenumbers

from queues.callback import Callbacks
from queues.capacity import DEFAULT_ROOMS, Room
from queues.category import Category, Code
from queues.comparator import Comparator
from queues.endpoint import Endpoint
from queues.entry_point import EntryPoint
from queues.hours import Hours
from queues.plan import RelaxStep
from queues.queue import Fallback, Queue
from queues.rule import Rule, When
from queues.team import Membership, Team
from router.centre.document import (
    AgentShape,
    CallbacksShape,
    CategoryShape,
    ClosingShape,
    ComparatorShape,
    Document,
    EndpointShape,
    EntryPointShape,
    FallbackShape,
    HoursShape,
    QueueShape,
    RoomShape,
    RuleShape,
    Serves,
    ServeShape,
    SkillShape,
    StepShape,
    TeamShape,
    WeekShape,
    WhenShape,
)
from router.core.agent import Agent
from router.core.commands import CentreRecord
from router.core.state import State
from skills import Skill, profile

PLACE_STEP = 10
"""How far apart rules stand that do not say their place: others fit between them."""

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def records(document: Document) -> list[CentreRecord]:
    """The records that a document describes, in an order in which each names only earlier ones where it can."""
    found: list[CentreRecord] = []
    found += [Skill(id=id, names=shape.names, kind=shape.kind) for id, shape in document.skills.items()]
    found += [_hours(id, shape) for id, shape in document.hours.items()]
    found += [_queue(id, shape) for id, shape in document.queues.items()]
    found += [_team(id, shape) for id, shape in document.teams.items()]
    found += [_category(id, shape) for id, shape in document.categories.items()]
    found += [
        Code(id=f"{kind}:{name}", kind=kind, names=names)
        for kind, codes in document.codes.items()
        for name, names in codes.items()
    ]
    found += [
        Code(id=f"closing:{name}", kind="closing", names=shape.names, counts=shape.counts, bars=shape.bars)
        for name, shape in document.closings.items()
    ]
    found += [_entry_point(id, shape, document.default_region) for id, shape in document.entry_points.items()]
    found += _rules(document.rules)
    found += [
        Endpoint(id=id, url=shape.url, events=shape.events, secret=shape.secret, disabled=shape.disabled)
        for id, shape in document.endpoints.items()
    ]
    found += [_agent(id, shape) for id, shape in document.agents.items()]
    return found


def document_of(state: State) -> Document:
    """The document that describes a live centre, with ids in order."""
    codes: dict[Any, dict[str, dict[str, str]]] = {}
    closings: dict[str, ClosingShape] = {}
    for _, code in sorted(state.codes.items()):
        name = code.id.partition(":")[2]
        if code.kind == "closing":
            closings[name] = shape_of(code)
        else:
            codes.setdefault(code.kind, {})[name] = code.names
    return Document(
        revision=state.meta.revision,
        languages=_languages(state),
        skills={id: shape_of(record) for id, record in sorted(state.skills.items())},
        hours={id: shape_of(record) for id, record in sorted(state.hours.items())},
        queues={id: shape_of(record) for id, record in sorted(state.queues.items())},
        teams={id: shape_of(record) for id, record in sorted(state.teams.items())},
        agents={id: shape_of(record) for id, record in sorted(state.agents.items())},
        categories={id: shape_of(record) for id, record in sorted(state.categories.items())},
        codes=codes,
        closings=closings,
        entry_points={id: shape_of(record) for id, record in sorted(state.entry_points.items())},
        rules={
            rule.id: shape_of(rule) for rule in sorted(state.rules.values(), key=lambda rule: (rule.place, rule.id))
        },
        endpoints={id: shape_of(record) for id, record in sorted(state.endpoints.items())},
    )


def shape_of(record: CentreRecord) -> Any:
    """What the file says of this record, under its id."""
    match record:
        case Skill():
            return SkillShape(names=record.names, kind=record.kind)
        case Hours():
            return _hours_shape(record)
        case Queue():
            return _queue_shape(record)
        case Team():
            return _team_shape(record)
        case Category():
            return _category_shape(record)
        case Code(kind="closing"):
            return ClosingShape(names=record.names, counts=record.counts, bars=record.bars)
        case Code():
            return record.names
        case EntryPoint():
            return _entry_point_shape(record)
        case Rule():
            return _rule_shape(record)
        case Endpoint():
            return EndpointShape(url=record.url, events=record.events, secret=record.secret, disabled=record.disabled)
        case Agent():
            return _agent_shape(record)


def dialled(address: str, region: str) -> str:
    """A number in its one international form (E.164), so that it is found however it was written.

    What is no number (an extension, a SIP URI) stays as it is. `region` is assumed for national numbers.
    """
    try:
        number = phonenumbers.parse(address, region or None)
    except phonenumbers.NumberParseException:
        return address
    if not phonenumbers.is_possible_number(number):
        return address
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _languages(state: State) -> tuple[str, ...]:
    """The languages in which every title of the centre is given."""
    titled: list[Any] = [*state.skills.values(), *state.queues.values(), *state.teams.values()]
    titled += [*state.categories.values(), *state.codes.values()]
    common = [set(record.names) for record in titled]
    return tuple(sorted(set.intersection(*common))) if common else ()


def _hours(id: str, shape: HoursShape) -> Hours:
    return Hours(
        id=id,
        zone=shape.zone,
        weekly=tuple(tuple(getattr(shape.weekly, day)) for day in DAYS),
        exceptions=shape.exceptions,
        holidays=shape.holidays,
    )


def _hours_shape(record: Hours) -> HoursShape:
    return HoursShape(
        zone=record.zone,
        weekly=WeekShape(**dict(zip(DAYS, record.weekly, strict=True))),
        exceptions=dict(sorted(record.exceptions.items())),
        holidays=record.holidays,
    )


def _queue(id: str, shape: QueueShape) -> Queue:
    return Queue(
        id=id,
        names=shape.names,
        line=shape.line,
        team=shape.team,
        requirement=profile(shape.skills),
        wishes=profile(shape.wishes),
        priority=shape.priority,
        target_ms=_by_channel(shape.target),
        reservation_ms=shape.reservation,
        wrap_up_ms=_by_channel(shape.wrap_up),
        decline_memory_ms=shape.decline_memory,
        knock_out_max=shape.knock_out_max,
        escalates_to=shape.escalates_to,
        hours=shape.hours,
        demands=shape.demands,
        keep_ms=shape.keep,
        auto_accept=shape.auto_accept,
        reservations_ms=_by_channel(shape.reservations),
        decline_until=shape.decline_until,
        declines_max=shape.declines_max,
        simultaneous=shape.simultaneous,
        resolve_ms=_by_channel(shape.resolve),
        reopens_max=shape.reopens_max,
        escalate_declined=shape.escalate_declined,
        when_closed=_fallback(shape.when_closed),
        waiting_max=shape.waiting_max,
        waiting_with=shape.waiting_with,
        when_full=_fallback(shape.when_full),
        wait_max_ms=shape.wait_max,
        when_late=_fallback(shape.when_late),
        callbacks=_callbacks(shape.callbacks),
        pending_close_ms=shape.pending_close,
        plan=tuple(_step(step) for step in shape.plan),
        prefer_ms=shape.prefer,
        strategy=shape.strategy,
        idle_from=shape.idle_from,
        comparator=_comparator(shape.comparator),
        reserve=dict(sorted(shape.reserve.items())),
    )


def _queue_shape(record: Queue) -> QueueShape:
    return QueueShape(
        names=record.names,
        line=record.line,
        team=record.team,
        skills=dict(record.requirement),
        wishes=dict(record.wishes),
        priority=record.priority,
        target=_by_channel(record.target_ms),
        reservation=record.reservation_ms,
        wrap_up=_by_channel(record.wrap_up_ms),
        decline_memory=record.decline_memory_ms,
        knock_out_max=record.knock_out_max,
        escalates_to=record.escalates_to,
        hours=record.hours,
        demands=record.demands,
        keep=record.keep_ms,
        auto_accept=record.auto_accept,
        reservations=_by_channel(record.reservations_ms),
        decline_until=record.decline_until,
        declines_max=record.declines_max,
        simultaneous=record.simultaneous,
        resolve=_by_channel(record.resolve_ms),
        reopens_max=record.reopens_max,
        escalate_declined=record.escalate_declined,
        when_closed=_fallback_shape(record.when_closed),
        waiting_max=record.waiting_max,
        waiting_with=record.waiting_with,
        when_full=_fallback_shape(record.when_full),
        wait_max=record.wait_max_ms,
        when_late=_fallback_shape(record.when_late),
        callbacks=_callbacks_shape(record.callbacks),
        pending_close=record.pending_close_ms,
        plan=tuple(_step_shape(step) for step in record.plan),
        prefer=record.prefer_ms,
        strategy=record.strategy,
        idle_from=record.idle_from,
        comparator=_comparator_shape(record.comparator),
        reserve=dict(sorted(record.reserve.items())),
    )


def _fallback(shape: FallbackShape) -> Fallback:
    return Fallback(message=shape.message, overflow=shape.overflow, callback=shape.callback)


def _fallback_shape(rule: Fallback) -> FallbackShape:
    return FallbackShape(message=rule.message, overflow=rule.overflow, callback=rule.callback)


def _callbacks(shape: CallbacksShape) -> Callbacks:
    return Callbacks(attempts=shape.attempts, retry_ms=shape.retry, delay_ms=shape.delay)


def _callbacks_shape(rule: Callbacks) -> CallbacksShape:
    return CallbacksShape(attempts=rule.attempts, retry=rule.retry_ms, delay=rule.delay_ms)


def _step(shape: StepShape) -> RelaxStep:
    return RelaxStep(
        after_ms=shape.after,
        drop=shape.drop,
        lower=dict(sorted(shape.lower.items())),
        members=shape.members,
        teams=shape.teams,
        queues=shape.queues,
        priority=shape.priority,
        overflow=shape.overflow,
        callback=shape.callback,
        alert=shape.alert,
    )


def _step_shape(step: RelaxStep) -> StepShape:
    return StepShape(
        after=step.after_ms,
        drop=step.drop,
        lower=dict(sorted(step.lower.items())),
        members=step.members,
        teams=step.teams,
        queues=step.queues,
        priority=step.priority,
        overflow=step.overflow,
        callback=step.callback,
        alert=step.alert,
    )


def _comparator(shape: ComparatorShape) -> Comparator:
    return Comparator(kind=shape.kind, per_point_ms=shape.per_point, base_ms=shape.base, per_s=shape.per_s)


def _comparator_shape(comparator: Comparator) -> ComparatorShape:
    return ComparatorShape(
        kind=comparator.kind, per_point=comparator.per_point_ms, base=comparator.base_ms, per_s=comparator.per_s
    )


def _team(id: str, shape: TeamShape) -> Team:
    own = shape.comparator
    return Team(
        id=id,
        names=shape.names,
        line=shape.line,
        memberships=_memberships(shape.serves),
        comparator=_comparator(own) if own is not None else None,
        leader=shape.leader,
        stand_in=shape.stand_in,
        stand_in_after_ms=shape.stand_in_after,
    )


def _team_shape(record: Team) -> TeamShape:
    own = record.comparator
    return TeamShape(
        names=record.names,
        line=record.line,
        serves=_serves(record.memberships),
        comparator=_comparator_shape(own) if own is not None else None,
        leader=record.leader,
        stand_in=record.stand_in,
        stand_in_after=record.stand_in_after_ms,
    )


def _category(id: str, shape: CategoryShape) -> Category:
    return Category(
        id=id,
        names=shape.names,
        parent=shape.parent,
        queue=shape.queue,
        requirement=profile(shape.skills),
        escalates_to=shape.escalates_to,
        specialist=shape.specialist,
    )


def _category_shape(record: Category) -> CategoryShape:
    return CategoryShape(
        names=record.names,
        parent=record.parent,
        queue=record.queue,
        skills=dict(record.requirement),
        escalates_to=record.escalates_to,
        specialist=record.specialist,
    )


def _entry_point(id: str, shape: EntryPointShape, region: str) -> EntryPoint:
    return EntryPoint(
        id=id,
        channel=shape.channel,
        address=dialled(shape.address, region) if shape.channel == "phone" else shape.address,
        queue=shape.queue,
        requirement=profile(shape.skills),
        language=shape.language,
        priority=shape.priority,
        category=shape.category,
        overrides=shape.overrides,
        origins=shape.origins,
    )


def _entry_point_shape(record: EntryPoint) -> EntryPointShape:
    return EntryPointShape(
        channel=record.channel,
        address=record.address,
        queue=record.queue,
        skills=dict(record.requirement),
        language=record.language,
        priority=record.priority,
        category=record.category,
        overrides=record.overrides,
        origins=record.origins,
    )


def _rules(shapes: Mapping[str, RuleShape]) -> Iterator[Rule]:
    """The rules, each behind the one before it in the file unless it says its place."""
    place = 0
    for id, shape in shapes.items():
        place = place + PLACE_STEP if shape.place is None else shape.place
        yield Rule(
            id=id,
            place=place,
            names=shape.names,
            when=When(**msgspec.structs.asdict(shape.when)),
            category=shape.category,
            queue=shape.queue,
            requirement=profile(shape.skills),
            wishes=profile(shape.wishes),
            priority=shape.priority,
            language=shape.language,
            go_on=shape.go_on,
            disabled=shape.disabled,
        )


def _rule_shape(record: Rule) -> RuleShape:
    return RuleShape(
        place=record.place,
        names=record.names,
        when=WhenShape(**msgspec.structs.asdict(record.when)),
        category=record.category,
        queue=record.queue,
        skills=dict(record.requirement),
        wishes=dict(record.wishes),
        priority=record.priority,
        language=record.language,
        go_on=record.go_on,
        disabled=record.disabled,
    )


def _agent(id: str, shape: AgentShape) -> Agent:
    rooms = DEFAULT_ROOMS if shape.rooms is None else shape.rooms
    return Agent(
        id=id,
        name=shape.name,
        teams=shape.teams,
        skills=profile(shape.skills),
        memberships=_memberships(shape.serves),
        rooms={channel: _room(room) for channel, room in rooms.items()},
        total=shape.total,
        phone=shape.phone,
        language=shape.language,
        disabled=shape.disabled,
    )


def _agent_shape(record: Agent) -> AgentShape:
    rooms = None if record.rooms == DEFAULT_ROOMS else _rooms(record.rooms)
    return AgentShape(
        name=record.name,
        teams=record.teams,
        skills=dict(record.skills),
        serves=_serves(record.memberships),
        rooms=rooms,
        total=record.total,
        phone=record.phone,
        language=record.language,
        disabled=record.disabled,
    )


def _rooms(rooms: Mapping[str, Room]) -> dict[Any, RoomShape]:
    return _by_channel({key: _room_shape(room) for key, room in rooms.items()})


def _room(shape: RoomShape | Room) -> Room:
    if isinstance(shape, Room):
        return shape
    return Room(
        maximum=shape.maximum,
        weight=shape.weight,
        alone=shape.alone,
        interruptible_by=shape.interruptible_by,
        silent_ms=shape.silent,
    )


def _room_shape(room: Room) -> RoomShape:
    return RoomShape(
        maximum=room.maximum,
        weight=room.weight,
        alone=room.alone,
        interruptible_by=room.interruptible_by,
        silent=room.silent_ms,
    )


def _memberships(serves: Serves) -> dict[str, Membership]:
    return {queue: Membership(order=how) if isinstance(how, int) else _membership(how) for queue, how in serves.items()}


def _membership(shape: ServeShape) -> Membership:
    return Membership(
        order=shape.order, enabled=shape.enabled, priority=shape.priority, delay_ms=shape.delay, weight=shape.weight
    )


def _serves(memberships: Mapping[str, Membership]) -> Serves:
    return {
        queue: how.order if how == Membership(order=how.order) else _serve_shape(how)
        for queue, how in sorted(memberships.items())
    }


def _serve_shape(how: Membership) -> ServeShape:
    return ServeShape(
        order=how.order, enabled=how.enabled, priority=how.priority, delay=how.delay_ms, weight=how.weight
    )


def _by_channel(values: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(sorted(values.items()))
