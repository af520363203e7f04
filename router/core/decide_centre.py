"""Decisions about the centre itself: what supervisors edit while it runs. All changes of a command, or none."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from queues.capacity import Room, circular
from queues.hours import DAY_MINUTES, Hours
from queues.queue import Queue
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.agent import Agent
from router.core.becoming import asked_by, rewritten
from router.core.decide_presence import let_go
from router.core.decision import Decision, no, queued
from router.core.references import REFERENCES, references
from router.core.rejections import Rejection
from router.core.state import State
from router.core.vanish import given_back
from skills import PROFICIENCY_MAX, PROFICIENCY_MIN, named, skills_in

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@:-]{0,127}")
"""Ids stand in URLs, files and logs as they are."""

_UNKNOWN = {
    "skill": "unknown_skill",
    "queue": "unknown_queue",
    "team": "unknown_team",
    "category": "unknown_category",
    "hours": "unknown_hours",
    "entry_point": "unknown_entry_point",
    "agent": "unknown_agent",
}


def apply_centre(state: State, command: c.ApplyCentre, now: int) -> Decision:
    """All changes as one edit with one revision. Every name in the result must lead somewhere."""
    if len(command.changes) > limits.CHANGES_MAX:
        return no("full", "changes")
    twice = _twice(command)
    if twice:
        return no("duplicate_id", twice)
    puts = {(change.kind, change.id) for change in command.changes if change.record is not None}
    if (
        len(state.rules) + sum(change.kind == "rule" and change.seen == 0 for change in command.changes)
        > limits.RULES_MAX
    ):
        return no("full", "rules")
    drops = {(change.kind, change.id) for change in command.changes if change.record is None}
    for change in command.changes:
        refused = (
            _refused(state, change) or _dangling(state, change, puts, drops) or _unbecoming(state, change, puts, drops)
        )
        if refused is not None:
            return refused
    becomes = {change.id: change.becomes for change in command.changes if change.becomes is not None}
    refused = _orphans(state, puts, drops - {("skill", id) for id in becomes})
    if refused is not None:
        return refused
    events = _changes(state, command, now)
    if becomes:
        events[:0] = rewritten(state, becomes, sorted(puts | drops), now, state.meta.revision + 1)
        if len(events) > limits.CHANGES_MAX:
            return no("full", next(iter(becomes)))
    return events


def _twice(command: c.ApplyCentre) -> str:
    """A record that is changed more than once, so that nobody could say how it ends; '' for none."""
    seen: set[tuple[str, str]] = set()
    for change in command.changes:
        if (change.kind, change.id) in seen:
            return change.id
        seen.add((change.kind, change.id))
    return ""


def _changes(state: State, command: c.ApplyCentre, now: int) -> list[e.Event]:
    revision = state.meta.revision + 1
    events: list[e.Event] = []
    for change in command.changes:
        if change.record is None:
            events.append(e.RecordDropped(at=now, kind=change.kind, id=change.id))
            continue
        old = state.get((change.kind, change.id))
        record = _kept_live(change.record, old)
        if old is None or msgspec.structs.replace(record, revision=old.revision) != old:
            events.append(e.RecordPut(at=now, record=msgspec.structs.replace(record, revision=revision)))
            if isinstance(record, Agent) and record.disabled:
                events += _given_back(state, change.id, now, len(events))
            if isinstance(record, Hours) and record.id not in state.calendars:
                events.append(_unknown_yet(record.id, now))
    return events


def _unknown_yet(hours: str, now: int) -> e.CalendarSet:
    """Nobody has said yet when new hours are open: until then they are, and if nobody does soon, there is an alarm."""
    until = now + limits.HOURS_GRACE_TICKS
    return e.CalendarSet(at=now, hours=hours, spans=((now, until),), through=until)


def _kept_live(record: c.CentreRecord, old: Any) -> c.CentreRecord:
    """The record with what is set by hand while it runs and no file or form says: as it is."""
    if isinstance(record, Agent):
        return msgspec.structs.replace(record, temporary=old.temporary if old is not None else ())
    if isinstance(record, Queue):
        return msgspec.structs.replace(record, closed=old.closed if old is not None else None)
    return record


def _given_back(state: State, agent: str, now: int, before: int) -> list[e.Event]:
    """What a disabled agent leaves to the others: everything but a call that is on, and wrap-up, which ends.

    `before` events precede these in the decision.
    """
    mine = [state.items[id] for id in state.theirs(agent)]
    reserved = [item for item in mine if item.state == "reserved"]
    events = let_go(state, agent, now, "agent_disabled")
    for item in mine:
        if item.state == "pending" or (item.state == "active" and not item.on_call):
            events.append(given_back(state, item, now, before + len(events) + 1))
    for item in (*state.named_for(agent), *(item for item in reserved if item.only)):
        queue, offset = state.queues[item.queue], before + len(events) + 1
        asks = item.requirement
        events.append(queued(state, item, queue, now, reason="transferred", requirement=asks, offset=offset))
    return events


def _refused(state: State, change: c.Change) -> Rejection | None:
    """The change by itself: of a known kind, on the revision that its editor saw, not of something in use."""
    if change.kind not in REFERENCES:
        return no("unknown_record", change.kind)
    old = state.get((change.kind, change.id))
    if change.seen is not None and change.seen != (old.revision if old is not None else 0):
        return no("stale_revision", change.id)
    if change.record is None:
        if old is None:
            return no("unknown_record", change.id)
        in_use = change.becomes is None and _busy(state, change.kind, change.id)
        return no("in_use", change.id) if in_use else None
    tag = change.record.__struct_config__.tag
    if change.record.id != change.id or tag != change.kind or not _ID.fullmatch(change.id):
        return no("bad_value", change.id)
    return _bad_value(change.record)


def _bad_value(record: c.CentreRecord) -> Rejection | None:
    levels = [level for _, level in getattr(record, "skills", ())]
    levels += [level for _, level in (*getattr(record, "requirement", ()), *getattr(record, "wishes", ()))]
    if any(not PROFICIENCY_MIN <= level <= PROFICIENCY_MAX for level in levels):
        return no("bad_level", record.id)
    if _nameless(record):
        return no("bad_value", record.id)
    if isinstance(record, Queue) and (len(record.plan) > limits.STEPS_MAX or _says_too_much(record)):
        return no("bad_value", record.id)
    if isinstance(record, Agent) and _never(record.rooms):
        return no("bad_value", record.id)
    return None if _in_bounds(record) else no("bad_value", record.id)


def _nameless(record: Any) -> bool:
    """Whether it names something by no name at all (`french|`, `!`): nobody could ever have it, or say what it is."""
    plan = getattr(record, "plan", ())
    terms = [term for term, _ in (*getattr(record, "requirement", ()), *getattr(record, "wishes", ()))]
    terms += [term for step in plan for term in (*step.drop, *step.lower)]
    names = [skill for term in terms for skill in skills_in(term)]
    names += [skill for skill, _ in getattr(record, "skills", ())]
    for several in ("memberships", "reserve", "teams", "waiting_with"):
        names += getattr(record, several, ())
    names += [name for step in plan for name in (*step.queues, *step.teams)]
    return "" in names


def _never(rooms: dict[str, Room]) -> bool:
    """Whether these rooms let something interrupt what interrupts it, or a call: nobody can be told to wait there."""
    phone = rooms.get("phone")
    return circular(rooms) or (phone is not None and bool(phone.interruptible_by))


def _says_too_much(queue: Queue) -> bool:
    """Whether what the queue says to whom it does not take, or the code of an alarm, is longer than anybody heeds."""
    fallbacks = (queue.when_closed, queue.when_full, queue.when_late)
    said = [text for fallback in fallbacks for text in fallback.message.values()]
    alerts = any(len(step.alert) > limits.ALERT_CHARS_MAX for step in queue.plan)
    return alerts or any(len(text) > limits.CLOSED_MESSAGE_CHARS_MAX for text in said)


_BOUNDS: Final[dict[str, tuple[int, int]]] = {
    "priority": (-limits.PRIORITY_MAX, limits.PRIORITY_MAX),
    "line": (1, limits.LINE_MAX),
    "place": (0, limits.PLACE_MAX),
    "order": (1, limits.ORDER_MAX),
    "knock_out_max": (1, limits.KNOCK_OUT_MAX),
    "reservation_ms": (1, limits.DURATION_TICKS_MAX),
    "reservations_ms": (1, limits.DURATION_TICKS_MAX),
    "declines_max": (0, limits.DECLINES_MAX),
    "resolve_ms": (0, limits.DURATION_TICKS_MAX),
    "reopens_max": (0, limits.REOPENS_MAX),
    "simultaneous": (1, limits.SIMULTANEOUS_MAX),
    "silent_ms": (0, limits.DURATION_TICKS_MAX),
    "after_ms": (0, limits.DURATION_TICKS_MAX),
    "prefer_ms": (0, limits.DURATION_TICKS_MAX),
    "delay_ms": (0, limits.DURATION_TICKS_MAX),
    "per_point_ms": (0, limits.DURATION_TICKS_MAX),
    "base_ms": (-limits.DURATION_TICKS_MAX, limits.DURATION_TICKS_MAX),
    "per_s": (0, limits.SLOPE_MAX),
    "members": (1, limits.ORDER_MAX),
    "reserve": (0, limits.RESERVE_MAX),
    "lower": (PROFICIENCY_MIN, PROFICIENCY_MAX),
    "stand_in_after_ms": (1, limits.DURATION_TICKS_MAX),
    "keep_ms": (0, limits.DURATION_TICKS_MAX),
    "decline_memory_ms": (0, limits.DURATION_TICKS_MAX),
    "target_ms": (0, limits.DURATION_TICKS_MAX),
    "wrap_up_ms": (0, limits.DURATION_TICKS_MAX),
    "maximum": (0, limits.HELD_MAX),
    "weight": (0, limits.WEIGHT_MAX),
    "total": (0, limits.WEIGHT_MAX),
    "waiting_max": (0, limits.WAITING_MANY_MAX),
    "wait_max_ms": (0, limits.DURATION_TICKS_MAX),
    "attempts": (1, limits.ATTEMPTS_MAX),
    "retry_ms": (0, limits.DURATION_TICKS_MAX),
    "pending_close_ms": (0, limits.DURATION_TICKS_MAX),
    "start": (0, DAY_MINUTES),
    "end": (0, DAY_MINUTES),
}
"""Field -> the least and the most it may be, wherever it stands: a number out of all bounds ends, added to the
clock, where no entry of the log can hold it, and would stop whoever decides next."""


def _in_bounds(value: Any) -> bool:
    """Whether every number of a record or command, and of what it is made of, lies within its bounds."""
    for name in value.__struct_fields__:
        low, high = _BOUNDS.get(name, (0, 0))
        for part in _parts(getattr(value, name)):
            if isinstance(part, msgspec.Struct):
                if not _in_bounds(part):
                    return False
            elif name in _BOUNDS and isinstance(part, int) and not low <= part <= high:
                return False
    return True


def _parts(value: Any) -> Iterator[Any]:
    """A value, or what is in it when it holds several."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for part in value:
            yield from _parts(part)
    else:
        yield value


