"""Domains on real stores: the twin in memory, and an embedded Valkey of their own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from router.core import commands as c
from router.core.facts import Facts
from router.gateway import Clock, Outcome
from router.runtime.blobs import Blobs
from router.runtime.domain import Domain
from router.runtime.embedded import Embedded
from router.runtime.memory import MemoryStore, World
from router.runtime.redis_store import connect
from router.runtime.store import Store
from router.runtime.system import SystemClock, SystemIds
from tests.core.world import CENTRE

Domains = Callable[..., Awaitable[Domain]]
"""Starts a domain on a client of its own: `node` names it, `writes` lets it stand by as the writer."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Embedded]:
    server = Embedded(tmp_path / "store")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def world() -> World:
    return World(SystemClock())


@pytest.fixture(params=["memory", "valkey"])
async def store_of(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> AsyncIterator[Callable[[], Store]]:
    made: list[Store] = []
    server = Embedded(tmp_path / "store") if request.param == "valkey" else None
    if server is not None:
        await server.start()

    def another() -> Store:
        made.append(connect(server.url, "d") if server is not None else MemoryStore(world))
        return made[-1]

    yield another
    for store in made:
        await store.close()
    if server is not None:
        await server.stop()


@pytest.fixture
async def domains(store_of: Callable[[], Store], tmp_path: Path) -> AsyncIterator[Domains]:
    made: list[Domain] = []

    async def start(*, node: str = "n1", writes: bool = True, store: Store | None = None) -> Domain:
        domain = build(store or store_of(), tmp_path, node=node, writes=writes)
        made.append(domain)
        await domain.start()
        return domain

    yield start
    for domain in made:
        await domain.stop()


@pytest.fixture
async def domain(domains: Domains) -> Domain:
    """A domain that writes, with the small centre in it."""
    domain = await domains()
    await do(domain, CENTRE)
    return domain


def build(store: Store, folder: Path, *, node: str = "n1", writes: bool = True, clock: Clock | None = None) -> Domain:
    blobs = Blobs(str(folder / "blobs"))
    return Domain(store, clock or SystemClock(), SystemIds(), blobs, node=node, writes=writes)


async def attempt(domain: Domain, command: c.Command, key: str = "") -> Outcome:
    """How the command ended."""
    outcome = await domain.outcome(await domain.submit(command, key=key), wait_s=10)
    assert outcome is not None, "no outcome within 10 s"
    return outcome


async def do(domain: Domain, command: c.Command, key: str = "") -> Outcome:
    """The outcome of a command that is accepted."""
    outcome = await attempt(domain, command, key)
    assert outcome.rejection == "", outcome
    return outcome


async def sign_on(domain: Domain, *agents: str) -> None:
    for agent in agents:
        await do(domain, c.ConnectClient(agent=agent, client=f"tab-{agent}", gateway=domain.gateway_id))
        await do(domain, c.SetPresence(agent=agent, state="available"))


def offer(call: str, queue: str = "help") -> c.OfferCall:
    return c.OfferCall(call=call, item=f"i-{call}", conversation=f"c-{call}", facts=Facts(queue=queue))
