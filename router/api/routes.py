"""The route table: what is declared here is what is checked, served and documented; there is no second list.

A route names its action (see `rights`), the struct of its body and of its answer. The wrapper refuses who may
never do the action, decodes the body and encodes the answer; the handler does the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import msgspec
from aiohttp import web

from router.api import limits
from router.api.problems import Problem, decoded, invalid
from router.api.rights import Action, Principal, check_password_changed, forbidden, may_ever

Handler: TypeAlias = Callable[..., Awaitable[Any]]
QueryT = TypeVar("QueryT", bound=msgspec.Struct)
BodyT = TypeVar("BodyT", bound=msgspec.Struct)

_encode = msgspec.json.Encoder().encode
_JSON = ("application/json",)
CORRELATION = web.RequestKey("correlation", str)
PRINCIPAL = web.RequestKey("principal", Principal)
BODY = web.RequestKey("body", bytes)
"""Where the bytes of a request's body are kept: what tells two requests under one idempotency key apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. `body` None: none is read here (`media` then says what the handler reads by itself)."""

    method: str
    path: str
    action: Action
    handler: Handler
    body: type[Any] | None = None
    answer: Any = None
    query: type[msgspec.Struct] | None = None
    status: int = 200
    media: tuple[str, ...] = _JSON
    answer_media: str = "application/json"
    answers_command: bool = False

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().splitlines()[0]

    @property
    def description(self) -> str:
        """The rest of it."""
        lines = [line.strip() for line in (self.handler.__doc__ or "").strip().splitlines()[1:]]
        return " ".join(line for line in lines if line)


class Routes:
    """A list of routes, filled by decorating handlers."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def route(self, method: str, path: str, *, action: Action, **more: Any) -> Callable[[Handler], Handler]:
        """Declare the decorated function as the handler of an operation; `more` are further fields of `Route`."""

        def declare(handler: Handler) -> Handler:
            self.all.append(Route(method=method, path=path, action=action, handler=handler, **more))
            return handler

        return declare


def served(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of a route."""
    decode = msgspec.json.Decoder(route.body).decode if route.body is not None else None

    async def handle(request: web.Request) -> web.StreamResponse:
        if route.action != "public":
            admit(request, route.action)
        if decode is None:
            answer = await route.handler(request)
        else:
            answer = await route.handler(request, decoded(await json_bytes(request), decode))
        return answer if isinstance(answer, web.StreamResponse) else respond(answer, route.status)

    return handle


def admit(request: web.Request, action: Action) -> None:
    """Raises Problem for the anonymous, and for those who may never do this, whatever the object."""
    principal = request.get(PRINCIPAL)
    if principal is None:
        why = "This token or key is not good (any more). " if "Authorization" in request.headers else ""
        raise Problem(
            "unauthenticated",
            f"{why}Log in at /api/v1/login, or send an API key, as `Authorization: Bearer …`.",
            headers={"WWW-Authenticate": 'Bearer realm="firstline"'},
        )
    check_password_changed(principal, action)
    if not may_ever(principal, action):
        raise forbidden(action)


def principal_of(request: web.Request) -> Principal:
    """Who calls: only in handlers of routes that are not public."""
    return request[PRINCIPAL]


def respond(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(body=_encode(value), status=status, headers=headers, content_type="application/json")


async def json_bytes(request: web.Request) -> bytes:
    """The body of a JSON request; nothing counts as an empty object. Raises Problem for another content type."""
    if not request.can_read_body:
        return b"{}"
    if request.content_type not in _JSON:
        raise Problem("unsupported_media_type", "Send `Content-Type: application/json`.")
    request[BODY] = data = await body_of(request)
    return data or b"{}"


async def body_of(request: web.Request) -> bytes:
    """The bytes of a body. Raises Problem for one that ends early or keeps us waiting."""
    try:
        async with asyncio.timeout(limits.BODY_WAIT_S):
            return await request.read()
    except TimeoutError as error:
        raise Problem("bad_request", "The rest of the body did not come in time.", status=408) from error
    except ConnectionResetError as error:
        raise Problem("bad_request", "The body ended early.") from error


def converted(value: Any, shape: type[BodyT]) -> BodyT:
    """An already decoded value as its struct. Raises Problem with the pointer of what is wrong."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise invalid(error) from error


def query_of(request: web.Request, shape: type[QueryT]) -> QueryT:
    """The query parameters as their struct. Raises Problem."""
    try:
        return msgspec.convert(dict(request.query), shape, strict=False)
    except msgspec.ValidationError as error:
        problem = invalid(error, root="?")
        raise Problem("bad_request", "A query parameter is wrong; see `errors`.", errors=problem.errors) from error
