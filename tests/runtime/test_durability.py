"""A Redis that keeps less than is promised with it is refused at the start, with what to change there."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from router.gateway import StoreError
from router.runtime.durability import Durability, check_durability
from router.runtime.embedded import find_server
from router.runtime.errors import StoreUnfit
from router.runtime.redis_store import RedisStore, connect
from tests.support import eventually, free_port


class Pair:
    """A server with append-only file, and a place for its replica."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._running: list[subprocess.Popen[bytes]] = []
        self.url = self.start("primary", "--port", str(self._port), "--repl-diskless-sync-delay", "0")

    def start(self, name: str, *options: str) -> str:
        """Start a server; its URL."""
        folder = self._folder / name
        folder.mkdir()
        own = ["--unixsocket", str(folder / "s"), "--dir", str(folder), "--save", "", "--appendonly", "yes"]
        self._running.append(
            subprocess.Popen([find_server(), *own, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        return f"unix://{folder}/s"

    def start_replica(self) -> str:
        """Start the replica; its URL."""
        return self.start("replica", "--port", "0", "--replicaof", "127.0.0.1", str(self._port))

    def stop(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("pair"))
    yield made
    made.stop()


@pytest.fixture
async def redis(pair: Pair) -> AsyncIterator[Redis]:
    client = Redis.from_url(pair.url, driver_info=None)
    await eventually(lambda: answers(client))
    await client.config_set("appendonly", "yes")
    await client.config_set("appendfsync", "always")
    await client.config_set("maxmemory-policy", "noeviction")
    yield client
    await client.aclose()


@pytest.fixture
async def store(pair: Pair, redis: Redis) -> AsyncIterator[RedisStore]:
    store = connect(pair.url, "d")
    yield store
    await store.close()


async def answers(client: Redis) -> str:
    try:
        await client.ping()
    except RedisError:
        return ""
    return "yes"


@pytest.mark.parametrize(
    ("durability", "setting", "remedy"),
    [
        (
            "fsync",
            "appendfsync everysec",
            r'set appendfsync always there \(or promise less: durability = "everysec"',
        ),
        ("fsync", "appendonly no", "set appendonly yes there$"),
        ("everysec", "appendfsync no", "set appendfsync always there"),
        ("everysec", "appendonly no", "set appendonly yes there$"),
        ("replicated", "appendonly no", "set appendonly yes there$"),
        ("fsync", "maxmemory-policy allkeys-lru", "set maxmemory-policy noeviction there$"),
    ],
)
async def test_a_server_that_keeps_less_is_refused_with_what_to_set(
    store: RedisStore, redis: Redis, durability: Durability, setting: str, remedy: str
) -> None:
    await check_durability(store, durability, 0)
    await redis.config_set(*setting.split())
    with pytest.raises(StoreUnfit, match=remedy) as refused:
        await check_durability(store, durability, 0)
    assert setting in str(refused.value)


async def test_a_second_of_loss_may_be_promised_with_a_server_that_syncs_each_second(
    store: RedisStore, redis: Redis
) -> None:
    await redis.config_set("appendfsync", "everysec")
    with capture_logs() as logs:
        await check_durability(store, "everysec", 0)
    assert logs == []


async def test_a_server_that_may_not_be_asked_is_believed_with_a_warning(redis: Redis, pair: Pair) -> None:
    await redis.acl_setuser(
        "app", enabled=True, passwords=["+secret"], keys=["*"], categories=["+@all"], commands=["-config"]
    )
    app = connect(pair.url.replace("unix://", "unix://app:secret@"), "d")
    with capture_logs() as logs:
        await check_durability(app, "fsync", 0)
    await app.close()
    assert [(entry["event"], entry["promised"]) for entry in logs] == [("durability_unknown", "fsync")]


async def test_replicas_are_counted_when_they_are_promised(store: RedisStore, pair: Pair) -> None:
    with pytest.raises(StoreUnfit, match=r"0 of 1 replicas .*start them, or lower replicas"):
        await check_durability(store, "replicated", 1)
    url = await asyncio.to_thread(pair.start_replica)
    await eventually(lambda: has_replica(store), 10)
    with pytest.raises(StoreUnfit, match="1 of 2 replicas"):
        await check_durability(store, "replicated", 2)
    replica = connect(url, "d")
    with pytest.raises(StoreUnfit, match="name the master"):
        await check_durability(replica, "replicated", 1)
    await replica.close()


async def has_replica(store: RedisStore) -> str:
    try:
        await check_durability(store, "replicated", 1)
    except StoreUnfit:
        return ""
    return "yes"


async def test_nobody_there_is_a_store_error(tmp_path: Path) -> None:
    nobody = connect(f"unix://{tmp_path}/nobody", "d")
    with pytest.raises(StoreError):
        await check_durability(nobody, "fsync", 0)
    await nobody.close()
