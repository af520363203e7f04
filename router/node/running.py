"""A node without faces: store, data base and domain, started in order and stopped in the opposite one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from router.archive.accounts import SqlAccounts
from router.archive.customers import SqlCustomers
from router.archive.database import Database
from router.archive.history import SqlHistory
from router.archive.joint import check_pasts
from router.archive.migrate import upgrade
from router.archive.naturals import Naturals
from router.gateway import Clock, Ids
from router.node.admission import AdmittingDomain, Backlog, Pasts, Watch
from router.node.private import Begun, private_server
from router.runtime.blobs import Blobs
from router.runtime.durability import check_durability
from router.runtime.embedded import Embedded
from router.runtime.peers import NoPeers, Peers, RedisPeers
from router.runtime.redis_place import SCHEMES
from router.runtime.redis_store import RedisStore, clients, connect
from router.runtime.room import DiskRoom, StoreRoom
from router.runtime.sole_store import SoleStore
from router.runtime.system import SystemClock, SystemIds
from router.settings import Settings, SettingsError


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
    peers: Peers
    database: Database
    accounts: SqlAccounts
    customers: SqlCustomers
    history: SqlHistory
    naturals: Naturals
    watches: Mapping[str, Watch]
    embedded: Embedded | None

    @property
    def secret(self) -> bytes:
        """What keyed hashes and tokens are made with."""
        return self.settings.secret.encode()


@asynccontextmanager
async def running(settings: Settings, begun: Begun | None = None) -> AsyncIterator[Running]:
    """A node without faces. `settings` are prepared; `begun` is its private server, if it was begun before.

    Raises StartError, SettingsError, StoreError with what to do.
    """
    clock, ids = SystemClock(), SystemIds()
    name = await asyncio.to_thread(_name, settings.data_dir, ids)
    async with AsyncExitStack() as stack:
        server = begun if begun is not None else await stack.enter_async_context(private_server(settings))
        database = await _database(settings)
        stack.push_async_callback(database.close)
        accounts, customers, naturals = SqlAccounts(database), SqlCustomers(database), Naturals(database)
        history = SqlHistory(database, naturals.perhaps, customers.whose)
        await accounts.start()
        await customers.start()
        embedded = await server
        store_url, store = _store(settings, embedded)
        stack.push_async_callback(store.close)
        if embedded is None:
            await check_durability(store, settings.durability, replicas_of(settings))
        else:
            await store.forget_holders()  # the folder is locked: whoever held anything here is dead
        await check_pasts(database, store)
        domain = AdmittingDomain(
            store,
            clock,
            ids,
            _blobs(settings),
            node=name,
            writes="writer" in settings.roles,
            elsewhere=history.contents,
        )
        backlog, disks, memory = Backlog(domain, history), DiskRoom(_disks(settings)), StoreRoom(store)
        domain.guards = (domain.stale, backlog.too_long, disks.refusal, memory.refusal)
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
            peers=_peers(settings, name),
            database=database,
            accounts=accounts,
            customers=customers,
            history=history,
            naturals=naturals,
            watches={
                "backlog": backlog,
                "disks": disks,
                "memory": memory,
                "pasts": Pasts(lambda: check_pasts(database, store)),
            },
            embedded=embedded,
        )


def replicas_of(settings: Settings) -> int:
    """How many replicas must have a write before it counts."""
    return settings.replicas if settings.durability == "replicated" else 0


def settles(settings: Settings) -> bool:
    """Whether the newest part of the log may still be lost, by a crash or a failover: then history stays behind it, for
    no node goes on with a log that ends before history."""
    moves = settings.redis_url.partition("://")[0] in SCHEMES
    return settings.durability == "everysec" or (moves and settings.durability != "replicated")


def _disks(settings: Settings) -> list[Path]:
    """Folders of ours, perhaps on several disks, that what is accepted is written to."""
    database = make_url(settings.database_url)
    folders = [settings.data_dir]
    if database.get_backend_name() == "sqlite" and database.database:
        folders.append(Path(database.database).parent)
    blobs = settings.blobs_url.removeprefix("file://")
    if "://" not in blobs:
        folders.append(Path(blobs))
    return folders


def _store(settings: Settings, embedded: Embedded | None) -> tuple[str, RedisStore]:
    """The store and where it is: a private server's, which no other node writes to, or yours. Raises SettingsError."""
    if embedded is not None:
        return embedded.url, SoleStore(embedded.url, settings.domain)
    try:
        return settings.redis_url, connect(settings.redis_url, settings.domain, replicas=replicas_of(settings))
    except ValueError as error:
        raise SettingsError([f"redis_url: {error}"]) from error


def _peers(settings: Settings, name: str) -> Peers:
    """The other nodes; on a private server there are none."""
    if not settings.redis_url:
        return NoPeers()
    return RedisPeers(clients(settings.redis_url, settings.domain), settings.domain, name)


def _blobs(settings: Settings) -> Blobs:
    try:
        return Blobs(settings.blobs_url)
    except (ImportError, ValueError) as error:
        raise SettingsError([f"blobs_url: {error}. A folder that every node sees is enough"]) from error


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
