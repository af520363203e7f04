"""Capacity as agents have it now: the rules of `queues.capacity` asked of what they hold."""

from typing import TYPE_CHECKING

import queues.capacity as rules
from router.core.agent import Agent

if TYPE_CHECKING:
    from router.core.state import State


def load_share(state: "State", agent: Agent) -> int:
    """How much of their room the agent has in use, in thousandths; reserved items count, silent ones do not."""
    return rules.share(agent.rooms, agent.total, counted(state, agent.id))


def counted(state: "State", agent: str) -> list[str]:
    """The channel of each item that takes room of the agent's."""
    return [*state.holds.get(agent, {}).values()]
