"""What only a server can get wrong: memory that is full, replies that are lost, a server that is away or restarts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from router.gateway import Outcome, StoreError
from router.runtime import limits
from router.runtime.embedded import Embedded
from router.runtime.errors import ShapeTooNew
from router.runtime.memory import MemoryStore, World
from router.runtime.redis_store import RedisStore, connect
from router.runtime.store import Lease, Out, Placed
from router.runtime.system import SystemClock
from router.wire.codec import SHAPE
from tests.contract.conftest import REDIS
from tests.contract.test_store import commit, lease_of, put
from tests.support import eventually


class Cut:
    """A proxy before a server. While `deaf`, it forwards requests and drops the connection instead of the reply."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.deaf = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_unix_connection(self._target)
        back = asyncio.create_task(self._replies(answers, writer))
        while data := await reader.read(65536):
            requests.write(data)
        requests.close()
        await back

    async def _replies(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (data := await answers.read(65536)) and not self.deaf:
            writer.write(data)
        writer.close()


@pytest.fixture(params=["valkey", "redis"])
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Embedded]:
    if request.param == "redis" and REDIS is None:
        pytest.skip("no redis-server here")
    server = Embedded(tmp_path / "store", (REDIS or "") if request.param == "redis" else "")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def store(server: Embedded) -> AsyncIterator[RedisStore]:
    store = connect(server.url, "d")
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def raw(server: Embedded) -> AsyncIterator[Redis]:
    client = Redis.from_url(server.url, protocol=2, driver_info=None)
    yield client
    await client.aclose()


async def test_over_maxmemory_what_is_in_the_house_goes_on(store: RedisStore, raw: Redis) -> None:
    """Agents finish their work, the writer keeps its lease and decides, and so there is room again."""
    lease = await lease_of(store)
    await raw.config_set("maxmemory", "100kb")
    with pytest.raises(ResponseError, match="maxmemory"):
        await raw.set("other", "grows")
    assert await store.submit([put("a", c=b"text")]) == [Placed(command=1)]
    assert await store.renew(lease, 5000), "the lease is kept, or the writer would leave when it is needed most"
    out = [Out(channel="email", position=1, body=b"{}")]
    await store.commit(commit(lease, command=1, outcomes=[("a", Outcome(position=1))], outbox=out))
    await store.trim(1)
    assert await store.crashed(1) == 1, "or a poisoned command would never be set aside"
    await raw.config_set("maxmemory", "0")
    assert await store.contents(["c"]) == [b"text"]


async def test_a_submit_whose_reply_is_lost_ran_once_and_is_recognised(store: RedisStore, tmp_path: Path) -> None:
    cut = Cut(store_socket(store))
    async with await asyncio.start_unix_server(cut, tmp_path / "p"):
        far = connect(f"unix://{tmp_path}/p", "d")
        await far.submit([put("a")])
        cut.deaf = True
        with pytest.raises(StoreError):
            await far.submit([put("b")])
        cut.deaf = False
        assert await store.commands(0, 10, 0) == [(1, b"x"), (2, b"x")], "it was executed, once"
        assert await far.submit([put("b")]) == [Placed(command=2, duplicate=True)]
        await far.close()


async def test_a_commit_whose_reply_is_lost_is_uncertain_and_ran_once(store: RedisStore, tmp_path: Path) -> None:
    lease = await lease_of(store)
    cut = Cut(store_socket(store))
    async with await asyncio.start_unix_server(cut, tmp_path / "p"):
        far = connect(f"unix://{tmp_path}/p", "d")
        await far.commit(commit(lease))
        cut.deaf = True
        with pytest.raises(StoreError):
            await far.commit(commit(lease, 1, 2))
        await far.close()
    assert (await store.load()).position == 2
    assert len(await store.entries(1, 10, 0)) == 1


def store_socket(store: RedisStore) -> str:
    path: str = store._writes.connection_pool.connection_kwargs["path"]
    return path


async def test_a_server_that_is_away_is_a_store_error_at_once(server: Embedded, store: RedisStore) -> None:
    waiting = asyncio.create_task(store.commands(0, 1, 5.0))
    await store.load()
    await server.stop()
    async with asyncio.timeout(2):
        with pytest.raises(StoreError):
            await waiting
        with pytest.raises(StoreError):
            await store.submit([put("a")])
        with pytest.raises(StoreError):
            await store.load()