def _busy(state: State, kind: str, id: str) -> bool:
    """Whether live things hold on to the record: then dropping it would lose them."""
    if kind == "agent":
        return bool(state.theirs(id) or state.named_for(id) or _connected(state, id) or state.presences[id].asked)
    if kind == "queue":
        return any(item.queue == id and item.state != "closed" for item in state.items.values())
    if kind == "skill":
        open_ones = (item for item in state.items.values() if item.state != "closed")
        return any(id in named(asked_by(item)) for item in open_ones)
    return False


def _connected(state: State, agent: str) -> bool:
    presence = state.presences.get(agent)
    return presence is not None and bool(presence.clients)


def _dangling(
    state: State, change: c.Change, puts: set[tuple[str, str]], drops: set[tuple[str, str]]
) -> Rejection | None:
    """A name in the new record that leads nowhere once all changes are made."""
    if change.record is None:
        return None
    for kind, id in references(_kept_live(change.record, state.get((change.kind, change.id)))):
        there = (kind, id) in puts or (state.get((kind, id)) is not None and (kind, id) not in drops)
        if not there:
            return no(_UNKNOWN[kind], id)
    return None


def _unbecoming(
    state: State, change: c.Change, puts: set[tuple[str, str]], drops: set[tuple[str, str]]
) -> Rejection | None:
    """Only a skill becomes another one, and that one must be there afterwards."""
    if change.becomes is None:
        return None
    if change.kind != "skill" or change.record is not None or change.becomes == change.id:
        return no("bad_value", change.id)
    becomes = ("skill", change.becomes)
    there = becomes in puts or (change.becomes in state.skills and becomes not in drops)
    return None if there or not change.becomes else no("unknown_skill", change.becomes)


