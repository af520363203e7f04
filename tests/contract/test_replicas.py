"""With replicas asked for, nothing is promised, followed or sent before they have it."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from router.archive.joint import check_store
from router.archive.replay import Place
from router.gateway import Outcome, StoreError
from router.runtime.redis_store import RedisStore, connect
from router.runtime.store import Out, Placed
from tests.contract.conftest import VALKEY
from tests.contract.test_store import commit, lease_of, put
from tests.support import eventually, free_port


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A primary and its replica: the URL of the one, the process id of the other."""
    port = free_port()
    made = []
    for name, more in (
        ("primary", ["--port", str(port), "--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0"]),
        ("replica", ["--port", "0", "--replicaof", "127.0.0.1", str(port)]),
    ):
        folder = tmp_path / name
        folder.mkdir()
        options = ["--unixsocket", str(folder / "s"), "--dir", str(folder), "--save", "", *more]
        made.append(subprocess.Popen([VALKEY, *options], stdout=subprocess.DEVNULL))
    yield f"unix://{tmp_path}/primary/s", made[1].pid
    for process in made:
        process.kill()
        process.wait()


@pytest.fixture
async def store(pair: tuple[str, int]) -> AsyncIterator[RedisStore]:
    raw = Redis.from_url(pair[0], protocol=2, driver_info=None)
    await eventually(lambda: synced(raw), 10)
    await raw.aclose()
    store = connect(pair[0], "d", replicas=1)
    yield store
    await store.close()


async def synced(raw: Redis) -> bool:
    try:
        await raw.set("synced", 1)
        return bool(await raw.wait(1, 100))
    except (RedisError, OSError):
        return False


async def test_what_the_replicas_have_is_promised_and_followed(store: RedisStore) -> None:
    lease = await lease_of(store)
    assert await store.submit([put("a")]) == [Placed(command=1)]
    waiting = asyncio.create_task(store.entries(0, 10, 5))
    await store.commit(commit(lease, last=3, command=1))
    assert [last for last, _, _ in await waiting] == [3]
    await store.commit(commit(lease, 3, 4, command=1))
    assert [last for last, _, _ in await store.entries(0, 10, 0)] == [3, 4]


async def test_without_its_replica_nothing_is_promised_followed_or_sent(
    store: RedisStore, pair: tuple[str, int]
) -> None:
    lease = await lease_of(store, ttl_ms=600_000)
    await store.submit([put("a")])
    await store.outbox_group("email", "g")
    os.kill(pair[1], signal.SIGSTOP)
    with pytest.raises(StoreError, match="0 of 1 replicas"):
        await store.submit([put("b")])
    with pytest.raises(StoreError, match="0 of 1 replicas"):
        await store.submit([put("b")])  # a duplicate waits like the first
    with pytest.raises(StoreError, match="0 of 1 replicas"):
        await store.commit(commit(lease, command=1, outbox=[Out(channel="email", position=1, body=b"{}")]))
    assert await store.entries(0, 10, 0) == []
    os.kill(pair[1], signal.SIGCONT)
    assert await store.submit([put("b")]) == [Placed(command=2, duplicate=True)]
    await lease_of(store)  # the next tenure finds the entry, and says that it is safe
    assert [last for last, _, _ in await store.entries(0, 10, 0)] == [1]
    assert len(await store.outbox_read("email", "g", "c", 10, 0)) == 1


async def test_an_outbox_waits_for_the_replicas(store: RedisStore, pair: tuple[str, int]) -> None:
    lease = await lease_of(store, ttl_ms=600_000)
    await store.outbox_group("email", "g")
    os.kill(pair[1], signal.SIGSTOP)
    reading = asyncio.create_task(store.outbox_read("email", "g", "c", 10, 5))
    with pytest.raises(StoreError):
        await store.commit(commit(lease, outbox=[Out(channel="email", position=1, body=b"{}")]))
    assert not reading.done()
    os.kill(pair[1], signal.SIGCONT)
    await lease_of(store)
    assert len(await reading) == 1


async def test_what_is_loaded_is_on_the_replicas(store: RedisStore, pair: tuple[str, int]) -> None:
    """A node that starts shows what it loaded: not what a failover could still take back."""
    lease = await lease_of(store, ttl_ms=600_000)
    os.kill(pair[1], signal.SIGSTOP)
    with pytest.raises(StoreError, match="0 of 1 replicas"):
        await store.commit(commit(lease, last=2))
    with pytest.raises(StoreError, match="0 of 1 replicas"):
        await store.load()
    os.kill(pair[1], signal.SIGCONT)
    assert (await store.load()).position == 2
    assert [last for last, _, _ in await store.entries(0, 10, 0)] == [2], "and so followers are shown it"


async def test_a_refusal_is_told_once_the_replicas_have_it(store: RedisStore, pair: tuple[str, int]) -> None:
    """It is no entry: another node reads it from the store, and a failover could still take it back."""
    lease = await lease_of(store, ttl_ms=600_000)
    await store.submit([put("a")])
    os.kill(pair[1], signal.SIGSTOP)
    with pytest.raises(StoreError, match="0 of 1 replicas"):
        await store.commit(commit(lease, last=0, command=1, outcomes=[("a", Outcome(position=0, rejection="no"))]))
    with pytest.raises(StoreError, match="0 of 1 replicas"):
        await store.outcome("a")
    os.kill(pair[1], signal.SIGCONT)
    assert await store.outcome("a") == Outcome(position=0, rejection="no")


async def test_a_log_of_before_replicas_were_asked_for_goes_on(store: RedisStore, pair: tuple[str, int]) -> None:
    """Nobody has said yet what is safe; history must not be told that the log ends before it."""
    plain = connect(pair[0], "d")
    made = commit(await lease_of(plain, ttl_ms=600_000), last=3)
    await plain.commit(made)
    await plain.close()
    await check_store(store, Place(3, made.digest))
