"""The skills matrix: who can do what and how well, read as one table and changed as one."""

from typing import Annotated

import msgspec
from aiohttp import web

from router.api import limits
from router.api.agents import check_id
from router.api.commanding import Done, answer_command
from router.api.deps import DEPS
from router.api.editing import etag, if_match
from router.api.paging import Cursor, cursor_of, cursor_text
from router.api.problems import Problem
from router.api.rights import Principal, may, require
from router.api.routes import Routes, principal_of, query_of, respond
from router.core import commands as c
from router.core.limits import CHANGES_MAX
from router.core.state import State

routes = Routes()

_MATRIX = "/api/v1/skill-matrix"


class MatrixQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which agents, by id: of a team, if one is named. `after` is the cursor of the page before."""

    team: str = ""
    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.PAGE_MAX)] = limits.PAGE_MAX


class LentLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A skill that an agent has at another level for a time (0: not at all)."""

    skill: str
    level: int
    until_at_ms: int


class MatrixRow(msgspec.Struct, frozen=True, kw_only=True):
    """One agent: levels by skill that they have for good, and what is temporary over them."""

    id: str
    name: str
    teams: tuple[str, ...]
    skills: dict[str, int]
    temporary: tuple[LentLevel, ...]
    revision: int


class MatrixSkill(msgspec.Struct, frozen=True, kw_only=True):
    """One column."""

    id: str
    names: dict[str, str]
    kind: str


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The matrix of the agents that you may edit; `next` is the cursor of the next page ('' for none)."""

    revision: int
    skills: list[MatrixSkill]
    agents: list[MatrixRow]
    next: str = ""


class CellBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cell: the level (0 takes the skill away); with `until_at_ms` only until then."""

    agent: Annotated[str, msgspec.Meta(max_length=limits.ID_CHARS_MAX)]
    skill: Annotated[str, msgspec.Meta(max_length=limits.ID_CHARS_MAX)]
    level: Annotated[int, msgspec.Meta(ge=0, le=5)]
    until_at_ms: int | None = None


class MatrixBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cells to change: all of them, or none."""

    edits: Annotated[tuple[CellBody, ...], msgspec.Meta(max_length=CHANGES_MAX)]


@routes.route("GET", _MATRIX, action="agent.edit", query=MatrixQuery, answer=Matrix)
async def get(request: web.Request) -> web.Response:
    """The skills of the agents of your teams as one table. Its ETag is the revision of the centre."""
    query, state = query_of(request, MatrixQuery), request.app[DEPS].gateway.state
    principal, after = principal_of(request), cursor_of(query.after).id
    found: list[str] = []
    for id in sorted(state.agents):
        teams = state.agents[id].teams
        if id > after and (not query.team or query.team in teams) and may(principal, "agent.edit", teams):
            found.append(id)
            if len(found) > query.limit:
                break
    page, more = found[: query.limit], len(found) > query.limit
    matrix = Matrix(
        revision=state.meta.revision,
        skills=[MatrixSkill(id=one.id, names=one.names, kind=one.kind) for _, one in sorted(state.skills.items())],
        agents=[_row(state, id) for id in page],
        next=cursor_text(Cursor(id=page[-1])) if more else "",
    )
    return respond(matrix, 200, {"ETag": etag(matrix.revision)})


@routes.route("PATCH", _MATRIX, action="agent.edit", body=MatrixBody, answer=Done, answers_command=True)
async def patch(request: web.Request, body: MatrixBody) -> web.Response:
    """Change many cells as one change with one revision, or none of them.

    Needs If-Match with the ETag of the matrix as you read it (428 without): when one of these agents was changed
    since, nothing is (412). `*` overwrites whatever is there.
    """
    if "If-Match" not in request.headers:
        raise Problem(
            "precondition_required",
            "Read the matrix, and send its ETag as If-Match, so that no other edit is lost.",
            headers={"ETag": etag(request.app[DEPS].gateway.state.meta.revision)},
        )
    check_edits(request.app[DEPS].gateway.state, principal_of(request), body.edits)
    return await answer_command(request, command_of(body, if_match(request)))


def check_edits(state: State, principal: Principal, edits: tuple[CellBody, ...]) -> None:
    """Raises Problem unless the caller may edit each agent of these cells."""
    for id in dict.fromkeys(edit.agent for edit in edits):
        check_id(id)
        agent = state.agents.get(id)
        if agent is None:
            raise Problem("unknown_agent", "There is no agent with this id.", subject=id)
        require(principal, "agent.edit", agent.teams)


def command_of(body: MatrixBody, seen: int | None) -> c.SetAgentSkills:
    """The command for these cells."""
    edits = tuple(
        c.SkillEdit(agent=edit.agent, skill=edit.skill, level=edit.level, until=edit.until_at_ms) for edit in body.edits
    )
    return c.SetAgentSkills(edits=edits, seen=seen)


def _row(state: State, id: str) -> MatrixRow:
    agent = state.agents[id]
    lent = tuple(
        LentLevel(skill=one.skill, level=one.level, until_at_ms=one.until) for one in agent.temporary if one.skill
    )
    return MatrixRow(
        id=id, name=agent.name, teams=agent.teams, skills=dict(agent.skills), temporary=lent, revision=agent.revision
    )
