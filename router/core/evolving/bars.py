"""Bars: who must not get an item, and until when. An item that nobody is barred from keeps no table."""

from router.core import limits
from router.core.item import WorkItem


def bar(item: WorkItem, agent: str, until: int) -> None:
    """Bar the agent from the item; beyond the limit the bar that ends first makes room."""
    barred = dict(item.barred)
    if len(barred) >= limits.EXCEPTIONS_MAX and agent not in barred:
        timed = [(at, other) for other, at in barred.items() if at]
        if not timed:
            return
        del barred[min(timed)[1]]
    barred[agent] = until
    item.excepted = barred


def bar_for_good(item: WorkItem, agent: str) -> None:
    """Who passed the item on does not get it again; beyond the limit the oldest bar makes room."""
    barred = {other: until for other, until in item.barred.items() if other != agent}
    if len(barred) >= limits.EXCEPTIONS_MAX:
        del barred[next(iter(barred))]
    item.excepted = {**barred, agent: 0}


def unbar(item: WorkItem, *agents: str) -> None:
    """These agents may get the item again."""
    if item.excepted:
        item.excepted = {other: until for other, until in item.excepted.items() if other not in agents} or None
