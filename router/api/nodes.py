"""The nodes of the domain: who is there, and what each does. As this node heard last."""

import msgspec
from aiohttp import web

from router.api.deps import DEPS
from router.api.routes import Routes

routes = Routes()


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A node: its name, and where it listens. `duties` is what it does for all: `writer`, `archive`, `outbox:email`,
    `imap:…`. `answers`: it is the one that says this."""

    id: str
    host: str
    port: int
    roles: tuple[str, ...]
    version: str
    duties: tuple[str, ...]
    answers: bool


class Nodes(msgspec.Struct, frozen=True, kw_only=True):
    """All nodes, by id."""

    rows: list[NodeView]


@routes.route("GET", "/api/v1/nodes", action="metrics.read", answer=Nodes)
async def list_nodes(request: web.Request) -> Nodes:
    """The nodes that are there. One that died is gone after three seconds; one that stopped, at once."""
    deps = request.app[DEPS]
    rows = [
        NodeView(
            id=id,
            host=member.host,
            port=member.port,
            roles=member.roles,
            version=member.version,
            duties=member.duties,
            answers=id == deps.settings.node,
        )
        for id, member in sorted(deps.nodes().items())
    ]
    return Nodes(rows=rows)
