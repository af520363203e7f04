"""Filters: why an agent may not get an item. Each is one rule with one reason code and what may undo its "no".

`match` does not run them one by one: classes and lines embody the same rules (a test holds the two together).
`explain` does.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from queues.queue import ANY_QUEUE
from router.core import events as e
from router.core import limits
from router.core.agent import Agent
from router.core.ask import Ask, order_of
from router.core.item import WorkItem
from router.core.placing import routable
from router.core.state import State
from skills import meets


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
    return state.asked(item).only in ("", agent.id)


def _handed(state: State, item: WorkItem, agent: Agent) -> bool:
    """Handed to this agent by name: then they need neither serve the queue nor have the skills."""
    return item.only == agent.id


def _member(state: State, item: WorkItem, agent: Agent) -> bool:
    asks = state.asked(item)
    membership = state.memberships(agent).get(item.queue)
    if (membership is not None and membership.enabled) or _handed(state, item, agent):
        return True
    return _order(state, item, agent, asks._replace(waited=limits.FOREVER_TICKS)) is not None


def _in_reach(state: State, item: WorkItem, agent: Agent) -> bool:
    asks = state.asked(item)._replace(waited=limits.FOREVER_TICKS)
    return _handed(state, item, agent) or _order(state, item, agent, asks) is not None


def _waited_for(state: State, item: WorkItem, agent: Agent) -> bool:
    return _handed(state, item, agent) or _order(state, item, agent, state.asked(item)) is not None


def _order(state: State, item: WorkItem, agent: Agent, asks: Ask) -> int | None:
    offer = state.placing.offer(agent)
    return order_of(asks, dict(offer.memberships), offer.teams)


def _skilled(state: State, item: WorkItem, agent: Agent) -> bool:
    return _handed(state, item, agent) or meets(state.skills_of(agent), state.asked(item).requirement)


def _spared(state: State, item: WorkItem, agent: Agent) -> bool:
    """Queues that the agent serves keep agents for their own items only as long as few of them idle."""
    if _handed(state, item, agent):
        return True
    for queue, _ in state.placing.offer(agent).memberships:
        if queue == item.queue:
            continue
        reserve = state.queues[queue].reserve
        keep = reserve.get(item.queue, reserve.get(ANY_QUEUE, 0))
        if keep and _idling(state, queue, item.channel) <= keep:
            return False
    return True


def _idling(state: State, queue: str, channel: str) -> int:
    return sum(
        1
        for other in state.agents.values()
        if routable(other, state.presences[other.id])
        and state.room(other, channel)
        and any(served == queue for served, _ in state.placing.offer(other).memberships)
    )


def _unbarred(state: State, item: WorkItem, agent: Agent) -> bool:
    return agent.id not in item.barred


def _roomy(state: State, item: WorkItem, agent: Agent) -> bool:
    return state.room(agent, item.channel)


_CENTRE = (e.RecordPut,)
_SERVING = (*_CENTRE, e.MembershipChanged, e.TemporaryEnded, e.ItemQueued, e.ItemRelaxed)
_SKILLS = (e.AgentSkillChanged, e.AgentSkillsChanged, e.ItemAskedAnew)
_ROOM = (*_CENTRE, e.CapacityChanged, e.ItemSilenced, e.ReservationEnded, e.ItemClosed, e.ItemPending, e.ItemQueued)
_IDLING = (*_ROOM, e.MembershipChanged, e.TemporaryEnded, e.PresenceChanged, e.ClientConnected)

FILTERS: Final[tuple[Filter, ...]] = (
    Filter("disabled", _enabled, _CENTRE),
    Filter("not_named", _named, (e.ItemQueued, e.ItemRelaxed, e.PreferenceEnded, *_CENTRE)),
    Filter("not_member", _member, _SERVING),
    Filter(
        "lacks_skill", _skilled, (*_CENTRE, *_SKILLS, e.TemporaryEnded, e.ItemQueued, e.ItemRelaxed, e.ItemAskedAnew)
    ),
    Filter("out_of_reach", _in_reach, _SERVING),
    Filter("not_yet", _waited_for, _SERVING),
    Filter("excepted", _unbarred, (e.ExceptionsLapsed, e.ItemQueued)),
    Filter("not_connected", _connected, (e.ClientConnected,)),
    Filter("not_available", _available, (e.PresenceChanged,)),
    Filter("no_room", _roomy, _ROOM),
    Filter("kept_for_others", _spared, _IDLING),
)
"""In this order: what rarely changes first, what changes by the minute last. The first "no" is the reason given."""


def refusal(state: State, item: WorkItem, agent: Agent) -> str:
    """The code of the first filter that keeps the agent from the item; '' when none does."""
    for rule in FILTERS:
        if not rule.passes(state, item, agent):
            return rule.code
    return ""
