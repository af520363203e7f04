"""Capacity as agents have it now: the rules of `queues.capacity` asked of what they hold."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import queues.capacity as rules
from router.core import events as e
from router.core.agent import Agent

if TYPE_CHECKING:
    from router.core.state import State


def counted(state: "State", agent: str) -> Collection[str]:
    """The channel of each item that takes room of the agent's: reserved ones do, silent ones do not."""
    held = state.holds.get(agent)
    if held is None:
        return ()
    quiet = state.quiet.get(agent)
    if quiet is None:
        return held.values()
    rooms = state.agents[agent].rooms
    return [channel for item, channel in held.items() if item not in quiet or not _silence(rooms, channel)]


def _silence(rooms: rules.Rooms, channel: str) -> int:
    room = rooms.get(channel)
    return room.silent_ms if room is not None else 0


def load_share(state: "State", agent: Agent) -> int:
    """How much of their room the agent has in use, in thousandths."""
    return rules.share(agent.rooms, agent.total, counted(state, agent.id))


def over_capacity(state: "State", agent: Agent) -> bool:
    """Whether the agent has more than there is room for: silent customers came back, or the room was lowered."""
    return rules.over(agent.rooms, agent.total, counted(state, agent.id))


def silence(state: "State", agent: str, channel: str) -> int:
    """How long (ticks) a customer may say nothing before their item takes no room of this agent's; 0: for ever."""
    record = state.agents.get(agent)
    return _silence(record.rooms, channel) if record is not None else 0


def mixed(state: "State", agent: str) -> bool:
    """Whether what the agent holds may have to give way to other things that they hold, or may not have to any more."""
    held = state.holds.get(agent)
    if held is None:
        return False
    if len(held) > 1 and any(room.interruptible_by for room in state.agents[agent].rooms.values()):
        return True
    return any(state.items[item].interrupted for item in held)


def parted(state: "State", agent: str, now: int) -> list[e.Event]:
    """What of the agent's is interrupted from here on, and what goes on: what gives way to something that they have
    accepted, when there is no room for both."""
    record = state.agents.get(agent)
    if record is None:
        return []
    held = [state.items[item] for item in state.holds.get(agent, ())]
    worked = [item for item in held if item.state != "reserved" and not item.silent]
    parked = rules.interrupted(record.rooms, record.total, [item.channel for item in worked])
    events: list[e.Event] = []
    for item in held:
        gives_way = item.state == "active" and not item.silent and item.channel in parked
        if gives_way and not item.interrupted:
            events.append(e.ItemInterrupted(at=now, item=item.id, agent=agent))
        elif item.interrupted and not gives_way:
            events.append(e.ItemContinued(at=now, item=item.id, agent=agent))
    return events
