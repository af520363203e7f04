"""Around every request: who calls, what it belongs to, how errors are answered, and the headers of every answer."""

import re
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from aiohttp import hdrs, web

from router.api import limits, metrics
from router.api.commanding import POSITION_HEADER
from router.api.deps import DEPS
from router.api.entrance import ENTRANCE, HANDSHAKE
from router.api.gates import GATES
from router.api.problems import Problem, again, as_problem
from router.api.rights import Principal
from router.api.routes import CORRELATION, PRINCIPAL
from router.api.tokens import TOKENS

log = structlog.get_logger()

CORRELATION_HEADER = "Firstline-Correlation"
SOCKET_PATH = "/socket.io/"
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_SECURITY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "Firstline",
}
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_SAID = {
    "not_found": "There is nothing here; see /docs.",
    "method_not_allowed": "This cannot be done here; the Allow header says what can. See /docs.",
    "too_large": f"A request has at most {limits.BODY_BYTES_MAX} bytes. Send less at once.",
    "bad_request": "The request cannot be understood.",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def around(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Resolve the caller, wait for the position they saw, and answer every error as a problem."""
    if request.path.startswith(SOCKET_PATH):
        return await _socket(request, handler)
    correlation = _correlation(request)
    request[CORRELATION] = correlation
    structlog.contextvars.bind_contextvars(correlation=correlation)
    gates = request.app[GATES]
    try:
        with gates.room(request):
            principal = await _principal(request)
            if principal is None:
                gates.check_stranger(request)
            else:
                gates.check(principal)
                request[PRINCIPAL] = principal
            if POSITION_HEADER in request.headers:
                await _caught_up(request)
            response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = _problem(_of_http(error), correlation)
    except Exception as error:
        problem = as_problem(error)
        if problem is None:
            log.exception("request_failed", method=request.method, route=_route(request))
            problem = Problem("internal", "Something failed here; the operators can find it by `instance`.")
        response = _problem(problem, correlation)
    method = request.method if request.method in hdrs.METH_ALL else "other"
    metrics.REQUESTS.labels(method, response.status).inc()
    response.headers[CORRELATION_HEADER] = correlation
    return response


async def _socket(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """A websocket's handshake waits for its turn; everything else is refused by the library at once."""
    if "Upgrade" not in request.headers:
        return await handler(request)
    try:
        handshake = await request.app[ENTRANCE].turn()
    except Problem as problem:
        return _problem(problem, _correlation(request))
    try:
        request[HANDSHAKE] = handshake
        return await handler(request)
    finally:
        handshake.over()


async def secured(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer, sockets' handshakes included, unless the handler said otherwise."""
    headers = response.headers
    for name, value in _SECURITY.items():
        headers.setdefault(name, value)
    if request.secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"


def _correlation(request: web.Request) -> str:
    """The trace id that the caller brings (W3C trace context), else a new one."""
    given = request.headers.get("traceparent")
    found = _TRACE.fullmatch(given) if given else None
    return found.group(1) if found else request.app[DEPS].unique()


async def _principal(request: web.Request) -> Principal | None:
    """Who calls, or None. Only the Authorization header counts: no cookie, so no cross-site request (ASVS 3.5)."""
    given = request.headers.get("Authorization")
    if not given or given[:7].lower() != "bearer ":
        return None
    return await request.app[TOKENS].caller(given[7:].strip())


async def _caught_up(request: web.Request) -> None:
    """Read your writes, on any node: wait until this one has applied what the caller already saw."""
    given = request.headers[POSITION_HEADER]
    if not given.isdecimal() or len(given) > limits.REVISION_DIGITS_MAX:
        raise Problem("bad_request", f"{POSITION_HEADER} is the number that an earlier answer carried.")
    if not await request.app[DEPS].gateway.reached(int(given), limits.REACHED_WAIT_S):
        raise Problem(
            "not_reached",
            "This node has not got to that position yet. Ask again.",
            headers=again(),
        )


def _of_http(error: web.HTTPException) -> Problem:
    code = _HTTP_CODES.get(error.status, "bad_request")
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Problem(code, _SAID[code], status=error.status, headers=headers)


def _problem(problem: Problem, correlation: str) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(problem.details(correlation)),
        status=problem.status,
        headers=problem.headers,
        content_type="application/problem+json",
    )


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else ""
