"""Because: the short explanation of a reservation is made, of classes, never of agents one by one.

The list agent by agent is not kept: it is worked out again, for any position of the log, by `explain`.
"""

from collections.abc import Iterable
from heapq import nsmallest

from router.core import limits
from router.core.item import WorkItem
from router.core.scores import Score
from router.core.state import State
from router.core.why import Loser, Points, Why


def why(state: State, item: WorkItem, agent: str, now: int, candidates: Iterable[Score]) -> Why:
    """The explanation of a reservation that is about to be made. `candidates` are the heads of all classes that have
    somebody free, the winner among them or not."""
    others: list[Score] = []
    mine = None
    for one in candidates:
        if one[1][3] == agent:
            mine = one
        else:
            others.append(one)
    best = nsmallest(limits.LOSERS_KEPT_MAX, others) if others else ()
    losers = tuple(Loser(one[1][3], points(one, now), _free(state, item, one[1][3])) for one in best)
    return Why(
        waited=now - item.entered_at,
        idle=now - state.presences[agent].idle_since,
        due_in=item.due - now,
        step=item.waited,
        points=points(mine, now) if mine is not None else (),
        losers=losers,
        counts=_counts(state, item, agent, others, losers),
    )


def points(score: Score, now: int) -> Points:
    """A score as it is kept."""
    rank, (measured, idle_since, _, _) = score
    return (*rank, measured, idle_since - now)


def _counts(state: State, item: WorkItem, agent: str, others: list[Score], losers: tuple[Loser, ...]) -> dict[str, int]:
    item_class = state.lines.class_of(item.id)
    if item_class is None or item_class.only:
        return {}
    beaten = max(_free(state, item, agent) - 1, 0) + sum(one.free for one in losers)
    if len(others) > len(losers):
        kept = {one.agent for one in losers}
        beaten += sum(_free(state, item, one[1][3]) for one in others if one[1][3] not in kept)
    idlers = state.lines.idlers_count()
    counts = {"beaten": beaten, "unfit": idlers - beaten - 1, "not_free": len(state.agents) - idlers}
    return {reason: count for reason, count in counts.items() if count > 0}


def _free(state: State, item: WorkItem, agent: str) -> int:
    """How many agents of this one's class are free for the item."""
    idling = state.lines.idling(agent)
    item_class = state.lines.class_of(item.id)
    if idling is None or item_class is None:
        return 0
    return len(idling[0].lines.get(item_class.where, ()))
