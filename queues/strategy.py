"""Strategies: which of the agents who may take an item gets it, by name."""

from typing import Literal, TypeAlias

Strategy: TypeAlias = Literal[
    "longest_idle",
    "least_flexible",
    "best_fit",
    "least_occupied",
    "most_occupied",
    "fewest_handled",
    "least_busy",
    "round_robin",
    "in_order",
    "weighted",
    "random",
    "shortest_idle",
]
"""After the order of membership and what is wished:

`longest_idle`; `least_flexible`: who serves the fewest queues with the fewest skills, so that generalists stay free;
`best_fit`: the highest levels in what is asked; `least_occupied` and `most_occupied`: the share of their room in use;
`fewest_handled` items, `least_busy` time since they signed on; `round_robin`: whose last turn is longest ago;
`in_order`: by id; `weighted`: fewest handled per weight of membership; `random`: by a hash of the item;
`shortest_idle`. Ties go to the longest idle, then to who began to idle first, then by id.
"""

DEFAULT_STRATEGY: Strategy = "least_flexible"
"""Least flexible first costs least waiting in every model that was computed (Firstline's routing notes 1.5)."""

IdleFrom: TypeAlias = Literal["available", "worked"]
"""What idle time counts from: becoming available or the end of the last item (`available`), or only from signing on
and the end of the last item, so that a break does not send an agent to the end of the line (`worked`)."""
