"""On to the specialists: where that is, when a rule says so, and what ends a circle. Shared by what decides.

Rules move what waits. What an agent has in hand is never taken from them by a rule: agent and leader are told.
"""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from queues.category import Category
from queues.queue import Queue
from router.core import events as e
from router.core import limits
from router.core.decision import carried, queued
from router.core.item import HELD, WorkItem
from router.core.state import State

Rule: TypeAlias = Literal["overdue", "reopened", "declined", "category"]
"""The reason codes of escalations by rule: not resolved in time, came back too often, declined by all who could have
had it, and of a category that only specialists solve."""

CIRCLES: Final = "circles"
"""Why an item is stuck that was moved on and on."""


def lineage(state: State, category: str) -> Iterator[Category]:
    """A category and those above it, each once."""
    seen: set[str] = set()
    found = state.categories.get(category)
    while found is not None and found.id not in seen:
        yield found
        seen.add(found.id)
        found = state.categories.get(found.parent)


def specialists_of(state: State, category: str, queue: str) -> str:
    """The specialist queue of a category (or the nearest above it that names one), else of the queue; '' for none, and
    for the queue itself."""
    named = next((found.escalates_to for found in lineage(state, category) if found.escalates_to), "")
    record = state.queues.get(queue)
    target = named if named not in ("", queue) else record.escalates_to if record is not None else ""
    return target if target != queue else ""


def wants_specialists(state: State, category: str) -> bool:
    """Whether only specialists solve what is of this category, or of one above it."""
    return any(found.specialist for found in lineage(state, category))


def at_entry(state: State, queue: Queue, category: str, reopen_count: int) -> tuple[Queue, Rule] | None:
    """Where an item that is about to enter `queue` goes instead, by which rule; None when it enters it."""
    rule: Rule
    if category and wants_specialists(state, category):
        rule = "category"
    elif queue.reopens_max and reopen_count >= queue.reopens_max:
        rule = "reopened"
    else:
        return None
    target = state.queues.get(specialists_of(state, category, queue.id))
    if target is None or (rule == "category" and queue.line >= target.line):
        return None
    return target, rule


def by_rule(state: State, item: WorkItem, now: int, reason: Rule, offset: int = 1) -> list[e.Event]:
    """The item goes to its specialists because a rule says so. Nothing when there is nowhere to go, or somebody has it.

    Who decides has ended its reservation, if there was one. `offset` tells apart several entries of one decision.
    """
    queue = state.queues.get(specialists_of(state, item.category, item.queue))
    taken = item.state in HELD - {"reserved"}
    if queue is None or taken or item.consults:
        return []
    asked = carried(state, item.requirement)
    escalated = e.ItemEscalated(at=now, item=item.id, agent="", from_queue=item.queue, to_queue=queue.id, reason=reason)
    entered = queued(state, item, queue, now, reason="escalated", requirement=asked, offset=offset)
    moves = item.moves_by_rule + 1
    return [escalated, entered, *circling(item, now, moves, limits.MOVES_BY_RULE_MAX)]


def circling(item: WorkItem, now: int, moves: int, most: int) -> list[e.Event]:
    """What a move too many leads to: the item, which waits again, is stuck, and somebody is called."""
    if moves < most:
        return []
    return [
        e.ItemStuck(at=now, item=item.id, reason=CIRCLES),
        e.AlarmRaised(at=now, code="item_circles", subject=item.id, count=moves),
    ]


def overdue(state: State, item: WorkItem, now: int, offset: int = 1) -> list[e.Event]:
    """The time in which its queue is to resolve the item is over."""
    moved = by_rule(state, item, now, "overdue", offset) if item.state == "queued" else []
    if moved:
        return moved
    return [
        e.ItemOverdue(at=now, item=item.id, agent=item.agent, queue=item.queue),
        e.AlarmRaised(at=now, code="item_overdue", subject=item.id, count=1),
    ]
