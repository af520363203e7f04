"""The board: every queue with what waits in it, every agent with what they hold; of now, or of a past state."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import msgspec

from router.core.item import WorkItem
from router.core.state import State
from router.core.views import agent_summary, item_view, opening_view, queue_view
from router.core.waiting import in_order, waiting
from router.runtime import limits
from router.runtime.calendar import open_now


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """Queues and agents by id, as they were after event `position`, at the instant `at_ms`."""

    position: int
    at_ms: int
    queues: list[dict[str, Any]]
    agents: list[dict[str, Any]]


class QueueBoard(msgspec.Struct, frozen=True, kw_only=True):
    """One queue of the board, with the items that waited longest past their due, stuck ones first."""

    position: int
    at_ms: int
    queue: dict[str, Any]
    items: list[dict[str, Any]]


async def board(state: State, position: int, at_ms: int, teams: frozenset[str] | None) -> Board:
    """The board with the queues and agents of these teams (None: all). Others may run while it is made."""
    queues = [id for id in sorted(state.queues) if teams is None or state.queues[id].team in teams]
    agents = [id for id in sorted(state.agents) if teams is None or not teams.isdisjoint(state.agents[id].teams)]
    open = await open_now(state, queues, at_ms)
    stuck = Counter(await sliced(state.items, lambda id: _stuck_in(state.items.get(id))))

    def queue_row(id: str) -> dict[str, Any] | None:
        return _queue_row(state, id, at_ms, stuck[id]) | {"open": open[id]} if id in state.queues else None

    def agent_row(id: str) -> dict[str, Any] | None:
        return _agent_row(state, id) if id in state.agents else None

    return Board(
        position=position,
        at_ms=at_ms,
        queues=await sliced(queues, queue_row),
        agents=await sliced(agents, agent_row),
    )


async def queue_board(state: State, position: int, at_ms: int, queue: str) -> QueueBoard:
    """The queue, which exists, with what waits in it."""
    stuck = await sliced(state.items, lambda id: id if _stuck_in(state.items.get(id)) == queue else None)
    first = islice(in_order(state, queue, at_ms), limits.BOARD_ITEMS_MAX)
    open = await open_now(state, [queue], at_ms)
    return QueueBoard(
        position=position,
        at_ms=at_ms,
        queue=_queue_row(state, queue, at_ms, len(stuck)) | {"open": open[queue]},
        items=[item_view(state, id) for id in [*stuck, *first][: limits.BOARD_ITEMS_MAX] if id in state.items],
    )


def _queue_row(state: State, queue: str, at_ms: int, stuck: int) -> dict[str, Any]:
    late = {"late": waiting(state, queue, at_ms).late, "stuck": stuck}
    return queue_view(state, queue) | opening_view(state, queue, at_ms) | late


def _agent_row(state: State, agent: str) -> dict[str, Any]:
    return agent_summary(state, agent) | {"items": [_held(state, item) for item in state.theirs(agent)]}


def _held(state: State, item: str) -> dict[str, Any]:
    record = state.items[item]
    conversation = state.conversations.get(record.conversation)
    return {
        "id": item,
        "reference": conversation.reference if conversation else "",
        "channel": record.channel,
        "queue": record.queue,
        "state": record.state,
        "interrupted": record.interrupted,
        "silent": record.silent,
        "first_entered_at_ms": record.first_entered_at,
    }


def _stuck_in(item: WorkItem | None) -> str | None:
    return item.queue if item is not None and item.state == "stuck" else None


async def sliced(ids: Iterable[str], row: Callable[[str], Any]) -> list[Any]:
    """The rows of these ids that have one, in slices between which others may run."""
    clock = asyncio.get_running_loop().time
    found, end = [], clock() + limits.BOARD_SLICE_S
    for id in list(ids):
        if (made := row(id)) is not None:
            found.append(made)
        if clock() >= end:
            await asyncio.sleep(0)
            end = clock() + limits.BOARD_SLICE_S
    return found
