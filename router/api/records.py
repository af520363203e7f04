"""The centre's records but agents: queues, teams, skills, categories, codes, hours, entry points, rules, endpoints.

The same four routes for each noun, made from one table. Supervisors edit their teams and those teams' queues;
everything else is for admins.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from aiohttp import web

from queues.hours import Hours
from queues.team import Team
from router.api import limits
from router.api.agents import check_served
from router.api.deps import DEPS
from router.api.editing import delete, missing, put, tagged
from router.api.paging import Cursor, Page, cursor_of, paged
from router.api.problems import Problem, ProblemPart
from router.api.rights import Action, require
from router.api.routes import Routes, principal_of, query_of
from router.api.shapes import BODIES, record_of, shown
from router.core.state import State
from router.core.views import opening_view, queue_view
from router.runtime.board import sliced
from router.runtime.calendar import fault_of, open_now

routes = Routes()


class ListQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of records by id. `after` is the cursor of the page before."""

    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.PAGE_MAX)] = limits.PAGE_MAX


class DropQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which skill takes the place of the one that is deleted; empty for none. Left out: it is deleted if nothing
    names it."""

    becomes: str | None = None


def _no_teams(record: Any) -> set[str]:
    return set()


def _queue_team(record: Any) -> set[str]:
    return {record.team} - {""}


def _shown(state: State, record: Any) -> dict[str, Any]:
    return shown(record)


def _shown_queue(state: State, record: Any) -> dict[str, Any]:
    return {**shown(record), **queue_view(state, record.id)}


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of record: its place in the API, who may edit it, whose it is, and how it is listed."""

    kind: str
    path: str
    edit: Action = "centre.edit"
    teams: Callable[[Any], set[str]] = _no_teams
    view: Callable[[State, Any], dict[str, Any]] = _shown

    @property
    def word(self) -> str:
        """What people call it."""
        return self.kind.replace("_", " ")


NOUNS = (
    Noun("queue", "queues", "queue.edit", _queue_team, _shown_queue),
    Noun("team", "teams", "team.edit", lambda record: {record.id}),
    Noun("skill", "skills"),
    Noun("category", "categories"),
    Noun("code", "codes"),
    Noun("hours", "hours"),
    Noun("entry_point", "entry-points"),
    Noun("rule", "rules"),
    Noun("endpoint", "endpoints"),
)


def _declare(noun: Noun) -> None:
    one = f"/api/v1/{noun.path}/{{id}}"

    async def list_all(request: web.Request) -> web.Response:
        query = query_of(request, ListQuery)
        state = request.app[DEPS].gateway.state
        table = state.table(noun.kind)
        after = cursor_of(query.after).id
        ids = [id for id in sorted(table) if id > after][: query.limit + 1]
        rows = await sliced(ids, lambda id: noun.view(state, table[id]) if id in table else None)
        if noun.kind == "queue":
            now = request.app[DEPS].clock.now_ms()
            open = await open_now(state, ids, now)
            rows = [row | {"open": open[row["id"]]} | opening_view(state, row["id"], now) for row in rows]
        return paged(request, rows, [Cursor(id=row["id"]) for row in rows], query.limit)

    async def get_one(request: web.Request) -> web.Response:
        return tagged(_record(request, noun))

    async def put_one(request: web.Request, body: Any) -> web.Response:
        id = request.match_info["id"]
        record = record_of(noun.kind, id, body)
        _check_code(record)
        await check_hours(record)
        principal = principal_of(request)
        old = request.app[DEPS].gateway.state.get((noun.kind, id))
        require(principal, noun.edit, noun.teams(record))
        if old is not None:
            require(principal, noun.edit, noun.teams(old))
        if isinstance(record, Team):
            check_served(request, old.memberships if old is not None else (), record.memberships)
        return await put(request, noun.kind, record)

    async def delete_one(request: web.Request) -> web.Response:
        require(principal_of(request), noun.edit, noun.teams(_record(request, noun)))
        becomes = query_of(request, DropQuery).becomes if noun.kind == "skill" else None
        return await delete(request, noun.kind, request.match_info["id"], becomes=becomes)

    list_all.__doc__ = f"The records of kind {noun.word}, by id."
    get_one.__doc__ = f"One {noun.word}, with its ETag."
    put_one.__doc__ = f"""Make or change a record of kind {noun.word}.
    An existing one needs If-Match with its ETag (428 without, 412 when it was changed since)."""
    delete_one.__doc__ = f"Delete a record of kind {noun.word} that nothing else names. Needs If-Match."
    if noun.kind == "skill":
        delete_one.__doc__ += """
    With `becomes`, what names it (records, and what open items ask) names that skill from then on, or nothing when it
    is empty: as one change. With more than 20,000 of them it is refused (`full`)."""
    routes.route("GET", f"/api/v1/{noun.path}", action="centre.read", query=ListQuery, answer=Page)(list_all)
    routes.route("GET", one, action="centre.read", answer=BODIES[noun.kind])(get_one)
    routes.route("PUT", one, action=noun.edit, body=BODIES[noun.kind], answer=BODIES[noun.kind], answers_command=True)(
        put_one
    )
    query = {"query": DropQuery} if noun.kind == "skill" else {}
    routes.route("DELETE", one, action=noun.edit, answers_command=True, **query)(delete_one)


for _noun in NOUNS:
    _declare(_noun)


def _record(request: web.Request, noun: Noun) -> Any:
    id = request.match_info["id"]
    record = request.app[DEPS].gateway.state.get((noun.kind, id))
    if record is None:
        raise missing(noun.kind, id)
    return record


async def check_hours(record: Any, root: str = "") -> None:
    """Time zone and holidays must be known here, or nobody could say whether the queue is open. `root` leads to it."""
    fault = await fault_of(record) if isinstance(record, Hours) else ""
    if fault:
        said = f"The {fault} is not known. Write an IANA time zone like Europe/Brussels, and a country code like BE."
        raise Problem("invalid", said, errors=(ProblemPart(pointer=f"{root}/{fault}", detail=said),))


def _check_code(record: Any) -> None:
    """A code's id begins with its kind, so that kinds cannot collide."""
    kind = getattr(record, "kind", "")
    if record.__struct_config__.tag == "code" and not record.id.startswith(f"{kind}:"):
        said = f"The id of a code of kind {kind} begins with `{kind}:`."
        raise Problem("invalid", said, errors=(ProblemPart(pointer="/kind", detail=said),))
