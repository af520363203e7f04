"""Scores: which of the agents who may get an item gets it. A total order, so that a decision never needs chance.

Lowest wins, in this order: the item's last agent before all others; membership order; longest idle; the order in
which they began to idle; the id.
"""

from typing import TypeAlias

from router.core.lines import Idle, ItemClass, ProfileClass, Wait

Score: TypeAlias = tuple[int, int, int, int, str]


def score(last_agent: str, order: int, idle: Idle) -> Score:
    """The rank of an idling agent for an item last handled by `last_agent`; `order` is that of the membership."""
    since, seq, agent = idle
    return (agent != last_agent, order, since, seq, agent)


def precedence(item_class: ItemClass, wait: Wait) -> tuple[int, int, int, int, str]:
    """The rank of a waiting item for an agent: named for them first, then priority (high first), then due."""
    due, seq, item = wait
    return (not item_class.only, -item_class.priority, due, seq, item)


def order_of(profile: ProfileClass, queue: str) -> int:
    """In which order agents of this class are asked for this queue."""
    return profile.orders.get(queue, 0)
