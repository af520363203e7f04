"""Filters: why an agent may not get an item. Each is one rule with one reason code and what may undo its "no".

`match` does not run them one by one: classes and lines embody the same rules (a test holds the two together).
`explain` does.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from router.core import events as e
from router.core.agent import Agent
from router.core.item import WorkItem
from router.core.state import State
from skills import meets, merged


class Filter(NamedTuple):
    """One rule: its reason code, whether it lets the agent pass, and the events that may undo its refusal."""

    code: str
    passes: Callable[[State, WorkItem, Agent], bool]
    undone_by: tuple[type, ...]


def _enabled(state: State, item: WorkItem, agent: Agent) -> bool:
    return not agent.disabled


def _connected(state: State, item: WorkItem, agent: Agent) -> bool:
    return bool(state.presences[agent.id].clients)


def _available(state: State, item: WorkItem, agent: Agent) -> bool:
    presence = state.presences[agent.id]
    return presence.state == "available" and not presence.next


def _named(state: State, item: WorkItem, agent: Agent) -> bool:
    return item.only in ("", agent.id)


def _member(state: State, item: WorkItem, agent: Agent) -> bool:
    membership = state.memberships(agent).get(item.queue)
    return item.only == agent.id or (membership is not None and membership.enabled)


def _skilled(state: State, item: WorkItem, agent: Agent) -> bool:
    queue = state.queues.get(item.queue)
    asked = merged(item.requirement, queue.requirement) if queue else item.requirement
    return item.only == agent.id or meets(state.skills_of(agent), asked)


def _unbarred(state: State, item: WorkItem, agent: Agent) -> bool:
    return agent.id not in item.excepted


def _roomy(state: State, item: WorkItem, agent: Agent) -> bool:
    return state.room(agent, item.channel)


_CENTRE = (e.RecordPut,)

FILTERS: Final[tuple[Filter, ...]] = (
    Filter("disabled", _enabled, _CENTRE),
    Filter("not_named", _named, (e.ItemQueued,)),
    Filter("not_member", _member, (*_CENTRE, e.MembershipChanged, e.TemporaryEnded, e.ItemQueued)),
    Filter("lacks_skill", _skilled, (*_CENTRE, e.AgentSkillChanged, e.TemporaryEnded, e.ItemQueued)),
    Filter("excepted", _unbarred, (e.ExceptionsLapsed, e.ItemQueued)),
    Filter("not_connected", _connected, (e.ClientConnected,)),
    Filter("not_available", _available, (e.PresenceChanged,)),
    Filter(
        "no_room",
        _roomy,
        (e.ReservationEnded, e.ItemClosed, e.ItemPending, e.ItemQueued, e.CapacityChanged, *_CENTRE),
    ),
)
"""In this order: what rarely changes first, what changes by the minute last. The first "no" is the reason given."""


def refusal(state: State, item: WorkItem, agent: Agent) -> str:
    """The code of the first filter that keeps the agent from the item; '' when none does."""
    return next((rule.code for rule in FILTERS if not rule.passes(state, item, agent)), "")
