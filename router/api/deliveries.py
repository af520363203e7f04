"""Deliveries: what leaves the house. One that failed, or whose end is unknown, is sent again by a person only."""

from aiohttp import web

from router.api.commanding import Done, answer_command
from router.api.deps import DEPS
from router.api.problems import Problem
from router.api.rights import require
from router.api.routes import Routes, principal_of
from router.core.commands import RetryDelivery
from router.core.concern import item_teams

routes = Routes()


@routes.route("POST", "/api/v1/deliveries/{delivery}/retry", action="item.work", answer=Done, answers_command=True)
async def retry(request: web.Request) -> web.Response:
    """Send a failed or unknown delivery again, knowing that the customer may get it twice."""
    principal, state = principal_of(request), request.app[DEPS].gateway.state
    id = request.match_info["delivery"]
    delivery = state.deliveries.get(id)
    if delivery is None:
        raise Problem("unknown_delivery", "There is no delivery with this id.", subject=id)
    item = state.items.get(delivery.item)
    teams = item_teams(state, item.queue if item else "", item.agent if item else delivery.agent)
    agents = tuple(filter(None, (delivery.agent, item.agent if item else "")))
    require(principal, "item.work", teams, agents)
    return await answer_command(request, RetryDelivery(delivery=id, agent=principal.agent or delivery.agent))