async def test_a_restarted_server_has_everything_and_knows_its_scripts_again(
    server: Embedded, store: RedisStore, tmp_path: Path
) -> None:
    lease = await lease_of(store, ttl_ms=600_000)
    await store.submit([put("a", c=b"text"), put("b")])
    out = [Out(channel="email", position=1, body=b"{}")]
    ended = [("a", Outcome(position=1))]
    await store.commit(commit(lease, command=1, puts=[(("item", "i"), b"r")], outcomes=ended, outbox=out))
    await store.outbox_group("email", "g")
    await store.outbox_read("email", "g", "c", 1, 0)
    before = await store.load()
    watching = asyncio.create_task(server.run())
    assert server.pid is not None
    killed = server.pid
    server._process.kill()  # type: ignore[union-attr]
    await eventually(lambda: server.pid != killed)
    await eventually(lambda: _answers(store))
    assert await store.load() == before
    assert await store.submit([put("a")]) == [Placed(command=1, duplicate=True)]
    assert await store.submit([put("c")]) == [Placed(command=3)]
    assert await store.commands(0, 10, 0) == [(2, b"x"), (3, b"x")]
    assert await store.outcome("a") == Outcome(position=1)
    assert await store.contents(["c"]) == [b"text"]
    assert len(await store.outbox_read("email", "g", "c", 1, 0, own=True)) == 1
    await store.commit(commit(Lease(owner="a", epoch=before.epoch), 1, 2, command=2))
    watching.cancel()


async def _answers(store: RedisStore) -> bool:
    try:
        await store.load()
    except StoreError:
        return False
    return True


async def test_too_many_undecided_commands_are_refused_and_the_rest_stays(store: RedisStore, raw: Redis) -> None:
    await raw.hset("{d}:meta", mapping={"submitted": limits.COMMANDS_WAITING_MAX, "command": 1})
    assert await store.submit([put("a")]) == [Placed(command=limits.COMMANDS_WAITING_MAX + 1)]
    with pytest.raises(StoreError, match="undecided"):
        await store.submit([put("b")])


async def test_a_newer_shape_is_refused_and_left_as_it_is(store: RedisStore, raw: Redis) -> None:
    await store.open()
    await raw.hset("{d}:meta", "shape", SHAPE + 1)
    with pytest.raises(ShapeTooNew, match=rf"shape {SHAPE + 1}.*backup"):
        await store.open()
    assert await raw.hget("{d}:meta", "shape") == str(SHAPE + 1).encode()


async def test_the_twin_refuses_a_newer_shape_too() -> None:
    world = World(SystemClock())
    store = MemoryStore(world)
    await store.open()
    world.shape = SHAPE + 1
    with pytest.raises(ShapeTooNew):
        await store.open()


async def test_domains_on_one_server_do_not_see_each_other(server: Embedded, store: RedisStore) -> None:
    other = connect(server.url, "e")
    await store.submit([put("a")])
    assert await other.submit([put("a", "other")]) == [Placed(command=1)]
    assert (await lease_of(other, "b")).epoch == (await lease_of(store, "a")).epoch == 1
    await other.close()


async def test_all_keys_of_a_domain_share_one_hash_tag(store: RedisStore, raw: Redis) -> None:
    """A script of a cluster may only touch keys of one slot."""
    lease = await lease_of(store)
    await store.submit([put("a", c=b"x")])
    await store.beat("g", 1000)
    await store.crashed(1)
    await store.commit(commit(lease, outcomes=[("a", Outcome(position=1))], puts=[(("item", "i"), b"r")]))
    keys: list[Any] = await raw.keys("*")
    assert {key.split(b":")[0] for key in keys} == {b"{d}"}


async def test_holders_that_are_known_to_be_dead_are_forgotten_at_once(store: RedisStore) -> None:
    """A private server that is started again: nobody else was there. The epoch goes on growing."""
    before = await lease_of(store, "dead", 600_000)
    await store.hold("archive", "dead", 600_000)
    await store.attend("dead", b"{}", 600_000)
    await store.forget_holders()
    assert (await lease_of(store, "next")).epoch == before.epoch + 1
    assert await store.hold("archive", "next", 600_000) and await store.attend("next", b"", 0) == {}
    assert not await store.renew(before, 600_000)
