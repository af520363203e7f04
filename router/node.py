"""A node: one process, wired by hand. What depends on what can be read here from top to bottom, and nowhere else.

`running` is a node without faces (for commands on a data folder); `serve` adds the faces and the channels. Whatever
ends a task of a node unexpectedly ends the node: nothing limps on.
"""

import asyncio
import gc
import random
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import structlog
from aiohttp import web

from channels.addresses import Addresses
from channels.chat.namespace import Chat, register
from channels.email.imap import ImapReader
from channels.email.intake import MailIntake
from channels.email.mailbox import ImapMailbox
from channels.email.outbound import Outbound
from channels.email.settings import MailboxSettings, mailboxes
from channels.email.smtp_intake import SmtpIntake
from channels.email.worker import Parser
from channels.intake import EventIntake
from channels.webhook.sender import WebhookSender
from router.api.app import build_app, drain
from router.api.client_address import last_foreign
from router.api.deps import ApiSettings, Deps
from router.archive import limits as archive_limits
from router.archive.accounts import SqlAccounts
from router.archive.customers import SqlCustomers
from router.archive.database import Database
from router.archive.history import SqlHistory
from router.archive.migrate import upgrade
from router.archive.naturals import Naturals
from router.archive.process import ArchiveProcess, Where
from router.archive.reports import SqlReports
from router.core.commands import Command, OfferCall, ReceiveMessage
from router.gateway import Clock, Ids, Receipt, StoreError
from router.runtime.blobs import Blobs
from router.runtime.domain import Domain
from router.runtime.embedded import Embedded
from router.runtime.errors import StartError
from router.runtime.redis_store import RedisStore, connect
from router.runtime.sole_store import SoleStore
from router.runtime.system import SystemClock, SystemIds
from router.runtime.typing_hub import TypingHub
from router.settings import Settings, SettingsError

log = structlog.stdlib.get_logger()

Job: TypeAlias = tuple[str, Coroutine[Any, Any, None]]

GC_THRESHOLD = (
    5_000  # new containers before a collection: a pause of 0.1 ms each, against 2.4 at ten times as many (measured)
)
BACKLOG_LOOK_S = 1.0  # the archive would need minutes to fall too far behind
SHUTDOWN_S = 5.0  # how long requests under way may take after the sockets are gone


def _store(settings: Settings, embedded: Embedded | None) -> tuple[str, RedisStore]:
    """The store and where it is: a private server's, which no other node writes to, or yours."""
    if embedded is not None:
        return embedded.url, SoleStore(embedded.url, settings.domain)
    return settings.redis_url, connect(settings.redis_url, settings.domain, replicas=_replicas(settings))


class AdmittingDomain(Domain):
    """Takes no new work in while the archive is too far behind; what is in the house goes on."""

    behind: Callable[[], bool] = staticmethod(bool)
    """Whether the archive is too far behind; set once there is an archive."""

    async def submit(self, command: Command, **how: Any) -> Receipt:
        """Raises StoreError for an arrival that would have to be kept in memory for too long."""
        if isinstance(command, OfferCall | ReceiveMessage) and self.behind():
            raise StoreError("the archive is too far behind to take new work in")
        return await super().submit(command, **how)


class Backlog:
    """How far history is behind the log, looked up now and then: its process says so in the data base only."""

    def __init__(self, domain: Domain, history: SqlHistory) -> None:
        self._domain = domain
        self._history = history
        self._archived = 0

    def too_long(self) -> bool:
        """Whether what is not archived yet would soon fill the store."""
        return self._domain.position - self._archived > archive_limits.LAG_EVENTS_MAX

    async def run(self) -> None:
        """Look until cancelled. While the data base is away, what was seen last counts."""
        while True:
            try:
                self._archived = await self._history.position()
            except StoreError as error:
                log.warning("backlog_unknown", reason=str(error))
            await asyncio.sleep(BACKLOG_LOOK_S)


