"""Escalation over REST and sockets: which specialists there are, back from them, consults, what an agent follows."""

from typing import Any

import msgspec
from aiohttp import web

from router.api.acting import ActionBody, ItemAction, Made, Name, optional_text
from router.api.agents import agent_of
from router.api.commanding import Call
from router.api.deps import DEPS
from router.api.problems import Problem
from router.api.rights import require
from router.api.routes import Routes, principal_of
from router.api.waits import WAITS
from router.core import commands as c
from router.core.commands.escalation import ReturnKind
from router.core.concern import concerned
from router.core.facts import EscalationMode
from router.core.opened import is_open, opens_at
from router.core.specialists import readiness, specialists
from router.core.views import estimate_view, followed_view

routes = Routes()


class Escalate(ActionBody, frozen=True):
    """Unresolved at this line: on to specialists. The reason (a code of kind escalation) and note are required.

    `mode`: in writing; `connect`: they are asked while the customer is there, and get the item by `handover`;
    `callback`: they call back between `from_at_ms` and `until_at_ms`.
    """

    reason: Name = ""
    note: str = ""
    queue: Name = ""
    mode: EscalationMode = "written"
    from_at_ms: int | None = None
    until_at_ms: int | None = None


class Return(ActionBody, frozen=True):
    """Give it back to where it was escalated from: answered (the note is the answer), or wrongly routed (with a code of
    kind return)."""

    kind: ReturnKind
    reason: Name = ""
    note: str = ""


class Follow(ActionBody, frozen=True):
    """Hear of the item until it is closed."""


class Unfollow(ActionBody, frozen=True):
    """Hear of the item no more; its end, told, is put aside."""


class Consult(ActionBody, frozen=True):
    """Ask without handing over: the specialists of the item, a queue, or a colleague by name. The item stays yours."""

    note: str = ""
    queue: Name = ""
    to_agent: Name = ""


class Advise(ActionBody, frozen=True):
    """Answer a consult that you took up (`item` is the consult): the note is kept with the item it is about."""

    note: str = ""


class Withdraw(ActionBody, frozen=True):
    """You need no answer any more (`item` is the consult)."""


class HandOver(ActionBody, frozen=True):
    """Who took up the consult gets the item itself. An escalation needs a reason, if none came with the consult."""

    consult: Name
    reason: Name = ""


async def _escalate(call: Call, item: str, body: Escalate) -> Made:
    note, contents = await optional_text(call, body.note)
    command = c.EscalateItem(
        item=item,
        agent=body.agent,
        reason=body.reason,
        note=note,
        queue=body.queue,
        mode=body.mode,
        consult=call.deps.ids.new("item") if body.mode == "connect" else "",
        from_at=body.from_at_ms,
        until_at=body.until_at_ms,
    )
    return Made(command, contents)


async def _return(call: Call, item: str, body: Return) -> Made:
    note, contents = await optional_text(call, body.note)
    command = c.ReturnItem(item=item, agent=body.agent, kind=body.kind, reason=body.reason, note=note)
    return Made(command, contents)


async def _follow(call: Call, item: str, body: Follow) -> Made:
    return Made(c.FollowItem(item=item, agent=body.agent))


async def _unfollow(call: Call, item: str, body: Unfollow) -> Made:
    return Made(c.FollowItem(item=item, agent=body.agent, follow=False))


async def _consult(call: Call, item: str, body: Consult) -> Made:
    note, contents = await optional_text(call, body.note)
    command = c.ConsultItem(
        item=item,
        agent=body.agent,
        consult=call.deps.ids.new("item"),
        note=note,
        queue=body.queue,
        to_agent=body.to_agent,
    )
    return Made(command, contents)


async def _advise(call: Call, item: str, body: Advise) -> Made:
    note, contents = await optional_text(call, body.note)
    return Made(c.AnswerConsult(item=item, agent=body.agent, note=note), contents)


async def _withdraw(call: Call, item: str, body: Withdraw) -> Made:
    return Made(c.EndConsult(item=item, agent=body.agent))


async def _hand_over(call: Call, item: str, body: HandOver) -> Made:
    return Made(c.HandOver(item=item, agent=body.agent, consult=body.consult, reason=body.reason))


ESCALATION_ACTIONS = {
    "escalate": ItemAction(Escalate, _escalate),
    "return": ItemAction(Return, _return),
    "follow": ItemAction(Follow, _follow, "item.note"),
    "unfollow": ItemAction(Unfollow, _unfollow),
    "consult": ItemAction(Consult, _consult),
    "advise": ItemAction(Advise, _advise),
    "withdraw": ItemAction(Withdraw, _withdraw),
    "handover": ItemAction(HandOver, _hand_over),
}


class SpecialistQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue that the item could be escalated to. `usual`: that of its category or queue. `there`: agents available
    who could take it, `free`: those of them with room for it now; `wait`: the estimate of who would come now."""

    queue: str
    names: dict[str, str]
    line: int
    team: str
    usual: bool
    open: bool
    opens_at_ms: int | None
    there: int
    free: int
    wait: dict[str, Any] | None


class SpecialistQueues(msgspec.Struct, frozen=True, kw_only=True):
    """Where the item could go, the usual one first; the ways in which it can (modes of `escalate`)."""

    rows: list[SpecialistQueue]
    modes: list[EscalationMode]


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent follows, the latest first; then what ended."""

    rows: list[dict[str, Any]]


@routes.route("GET", "/api/v1/items/{item}/specialists", action="item.explain", answer=SpecialistQueues)
async def list_specialists(request: web.Request) -> SpecialistQueues:
    """Before escalating: each specialist queue, whether it is open, who is there and free, and the expected wait."""
    deps, id = request.app[DEPS], request.match_info["item"]
    state, now = deps.gateway.state, deps.clock.now_ms()
    item = state.items.get(id)
    if item is None or item.state == "closed" or item.consults:
        raise Problem("unknown_item", "There is no open item with this id.", subject=id)
    require(principal_of(request), "item.explain", *concerned(state, item, principal_of(request).agent))
    waits, found = request.app[WAITS], list(specialists(state, item))
    rows = []
    for queue, asks, usual in found:
        there, free = readiness(state, item, asks)
        wait = waits.prospect(asks)
        row = SpecialistQueue(
            queue=queue.id,
            names=dict(queue.names),
            line=queue.line,
            team=queue.team,
            usual=usual,
            open=is_open(state, queue, now),
            opens_at_ms=opens_at(state, queue, now),
            there=there,
            free=free,
            wait=estimate_view(wait) if wait is not None else None,
        )
        rows.append(row)
    live = item.on_call or (item.channel == "chat" and item.state == "active")
    modes: list[EscalationMode] = ["connect"] if live else []
    modes += ["callback"] if item.callback is None else []
    return SpecialistQueues(rows=rows, modes=[*modes, "written"])


@routes.route("GET", "/api/v1/agents/{agent}/followed", action="agent.read", answer=Followed)
async def list_followed(request: web.Request) -> Followed:
    """What the agent follows: items they escalated, or asked to hear of, until they have read how each ended."""
    agent = agent_of(request, "agent.read").id
    return Followed(rows=followed_view(request.app[DEPS].gateway.state, agent))
