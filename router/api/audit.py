"""Who did what: every change of people, rights, skills, queues and hours, and every forced move, with what was before.

The scope is that of `rights`: an admin sees all, a supervisor what is about the agents, queues, accounts and items of
their teams.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from aiohttp import web

from router.api import limits
from router.api.deps import DEPS
from router.api.problems import Problem
from router.api.rights import may
from router.api.routes import Routes, principal_of, query_of
from router.core.concern import item_teams
from router.core.state import State
from router.gateway import AuditPage

routes = Routes()


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows; all conditions must fit. `before` is the cursor of the page before, `to_at_ms` is not included."""

    kind: str = ""
    subject: str = ""
    by: str = ""
    from_at_ms: int | None = None
    to_at_ms: int | None = None
    before: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.PAGE_MAX)] = limits.PAGE_DEFAULT


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One change: who, when, by which command and in which request; of what; and what it was `before` and `after`."""

    at_ms: int
    by: str
    command: str
    correlation: str
    kind: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditRows(msgspec.Struct, frozen=True, kw_only=True):
    """A page, the newest first. `next` is the cursor of the one before it in time ('' for none).

    A page may hold fewer rows than asked for and still have a next one.
    """

    rows: list[AuditRow]
    next: str = ""


@routes.route("GET", "/api/v1/audit", action="audit.read", query=AuditQuery, answer=AuditRows)
async def list_audit(request: web.Request) -> AuditRows:
    """Who changed what and when, the newest first."""
    query, principal = query_of(request, AuditQuery), principal_of(request)
    state = request.app[DEPS].gateway.state
    found: list[AuditRow] = []
    cursor = query.before
    for _ in range(limits.AUDIT_READS_MAX):
        page = await _read(request, query, cursor, query.limit - len(found))
        rows = (AuditRow(**row) for row in page.rows)
        found += (row for row in rows if may(principal, "audit.read", _teams(state, row)))
        cursor = page.cursor
        if not cursor or len(found) == query.limit:
            break
    return AuditRows(rows=found, next=cursor)


async def _read(request: web.Request, query: AuditQuery, cursor: str, limit: int) -> AuditPage:
    try:
        return await request.app[DEPS].history.audit(
            kind=query.kind,
            subject=query.subject,
            by=query.by,
            from_ms=query.from_at_ms,
            to_ms=query.to_at_ms,
            before=cursor,
            limit=limit,
        )
    except ValueError as error:
        raise Problem("bad_request", "`before` is not a cursor of ours; take it from `next`.") from error


def _teams(state: State, row: AuditRow) -> set[str]:
    """The teams that a change is about, by what the thing was and what it became; none: only of interest to admins."""
    return {team for side in (row.before, row.after) if side is not None for team in _teams_of(state, row, side)}


def _teams_of(state: State, row: AuditRow, side: dict[str, Any]) -> Iterator[str]:
    match row.kind:
        case "agent":
            yield from side.get("teams", ())
        case "team":
            yield row.subject
        case "queue":
            yield from filter(None, (side.get("team"),))
        case "account":
            agent = state.agents.get(side.get("agent", ""))
            yield from agent.teams if agent is not None else ()
        case "presence":
            agent = state.agents.get(row.subject)
            yield from agent.teams if agent is not None else ()
        case "item":
            yield from item_teams(state, side.get("queue", ""), side.get("agent", ""))
        case _:
            return
