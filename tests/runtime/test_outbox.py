"""Reading an outbox is not handling it: what was not acknowledged comes again, and nothing is handed out twice."""

import asyncio

import pytest

from router.gateway import OutboxEntry, StoreError
from router.runtime import limits
from router.runtime.memory import MemoryStore, World
from router.runtime.outbox import StoreOutbox
from router.runtime.store import Commit, Out
from tests.runtime.test_writer import Hand


async def fill(world: World, *numbers: int) -> None:
    store = MemoryStore(world)
    lease = await store.acquire("w", 1000)
    assert lease is not None
    await store.commit(
        Commit(
            epoch=lease.epoch,
            expected=world.position,
            last=world.position + 1,
            before=world.digest,
            digest=str(world.position + 1),
            data=b"e",
            command=0,
            at=1,
            outbox=[Out(channel="email", position=1, body=b'{"n":%d}' % n) for n in numbers],
        )
    )


def numbers(entries: object) -> list[int]:
    assert isinstance(entries, list)
    return [entry.body["n"] for entry in entries if isinstance(entry, OutboxEntry)]


def outbox(world: World, node: str = "n1") -> StoreOutbox:
    return StoreOutbox(MemoryStore(world), "email", "g", node)


async def test_entries_come_once_while_the_consumer_lives(world: World) -> None:
    await fill(world, 1, 2, 3)
    box = outbox(world)
    assert numbers(await box.read(2, 0)) == [1, 2]
    assert numbers(await box.read(2, 0)) == [3]
    assert await box.read(2, 0.01) == []


async def test_after_a_restart_what_was_not_acknowledged_comes_first(world: World) -> None:
    await fill(world, 1, 2)
    before = outbox(world)
    first, _ = await before.read(2, 0)
    await before.done([first.id])
    await fill(world, 3)
    again = outbox(world)
    [two] = await again.read(5, 0)
    assert (two.body["n"], two.attempts) == (2, 1)
    assert numbers(await again.read(5, 0)) == [3]


async def test_what_a_cancelled_read_took_comes_with_the_next(world: World) -> None:
    """A store may hand out entries to a reader that is no longer there."""

    class Late(MemoryStore):
        async def outbox_read(
            self, channel: str, group: str, consumer: str, count: int, wait_s: float, *, own: bool = False
        ) -> list[OutboxEntry]:
            found = await super().outbox_read(channel, group, consumer, count, wait_s, own=own)
            if not own and found and not world.crashes:
                world.crashes[0] = 1
                raise StoreError("reply lost")
            return found

    box = StoreOutbox(Late(world), "email", "g", "n1")
    await fill(world, 1, 2)
    with pytest.raises(StoreError):
        await box.read(5, 0)
    assert numbers(await box.read(5, 0)) == [1, 2]
    reading = asyncio.create_task(box.read(5, 5))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await fill(world, 3)
    assert numbers(await box.read(5, 0)) == [3]


async def test_what_a_dead_node_left_goes_to_another_one_in_time() -> None:
    hand = Hand()
    world = World(hand)
    await fill(world, 1)
    assert numbers(await outbox(world, "dead").read(5, 0)) == [1]
    other = outbox(world, "n2")
    assert await other.read(5, 0) == []
    hand.at += limits.OUTBOX_IDLE_MS
    assert numbers(await outbox(world, "n3").read(5, 0)) == [1]


async def test_a_group_that_the_store_has_lost_is_made_again(world: World) -> None:
    """A failover may forget it, and nobody would read this outbox until the next start."""
    await fill(world, 1)
    box = outbox(world)
    assert numbers(await box.read(5, 0)) == [1]
    world.groups.clear()
    with pytest.raises(StoreError, match="NOGROUP"):
        await box.read(5, 0)
    await fill(world, 2)
    assert 2 in numbers(await box.read(5, 0))
