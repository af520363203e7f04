"""A domain is carried from one Redis to another: all that it goes on from, and nothing of what came after the cut."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from router.core import commands as c
from router.core.facts import Facts, MessageFacts
from router.gateway import Receipt
from router.runtime.carry import CARRIED, LEFT, Carrier, NotEmpty, clear, commands_of, reached
from router.runtime.domain import Domain
from router.runtime.embedded import Embedded
from router.runtime.redis_store import RedisStore, connect
from tests.core.world import CENTRE
from tests.runtime.conftest import build

pytestmark = pytest.mark.service


class Places:
    """Two data bases of one server, each with a client and a store of the domain `d`."""

    def __init__(self, server: Embedded, stack: AsyncExitStack) -> None:
        self._urls = (server.url, f"{server.url}?db=1")
        self._stack = stack
        self.old: Redis
        self.new: Redis

    async def open(self) -> None:
        self.old, self.new = [await self._stack.enter_async_context(reached(url, "d")) for url in self._urls]

    def store(self, place: int) -> RedisStore:
        store = connect(self._urls[place], "d")
        self._stack.push_async_callback(store.close)
        return store

    async def domain(self, place: int, folder: Path, *, writes: bool = True) -> Domain:
        domain = build(self.store(place), folder, node="n1", writes=writes)
        await domain.start()
        self._stack.push_async_callback(domain.stop)
        return domain


@pytest.fixture
async def places(server: Embedded) -> AsyncIterator[Places]:
    async with AsyncExitStack() as stack:
        made = Places(server, stack)
        await made.open()
        yield made


async def _mail(domain: Domain, id: str) -> Receipt:
    """A mail comes in, with its text."""
    message = MessageFacts(id=id, content=f"text-{id}", size=5, natural_key=f"nat-{id}")
    command = c.ReceiveMessage(
        channel="email", conversation=f"c-{id}", item=f"i-{id}", message=message, facts=Facts(queue="help")
    )
    return await domain.submit(command, key=f"key-{id}", contents={f"text-{id}": b"a text"})


async def _decided(domain: Domain, receipt: Receipt) -> int:
    outcome = await domain.outcome(receipt, 5.0)
    assert outcome is not None and not outcome.rejection
    await domain.reached(outcome.position)
    return outcome.position


async def _kinds(redis: Redis) -> set[str]:
    return {name.decode().partition(":")[2].partition(":")[0] async for name in redis.scan_iter()}


async def test_what_was_accepted_is_carried_and_goes_on(places: Places, tmp_path: Path) -> None:
    """Decided or not; with its contents, outcomes and keys; and what came after the cut was never there."""
    domain = await places.domain(0, tmp_path)
    await _decided(domain, await domain.submit(CENTRE))
    position = await _decided(domain, await _mail(domain, "a"))
    await domain.stop()
    domain = await places.domain(0, tmp_path, writes=False)
    waiting = await _mail(domain, "b")
    state = domain.state.digest()

    carrier = Carrier(places.old, places.new, "d")
    assert await carrier.cut() == position
    late = await _mail(domain, "late")
    assert late.command == waiting.command + 1
    await carrier.rest()

    store = places.store(1)
    assert await commands_of(places.new, "d", ["key-a", "key-b", "key-late"]) == [2, 3, 0]
    assert await store.contents(["text-a", "text-b"]) == [b"a text", b"a text"]
    assert await store.outcome("key-a") == await places.store(0).outcome("key-a")
    assert await places.new.pexpiretime("{d}:key:key-a") == await places.old.pexpiretime("{d}:key:key-a")
    there = await places.domain(1, tmp_path, writes=False)
    assert (there.position, there.state.digest()) == (position, state)
    await there.stop()
    there = await places.domain(1, tmp_path)
    again = await _mail(there, "b")
    assert (again.command, again.duplicate) == (waiting.command, True)
    await _decided(there, again)
    assert {"i-a", "i-b"} == set(there.state.items)
    assert (await _mail(there, "late")).duplicate is False, "it is taken when it is told again"


async def test_outboxes_go_on_where_each_group_is(places: Places) -> None:
    """What a group has not dealt with comes to it, what it has dealt with does not, and new entries come last."""
    old, new = places.store(0), places.store(1)
    await places.old.hset("{d}:meta", mapping={"position": 9})
    for number in range(1, 5):
        await _put(places.old, number, position=number)
    await _put(places.old, 5, position=10)
    for group in ("all", "some", "none"):
        await old.outbox_group("email", group)
    for group, read in (("all", 5), ("some", 3), ("none", 0)):
        entries = await old.outbox_read("email", group, "me", read, 0.0) if read else []
        await old.outbox_done("email", group, [one.id for one in entries if group == "all" or one.position == 1])
    carrier = Carrier(places.old, places.new, "d")
    await carrier.cut()
    await carrier.rest()
    found = {
        group: [one.position for one in await new.outbox_read("email", group, "me", 9, 0.0)]
        for group in ("all", "some", "none")
    }
    assert found == {"all": [], "some": [2, 3, 4], "none": [1, 2, 3, 4]}
    await _put(places.new, 6, position=10)
    assert [one.position for one in await new.outbox_read("email", "all", "me", 9, 0.0)] == [10]


async def test_nothing_is_safe_where_it_was_just_carried(places: Places) -> None:
    """Followers of a replicated domain would wait for what was said to be safe elsewhere, until the next commit."""
    await places.old.hset("{d}:meta", mapping={"position": 9, "safe": 9, "epoch": 2})
    carrier = Carrier(places.old, places.new, "d")
    await carrier.cut()
    await carrier.rest()
    assert await places.new.hgetall("{d}:meta") == {b"position": b"9", b"epoch": b"2"}


async def _put(redis: Redis, number: int, position: int) -> None:
    """An entry of an outbox, whose id is far in the future as after a clock that was wrong."""
    fields: dict[Any, Any] = {"p": position, "b": b"{}"}
    await redis.xadd("{d}:outbox:email", fields, id=f"{10**13}-{number}" if number < 6 else "*")


async def test_every_kind_of_key_is_carried_or_left_on_purpose(places: Places, tmp_path: Path) -> None:
    """Whoever adds one is told here to decide. What is only about who is there now does not come along."""
    domain = await places.domain(0, tmp_path)
    await _decided(domain, await domain.submit(CENTRE))
    await _decided(domain, await _mail(domain, "a"))
    store = places.store(0)
    await store.attend("n1", b"{}", 5_000)
    await store.hold("imap:x", "n1", 5_000)
    await store.outbox_group("email", "g")
    await store.crashed(7)
    assert {"meta", "lease", "nodes", "duty", "crash"} <= await _kinds(places.old) <= CARRIED | LEFT
    carrier = Carrier(places.old, places.new, "d")
    await carrier.cut()
    await carrier.rest()
    assert await _kinds(places.new) <= CARRIED


async def test_nothing_is_mixed_with_what_is_there(places: Places, tmp_path: Path) -> None:
    """A target that holds anything of the domain is refused; after `clear` it is as if it had never been."""
    await places.new.set("{d}:content:x", b"")
    await places.new.set("{other}:content:x", b"")
    with pytest.raises(NotEmpty):
        await Carrier(places.old, places.new, "d").cut()
    await clear(places.new, "d")
    assert await Carrier(places.old, places.new, "d").cut() == 0
    assert await places.new.exists("{other}:content:x")
