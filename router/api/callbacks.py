"""Callbacks over REST: asking for one, and where to call. What agents do with one they have is in `work`."""

from typing import Annotated, Any

import msgspec
from aiohttp import web

from router.api import limits
from router.api.calling import WindowBody, windows_of
from router.api.cards import card_of
from router.api.commanding import Done, answer_command
from router.api.deps import DEPS
from router.api.editing import missing
from router.api.items import view_of
from router.api.problems import Problem, ProblemPart
from router.api.rights import require
from router.api.routes import Routes, principal_of
from router.api.shapes import Levels
from router.api.writing import numbered
from router.core import commands as c
from router.core import limits as core
from router.core.facts import Facts
from router.gateway import Content
from skills import requirement, skills_in

routes = Routes()

_content = msgspec.json.Decoder(Content)
_Id = Annotated[str, msgspec.Meta(max_length=limits.ID_CHARS_MAX)]
_Name = Annotated[str, msgspec.Meta(max_length=limits.CUSTOMER_NAME_CHARS_MAX)]


class CallbackBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to call (`number`, `name`, `customer`), for which queue, asking which skills; in one of these `windows`, or
    as soon as possible; at most `attempts` times (0: as the queue says). `agent` goes first when the time has come."""

    queue: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.ID_CHARS_MAX)]
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.CUSTOMER_NAME_CHARS_MAX)]
    name: _Name = ""
    customer: _Id = ""
    requirement: Levels = {}
    language: _Id = ""
    category: _Id = ""
    priority: Annotated[int, msgspec.Meta(ge=-core.PRIORITY_MAX, le=core.PRIORITY_MAX)] = 0
    windows: Annotated[tuple[WindowBody, ...], msgspec.Meta(max_length=core.WINDOWS_MAX)] = ()
    attempts: Annotated[int, msgspec.Meta(ge=0, le=core.ATTEMPTS_MAX)] = 0
    agent: _Id = ""


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a customer is to be called, and how far that is."""

    item: str
    state: str
    queue: str
    agent: str
    number: str
    name: str
    callback: dict[str, Any]


@routes.route(
    "POST",
    "/api/v1/callbacks",
    action="callback.ask",
    body=CallbackBody,
    answer=Done,
    status=201,
    answers_command=True,
)
async def ask(request: web.Request, body: CallbackBody) -> web.Response:
    """Have a customer called back, now or at a time.

    Agents for queues that they serve, supervisors for those of their teams, integrators for all.
    """
    deps, principal = request.app[DEPS], principal_of(request)
    state = deps.gateway.state
    queue = state.queues.get(body.queue)
    if queue is None:
        raise missing("queue", body.queue)
    me = state.agents.get(principal.agent)
    serves = me is not None and queue.id in state.memberships(me)
    require(principal, "callback.ask", {queue.team} - {""}, (principal.agent,) if serves else ())
    for term in body.requirement:
        if not all(skill in state.skills for skill in skills_in(term)):
            raise _invalid(f"/requirement/{term}", "There is no skill with this id.")
    if body.category and body.category not in state.categories:
        raise _invalid("/category", "There is no category with this id.")
    if body.customer and await card_of(deps, body.customer) is None:
        raise Problem("unknown_customer", "There is no customer with this id.", subject=body.customer)
    number, contents = numbered(deps, body.number, body.name)
    command = c.AskCallback(
        item=deps.ids.new("item"),
        conversation=deps.ids.new("conv"),
        facts=Facts(
            queue=queue.id,
            requirement=requirement(body.requirement),
            language=body.language,
            category=body.category,
            priority=body.priority,
            customer=body.customer,
            address=number,
        ),
        number=number,
        agent=body.agent,
        windows=windows_of(body.windows),
        attempts=body.attempts,
    )
    return await answer_command(request, command, contents, status=201)


@routes.route("GET", "/api/v1/callbacks/{item}", action="item.read", answer=CallbackView)
async def get(request: web.Request) -> CallbackView:
    """Where the customer of an item is to be called: what a phone system asks before it dials."""
    view = await view_of(request, request.match_info["item"])
    if not view.get("callback"):
        raise Problem("unknown_item", "Nobody is to be called back for this item.", subject=view["id"])
    found = await request.app[DEPS].gateway.contents([view["callback"]["number"]])
    content = _content.decode(found[0]) if found[0] is not None else Content()
    return CallbackView(
        item=view["id"],
        state=view["state"],
        queue=view["queue"],
        agent=view["agent"],
        number=content.address,
        name=content.name,
        callback=view["callback"],
    )


def _invalid(pointer: str, said: str) -> Problem:
    return Problem("invalid", said, errors=(ProblemPart(pointer=pointer, detail=said),))
