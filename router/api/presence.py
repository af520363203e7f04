"""What agents say of themselves: available, not ready, not ready after this item, offline; and going home."""

from typing import Annotated

import msgspec
from aiohttp import web

from router.api import limits
from router.api.agents import agent_of
from router.api.commanding import Done, answer_command
from router.api.routes import Routes, principal_of
from router.core import commands as c
from router.core.limits import HELD_MAX, PENDING_MAX
from router.core.presence import PresenceState

routes = Routes()

_AGENT = "/api/v1/agents/{agent}"
_Name = Annotated[str, msgspec.Meta(max_length=limits.ID_CHARS_MAX)]


class PresenceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the agent says of themselves; not_ready needs a reason (a code of kind not_ready).

    `after`: not ready once they hold nothing any more. Nothing new comes until then.
    """

    state: PresenceState
    reason: _Name = ""
    after: bool = False


class SignOutBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of each item that is the agent's: `keep`, `return` to its queue, or the id of a colleague."""

    items: Annotated[dict[_Name, _Name], msgspec.Meta(max_length=HELD_MAX + PENDING_MAX)] = {}


@routes.route("PUT", f"{_AGENT}/presence", action="agent.act", body=PresenceBody, answer=Done, answers_command=True)
async def put_presence(request: web.Request, body: PresenceBody) -> web.Response:
    """Say that the agent is available, not ready (with a reason; now or after this item) or offline.

    A supervisor who says it for somebody else leaves a row in the audit, and cannot say `after`.
    """
    agent = agent_of(request, "agent.act").id
    if agent == principal_of(request).agent:
        return await answer_command(request, presence_command(agent, body))
    return await answer_command(request, c.ForcePresence(agent=agent, state=body.state, reason=body.reason))


@routes.route("POST", f"{_AGENT}/sign-out", action="agent.act", body=SignOutBody, answer=Done, answers_command=True)
async def sign_out(request: web.Request, body: SignOutBody) -> web.Response:
    """Go home, saying of each open item whether it is kept, given back, or handed to a colleague.

    Refused with `still_yours` as long as an item is not mentioned: `subject` names the first one.
    """
    return await answer_command(request, sign_out_command(agent_of(request, "agent.act").id, body))


def presence_command(agent: str, body: PresenceBody) -> c.Command:
    """The command for a presence."""
    return c.SetPresence(agent=agent, state=body.state, reason=body.reason, after=body.after)


def sign_out_command(agent: str, body: SignOutBody) -> c.Command:
    """The command for going home."""
    return c.SignOut(agent=agent, choices=body.items)
