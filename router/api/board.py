"""The board: all queues and agents at once, for leaders; now, or as it was."""

from typing import Any

from aiohttp import web

from router.api.deps import DEPS
from router.api.editing import missing
from router.api.past import AtQuery, told_of
from router.api.rights import require
from router.api.routes import Routes, principal_of
from router.core.concern import item_teams
from router.runtime.board import Board, QueueBoard, board, queue_board

routes = Routes()


@routes.route("GET", "/api/v1/board", action="board.read", query=AtQuery, answer=Board)
async def get(request: web.Request) -> Any:
    """Every queue and agent of your teams, by id.

    Of a queue how much waits, since when, how much of it is late or stuck, and whether it is open; of an agent what
    they say, do and hold.
    """
    if (told := await told_of(request, "board")) is not None:
        return web.Response(body=told.body, content_type="application/json")
    deps, principal = request.app[DEPS], principal_of(request)
    return await board(deps.gateway.state, deps.gateway.position, deps.clock.now_ms(), principal.led())


@routes.route("GET", "/api/v1/board/{queue}", action="board.read", query=AtQuery, answer=QueueBoard)
async def get_queue(request: web.Request) -> Any:
    """A queue of the board, with what waits in it: what is stuck, then what is due first; of many, the first."""
    deps, principal, queue = request.app[DEPS], principal_of(request), request.match_info["queue"]
    if (told := await told_of(request, "queue", queue)) is not None:
        if told.fault:
            raise missing("queue", queue)
        require(principal, "board.read", told.teams)
        return web.Response(body=told.body, content_type="application/json")
    state = deps.gateway.state
    if queue not in state.queues:
        raise missing("queue", queue)
    require(principal, "board.read", item_teams(state, queue, ""))
    return await queue_board(state, deps.gateway.position, deps.clock.now_ms(), queue)
