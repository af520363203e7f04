"""Explain: why an item waits, agent by agent. Run at any state, so at any past position too."""

from router.core.filters import refusal
from router.core.state import State


def explain(state: State, item: str) -> list[tuple[str, str]]:
    """For each agent: the code of the filter that keeps them from the item, or `eligible`. Sorted by agent id.

    Raises KeyError for an item that is not in memory.
    """
    record = state.items[item]
    return [(id, refusal(state, record, state.agents[id]) or "eligible") for id in sorted(state.agents)]
