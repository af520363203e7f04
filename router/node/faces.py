"""What a node shows: HTTP and sockets for agents, integrators, supervisors, customers' browsers."""

import asyncio
from collections.abc import Mapping
from typing import Any

import socketio
from aiohttp import web

from channels.addresses import Addresses
from channels.chat.namespace import Chat, register
from channels.intake import EventIntake
from router.api.app import build_app, build_probe, drain
from router.api.client_address import household, last_foreign
from router.api.deps import ApiSettings, Deps
from router.api.door import Door, runner_of
from router.api.waits import WAITS
from router.archive import limits as archive_limits
from router.archive.past import Where
from router.archive.past_process import PastProcess
from router.archive.reports import SqlReports
from router.gateway import Insight, StoreError
from router.node.running import Running
from router.runtime.duties import Duties
from router.runtime.redis_store import RedisStore
from router.runtime.typing_hub import TypingHub
from router.runtime.waits import Waits


class Faces:
    """The HTTP server with its sockets: agents, integrators, supervisors, customers' browsers."""

    def __init__(
        self, node: Running, intake: EventIntake, duties: Duties, stopping: asyncio.Event, insight: Insight
    ) -> None:
        """A node that is no gateway only says how it is."""
        self._node = node
        self._duties = duties
        self._stopping = stopping
        self._insight = insight
        log, url = node.settings.log, node.settings.database_url
        self._past = PastProcess(Where(database_url=url, log_level=log.level, log_form=log.form))
        deps = self._deps(intake)
        self._sio: socketio.AsyncServer | None = None
        if "gateway" in node.settings.roles:
            app, self._sio = build_app(deps)
            self._open_chat(deps, self._sio, app[WAITS])
        else:
            app = build_probe(deps)
        self._runner = runner_of(app)
        self.url = ""

    def _deps(self, intake: EventIntake) -> Deps:
        node, settings = self._node, self._node.settings
        return Deps(
            gateway=node.gateway,
            accounts=node.accounts,
            customers=node.customers,
            addresses=Addresses(node.secret),
            intake=intake,
            history=node.history,
            reports=SqlReports(node.database, again=archive_limits.REPORT_AGAIN),
            past=self._past,
            typing=TypingHub(node.peers),
            peers=node.peers,
            clock=node.clock,
            ids=node.ids,
            settings=ApiSettings(
                secret=settings.secret,
                node=node.name,
                gateway=node.gateway.gateway_id,
                origins=(*settings.origins, settings.public_url) if settings.public_url else settings.origins,
                trusted_proxies=settings.trusted_proxies,
            ),
            nodes=lambda: self._duties.there,
            ready=self._ready,
        )

    def _open_chat(self, deps: Deps, sio: socketio.AsyncServer, waits: Waits) -> None:
        chat = Chat(
            gateway=deps.gateway,
            history=deps.history,
            ids=deps.ids,
            clock=deps.clock,
            secret=self._node.secret,
            typing=deps.typing,
            address_of=self._address_of,
            insight=self._insight,
            expects=waits.shown,
        )
        register(sio, chat)

    async def open(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        settings = self._node.settings
        await self._runner.setup()
        await Door(self._runner, settings.host, settings.port).start()
        host, port = self._runner.addresses[0][:2]
        self.url = settings.public_url or f"http://{host}:{port}"

    async def close(self) -> None:
        """Let everybody go (readiness is off already), then stop listening."""
        if self._sio is not None:
            await drain(self._sio)
        await self._past.close()
        await self._runner.cleanup()

    async def _ready(self) -> Mapping[str, bool]:
        """What a load balancer asks: not stopping, the store answers, some node decides, new
        work is taken in."""
        node = self._node
        return {
            "running": not self._stopping.is_set(),
            "store": await _answers(node.store, node.gateway.gateway_id),
            "writer": not self._duties.undecided(),
            "admission": not node.gateway.full(),
        }

    def _address_of(self, environ: Mapping[str, Any]) -> str:
        request: web.Request = environ["aiohttp.request"]
        forwarded = request.headers.getall("X-Forwarded-For", [])
        return household(last_foreign(request.remote or "", forwarded, self._node.settings.trusted_proxies))


async def _answers(store: RedisStore, gateway: str) -> bool:
    try:
        await store.beating([gateway])
    except StoreError:
        return False
    return True