class PortTaken(StartError):
    """The mail intake cannot listen."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A node that runs: its parts, for faces and commands."""

    settings: Settings
    name: str
    clock: Clock
    ids: Ids
    store_url: str
    store: RedisStore
    gateway: AdmittingDomain
    database: Database
    accounts: SqlAccounts
    customers: SqlCustomers
    history: SqlHistory
    naturals: Naturals
    backlog: "Backlog"
    embedded: Embedded | None

    @property
    def secret(self) -> bytes:
        """What keyed hashes and tokens are made with."""
        return self.settings.secret.encode()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """A node without faces. `settings` are prepared. Raises StartError and StoreError with what to do."""
    clock, ids = SystemClock(), SystemIds()
    name = await asyncio.to_thread(_name, settings.data_dir, ids)
    async with AsyncExitStack() as stack:
        embedded = None if settings.redis_url else Embedded(settings.data_dir / "redis", settings.redis_binary)
        if embedded is not None:
            await embedded.start()
            stack.push_async_callback(embedded.stop)
        database = await _database(settings)
        stack.push_async_callback(database.close)
        accounts, customers, naturals = SqlAccounts(database), SqlCustomers(database), Naturals(database)
        history = SqlHistory(database, naturals.perhaps, customers.whose)
        await accounts.start()
        await customers.start()
        store_url, store = _store(settings, embedded)
        stack.push_async_callback(store.close)
        blobs = Blobs(settings.blobs_url)
        domain = AdmittingDomain(store, clock, ids, blobs, node=name, elsewhere=history.contents)
        backlog = Backlog(domain, history)
        domain.behind = backlog.too_long
        domain.listen(naturals.follow)
        domain.on_reset(naturals.reset)
        await domain.start()
        naturals.reset(domain.state, domain.position)
        stack.push_async_callback(domain.stop)
        yield Running(
            settings=settings,
            name=name,
            clock=clock,
            ids=ids,
            store_url=store_url,
            store=store,
            gateway=domain,
            database=database,
            accounts=accounts,
            customers=customers,
            history=history,
            naturals=naturals,
            backlog=backlog,
            embedded=embedded,
        )


