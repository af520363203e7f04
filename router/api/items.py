"""Work items: what there is to know of them, and the REST side of what agents do with them (see `work`)."""

import asyncio
import heapq
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from aiohttp import web

from router.api import limits
from router.api.commanding import Done, answered, call_of
from router.api.deps import DEPS
from router.api.live import LIVE
from router.api.paging import Cursor, Page, cursor_of, paged
from router.api.past import AtQuery, told_of
from router.api.problems import Problem
from router.api.rights import may, require
from router.api.routes import Routes, principal_of, query_of
from router.api.texts import texts_of
from router.api.waits import WAITS, estimated
from router.api.work import ACTIONS, do
from router.core.concern import concerned, item_teams
from router.core.explain import Explained
from router.core.item import WorkItem
from router.core.state import State
from router.core.views import item_view
from router.gateway import Content
from router.runtime.explaining import explained
from router.runtime.past import PastTold

routes = Routes()

_content = msgspec.json.Decoder(Content)


class ItemsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which items: all filters must fit. `after` is the cursor of the page before."""

    state: str = ""
    queue: str = ""
    channel: str = ""
    agent: str = ""
    team: str = ""
    conversation: str = ""
    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.PAGE_MAX)] = limits.PAGE_DEFAULT


class Explanation(Explained, frozen=True, kw_only=True):
    """Why an item waits, agent by agent and step by step, and what would end it, as it was after event `position`.

    Only a queued item waits; `agent` has any other.
    """

    position: int
    at_ms: int


_explained = msgspec.json.Decoder(Explained)


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an item, the oldest first. Texts of notes are filled in."""

    item: str
    rows: list[dict[str, Any]]


@routes.route("GET", "/api/v1/items", action="item.list", query=ItemsQuery, answer=Page)
async def list_items(request: web.Request) -> web.Response:
    """Items in memory (open, and closed ones not archived yet), the longest open first.

    You see those of your teams; agents see theirs and what waits in the queues they serve.
    """
    query = query_of(request, ItemsQuery)
    principal, state = principal_of(request), request.app[DEPS].gateway.state
    after = cursor_of(query.after)

    def wanted(item: WorkItem) -> bool:
        return _fits(state, item, query) and may(principal, "item.list", *concerned(state, item, principal.agent))

    found = await _scan(state, wanted, after, query.limit + 1)
    rows = [item_view(state, id) for _, id in found if id in state.items]
    keys = [Cursor(at=at, id=id) for at, id in found]
    return paged(request, rows, keys, query.limit)


@routes.route("GET", "/api/v1/items/{item}", action="item.read", query=AtQuery, answer=dict[str, Any])
async def get(request: web.Request) -> dict[str, Any]:
    """An item as it is now, or as the archive keeps it; with `at`, as it was.

    For people, `given` holds what lies beside the log: the event's attributes, the customer's address and name. With
    `at`, `position` and `at_ms` say which event and instant it was after.
    """
    item = request.match_info["item"]
    told = await told_of(request, "item", item)
    view = await view_of(request, item) if told is None else await _past_view(request, item, told)
    return view | {"given": await _given(request, view)} if principal_of(request).login else view


@routes.route("GET", "/api/v1/items/{item}/timeline", action="item.read", answer=Timeline)
async def timeline(request: web.Request) -> Timeline:
    """What happened to an item: every event that names it, with its position and instant.

    The texts of notes are for people.
    """
    deps, item = request.app[DEPS], request.match_info["item"]
    await view_of(request, item)
    archived = await deps.history.position()
    rows = await deps.history.timeline(item)
    last = max((row["position"] for row in rows), default=0)
    rows = [*rows, *request.app[LIVE].story(item, max(archived, last))]
    if not principal_of(request).login:
        return Timeline(item=item, rows=rows)
    notes = {row["note"] if row["type"] != "NoteAdded" else row["content"] for row in rows if _has_note(row)}
    texts = await texts_of(request, sorted(notes))
    for row in rows:
        if _has_note(row):
            row["text"] = texts.get(row["note"] if row["type"] != "NoteAdded" else row["content"])
    return Timeline(item=item, rows=rows)


