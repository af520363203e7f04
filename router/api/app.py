"""Puts the outer face together, by hand, and takes it down in the order that loses nobody anything."""

import asyncio
import logging
from collections.abc import Iterable

import socketio
from aiohttp import web

from router.api import (
    accounts,
    agents,
    asking,
    audit,
    board,
    callbacks,
    centre,
    closing,
    colleagues,
    conversations,
    customers,
    deliveries,
    escalating,
    events,
    health,
    items,
    limits,
    login,
    matrix,
    metrics,
    nodes,
    openapi,
    presence,
    preview,
    receipts,
    records,
    reports,
    staff,
    waits,
)
from router.api.deps import DEPS, Deps
from router.api.entrance import ENTRANCE, Entrance
from router.api.gates import GATES, Gates
from router.api.live import LIVE, Live
from router.api.middleware import around, secured
from router.api.origins import Origins
from router.api.outgoing import cut
from router.api.pages import add_pages
from router.api.passwords import PASSWORDS, THROTTLE, Passwords, Throttle
from router.api.push import Pusher
from router.api.routes import Route, served
from router.api.sessions import SESSIONS, Sessions
from router.api.socket_wire import NAMESPACE, SocketJson, SocketPacket, SocketRooms, SocketServer
from router.api.sockets import AgentNamespace
from router.api.tokens import TOKENS, Tokens
from router.runtime.waits import Waits

_NOUNS = (
    login,
    events,
    receipts,
    items,
    callbacks,
    conversations,
    customers,
    board,
    agents,
    presence,
    staff,
    colleagues,
    asking,
    escalating,
    matrix,
    waits,
    records,
    preview,
    closing,
    centre,
    accounts,
    audit,
    deliveries,
    reports,
    nodes,
    metrics,
    health,
    openapi,
)


def route_table() -> list[Route]:
    """Every operation of the API."""
    return [route for noun in _NOUNS for route in noun.routes.all]


def build_app(deps: Deps) -> tuple[web.Application, socketio.AsyncServer]:
    """The application and its Socket.IO server, which other namespaces (the chat's) may still be registered on."""
    app = web.Application(middlewares=[around], client_max_size=limits.BODY_BYTES_MAX)
    app.on_response_prepare.append(secured)
    tokens = Tokens(deps.settings.secret, deps.accounts, deps.clock)
    origins = Origins(deps.settings.origins, deps.gateway)
    sio = _socket_server(origins)
    pusher = Pusher(sio, deps.gateway, tokens.still_good)
    gates = Gates(deps.clock)
    namespace = AgentNamespace(deps, tokens, origins, pusher, gates)
    sio.register_namespace(namespace)
    sessions, live = Sessions(deps.accounts), Live()
    app[waits.WAITS] = measured = Waits(lambda: deps.gateway.state, deps.clock)
    deps.accounts.on_change(namespace.kick)
    deps.typing.subscribe(namespace.typing)
    for listener in (live, metrics.observe, measured, pusher, namespace.follow):
        deps.gateway.listen(listener)
    for reset in (pusher.reset, namespace.reset):
        deps.gateway.on_reset(reset)
    app[DEPS], app[TOKENS], app[SESSIONS], app[LIVE] = deps, tokens, sessions, live
    app[PASSWORDS], app[THROTTLE] = Passwords(), Throttle(deps.clock, deps.peers)
    app[GATES], app[ENTRANCE] = gates, Entrance(lambda: len(sio.eio.sockets))
    app[metrics.PUSHER], app[openapi.DOCUMENT] = pusher, openapi.document(route_table())
    _add(app, route_table())
    add_pages(app)
    sio.attach(app)
    return app, sio


def build_probe(deps: Deps) -> web.Application:
    """What a node shows that is no gateway: is it alive, is it well, what does it count."""
    app = web.Application(middlewares=[around], client_max_size=limits.BODY_BYTES_MAX)
    app.on_response_prepare.append(secured)
    app[DEPS], app[TOKENS] = deps, Tokens(deps.settings.secret, deps.accounts, deps.clock)
    app[GATES] = Gates(deps.clock)
    deps.gateway.listen(metrics.observe)
    _add(app, [*health.routes.all, *metrics.routes.all, *nodes.routes.all])
    return app


def _add(app: web.Application, routes: Iterable[Route]) -> None:
    for route in routes:
        handler = served(route)
        app.router.add_route(route.method, route.path, handler)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, handler)


async def drain(sio: socketio.AsyncServer) -> None:
    """Let every socket go before the web server stops: readiness is off by now, intake has ended.

    Tells agents why, disconnects, waits a bounded time for the connections to end, and cuts what remains. Without
    this a stop takes twice aiohttp's shutdown time-out.
    """
    namespace = sio.namespace_handlers.get(NAMESPACE)
    if isinstance(namespace, AgentNamespace):
        namespace.announce_stop()
    for name in list(sio.manager.get_namespaces()):
        for sid, _ in list(sio.manager.get_participants(name, None)):
            await sio.disconnect(sid, namespace=name)
    if sio.eio.service_task_handle is not None:  # a second call would await None
        await sio.shutdown()
    try:
        async with asyncio.timeout(limits.DRAIN_S):
            while sio.eio.sockets:  # noqa: ASYNC110 - the library has no event for it
                await asyncio.sleep(limits.DRAIN_LOOK_S)
    except TimeoutError:
        for environ in list(sio.environ.values()):
            cut(environ["aiohttp.request"].transport)
    if isinstance(namespace, AgentNamespace):
        await namespace.reported()


def _socket_server(origins: Origins) -> socketio.AsyncServer:
    return SocketServer(
        async_mode="aiohttp",
        client_manager=SocketRooms(),
        transports=["websocket"],
        async_handlers=False,
        cors_allowed_origins=origins.admitted,
        ping_interval=limits.PING_INTERVAL_S,
        ping_timeout=limits.PING_TIMEOUT_S,
        max_http_buffer_size=limits.SOCKET_MESSAGE_BYTES_MAX,
        json=SocketJson,
        serializer=SocketPacket,
        logger=logging.getLogger("socketio.server"),
        engineio_logger=logging.getLogger("engineio.server"),
        namespaces=[],
    )
