"""Agents: what they are, and the single facts of them that supervisors change while work waits. `me` is yourself."""

from typing import Annotated, Any

import msgspec
from aiohttp import web

from queues.capacity import Room
from queues.queue import CHANNELS, ChannelName
from queues.team import Membership
from router.api import limits
from router.api.commanding import Done, answer_command
from router.api.deps import DEPS
from router.api.editing import delete, etag, if_match, missing, put
from router.api.paging import Cursor, Page, cursor_of, paged
from router.api.problems import Problem
from router.api.rights import Action, Principal, forbidden, may, require
from router.api.routes import Routes, principal_of, query_of, respond
from router.api.shapes import AgentBody, Weight, record_of
from router.core import commands as c
from router.core.agent import Agent
from router.core.limits import HELD_MAX
from router.core.presence import PresenceState
from router.core.views import agent_summary

routes = Routes()

_AGENT = "/api/v1/agents/{agent}"


class AgentsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which agents, by id; all filters must fit."""

    team: str = ""
    state: str = ""
    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.PAGE_MAX)] = limits.PAGE_DEFAULT


class LevelBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How well the agent masters the skill."""

    level: Annotated[int, msgspec.Meta(ge=1, le=5)]


class CapacityBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Room for one channel and, if given, what the agent holds in all."""

    maximum: Annotated[int, msgspec.Meta(ge=0, le=HELD_MAX)]
    weight: Weight
    total: Weight | None = None


class PhoneBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Extension, number or SIP URI; '' for none."""

    phone: Annotated[str, msgspec.Meta(max_length=limits.ID_CHARS_MAX)]


class PresenceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the agent says of themselves; not_ready needs a reason (a code of kind not_ready)."""

    state: PresenceState
    reason: str = ""


@routes.route("GET", "/api/v1/agents", action="agent.read", query=AgentsQuery, answer=Page)
async def list_agents(request: web.Request) -> web.Response:
    """The agents of your teams with what they say and do now; agents see themselves."""
    query, state = query_of(request, AgentsQuery), request.app[DEPS].gateway.state
    principal, after = principal_of(request), cursor_of(query.after).id
    found: list[str] = []
    for id in sorted(state.agents):
        agent = state.agents[id]
        fits = (not query.team or query.team in agent.teams) and (
            not query.state or state.presences[id].state == query.state
        )
        if id > after and fits and may(principal, "agent.read", agent.teams, (id,)):
            found.append(id)
            if len(found) > query.limit:
                break
    return paged(request, [agent_summary(state, id) for id in found], [Cursor(id=id) for id in found], query.limit)


@routes.route("GET", _AGENT, action="agent.read", answer=dict[str, Any])
async def get(request: web.Request) -> web.Response:
    """An agent, with the ETag of their record."""
    agent = _agent(request, "agent.read")
    return respond(agent_summary(request.app[DEPS].gateway.state, agent.id), 200, {"ETag": etag(agent.revision)})


@routes.route("PUT", _AGENT, action="agent.edit", body=AgentBody, answer=AgentBody, answers_command=True)
async def put_one(request: web.Request, body: AgentBody) -> web.Response:
    """Make or change an agent. An existing one needs If-Match with its ETag.

    A supervisor may only add to and take from teams of their own.
    """
    principal, id = principal_of(request), request.match_info["agent"]
    if id == "me":
        raise Problem("bad_request", "`me` is not an id; name the agent.")
    old = request.app[DEPS].gateway.state.agents.get(id)
    require(principal, "agent.edit", old.teams if old else body.teams)
    for team in {*body.teams} ^ {*(old.teams if old else ())}:
        require(principal, "agent.edit", (team,))
    return await put(request, "agent", record_of("agent", id, body))


@routes.route("DELETE", _AGENT, action="agent.edit", answers_command=True)
async def delete_one(request: web.Request) -> web.Response:
    """Delete an agent who holds nothing and is not connected. Needs If-Match."""
    return await delete(request, "agent", _agent(request, "agent.edit").id)


@routes.route(
    "PUT", f"{_AGENT}/skills/{{skill}}", action="agent.edit", body=LevelBody, answer=Done, answers_command=True
)
async def put_skill(request: web.Request, body: LevelBody) -> web.Response:
    """Give the agent a skill, or change its level. What waits for it is re-considered at once."""
    return await _set_skill(request, body.level)


@routes.route("DELETE", f"{_AGENT}/skills/{{skill}}", action="agent.edit", answer=Done, answers_command=True)
async def delete_skill(request: web.Request) -> web.Response:
    """Take a skill away."""
    return await _set_skill(request, 0)


@routes.route(
    "PUT", f"{_AGENT}/memberships/{{queue}}", action="agent.act", body=Membership, answer=Done, answers_command=True
)
async def put_membership(request: web.Request, body: Membership) -> web.Response:
    """Let the agent serve a queue, or change how.

    Agents themselves may switch an overflow membership of theirs on and off, and nothing else.
    """
    principal, agent = principal_of(request), _agent(request, "agent.act")
    queue = request.match_info["queue"]
    if not may(principal, "agent.edit", agent.teams):
        state = request.app[DEPS].gateway.state
        now = state.memberships(agent).get(queue)
        if now is None or now.order != body.order:
            raise forbidden("agent.edit")
    command = c.SetMembership(agent=agent.id, queue=queue, membership=body, seen=if_match(request))
    return await answer_command(request, command)


@routes.route("DELETE", f"{_AGENT}/memberships/{{queue}}", action="agent.edit", answer=Done, answers_command=True)
async def delete_membership(request: web.Request) -> web.Response:
    """End the agent's own membership; what their teams serve remains."""
    agent = _agent(request, "agent.edit")
    command = c.SetMembership(agent=agent.id, queue=request.match_info["queue"], seen=if_match(request))
    return await answer_command(request, command)


