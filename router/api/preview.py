"""Preview: what a change of skills, members or records would do to what waits, without doing it."""

from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from queues.team import Membership, Team
from router.api import limits
from router.api.agents import check_new_teams, check_served, check_teams
from router.api.deps import DEPS
from router.api.editing import missing
from router.api.matrix import CellBody, MatrixBody, check_edits, command_of
from router.api.past import previewed
from router.api.problems import rejected
from router.api.records import NOUNS, check_hours
from router.api.rights import require
from router.api.routes import Routes, converted, principal_of
from router.api.shapes import BODIES, record_of
from router.core import commands as c
from router.core.agent import Agent
from router.core.preview import Preview

routes = Routes()

_NOUNS = {noun.kind: noun for noun in NOUNS}
_preview = msgspec.json.Decoder(Preview)


class Serves(Membership, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a queue would be served."""


class PreviewMembership(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an agent would serve a queue by themselves; without `membership` they would not."""

    agent: str
    queue: str
    membership: Serves | None = None


class PreviewRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record as it would be put, in the form of its kind; without one it would be deleted."""

    kind: Literal["skill", "team", "queue", "category", "hours", "rule", "agent"]
    id: str
    record: dict[str, Any] | None = None


class PreviewBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The change: records first, all as one; then members, then cells of the skills matrix as one.

    At most `most` of the items and reservations it leads to are listed; all are counted.
    """

    records: Annotated[tuple[PreviewRecord, ...], msgspec.Meta(max_length=limits.PREVIEW_PARTS_MAX)] = ()
    memberships: Annotated[tuple[PreviewMembership, ...], msgspec.Meta(max_length=limits.PREVIEW_PARTS_MAX)] = ()
    skills: Annotated[tuple[CellBody, ...], msgspec.Meta(max_length=limits.PREVIEW_PARTS_MAX)] = ()
    most: Annotated[int, msgspec.Meta(ge=1, le=limits.PAGE_MAX)] = limits.PAGE_DEFAULT


class Previewed(Preview, frozen=True, kw_only=True):
    """What the change would do, had it been made after event `position`."""

    position: int
    at_ms: int


@routes.route("POST", "/api/v1/preview", action="agent.edit", body=PreviewBody, answer=Previewed)
async def post(request: web.Request, body: PreviewBody) -> Previewed:
    """Which waiting items a change would make eligible for whom, and who would be offered what, without doing it.

    You may preview what you may do. Told is what waits in the queues of your teams.
    """
    records = _records(request, body)
    for place, change in enumerate(records):
        await check_hours(change.record, f"/records/{place}/record")
    commands = [*_applied(records), *_memberships(request, body), *_skills(request, body)]
    told = await previewed(request, commands, body.most)
    found = _preview.decode(told.body)
    if found.refused is not None:
        raise rejected(found.refused)
    return Previewed(position=told.position, at_ms=told.at_ms, **msgspec.structs.asdict(found))


def _records(request: web.Request, body: PreviewBody) -> tuple[c.Change, ...]:
    return tuple(_change(request, part) for part in body.records)


def _applied(changes: tuple[c.Change, ...]) -> list[c.Command]:
    return [c.ApplyCentre(changes=changes)] if changes else []


def _change(request: web.Request, part: PreviewRecord) -> c.Change:
    old = request.app[DEPS].gateway.state.get((part.kind, part.id))
    record = None
    if part.record is not None:
        record = record_of(part.kind, part.id, converted(part.record, BODIES[part.kind]))
    _check(request, part.kind, old, record)
    return c.Change(kind=part.kind, id=part.id, record=record)


def _check(request: web.Request, kind: str, old: Any, new: Any) -> None:
    """As for the edit itself: both what was and what would be must be the caller's to edit."""
    principal = principal_of(request)
    if kind == "agent":
        _check_agent(request, old, new)
        return
    noun = _NOUNS[kind]
    for record in (old, new):
        if record is not None:
            require(principal, noun.edit, noun.teams(record))
    if isinstance(new, Team):
        check_served(request, old.memberships if old is not None else (), new.memberships)


def _check_agent(request: web.Request, old: Agent | None, new: Agent | None) -> None:
    principal = principal_of(request)
    if old is not None:
        require(principal, "agent.edit", old.teams)
        check_teams(principal, {*(new.teams if new is not None else ())} ^ {*old.teams})
    elif new is not None:
        check_new_teams(principal, new.teams)
    if new is not None:
        check_served(request, old.memberships if old is not None else (), new.memberships)


def _memberships(request: web.Request, body: PreviewBody) -> list[c.Command]:
    state, found = request.app[DEPS].gateway.state, []
    for part in body.memberships:
        agent = state.agents.get(part.agent)
        if agent is None:
            raise missing("agent", part.agent)
        require(principal_of(request), "agent.edit", agent.teams)
        check_served(request, state.memberships(agent), (part.queue,))
        given = part.membership
        membership = Membership(**msgspec.structs.asdict(given)) if given is not None else None
        found.append(c.SetMembership(agent=part.agent, queue=part.queue, membership=membership))
    return list(found)


def _skills(request: web.Request, body: PreviewBody) -> list[c.Command]:
    if not body.skills:
        return []
    check_edits(request.app[DEPS].gateway.state, principal_of(request), body.skills)
    return [command_of(MatrixBody(edits=body.skills), None)]
