"""The full explanation of an item, made without keeping the process from its other work: agents are many."""

import asyncio

from router.core.explain import Explained, Verdict, told, verdict
from router.core.state import State
from router.runtime import limits


async def explained(state: State, item: str, now: int) -> Explained | None:
    """Why the item waits; None when it left memory meanwhile. Others may run between some agents and the next."""
    clock = asyncio.get_running_loop().time
    verdicts: list[Verdict] = []
    end = clock() + limits.BOARD_SLICE_S
    for agent in sorted(state.agents):
        if item not in state.items:
            return None
        if agent in state.agents:
            verdicts.append(verdict(state, state.items[item], agent, now))
        if clock() >= end:
            await asyncio.sleep(0)
            end = clock() + limits.BOARD_SLICE_S
    found = state.items.get(item)
    return told(state, found, now, verdicts) if found is not None else None
