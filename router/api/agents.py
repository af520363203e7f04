"""Agents: what they are, and the single facts of them that supervisors change while work waits. `me` is yourself."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from aiohttp import web

from queues.capacity import Room
from queues.queue import CHANNELS, ChannelName
from queues.team import Membership
from router.api import limits
from router.api.commanding import Done, answer_command
from router.api.deps import DEPS
from router.api.editing import etag, if_match, missing, put
from router.api.paging import Cursor, Page, cursor_of, paged
from router.api.problems import Problem
from router.api.rights import Action, Principal, forbidden, may, require
from router.api.routes import Routes, principal_of, query_of, respond
from router.api.shapes import AgentBody, Weight, body_of_agent, record_of
from router.core import commands as c
from router.core.agent import Agent
from router.core.limits import DURATION_TICKS_MAX, HELD_MAX
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
    """How well the agent masters the skill; with `until_at_ms` only until then: what was comes back by itself."""

    level: Annotated[int, msgspec.Meta(ge=1, le=5)]
    until_at_ms: int | None = None


class ServingBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the agent serves the queue (lower `order` is asked first); with `until_at_ms` only until then.

    `priority`, `delay_ms` and `weight` stay as they are when they are left out.
    """

    order: int = 1
    enabled: bool = True
    priority: int | None = None
    delay_ms: int | None = None
    weight: int | None = None
    until_at_ms: int | None = None


class TakenQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Taken away only until then: what was comes back by itself."""

    until_at_ms: int | None = None


class CapacityBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Room for one channel and, if given, what the agent holds in all.

    `alone`: while such an item is held nothing of another channel comes. `interruptible_by`: items of these channels
    come all the same, and such items are parked with the agent meanwhile. `silent_ms`: after so long without a word of
    the customer such an item takes no room (0: never).
    """

    maximum: Annotated[int, msgspec.Meta(ge=0, le=HELD_MAX)]
    weight: Weight
    alone: bool = False
    interruptible_by: tuple[ChannelName, ...] = ()
    silent_ms: Annotated[int, msgspec.Meta(ge=0, le=DURATION_TICKS_MAX)] = 0
    total: Weight | None = None


class PhoneBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Extension, number or SIP URI; '' for none."""

    phone: Annotated[str, msgspec.Meta(max_length=limits.ID_CHARS_MAX)]


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
    """An agent as they are now, with the ETag of their record.

    `record` is what may be put: what the agent has for good and by themselves. Beside it, `skills` and `memberships`
    are what counts now, with what is temporary and what comes from teams.
    """
    agent = agent_of(request, "agent.read")
    state = request.app[DEPS].gateway.state
    summary = agent_summary(state, agent.id)
    summary["memberships"] = {
        queue: msgspec.structs.asdict(membership) for queue, membership in sorted(state.memberships(agent).items())
    }
    return respond(summary | {"record": body_of_agent(agent)}, 200, {"ETag": etag(agent.revision)})


@routes.route("PUT", _AGENT, action="agent.edit", body=AgentBody, answer=AgentBody, answers_command=True)
async def put_one(request: web.Request, body: AgentBody) -> web.Response:
    """Make or change an agent. An existing one needs If-Match with its ETag.

    A supervisor may only add to and take from teams of their own, and let serve queues of their teams.
    """
    principal, id = principal_of(request), request.match_info["agent"]
    check_id(id)
    old = request.app[DEPS].gateway.state.agents.get(id)
    if old is not None:
        require(principal, "agent.edit", old.teams)
        check_teams(principal, {*body.teams} ^ {*old.teams})
    else:
        check_new_teams(principal, body.teams)
    check_served(request, old.memberships if old is not None else (), body.memberships)
    return await put(request, "agent", record_of("agent", id, body))


@routes.route(
    "PUT", f"{_AGENT}/skills/{{skill}}", action="agent.edit", body=LevelBody, answer=Done, answers_command=True
)
async def put_skill(request: web.Request, body: LevelBody) -> web.Response:
    """Give the agent a skill, or change its level, for good or for a time. What waits for it is looked at again."""
    return await _set_skill(request, body.level, body.until_at_ms)


@routes.route(
    "DELETE", f"{_AGENT}/skills/{{skill}}", action="agent.edit", query=TakenQuery, answer=Done, answers_command=True
)
async def delete_skill(request: web.Request) -> web.Response:
    """Take a skill away, for good or for a time."""
    return await _set_skill(request, 0, query_of(request, TakenQuery).until_at_ms)


@routes.route(
    "PUT", f"{_AGENT}/memberships/{{queue}}", action="agent.act", body=ServingBody, answer=Done, answers_command=True
)
async def put_membership(request: web.Request, body: ServingBody) -> web.Response:
    """Let the agent serve a queue, or change how, for good or for a time.

    Agents themselves may switch an overflow membership of theirs on and off, and nothing else.
    """
    principal, agent = principal_of(request), agent_of(request, "agent.act")
    queue = request.match_info["queue"]
    if not may(principal, "agent.edit", agent.teams) and not _switches(request, agent, queue, body):
        raise forbidden("agent.edit")
    check_served(request, request.app[DEPS].gateway.state.memberships(agent), (queue,))
    membership = _membership(request.app[DEPS].gateway.state.memberships(agent).get(queue), body)
    return await _set_membership(request, agent, membership, body.until_at_ms)


@routes.route(
    "DELETE",
    f"{_AGENT}/memberships/{{queue}}",
    action="agent.edit",
    query=TakenQuery,
    answer=Done,
    answers_command=True,
)
async def delete_membership(request: web.Request) -> web.Response:
    """End the agent's own membership; what their teams serve remains. For a time: they do not serve it at all."""
    agent = agent_of(request, "agent.edit")
    return await _set_membership(request, agent, None, query_of(request, TakenQuery).until_at_ms)


