"""Whose business something is: the teams and agents that who may see it is decided by, at any state."""

from router.core.item import WorkItem
from router.core.state import State


def item_teams(state: State, queue: str, agent: str) -> set[str]:
    """The teams that an item belongs to: that of its queue, and those of the agent who has it."""
    teams: set[str] = set()
    if (record := state.queues.get(queue)) is not None and record.team:
        teams.add(record.team)
    if (holder := state.agents.get(agent)) is not None:
        teams.update(holder.teams)
    return teams


def concerned(state: State, item: WorkItem, me: str) -> tuple[set[str], tuple[str, ...]]:
    """The teams and agents that an item is the business of; the agent `me` too, if they serve the queue it waits in."""
    teams = item_teams(state, item.queue, item.agent)
    agents = [item.agent, item.last_agent] if item.agent or item.last_agent else []
    agents += [*item.followers, item.asker, *item.joined]
    agents += [state.items[id].agent for id in item.consultations]
    agents += [told for one in item.questions if one.open for told in one.to]
    record = state.agents.get(me)
    if record is not None and item.queue in state.memberships(record):
        agents.append(record.id)
    return teams, tuple(agents)
