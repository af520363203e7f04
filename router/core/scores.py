"""Scores: which of the agents who may get an item gets it. A total order, so that a decision never needs chance.

Lowest wins, in this order: membership order; longest idle; the order in which they began to idle; the id. The
item's last agent, if free, is not scored but simply goes first (`match`).
"""

from typing import TypeAlias

from router.core.lines import Idle, ItemClass, Wait

Score: TypeAlias = tuple[int, Idle]


def score(order: int, idle: Idle) -> Score:
    """The rank of an idling agent; `order` is that of their membership in the item's queue."""
    return (order, idle)


def precedence(item_class: ItemClass, wait: Wait) -> tuple[int, int, int, int, str]:
    """The rank of a waiting item for an agent: named for them first, then priority (high first), then due."""
    due, seq, item = wait
    return (not item_class.only, -item_class.priority, due, seq, item)