@routes.route(
    "PUT", f"{_AGENT}/capacity/{{channel}}", action="agent.edit", body=CapacityBody, answer=Done, answers_command=True
)
async def put_capacity(request: web.Request, body: CapacityBody) -> web.Response:
    """Change the agent's room for a channel."""
    agent = agent_of(request, "agent.edit")
    room = Room(
        maximum=body.maximum,
        weight=body.weight,
        alone=body.alone,
        interruptible_by=body.interruptible_by,
        silent_ms=body.silent_ms,
    )
    command = c.SetCapacity(
        agent=agent.id, channel=_channel(request), room=room, total=body.total, seen=if_match(request)
    )
    return await answer_command(request, command)


@routes.route("DELETE", f"{_AGENT}/capacity/{{channel}}", action="agent.edit", answer=Done, answers_command=True)
async def delete_capacity(request: web.Request) -> web.Response:
    """Take the agent's room for a channel away: they get nothing more of it."""
    agent = agent_of(request, "agent.edit")
    command = c.SetCapacity(agent=agent.id, channel=_channel(request), seen=if_match(request))
    return await answer_command(request, command)


@routes.route("PUT", f"{_AGENT}/phone", action="agent.act", body=PhoneBody, answer=Done, answers_command=True)
async def put_phone(request: web.Request, body: PhoneBody) -> web.Response:
    """Say where the agent's calls are put through to; usually at sign-in."""
    return await answer_command(request, phone_command(agent_of(request, "agent.act").id, body))


def phone_command(agent: str, body: PhoneBody) -> c.Command:
    """The command for a phone address."""
    return c.SetAgentPhone(agent=agent, phone=body.phone)


def check_id(id: str) -> None:
    """Raises Problem for an id that no agent may have."""
    if id == "me":
        raise Problem("bad_request", "`me` is not an id; name the agent.")


def check_new_teams(principal: Principal, teams: tuple[str, ...]) -> None:
    """Raises Problem unless the caller may make an agent of all these teams; of none at all only admins may."""
    require(principal, "agent.edit", teams)
    check_teams(principal, teams)


def check_teams(principal: Principal, teams: Iterable[str]) -> None:
    """Raises Problem unless the caller may edit the agents of each of these teams: who joins or leaves them."""
    for team in teams:
        require(principal, "agent.edit", (team,))


def check_served(request: web.Request, before: Iterable[str], after: Iterable[str]) -> None:
    """Raises Problem unless the caller may edit each queue that is served anew: who serves it reads what
    waits there."""
    queues = request.app[DEPS].gateway.state.queues
    for queue in {*after} - {*before}:
        team = queues[queue].team if queue in queues else ""
        require(principal_of(request), "queue.edit", {team} - {""})


def own_id(principal: Principal, named: str) -> str:
    """The agent that a path names; `me` is the caller. Raises Problem when the caller is no agent."""
    if named != "me":
        return named
    if not principal.agent:
        raise Problem("unknown_agent", "Your account works as no agent, so there is no `me`.")
    return principal.agent


def agent_of(request: web.Request, action: Action) -> Agent:
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


async def _set_skill(request: web.Request, level: int, until: int | None) -> web.Response:
    agent, skill = agent_of(request, "agent.edit"), request.match_info["skill"]
    command = c.SetAgentSkill(agent=agent.id, skill=skill, level=level, until=until, seen=if_match(request))
    return await answer_command(request, command)


async def _set_membership(
    request: web.Request, agent: Agent, membership: Membership | None, until: int | None
) -> web.Response:
    command = c.SetMembership(
        agent=agent.id,
        queue=request.match_info["queue"],
        membership=membership,
        until=until,
        seen=if_match(request),
    )
    return await answer_command(request, command)


def _membership(now: Membership | None, body: ServingBody) -> Membership:
    said = {"priority": body.priority, "delay_ms": body.delay_ms, "weight": body.weight}
    given = {name: value for name, value in said.items() if value is not None}
    return msgspec.structs.replace(now or Membership(), order=body.order, enabled=body.enabled, **given)


def _switches(request: web.Request, agent: Agent, queue: str, body: ServingBody) -> bool:
    """Whether the body only switches a membership on or off: what is lent for a time is not theirs to keep."""
    now = request.app[DEPS].gateway.state.memberships(agent).get(queue)
    lent = body.until_at_ms is not None or any(one.queue == queue for one in agent.temporary)
    return now is not None and _membership(now, body) == msgspec.structs.replace(now, enabled=body.enabled) and not lent
