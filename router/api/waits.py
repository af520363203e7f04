"""What waits in a queue, in the order in which it goes, each with its estimate; and what who comes now may expect."""

from itertools import islice
from typing import Annotated, Any

import msgspec
from aiohttp import web

from queues.queue import CHANNELS
from router.api import limits
from router.api.deps import DEPS
from router.api.editing import missing
from router.api.rights import require
from router.api.routes import Routes, principal_of, query_of
from router.core.ask import Raw
from router.core.concern import item_teams
from router.core.state import State
from router.core.views import estimate_view, item_view
from router.core.waiting import in_order, waiting
from router.runtime.waits import Waits

routes = Routes()

WAITS: web.AppKey[Waits] = web.AppKey("waits", Waits)


class WaitingQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many of those that go first."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.PAGE_MAX)] = limits.PAGE_DEFAULT


class QueueWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits (`count`), those of it that go first, and what who comes now would wait, by channel.

    Items of several channels stand in one order; each agent takes the first of them that they may take.
    """

    queue: str
    position: int
    at_ms: int
    count: int
    items: list[dict[str, Any]]
    newcomers: dict[str, dict[str, Any]]


@routes.route("GET", "/api/v1/queues/{id}/waiting", action="item.list", query=WaitingQuery, answer=QueueWaiting)
async def get(request: web.Request) -> QueueWaiting:
    """What waits in a queue in the order in which it goes, each with its place and how long it will still wait.

    For the leaders of the queue's team, and for the agents who serve it.
    """
    deps, id, query = request.app[DEPS], request.match_info["id"], query_of(request, WaitingQuery)
    state, waits = deps.gateway.state, request.app[WAITS]
    if id not in state.queues:
        raise missing("queue", id)
    _check(request, state, id)
    now = deps.clock.now_ms()
    return QueueWaiting(
        queue=id,
        position=deps.gateway.position,
        at_ms=now,
        count=waiting(state, id, now).items,
        items=[
            item_view(state, item) | estimated(waits, item) for item in islice(in_order(state, id, now), query.limit)
        ],
        newcomers={
            channel: estimate_view(found)
            for channel in CHANNELS
            if (found := waits.prospect(Raw(id, channel, 0, (), (), "", "", 0))) is not None and found.agents
        },
    )


def estimated(waits: Waits, item: str) -> dict[str, Any]:
    """The estimate as a field of the item's view; nothing for one that does not wait."""
    found = waits.shown(item)
    return {"estimate": found} if found is not None else {}


def _check(request: web.Request, state: State, queue: str) -> None:
    principal = principal_of(request)
    agent = state.agents.get(principal.agent)
    serves = agent is not None and queue in state.memberships(agent)
    require(principal, "item.list", item_teams(state, queue, ""), (principal.agent,) if serves else ())
