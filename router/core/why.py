"""Why: the short explanation that is kept with each reservation (made in `because`)."""

from typing import TypeAlias

import msgspec

Points: TypeAlias = tuple[int, ...]
"""A score as it is kept, least first: order of membership (-1: the last agent, or named), wishes unmet, the strategy's
rank of the class, what the strategy measures of the agent, and since when they had been idle (ticks before now)."""


class Loser(msgspec.Struct, frozen=True, array_like=True):
    """The best of a class of equal agents that was beaten, and how many of that class were free (`free`)."""

    agent: str
    points: Points
    free: int


class Why(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why this agent got this item at this moment.

    The item had waited `waited` in its queue, was due in `due_in`, and the plan's steps up to `step` were in force;
    the agent had been idle for `idle`. `points` is the agent's score, `losers` are the best of those who were free too.
    `counts` says of how many agents which reason held: `beaten` (free, with a higher score), `unfit` (had room, but may
    not take such an item, or not of its channel), `not_free` (had no room at all, or were away).
    """

    waited: int = 0
    idle: int = 0
    due_in: int = 0
    step: int = 0
    points: Points = ()
    losers: tuple[Loser, ...] = ()
    counts: dict[str, int] = {}
