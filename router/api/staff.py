"""Acts of a leader on a person: a new one with their log-in, a copy, disabling, deleting, moving all they hold.

A new person is two writes: the agent in the log, then the account beside it. Whoever is interrupted between the two
finds the agent without an account, and makes it by PUT /api/v1/accounts/{login}.
"""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from aiohttp import web

from router.api import limits
from router.api.accounts import accounts_of, check_new_account, make_account
from router.api.agents import agent_of, check_id, check_new_teams, check_served
from router.api.commanding import POSITION_HEADER, Done, Later, answer_command, answered, call_of, carry_out
from router.api.deps import DEPS
from router.api.editing import delete, etag, if_match
from router.api.problems import Problem
from router.api.routes import Routes, principal_of, respond
from router.api.sessions import SESSIONS, act_of
from router.api.shapes import AgentBody, Id, memberships_of, record_of, rooms_of, shown
from router.centre.limits import NAME_CHARS_MAX
from router.core import commands as c
from router.runtime.accounts import Account, Grant

routes = Routes()

_AGENTS = "/api/v1/agents"
_AGENT = f"{_AGENTS}/{{agent}}"
_NewId = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.ID_CHARS_MAX)]


class NewAgentBody(AgentBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new person: the agent, and with `login` an account that works as them, with a first password."""

    id: _NewId
    login: Id = ""


class CopyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the copy is, and with `login` an account that works as them, with a first password."""

    id: _NewId
    name: Annotated[str, msgspec.Meta(max_length=NAME_CHARS_MAX)]
    login: Id = ""


class NewAgent(msgspec.Struct, frozen=True, kw_only=True):
    """The agent as made, and the login with the first password that was made for it: it is shown this once."""

    agent: dict[str, Any]
    login: str = ""
    password: str = ""


class MoveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where everything goes: to a queue, to an agent, or (neither named) each back to its own queue."""

    queue: Id = ""
    to_agent: Id = ""


@routes.route(
    "POST", _AGENTS, action="agent.edit", body=NewAgentBody, answer=NewAgent, status=201, answers_command=True
)
async def make(request: web.Request, body: NewAgentBody) -> web.Response:
    """Make an agent, and with `login` their account, in one act."""
    check_served(request, (), body.memberships)
    fields = {name: getattr(body, name) for name in AgentBody.__struct_fields__}
    return await _make(request, body.id, AgentBody(**fields), body.login)


@routes.route(
    "POST", f"{_AGENT}/copy", action="agent.edit", body=CopyBody, answer=NewAgent, status=201, answers_command=True
)
async def copy(request: web.Request, body: CopyBody) -> web.Response:
    """Make an agent with the teams, skills, memberships and room of another.

    Not copied: what is temporary, the phone, and whether they are disabled.
    """
    like = agent_of(request, "agent.edit")
    agent = AgentBody(
        name=body.name,
        teams=like.teams,
        skills=dict(like.skills),
        memberships=memberships_of(like),
        rooms=rooms_of(like.rooms),
        total=like.total,
        language=like.language,
    )
    return await _make(request, body.id, agent, body.login)


@routes.route("POST", f"{_AGENT}/disable", action="agent.edit", answer=Done, answers_command=True)
async def disable(request: web.Request) -> web.Response:
    """Let nobody work as this agent any more: what they hold goes back, their accounts and sessions end.

    A call that is on stays until it ends.
    """
    return await _set_disabled(request, disabled=True)


@routes.route("POST", f"{_AGENT}/enable", action="agent.edit", answer=Done, answers_command=True)
async def enable(request: web.Request) -> web.Response:
    """Let a disabled agent, and the accounts that work as them, in again."""
    return await _set_disabled(request, disabled=False)


@routes.route("DELETE", _AGENT, action="agent.edit", answers_command=True)
async def delete_one(request: web.Request) -> web.Response:
    """Delete an agent who holds nothing and is not connected, and disable their accounts. Needs If-Match."""
    agent = agent_of(request, "agent.edit")
    accounts = accounts_of(request, agent.id)
    answer = await delete(request, "agent", agent.id)
    if answer.status == 200:
        await _shut(request, accounts, "DeleteAgent", disabled=True)
    return answer


@routes.route("POST", f"{_AGENT}/move", action="item.supervise", body=MoveBody, answer=Done, answers_command=True)
async def move(request: web.Request, body: MoveBody) -> web.Response:
    """Move everything that an agent holds, or that waits for them by name, in one act. A call that is on stays."""
    agent = agent_of(request, "item.supervise")
    return await answer_command(request, c.MoveItems(agent=agent.id, queue=body.queue, to_agent=body.to_agent))


async def _make(request: web.Request, id: str, body: AgentBody, login: str) -> web.Response:
    check_id(id)
    check_new_teams(principal_of(request), body.teams)
    account = Account(login=login, agent=id, grants=(Grant(role="agent", teams=body.teams),))
    if login:
        check_new_account(request, account, body.teams)
    record = record_of("agent", id, body)
    ended = await _put(request, record, seen=0)
    if isinstance(ended, Later):
        return answered(ended)
    password = (await make_account(request, account)).password if login else ""
    gateway = request.app[DEPS].gateway
    await gateway.reached(ended.position, limits.REACHED_WAIT_S)
    made = gateway.state.agents.get(id, record)
    headers = {"ETag": etag(made.revision), POSITION_HEADER: str(ended.position)}
    return respond(NewAgent(agent=shown(made), login=login, password=password), 201, headers)


async def _set_disabled(request: web.Request, *, disabled: bool) -> web.Response:
    agent = agent_of(request, "agent.edit")
    accounts = accounts_of(request, agent.id)
    seen = if_match(request)
    record = msgspec.structs.replace(agent, disabled=disabled)
    ended = await _put(request, record, seen=agent.revision if seen is None else seen)
    await _shut(request, accounts, "DisableAgent" if disabled else "EnableAgent", disabled=disabled)
    return answered(ended)


async def _shut(request: web.Request, accounts: Iterable[Account], command: str, *, disabled: bool) -> None:
    for account in accounts:
        if account.disabled != disabled:
            await request.app[SESSIONS].change(account.login, act=act_of(request, command), disabled=disabled)


async def _put(request: web.Request, record: c.CentreRecord, *, seen: int) -> Done | Later:
    change = c.Change(kind="agent", id=record.id, record=record, seen=seen)
    try:
        return await carry_out(call_of(request), c.ApplyCentre(changes=(change,)))
    except Problem as problem:
        if seen == 0 and problem.code == "stale_revision":
            raise Problem("duplicate_id", "There is an agent with this id already.", subject=record.id) from problem
        raise
