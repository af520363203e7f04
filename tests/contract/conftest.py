"""Stores to hold to the contract: the twin in memory, and Redis on every server that is here."""

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from router.runtime.embedded import find_server
from router.runtime.memory import MemoryStore, World
from router.runtime.redis_store import connect
from router.runtime.sole_store import SoleStore
from router.runtime.store import Store
from router.runtime.system import SystemClock
from tests.support import eventually_true

VALKEY = find_server()
REDIS = shutil.which("redis-server")
_domains = itertools.count()

Clients = Callable[[], Store]
"""Makes another client of the same domain."""


def serve(binary: Path) -> Iterator[str]:
    """A server of this kind on a unix socket of its own, and its URL."""
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        socket = Path(folder, "s")
        options = ["--port", "0", "--unixsocket", str(socket), "--dir", folder, "--save", "", "--appendonly", "yes"]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen([binary, *options], stdout=log, stderr=log)
            try:
                eventually_true(socket.exists)
                yield f"unix://{socket}"
            finally:
                process.terminate()
                process.wait(10)


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    yield from serve(VALKEY)


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    if REDIS is None:
        pytest.skip("no redis-server here")
    yield from serve(Path(REDIS))


@pytest.fixture(params=["memory", "valkey", "redis", "sole"])
async def clients(request: pytest.FixtureRequest) -> AsyncIterator[Clients]:
    made: list[Store] = []
    world = World(SystemClock())
    server = {"memory": "", "sole": "valkey"}.get(request.param, request.param)
    url = request.getfixturevalue(server) if server else ""
    domain = f"d{next(_domains)}"

    def another() -> Store:
        made.append(_client(request.param, url, domain) if url else MemoryStore(world))
        return made[-1]

    yield another
    for store in made:
        await store.close()


def _client(kind: str, url: str, domain: str) -> Store:
    return SoleStore(url, domain) if kind == "sole" else connect(url, domain)


@pytest.fixture
async def store(clients: Clients) -> Store:
    store = clients()
    await store.open()
    return store
