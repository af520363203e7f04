"""Scores: which of the agents who may get an item gets it, and which of the items an agent may get goes first.

Both are total orders, so that a decision needs no chance. Lowest wins.
"""

from typing import TypeAlias

from queues.comparator import THOUSANDTHS
from router.core.classes import Claim, Idle, ItemClass, ProfileClass, Rank, Wait

Score: TypeAlias = tuple[Rank, Idle]
"""How an idling agent stands: order of membership, wishes unmet, the strategy's rank of their class; then what it
measures of themselves, idle since, the order in which they began to idle, id."""

Precedence: TypeAlias = tuple[bool, int, int, int, str]
"""How a waiting item stands for an agent: named for them or not, the rank of its queue, its claim, entry, id."""

FIRST: Rank = (-1, 0, 0)
"""The rank of the one agent whom an item waits for, or who had it last: before all others."""


def score(item_class: ItemClass, profile: ProfileClass, idle: Idle) -> Score:
    """The score of an idling agent of this class for items of that one."""
    rank = item_class.profiles[profile]
    if item_class.strategy != "weighted":
        return (rank, idle)
    own = profile.memberships.get(item_class.queue)
    weight = own.weight if own is not None else 1
    return (rank, ((idle[0] + 1) * THOUSANDTHS // max(weight, 1), *idle[1:]))


def precedence(item_class: ItemClass, claim: Claim, wait: Wait, now: int) -> Precedence:
    """The precedence of a waiting item for agents of a class where it claims so.

    All claims are costs at `now`, in thousandths of ticks: due less credit, or now less what the slope has gained.
    """
    due, seq, item = wait
    rank, credit, slope = claim
    cost = due * THOUSANDTHS - credit
    if slope is not None:
        cost = now * THOUSANDTHS - credit - slope.per_s * (now - due + item_class.target)
    return (not item_class.only or item_class.alone, rank, cost, seq, item)