def _orphans(state: State, puts: set[tuple[str, str]], drops: set[tuple[str, str]]) -> Rejection | None:
    """A record that stays and names one that goes."""
    if not drops:
        return None
    for kind in REFERENCES:
        for id, record in state.table(kind).items():
            if (kind, id) in puts or (kind, id) in drops:
                continue
            for ref in references(record):
                if ref in drops:
                    return no("in_use", ref[1])
    return None


# -- small edits of one agent -------------------------------------------------------------------------------


def _agent(state: State, id: str, seen: int | None) -> Agent | Rejection:
    agent = state.agents.get(id)
    if agent is None:
        return no("unknown_agent", id)
    return agent if seen in (None, agent.revision) else no("stale_revision", id)


def set_agent_skill(state: State, command: c.SetAgentSkill, now: int) -> Decision:
    """Give, change or take away (level 0) one skill."""
    agent = _agent(state, command.agent, command.seen)
    if isinstance(agent, Rejection):
        return agent
    if command.skill not in state.skills:
        return no("unknown_skill", command.skill)
    if command.level and not PROFICIENCY_MIN <= command.level <= PROFICIENCY_MAX:
        return no("bad_level", command.skill)
    refused = _until_refused(agent, command.until, (command.skill, ""), now)
    if refused is not None:
        return refused
    lent = any(one.skill == command.skill for one in agent.temporary)
    if command.until is None and not lent and dict(agent.skills).get(command.skill, 0) == command.level:
        return []
    return [
        e.AgentSkillChanged(
            at=now,
            agent=agent.id,
            skill=command.skill,
            level=command.level,
            revision=state.meta.revision + 1,
            until=command.until,
        )
    ]


