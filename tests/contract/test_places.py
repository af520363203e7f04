"""A Redis without a fixed place: the master that a Sentinel names, and the node of a cluster that has the slot."""

import asyncio
import functools
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from router.gateway import StoreError
from router.runtime.redis_place import place_of
from router.runtime.redis_store import RedisStore, connect
from router.runtime.store import Out, Placed
from tests.contract.conftest import REDIS
from tests.contract.test_store import commit, lease_of, put
from tests.support import eventually, free_port

pytestmark = [pytest.mark.service, pytest.mark.skipif(REDIS is None, reason="no redis-server here")]

Servers = Callable[..., int]
"""Starts a server with these options; its port."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Servers]:
    with ExitStack() as stack:

        def start(*options: str, config: str = "") -> int:
            port = free_port()
            folder = tmp_path / str(port)
            folder.mkdir()
            (folder / "redis.conf").write_text(config)
            always = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
            command = [str(REDIS), str(folder / "redis.conf"), *always, *options]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return port

        yield start


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


def raw(stack: AsyncExitStack, port: int) -> Redis:
    """A client of one server, for the test itself."""
    client = Redis(port=port, protocol=2, driver_info=None, decode_responses=True)
    stack.push_async_callback(client.aclose)
    return client


def opened(stack: AsyncExitStack, url: str, replicas: int = 0) -> RedisStore:
    store = connect(url, "d", replicas=replicas)
    stack.push_async_callback(store.close)
    return store


def answered(call: Callable[[], Any]) -> Awaitable[Any]:
    """What a call returns that may fail for a while; None then."""
    return _answered(call)


async def _answered(call: Callable[[], Any]) -> Any:
    try:
        return await call()
    except (RedisError, OSError, StoreError):
        return None


async def test_a_failover_loses_nothing_and_the_deposed_master_is_left(server: Servers, stack: AsyncExitStack) -> None:
    first = server("--repl-diskless-sync-delay", "0")
    second = server("--replicaof", "127.0.0.1", str(first), "--repl-diskless-sync-delay", "0")
    master, replica = raw(stack, first), raw(stack, second)
    await eventually(lambda: answered(lambda: master.wait(1, 100)), 10)
    watching = server("--sentinel", config=f"sentinel monitor here 127.0.0.1 {first} 1\n")
    sentinel = raw(stack, watching)
    await eventually(functools.partial(answered, sentinel.ping))
    store = opened(stack, f"sentinel://127.0.0.1:{watching}/here", replicas=1)
    lease = await lease_of(store)
    assert await store.submit([put("a")]) == [Placed(command=1)]
    await store.commit(commit(lease, last=3, command=1))
    watch = asyncio.create_task(store.watch())
    assert await eventually(lambda: _failed_over(sentinel, replica), 20)
    await answered(lambda: master.replicaof("127.0.0.1", str(second)))  # the Sentinel would take 10 s over it
    both = [put("a"), put("b")]
    again, new = cast(list[Placed], await eventually(lambda: answered(lambda: store.submit(both)), 20))
    assert (again, new.command) == (Placed(command=1, duplicate=True), 2)
    assert [last for last, _, _ in await store.entries(0, 10, 0)] == [3]
    assert await replica.hget("{d}:meta", "submitted") == "2"
    watch.cancel()


async def _failed_over(sentinel: Redis, replica: Redis) -> Any:
    """Ask for a failover until there has been one: it is refused while the Sentinel does not know the replica yet."""
    await answered(lambda: cast(Any, sentinel).execute_command("SENTINEL", "FAILOVER", "here"))
    role = await answered(replica.role)
    return isinstance(role, list) and role[0] == "master"


async def test_all_keys_of_a_domain_lie_in_one_slot_of_a_cluster(server: Servers, stack: AsyncExitStack) -> None:
    ports = [server("--cluster-enabled", "yes", "--cluster-port", str(free_port())) for _ in range(3)]
    nodes = [raw(stack, port) for port in ports]
    for node in nodes:
        await eventually(functools.partial(answered, node.ping))
    hosts = [f"127.0.0.1:{port}" for port in ports]
    made = ["redis-cli", "--cluster", "create", *hosts, "--cluster-yes"]
    await asyncio.to_thread(subprocess.run, made, check=True, stdout=subprocess.DEVNULL, timeout=60)
    store = opened(stack, f"cluster://{','.join(hosts)}")
    await eventually(lambda: answered(lambda: store.attend("n1", b"{}", 5_000)), 20)
    lease = await lease_of(store)
    await store.submit([put("a", content_1=b"text")])
    out = Out(channel="email", position=1, body=b"{}")
    await store.commit(commit(lease, last=3, command=1, puts=[(("item", "i1"), b"x")], outbox=[out]))
    await store.outbox_group("email", "smtp")
    assert len(await store.outbox_read("email", "smtp", "c", 5, 0)) == 1
    await store.outbox_done("email", "smtp", ["0-0"])
    assert await store.hold("archive", "n1", 5_000) and (await store.load()).position == 3
    await store.beat("gw", 5_000)
    await store.crashed(7)
    kept = [await node.keys("*") for node in nodes]
    [keys] = [found for found in kept if found]
    assert len(keys) >= 10
    assert {key_slot(str(key).encode()) for key in keys} == {key_slot(b"{d}:meta")}


async def test_a_server_that_is_no_master_is_no_place_to_write(server: Servers, stack: AsyncExitStack) -> None:
    """A Sentinel may name one that was deposed a moment ago."""
    first = server()
    second = server("--replicaof", "127.0.0.1", str(first))
    watching = server("--sentinel", config=f"sentinel monitor here 127.0.0.1 {first} 1\n")
    store = opened(stack, f"sentinel://127.0.0.1:{watching}/here")
    assert await eventually(lambda: answered(lambda: store.submit([put("a")])), 10)
    await eventually(functools.partial(answered, functools.partial(raw(stack, second).ping)))
    await raw(stack, first).replicaof("127.0.0.1", str(second))
    with pytest.raises(StoreError):
        await store.submit([put("b")])
    with pytest.raises(StoreError, match="not the master"):
        await store.submit([put("b")])


def test_a_url_that_names_no_service_or_no_host_is_refused() -> None:
    with pytest.raises(ValueError, match="does not name the service"):
        place_of("sentinel://one:26379", "d")
    with pytest.raises(ValueError, match="names no host"):
        place_of("cluster://", "d")
    assert place_of("redis://one", "d") is None
