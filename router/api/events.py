"""CloudEvents 1.0 from integrators: single or batch, structured or binary mode. The hot way in, so kept lean.

202 once durable; with `Prefer: wait=n` (RFC 7240) the outcome. In a batch each event has its own result, and a bad
one harms no other.
"""

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from aiohttp import web

from router.api import limits, metrics
from router.api.commanding import POSITION_HEADER, done, receipt_id
from router.api.deps import DEPS, Deps
from router.api.gates import GATES
from router.api.problems import Problem, ProblemDetails, again, as_problem, decoded
from router.api.rights import Principal
from router.api.routes import CORRELATION, Routes, body_of, principal_of, respond
from router.gateway import CloudEvent, EventRefused, KeyConflict, Receipt

routes = Routes()

log = structlog.get_logger()

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
JSON = "application/json"

_one = msgspec.json.Decoder(CloudEvent).decode
_many = msgspec.json.Decoder(list[msgspec.Raw]).decode
_wait = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,6})")
_BINARY = {"specversion", "id", "source", "type", "subject", "time"}


class EventResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event. 202: durable, ask for the `receipt`. 200: decided; item and conversation say where
    it went. Else `problem` says why not."""

    status: int
    receipt: str = ""
    duplicate: bool = False
    position: int = 0
    item: str = ""
    conversation: str = ""
    problem: ProblemDetails | None = None


class EventResults(msgspec.Struct, frozen=True, kw_only=True):
    """One result per event of a batch, in order."""

    results: list[EventResult]


@routes.route("POST", "/api/v1/events", action="event.post", answer=EventResult, status=202, media=(STRUCTURED, BATCH))
async def post(request: web.Request) -> web.Response:
    """Post CloudEvents: one (structured or binary mode) or a batch.

    Source and id recognise a duplicate, which is answered like the first. `Prefer: wait=n` waits up to n seconds
    for the outcome and answers 200 with the item and conversation.
    """
    wait_s = _preferred(request)
    media, data = request.content_type, await body_of(request)
    if "ce-id" in request.headers or "ce-specversion" in request.headers:
        return _single(await _take(request, _binary(request, media, data), wait_s), wait_s)
    if media == BATCH or (media == JSON and data[:64].lstrip()[:1] == b"["):
        return await _batch(request, data, wait_s)
    if media not in (STRUCTURED, JSON):
        raise Problem("unsupported_media_type", f"Send {STRUCTURED}, {BATCH}, or binary mode with ce- headers.")
    return _single(await _take(request, decoded(data, _one), wait_s), wait_s)


def _binary(request: web.Request, media: str, data: bytes) -> CloudEvent:
    """Binary mode: attributes are headers, the body is the data (CloudEvents HTTP binding, 3.1)."""
    given = {name: request.headers.get(f"ce-{name}", "") for name in _BINARY}
    missing = sorted(name for name in ("specversion", "id", "source", "type") if not given[name])
    if missing:
        raise Problem("bad_event", f"Binary mode needs the header ce-{missing[0]}.", status=400)
    if media != JSON:
        raise Problem("unsupported_media_type", "In binary mode the body is the event's data, as application/json.")
    return CloudEvent(**given, data=decoded(data, msgspec.json.decode) if data else None)


async def _batch(request: web.Request, data: bytes, wait_s: int) -> web.Response:
    """One after the other, so that events of one call keep their order."""
    raws = decoded(data, _many)
    if len(raws) > limits.EVENTS_PER_BATCH_MAX:
        raise Problem("too_large", f"A batch has at most {limits.EVENTS_PER_BATCH_MAX} events; send several.")
    request.app[GATES].check(principal_of(request), len(raws))
    results: list[EventResult] = []
    taken: list[tuple[int, Receipt]] = []
    for index, raw in enumerate(raws):
        try:
            receipt = await _received(request, decoded(raw, _one))
        except Exception as error:
            results.append(_refused(request, error))
            continue
        taken.append((index, receipt))
        results.append(_durable(receipt))
    if wait_s:
        ended = await asyncio.gather(*(_ended(request, receipt, wait_s) for _, receipt in taken))
        for (index, _), result in zip(taken, ended, strict=True):
            results[index] = result
    headers = _applied(wait_s)
    if any(result.status == HTTPStatus.SERVICE_UNAVAILABLE for result in results):
        headers |= again()
    return respond(EventResults(results=results), 200 if wait_s else 202, headers)


async def _take(request: web.Request, event: CloudEvent, wait_s: int) -> EventResult:
    receipt = await _received(request, event)
    return await _ended(request, receipt, wait_s) if wait_s else _durable(receipt)


async def _received(request: web.Request, event: CloudEvent) -> Receipt:
    deps: Deps = request.app[DEPS]
    principal: Principal = principal_of(request)
    try:
        receipt = await deps.intake.take(event, by=principal.by)
    except EventRefused as refused:
        metrics.EVENTS_REFUSED.labels(refused.code).inc()
        raise
    except KeyConflict as error:
        metrics.EVENTS_REFUSED.labels("key_conflict").inc()
        raise Problem(
            "key_conflict", "Another event came with this source and id. Ids are never used twice."
        ) from error
    metrics.EVENTS_ACCEPTED.labels(event.type.partition(".")[0]).inc()
    return receipt


async def _ended(request: web.Request, receipt: Receipt, wait_s: int) -> EventResult:
    outcome = await request.app[DEPS].gateway.outcome(receipt, float(wait_s))
    if outcome is None:
        return _durable(receipt)
    try:
        ended = done(outcome)
    except Problem as problem:
        return _refused(request, problem)
    return EventResult(
        status=200,
        receipt=receipt_id(receipt),
        duplicate=receipt.duplicate,
        position=ended.position,
        item=ended.item,
        conversation=ended.conversation,
    )


def _durable(receipt: Receipt) -> EventResult:
    return EventResult(status=202, receipt=receipt_id(receipt), duplicate=receipt.duplicate)


def _refused(request: web.Request, error: Exception) -> EventResult:
    problem = as_problem(error)
    if problem is None:
        log.error("event_failed", exc_info=error)
        problem = Problem("internal", "Something failed here; the operators can find it by `instance`.")
    return EventResult(status=problem.status, problem=problem.details(request[CORRELATION]))


def _single(result: EventResult, wait_s: int) -> web.Response:
    if result.problem is not None:
        return web.Response(
            body=msgspec.json.encode(result.problem), status=result.status, content_type="application/problem+json"
        )
    headers: dict[str, str] = dict(_applied(wait_s) if result.status == 200 else {})
    if result.status == 202:
        headers["Location"] = f"/api/v1/receipts/{result.receipt}"
    else:
        headers[POSITION_HEADER] = str(result.position)
    return respond(result, result.status, headers)


def _applied(wait_s: int) -> dict[str, str]:
    return {"Preference-Applied": f"wait={wait_s}"} if wait_s else {}


def _preferred(request: web.Request) -> int:
    """The seconds of `Prefer: wait=n`, bounded; 0 when nobody wants to wait."""
    headers: Mapping[str, Any] = request.headers
    if "Prefer" not in headers:
        return 0
    found = _wait.search(headers["Prefer"])
    return min(int(found.group(1)), limits.PREFER_WAIT_S_MAX) if found else 0
