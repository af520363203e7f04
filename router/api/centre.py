"""The contact centre as a file: taken out whole, put in as one change that overwrites nothing unseen."""

from typing import Any, Literal

import msgspec
from aiohttp import web

from router.api.commanding import POSITION_HEADER, Done, Later, call_of, carry_out
from router.api.deps import DEPS
from router.api.problems import Problem, ProblemPart
from router.api.routes import Routes, body_of, query_of, respond
from router.centre.diff import Difference, Plan, compare, known
from router.centre.export import export
from router.centre.parse import CentreFileError, Parsed, parse

routes = Routes()

MEDIA = ("application/yaml", "text/yaml", "application/x-yaml")


class ApplyQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`dry_run` only compares. `take` says whose side wins where the centre was changed live since the file."""

    dry_run: bool = False
    take: Literal["", "file", "live"] = ""


class Applied(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the file changes, or changed (`applied`). `kept` were left as they are live; (kind, id) of each."""

    applied: bool
    differences: tuple[Difference, ...]
    conflicts: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    position: int = 0
    receipt: str = ""


@routes.route("GET", "/api/v1/centre", action="centre.export", answer=str, answer_media=MEDIA[0])
async def get(request: web.Request) -> web.Response:
    """The live centre as a file. Its `revision` is the state it was taken from."""
    gateway = request.app[DEPS].gateway
    return web.Response(
        text=export(gateway.state),
        content_type=MEDIA[0],
        charset="utf-8",
        headers={POSITION_HEADER: str(gateway.position)},
    )


@routes.route(
    "POST",
    "/api/v1/centre/apply",
    action="centre.export",
    query=ApplyQuery,
    answer=Applied,
    media=MEDIA,
    answers_command=True,
)
async def apply(request: web.Request) -> web.Response:
    """Apply a centre file, all of it or nothing. Deletes only what the file names under `remove`.

    Records changed live since the file's revision are conflicts (409) until `take` says which side wins.
    """
    query, gateway = query_of(request, ApplyQuery), request.app[DEPS].gateway
    if request.content_type not in MEDIA:
        raise Problem("unsupported_media_type", "Send the file as `Content-Type: application/yaml`.")
    plan = compare(gateway.state, _parsed(await body_of(request), known(gateway.state)), query.take or None)
    if query.dry_run:
        return respond(_said(plan))
    if plan.conflicts:
        raise Problem(
            "centre_conflict",
            "Records were changed live since the file's revision. Export and merge, or say take=file or take=live.",
            status=409,
            current=_said(plan),
        )
    if plan.command is None:
        return respond(_said(plan))
    ended = await carry_out(call_of(request), plan.command)
    return _answer(plan, ended)


def _parsed(data: bytes, names: Any) -> Parsed:
    try:
        return parse(data, names)
    except CentreFileError as error:
        parts = tuple(ProblemPart(pointer="/" + one.path.replace(".", "/"), detail=str(one)) for one in error.problems)
        raise Problem(
            "centre_invalid", "The file has errors; nothing was applied.", status=422, errors=parts
        ) from error


def _said(plan: Plan) -> Applied:
    return Applied(applied=False, differences=plan.differences, conflicts=plan.conflicts, kept=plan.kept)


def _answer(plan: Plan, ended: Done | Later) -> web.Response:
    said = _said(plan)
    if isinstance(ended, Later):
        headers = {"Location": f"/api/v1/receipts/{ended.receipt}"}
        return respond(msgspec.structs.replace(said, receipt=ended.receipt), 202, headers)
    headers = {POSITION_HEADER: str(ended.position)}
    return respond(msgspec.structs.replace(said, applied=True, position=ended.position), 200, headers)