@routes.route(
    "PUT", f"{_AGENT}/capacity/{{channel}}", action="agent.edit", body=CapacityBody, answer=Done, answers_command=True
)
async def put_capacity(request: web.Request, body: CapacityBody) -> web.Response:
    """Change the agent's room for a channel."""
    agent = _agent(request, "agent.edit")
    room = Room(maximum=body.maximum, weight=body.weight)
    command = c.SetCapacity(
        agent=agent.id, channel=_channel(request), room=room, total=body.total, seen=if_match(request)
    )
    return await answer_command(request, command)


@routes.route("DELETE", f"{_AGENT}/capacity/{{channel}}", action="agent.edit", answer=Done, answers_command=True)
async def delete_capacity(request: web.Request) -> web.Response:
    """Take the agent's room for a channel away: they get nothing more of it."""
    agent = _agent(request, "agent.edit")
    command = c.SetCapacity(agent=agent.id, channel=_channel(request), seen=if_match(request))
    return await answer_command(request, command)


@routes.route("PUT", f"{_AGENT}/phone", action="agent.act", body=PhoneBody, answer=Done, answers_command=True)
async def put_phone(request: web.Request, body: PhoneBody) -> web.Response:
    """Say where the agent's calls are put through to; usually at sign-in."""
    return await answer_command(request, phone_command(_agent(request, "agent.act").id, body))


@routes.route("PUT", f"{_AGENT}/presence", action="agent.act", body=PresenceBody, answer=Done, answers_command=True)
async def put_presence(request: web.Request, body: PresenceBody) -> web.Response:
    """Say that the agent is available, not ready (with a reason) or offline."""
    return await answer_command(request, presence_command(_agent(request, "agent.act").id, body))


def phone_command(agent: str, body: PhoneBody) -> c.Command:
    """The command for a phone address."""
    return c.SetAgentPhone(agent=agent, phone=body.phone)


def presence_command(agent: str, body: PresenceBody) -> c.Command:
    """The command for a presence."""
    return c.SetPresence(agent=agent, state=body.state, reason=body.reason)


def own_id(principal: Principal, named: str) -> str:
    """The agent that a path names; `me` is the caller. Raises Problem when the caller is no agent."""
    if named != "me":
        return named
    if not principal.agent:
        raise Problem("unknown_agent", "Your account works as no agent, so there is no `me`.")
    return principal.agent


def _agent(request: web.Request, action: Action) -> Agent:
    """The agent of the path, if the caller may do this to them. Raises Problem."""
    principal = principal_of(request)
    id = own_id(principal, request.match_info["agent"])
    agent = request.app[DEPS].gateway.state.agents.get(id)
    if agent is None:
        raise missing("agent", id)
    require(principal, action, agent.teams, (id,))
    return agent


def _channel(request: web.Request) -> ChannelName:
    for channel in CHANNELS:
        if channel == request.match_info["channel"]:
            return channel
    raise Problem("not_found", f"There is no such channel; there are {', '.join(CHANNELS)}.")


async def _set_skill(request: web.Request, level: int) -> web.Response:
    agent = _agent(request, "agent.edit")
    command = c.SetAgentSkill(agent=agent.id, skill=request.match_info["skill"], level=level, seen=if_match(request))
    return await answer_command(request, command)
