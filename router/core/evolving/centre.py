"""How events about the centre change state."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from queues.queue import Closed
from router.core import events as e
from router.core.agent import Agent, Temporary
from router.core.evolving.pace import forget_paces
from router.core.presence import Presence
from router.core.state import State


def _record_put(state: State, event: e.RecordPut) -> None:
    record = event.record
    kind = str(record.__struct_config__.tag)
    state.put(kind, record.id, record)
    _revise(state, record.revision)
    if isinstance(record, Agent) and record.id not in state.presences:
        state.put("presence", record.id, Presence(agent=record.id, since=event.at))


def _record_dropped(state: State, event: e.RecordDropped) -> None:
    state.drop(event.kind, event.id)
    state.edit_meta().revision += 1
    if event.kind == "agent":
        state.drop("presence", event.id)
    if event.kind == "queue":
        forget_paces(state, event.id)
    if event.kind == "hours" and event.id in state.calendars:
        state.drop("calendar", event.id)


def _agent_skill_changed(state: State, event: e.AgentSkillChanged) -> None:
    agent = state.agents[event.agent]
    if event.until is not None:
        _lend(state, agent, Temporary(until=event.until, skill=event.skill, level=event.level), event.revision)
        return
    levels = dict(agent.skills)
    levels.pop(event.skill, None)
    if event.level:
        levels[event.skill] = event.level
    kept = lent_but(agent.temporary, (event.skill, ""))
    replace_agent(state, agent, event.revision, skills=tuple(sorted(levels.items())), temporary=kept)


def _membership_changed(state: State, event: e.MembershipChanged) -> None:
    agent = state.agents[event.agent]
    if event.until is not None:
        lent = Temporary(until=event.until, queue=event.queue, membership=event.membership)
        _lend(state, agent, lent, event.revision)
        return
    memberships = dict(agent.memberships)
    memberships.pop(event.queue, None)
    if event.membership is not None:
        memberships[event.queue] = event.membership
    kept = lent_but(agent.temporary, ("", event.queue))
    replace_agent(state, agent, event.revision, memberships=memberships, temporary=kept)


def _temporary_ended(state: State, event: e.TemporaryEnded) -> None:
    agent = state.agents[event.agent]
    kept = lent_but(agent.temporary, (event.skill, event.queue))
    replace_agent(state, agent, event.revision, temporary=kept)


def _lend(state: State, agent: Agent, lent: Temporary, revision: int) -> None:
    replace_agent(state, agent, revision, temporary=(*lent_but(agent.temporary, lent.about), lent))


def lent_but(temporary: tuple[Temporary, ...], about: tuple[str, str]) -> tuple[Temporary, ...]:
    """What is temporary of an agent, without what is about this skill or queue."""
    return tuple(lent for lent in temporary if lent.about != about)


def _queue_closed(state: State, event: e.QueueClosed) -> None:
    _replace_queue(state, event.queue, event.closed, event.revision)


def _queue_opened(state: State, event: e.QueueOpened) -> None:
    _replace_queue(state, event.queue, None, event.revision)


def _replace_queue(state: State, queue: str, closed: Closed | None, revision: int) -> None:
    record = msgspec.structs.replace(state.queues[queue], closed=closed, revision=revision)
    state.put("queue", queue, record)
    _revise(state, revision)


def _capacity_changed(state: State, event: e.CapacityChanged) -> None:
    agent = state.agents[event.agent]
    rooms = dict(agent.rooms)
    rooms.pop(event.channel, None)
    if event.room is not None:
        rooms[event.channel] = event.room
    replace_agent(state, agent, event.revision, rooms=rooms, total=event.total)


def _agent_phone_changed(state: State, event: e.AgentPhoneChanged) -> None:
    replace_agent(state, state.agents[event.agent], event.revision, phone=event.phone)


def replace_agent(state: State, agent: Agent, revision: int, **changed: Any) -> None:
    """The agent with these fields changed."""
    state.put("agent", agent.id, msgspec.structs.replace(agent, revision=revision, **changed))
    _revise(state, revision)


def _revise(state: State, revision: int) -> None:
    if state.meta.revision < revision:
        state.edit_meta().revision = revision


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.RecordPut: _record_put,
    e.RecordDropped: _record_dropped,
    e.AgentSkillChanged: _agent_skill_changed,
    e.MembershipChanged: _membership_changed,
    e.CapacityChanged: _capacity_changed,
    e.AgentPhoneChanged: _agent_phone_changed,
    e.TemporaryEnded: _temporary_ended,
    e.QueueClosed: _queue_closed,
    e.QueueOpened: _queue_opened,
}
