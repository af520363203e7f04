"""Colleagues: as much of other agents as is needed to hand work over to them, for everybody who logs in."""

from typing import Annotated, Any

import msgspec
from aiohttp import web

from queues.queue import CHANNELS
from router.api import limits
from router.api.deps import DEPS
from router.api.paging import Cursor, Page, cursor_of, paged
from router.api.routes import Routes, principal_of, query_of
from router.core.state import State

routes = Routes()


class ColleaguesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which colleagues, by id: of a team, if one is named. `after` is the cursor of the page before."""

    team: str = ""
    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.PAGE_MAX)] = limits.PAGE_MAX


@routes.route("GET", "/api/v1/colleagues", action="colleague.read", query=ColleaguesQuery, answer=Page)
async def list_colleagues(request: web.Request) -> web.Response:
    """To whom work may be handed: every agent but yourself and those who are disabled.

    `room` names the channels of which they could take one more item now.
    """
    query, state = query_of(request, ColleaguesQuery), request.app[DEPS].gateway.state
    me, after = principal_of(request).agent, cursor_of(query.after).id
    found = [
        id
        for id, agent in sorted(state.agents.items())
        if id > after and id != me and not agent.disabled and (not query.team or query.team in agent.teams)
    ][: query.limit + 1]
    return paged(request, [_row(state, id) for id in found], [Cursor(id=id) for id in found], query.limit)


def _row(state: State, id: str) -> dict[str, Any]:
    agent = state.agents[id]
    return {
        "id": id,
        "name": agent.name,
        "teams": list(agent.teams),
        "state": state.presences[id].state,
        "room": [channel for channel in CHANNELS if state.room(agent, channel)],
    }
