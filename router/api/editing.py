"""Editing records with ETag and If-Match (RFC 9110 section 13): nobody overwrites what they have not seen."""

from typing import Any

from aiohttp import web

from router.api import limits
from router.api.commanding import POSITION_HEADER, Later, answered, call_of, carry_out
from router.api.deps import DEPS
from router.api.problems import Problem
from router.api.routes import respond
from router.api.shapes import shown
from router.core.commands import ApplyCentre, CentreRecord, Change


def etag(revision: int) -> str:
    """The strong entity tag of a record's revision."""
    return f'"{revision}"'


def if_match(request: web.Request) -> int | None:
    """The revision in If-Match; None for `*` (whatever is there) or when there is no such header."""
    text = request.headers.get("If-Match", "").strip()
    if text in ("", "*"):
        return None
    digits = text.removeprefix("W/").strip('"')
    if not digits.isdecimal() or len(digits) > limits.REVISION_DIGITS_MAX:
        raise Problem("bad_request", 'If-Match is the ETag of the record as you read it, like "7", or *.')
    return int(digits)


def seen(request: web.Request, existing: Any) -> int | None:
    """What the editor saw, for a record that is put or deleted: 0 for a new one. Raises Problem 428 or 412."""
    revision = if_match(request)
    if existing is None:
        if "If-Match" in request.headers:
            raise Problem("stale_revision", "The record does not exist (any more). Leave If-Match out to make it.")
        return 0
    if "If-Match" not in request.headers:
        raise Problem(
            "precondition_required",
            "This record exists. Read it, and send its ETag as If-Match, so that no other edit is lost.",
            current=shown(existing),
            headers={"ETag": etag(existing.revision)},
        )
    if revision is not None and revision != existing.revision:
        raise Problem(
            "stale_revision",
            "The record was changed since you read it. `current` is what it is now.",
            subject=existing.id,
            current=shown(existing),
            headers={"ETag": etag(existing.revision)},
        )
    return revision


def tagged(record: Any) -> web.Response:
    """A record with its ETag."""
    return respond(shown(record), 200, {"ETag": etag(record.revision)})


async def put(request: web.Request, kind: str, record: CentreRecord) -> web.Response:
    """Put one record: 201 if it is new, 200 if it was there; the answer is the record with its new ETag."""
    gateway = request.app[DEPS].gateway
    existing = gateway.state.get((kind, record.id))
    change = Change(kind=kind, id=record.id, record=record, seen=seen(request, existing))
    ended = await carry_out(call_of(request), ApplyCentre(changes=(change,)))
    if isinstance(ended, Later) or not await gateway.reached(ended.position, limits.REACHED_WAIT_S):
        return answered(ended)
    now = gateway.state.get((kind, record.id))
    if now is None:
        return answered(ended)
    headers = {"ETag": etag(now.revision), POSITION_HEADER: str(ended.position)}
    return respond(shown(now), 201 if existing is None else 200, headers)


async def delete(request: web.Request, kind: str, id: str, *, becomes: str | None = None) -> web.Response:
    """Delete one record that nothing else names, or that something takes the place of."""
    existing = request.app[DEPS].gateway.state.get((kind, id))
    if existing is None:
        raise missing(kind, id)
    change = Change(kind=kind, id=id, seen=seen(request, existing), becomes=becomes)
    return answered(await carry_out(call_of(request), ApplyCentre(changes=(change,))))


def missing(kind: str, id: str) -> Problem:
    """There is no such record."""
    return Problem("unknown_record", f"There is no {kind.replace('_', ' ')} with this id.", subject=id)