def _until_refused(agent: Agent, until: int | None, about: tuple[str, str], now: int) -> Rejection | None:
    """Why something cannot be temporary: its end lies in the past or too far off, or too much is already."""
    if until is None:
        return None
    if not now < until <= now + limits.DURATION_TICKS_MAX:
        return no("bad_date", agent.id)
    others = [lent for lent in agent.temporary if lent.about != about]
    return no("full", agent.id) if len(others) >= limits.TEMPORARY_MAX else None


def set_membership(state: State, command: c.SetMembership, now: int) -> Decision:
    """Let an agent serve a queue, change how, or end their own membership."""
    agent = _agent(state, command.agent, command.seen)
    if isinstance(agent, Rejection):
        return agent
    if command.queue not in state.queues:
        return no("unknown_queue", command.queue)
    if not _in_bounds(command):
        return no("bad_value", agent.id)
    refused = _until_refused(agent, command.until, ("", command.queue), now)
    if refused is not None:
        return refused
    lent = any(one.queue == command.queue for one in agent.temporary)
    if command.until is None and not lent and agent.memberships.get(command.queue) == command.membership:
        return []
    return [
        e.MembershipChanged(
            at=now,
            agent=agent.id,
            queue=command.queue,
            membership=command.membership,
            revision=state.meta.revision + 1,
            until=command.until,
        )
    ]


def set_capacity(state: State, command: c.SetCapacity, now: int) -> Decision:
    """Change the room for one channel. What the agent holds already stays; new work waits until it fits."""
    agent = _agent(state, command.agent, command.seen)
    if isinstance(agent, Rejection):
        return agent
    room = command.room
    total = agent.total if command.total is None else command.total
    rooms = agent.rooms | ({command.channel: room} if room is not None else {})
    if not _in_bounds(command) or _never(rooms):
        return no("bad_value", agent.id)
    if agent.rooms.get(command.channel) == room and agent.total == total:
        return []
    return [
        e.CapacityChanged(
            at=now,
            agent=agent.id,
            channel=command.channel,
            room=room,
            total=total,
            revision=state.meta.revision + 1,
        )
    ]


def set_agent_phone(state: State, command: c.SetAgentPhone, now: int) -> Decision:
    """Where the agent's calls are put through to."""
    agent = _agent(state, command.agent, None)
    if isinstance(agent, Rejection):
        return agent
    if agent.phone == command.phone:
        return []
    return [e.AgentPhoneChanged(at=now, agent=agent.id, phone=command.phone, revision=state.meta.revision + 1)]
