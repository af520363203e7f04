"""What waits in a queue, read class by class: figures cost the number of classes, never that of items."""

from collections.abc import Iterator
from heapq import merge
from typing import Final, NamedTuple

from router.core import limits
from router.core.classes import ItemClass, Offer, ProfileClass, claim
from router.core.scores import Precedence, precedence
from router.core.state import State

ANYBODY: Final = ProfileClass(Offer((), (), (), None))
"""An agent without priorities of their own: for them items go before one another as their queues say."""


class Waiting(NamedTuple):
    """How many items wait, when the first entered, when the first is due, how many are past their due."""

    items: int
    oldest: int | None
    first_due: int | None
    late: int


def waiting(state: State, queue: str, now: int) -> Waiting:
    """The figures of a queue."""
    count = late = 0
    oldest: int | None = None
    first_due: int | None = None
    for found in state.lines.in_queue(queue):
        count += len(found.line)
        late += found.line.bisect_left((now, -1, ""))
        due = found.line[0][0]
        first_due = due if first_due is None else min(first_due, due)
        entered = _oldest(state, found)
        oldest = entered if oldest is None else min(oldest, entered)
    return Waiting(count, oldest, first_due, late)


def in_order(state: State, queue: str, now: int) -> Iterator[str]:
    """The items of a queue as they go before one another there, channels mixed. Only as many are looked at as taken."""
    lines = [_line(found, now) for found in state.lines.in_queue(queue)]
    for place in merge(*lines):
        yield place[-1]


def _line(item_class: ItemClass, now: int) -> Iterator[Precedence]:
    how = claim(item_class, ANYBODY)
    for wait in item_class.line:
        yield precedence(item_class, how, wait, now)


def _oldest(state: State, found: ItemClass) -> int:
    """When the item of a line entered that did so first. A line is in the order of due, and nothing is due later than
    its entry and the target: what is due later than that after the oldest so far entered later too. Where the target
    was changed while things waited, only so many are looked at."""
    oldest = state.items[found.line[0][2]].entered_at
    for due, _, id in found.line.islice(stop=limits.OLDEST_WALK_MAX):
        if due > oldest + found.target:
            break
        oldest = min(oldest, state.items[id].entered_at)
    return oldest