@routes.route("GET", "/api/v1/items/{item}/explain", action="item.explain", query=AtQuery, answer=Explanation)
async def explanation(request: web.Request) -> Explanation:
    """Why the item waits, or waited then.

    For each agent the rule that keeps them from it, or the points by which they were beaten; each step taken and to
    come, with its time; what would end the wait, the soonest first; what it asks, and how long it will still wait.
    """
    deps, principal, item = request.app[DEPS], principal_of(request), request.match_info["item"]
    if (told := await told_of(request, "explain", item)) is not None:
        if told.fault:
            raise Problem("unknown_item", "There was no open item with this id then.", subject=item)
        require(principal, "item.explain", told.teams, told.agents)
        return _shown(_explained.decode(told.body), told.position, told.at_ms)
    state = deps.gateway.state
    record = state.items.get(item)
    if record is None:
        raise Problem("unknown_item", "There is no open item with this id.", subject=item)
    require(principal, "item.explain", *concerned(state, record, principal.agent))
    position, now = deps.gateway.position, deps.clock.now_ms()
    found = await explained(state, item, now)
    if found is None:
        raise Problem("unknown_item", "There is no open item with this id.", subject=item)
    return _shown(found, position, now)


def _shown(found: Explained, position: int, at_ms: int) -> Explanation:
    return Explanation(position=position, at_ms=at_ms, **msgspec.structs.asdict(found))


def _action_route(name: str) -> None:
    action = ACTIONS[name]

    async def handler(request: web.Request, body: Any) -> web.Response:
        return answered(await do(call_of(request), name, request.match_info["item"], body))

    handler.__doc__ = action.body.__doc__
    declare = routes.route(
        "POST",
        f"/api/v1/items/{{item}}/{name}",
        action=action.action,
        body=action.body,
        answer=Done,
        answers_command=True,
    )
    declare(handler)


for _name in ACTIONS:
    _action_route(_name)


async def view_of(request: web.Request, item: str) -> dict[str, Any]:
    """An item in memory or in the archive, if the caller may read it. Raises Problem."""
    deps, principal = request.app[DEPS], principal_of(request)
    state = deps.gateway.state
    record = state.items.get(item)
    if record is not None:
        require(principal, "item.read", *concerned(state, record, principal.agent))
        return item_view(state, item) | estimated(request.app[WAITS], item)
    kept = await deps.history.item(item)
    if kept is None:
        raise Problem("unknown_item", "There is no item with this id.", subject=item)
    agents = tuple(filter(None, (kept.get("agent", ""), kept.get("last_agent", ""))))
    require(principal, "item.read", item_teams(state, kept.get("queue", ""), kept.get("agent", "")), agents)
    return kept


async def _past_view(request: web.Request, item: str, told: PastTold) -> dict[str, Any]:
    """An item as it was, if the caller may read it: one that had left memory had been closed, and stays as it was."""
    shown = {"position": told.position, "at_ms": told.at_ms}
    if not told.fault:
        require(principal_of(request), "item.read", told.teams, told.agents)
        view: dict[str, Any] = msgspec.json.decode(told.body)
        return view | shown
    kept = await view_of(request, item)
    if kept["closed_at_ms"] is None or kept["closed_at_ms"] > told.at_ms:
        raise Problem("unknown_item", "There was no item with this id then.", subject=item)
    return kept | shown


async def _given(request: web.Request, view: dict[str, Any]) -> dict[str, Any]:
    ids = [view.get("attributes") or "", view.get("address") or ""]
    found = await request.app[DEPS].gateway.contents(ids) if any(ids) else [None, None]
    attributes, address = (_content.decode(data) if data is not None else Content() for data in found)
    return {"attributes": attributes.attributes, "address": address.address, "name": address.name}


def _has_note(row: dict[str, Any]) -> bool:
    return bool(row.get("note")) or row["type"] == "NoteAdded"


def _fits(state: State, item: WorkItem, query: ItemsQuery) -> bool:
    queue = state.queues.get(item.queue)
    return (
        (not query.state or item.state == query.state)
        and (not query.queue or item.queue == query.queue)
        and (not query.channel or item.channel == query.channel)
        and (not query.agent or item.agent == query.agent)
        and (not query.conversation or item.conversation == query.conversation)
        and (not query.team or (queue is not None and queue.team == query.team))
    )


async def _scan(state: State, wanted: Callable[[WorkItem], bool], after: Cursor, count: int) -> list[tuple[int, str]]:
    """The first `count` wanted items past the cursor by (opened, id), in slices between which others may run."""
    best: list[tuple[int, str]] = []
    ids = list(state.items)
    for start in range(0, len(ids), limits.SCAN_SLICE):
        slice = (state.items.get(id) for id in ids[start : start + limits.SCAN_SLICE])
        keys = ((item.opened_at, item.id) for item in slice if item is not None and wanted(item))
        best = heapq.nsmallest(count, [*best, *(key for key in keys if key > (after.at, after.id))])
        await asyncio.sleep(0)
    return best