async def serve(settings: Settings, ready: Callable[[str], None] = lambda url: None) -> None:
    """Run a node with its faces until SIGTERM or SIGINT, then stop it in the order that loses nobody anything.

    `ready` is told the URL as soon as it answers.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    boxes = _mailboxes(settings)
    async with running(settings) as node:
        parser = Parser()
        mail = MailIntake(node.gateway, node.history, parser, secret=node.secret)
        intake = _smtp_intake(settings, mail)
        faces = Faces(node, EventIntake(node.gateway, node.history, secret=node.secret, mail=mail), stopping)
        async with asyncio.TaskGroup() as tasks:
            work = [tasks.create_task(_lasting(*job), name=job[0]) for job in _jobs(node, mail, boxes)]
            await _listen(intake)
            await faces.open()
            _settle_memory()
            ready(faces.url)
            log.info("node_started", node=node.name, url=faces.url, smtp_port=intake.port if intake else None)
            await stopping.wait()
            log.info("node_stopping", node=node.name)
            if intake is not None:
                intake.stop()
            await faces.close()
            for task in work:
                task.cancel()
        await parser.close()
    log.info("node_stopped", node=node.name)


def _jobs(node: Running, mail: MailIntake, boxes: list[MailboxSettings]) -> list[Job]:
    """Everything that runs beside the domain, by name."""
    webhooks = WebhookSender(
        node.gateway,
        node.clock,
        secret_of=node.settings.webhooks.secrets.get,
        chance=random.random,
        private_targets=node.settings.webhooks.private_targets,
    )
    outbound = Outbound(node.gateway, node.history, node.clock, boxes, secret=node.secret, node=node.name)
    readers: list[Job] = [
        (f"imap {box.name}", ImapReader(mail, ImapMailbox(box.imap), name=box.name, rcpt=box.address).run())
        for box in boxes
        if box.imap is not None
    ]
    jobs: list[Job] = [
        ("domain", node.gateway.wait()),
        ("archive", ArchiveProcess(_where(node)).run()),
        ("naturals", node.naturals.run()),
        ("customers", node.customers.run()),
        ("backlog", node.backlog.run()),
        ("webhooks", webhooks.run()),
        ("outbound", outbound.run()),
        *readers,
    ]
    return [*jobs, ("embedded", node.embedded.run())] if node.embedded is not None else jobs


async def _lasting(name: str, job: Coroutine[Any, Any, None]) -> None:
    """A job that must not end by itself: the node ends with it."""
    await job
    raise RuntimeError(f"the job {name} ended by itself")


async def _listen(intake: SmtpIntake | None) -> None:
    """Let the mail intake listen. Raises PortTaken."""
    if intake is None:
        return
    try:
        await intake.start()
    except OSError as error:
        raise PortTaken(
            f"the mail intake cannot listen on port {intake.port} ({error.strerror or error}): "
            "stop what listens there, or set another smtp_intake.port"
        ) from error


class Faces:
    """The HTTP server with its sockets: agents, integrators, supervisors, customers' browsers."""

    def __init__(self, node: Running, intake: EventIntake, stopping: asyncio.Event) -> None:
        self._node = node
        self._stopping = stopping
        settings = node.settings
        typing = TypingHub()
        deps = Deps(
            gateway=node.gateway,
            accounts=node.accounts,
            customers=node.customers,
            addresses=Addresses(node.secret),
            intake=intake,
            history=node.history,
            reports=SqlReports(node.database, again=archive_limits.REPORT_AGAIN),
            typing=typing,
            clock=node.clock,
            ids=node.ids,
            settings=ApiSettings(
                secret=settings.secret,
                gateway=node.gateway.gateway_id,
                origins=(*settings.origins, settings.public_url) if settings.public_url else settings.origins,
                trusted_proxies=settings.trusted_proxies,
            ),
            ready=self._ready,
        )
        app, self._sio = build_app(deps)
        chat = Chat(
            gateway=node.gateway,
            history=node.history,
            ids=node.ids,
            clock=node.clock,
            secret=node.secret,
            typing=typing,
            address_of=self._address_of,
        )
        register(self._sio, chat)
        # Nobody is asked to compress what they send: as it comes, it is neither a bomb nor anything that can be read.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S, auto_decompress=False)
        self.url = ""

    async def open(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        settings = self._node.settings
        await self._runner.setup()
        await web.TCPSite(self._runner, settings.host, settings.port, backlog=socket.SOMAXCONN).start()
        host, port = self._runner.addresses[0][:2]
        self.url = settings.public_url or f"http://{host}:{port}"

    async def close(self) -> None:
        """Let everybody go (readiness is off already), then stop listening."""
        await drain(self._sio)
        await self._runner.cleanup()

    async def _ready(self) -> Mapping[str, bool]:
        """What a load balancer asks: not stopping, the store answers, the archive keeps up."""
        node = self._node
        return {
            "running": not self._stopping.is_set(),
            "store": await _answers(node.store, node.gateway.gateway_id),
            "archive": not node.gateway.behind(),
        }

    def _address_of(self, environ: Mapping[str, Any]) -> str:
        request: web.Request = environ["aiohttp.request"]
        forwarded = request.headers.getall("X-Forwarded-For", [])
        return last_foreign(request.remote or "", forwarded, self._node.settings.trusted_proxies)


async def _answers(store: RedisStore, gateway: str) -> bool:
    try:
        await store.beating([gateway])
    except StoreError:
        return False
    return True


def _where(node: Running) -> Where:
    """What the archive's process has to know."""
    settings = node.settings
    return Where(
        store_url=node.store_url,
        domain=settings.domain,
        replicas=_replicas(settings),
        database_url=settings.database_url,
        log_level=settings.log.level,
        log_form=settings.log.form,
    )


def _replicas(settings: Settings) -> int:
    """How many replicas must have a write before it counts."""
    return settings.replicas if settings.durability == "replicated" else 0


def _settle_memory() -> None:
    """What was loaded at start lives as long as the process: keep it out of every collection, and collect less often.

    Records are trees without cycles; reference counts free them. A full collection would stop the loop for longer
    than a push takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 100)


def _mailboxes(settings: Settings) -> list[MailboxSettings]:
    """The mailboxes of the settings. Raises SettingsError."""
    try:
        return mailboxes(settings.mailboxes)
    except ValueError as error:
        raise SettingsError([str(error)]) from error


def _smtp_intake(settings: Settings, mail: MailIntake) -> SmtpIntake | None:
    """The built-in mail intake, if it is on. Raises SettingsError."""
    if not settings.smtp_intake.on:
        return None
    try:
        return SmtpIntake(mail, host=settings.smtp_intake.host, port=settings.smtp_intake.port)
    except ValueError as error:
        raise SettingsError([str(error)]) from error


async def _database(settings: Settings) -> Database:
    """The data base, at this version's schema."""
    await upgrade(settings.database_url)
    return await Database.open(settings.database_url)


def _name(folder: Path, ids: SystemIds) -> str:
    """This node's name, the same after every start: outbox entries in its hands are found again by it."""
    path = folder / "node"
    if not path.exists():
        path.write_text(ids.new("node") + "\n", encoding="ascii")
    return path.read_text(encoding="ascii").strip()
