"""What a fold cannot see is looked for: texts that the log only names, and what recognises a repeated command."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.asyncio import Redis

from router.archive.archiver import Archiver
from router.archive.database import Database
from router.archive.errors import OtherHistory
from router.archive.migrate import upgrade
from router.backup.complete import check
from router.core.commands import ReceiveMessage
from router.core.facts import Facts, MessageFacts
from router.runtime.carry import reached
from router.runtime.embedded import Embedded
from router.runtime.limits import KEY_TTL_S
from router.runtime.redis_store import RedisStore, connect
from router.runtime.system import SystemClock
from tests.core.world import CENTRE
from tests.runtime.conftest import build

pytestmark = pytest.mark.service


@dataclass(frozen=True)
class Kept:
    """Log and history to look into: a mail that is decided, and one that is not."""

    store: RedisStore
    redis: Redis
    database: Database

    async def check(self, archived: int = 0, now_ms: int | None = None) -> None:
        now = SystemClock().now_ms() if now_ms is None else now_ms
        await check(self.store, self.redis, self.database, domain="d", archived=archived, now_ms=now)


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with AsyncExitStack() as stack:
        server = Embedded(tmp_path / "store")
        await server.start()
        stack.push_async_callback(server.stop)
        url = f"sqlite:///{tmp_path / 'archive.db'}"
        await upgrade(url)
        database = await Database.open(url)
        stack.push_async_callback(database.close)
        store = connect(server.url, "d")
        stack.push_async_callback(store.close)
        for writes, id in ((True, "a"), (False, "b")):
            domain = build(store, tmp_path, node="n1", writes=writes)
            await domain.start()
            if writes:
                await domain.submit(CENTRE)
            message = MessageFacts(id=id, content=f"text-{id}", size=5, natural_key=f"nat-{id}")
            receipt = await domain.submit(
                ReceiveMessage(
                    channel="email", conversation=f"c-{id}", item=f"i-{id}", message=message, facts=Facts(queue="help")
                ),
                key=f"key-{id}",
                contents={f"text-{id}": b"a text"},
            )
            if writes:
                assert await domain.outcome(receipt, 5.0) is not None
            await domain.stop()
        redis = await stack.enter_async_context(reached(server.url, "d"))
        yield Kept(store, redis, database)


async def test_what_is_whole_is_found_whole(kept: Kept, tmp_path: Path) -> None:
    """Also once the archive has moved the text from the log to history."""
    await kept.check()
    archiver = Archiver(kept.database, kept.store, build(kept.store, tmp_path), linger_s=0)
    await archiver.start()
    while archiver.lag(await kept.store.head()):
        await archiver.step()
    assert await kept.store.contents(["text-a"]) == [None]
    await kept.check()


async def test_a_text_that_only_has_a_name_is_missed(kept: Kept) -> None:
    """Unless history has had it: what was erased there is gone on purpose."""
    await kept.store.drop_contents(["text-a"])
    with pytest.raises(OtherHistory, match="text-a"):
        await kept.check()
    await kept.check(archived=await kept.store.head())


@pytest.mark.parametrize("key", ["key-a", "key-b"])
async def test_a_key_that_no_event_holds_is_missed(kept: Kept, key: str) -> None:
    """Of commands that are decided and of those that are not; but not when it has had its time."""
    assert await kept.redis.delete(f"{{d}}:key:{key}") == 1
    with pytest.raises(OtherHistory, match="would not be recognised"):
        await kept.check()
    if key == "key-a":
        await kept.check(now_ms=SystemClock().now_ms() + 1_000 * KEY_TTL_S)
