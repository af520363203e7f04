"""Is the process alive, and may traffic come? Details only for those who may read metrics."""

import msgspec
from aiohttp import web

from router.api.deps import DEPS
from router.api.rights import may
from router.api.routes import PRINCIPAL, Routes, respond

routes = Routes()


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`status` is ok or unavailable. `checks` names what is well and what is not, for operators."""

    status: str
    checks: dict[str, bool] = {}


@routes.route("GET", "/healthz", action="public", answer=Health)
async def alive(request: web.Request) -> Health:
    """Whether the process answers at all. Restart it when it does not."""
    return Health(status="ok")


@routes.route("GET", "/readyz", action="public", answer=Health)
async def ready(request: web.Request) -> web.Response:
    """Whether this node can take traffic: 200 or 503."""
    checks = dict(await request.app[DEPS].ready())
    well = all(checks.values())
    principal = request.get(PRINCIPAL)
    shown = checks if principal is not None and may(principal, "metrics.read") else {}
    return respond(Health(status="ok" if well else "unavailable", checks=shown), 200 if well else 503)
