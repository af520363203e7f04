"""Commands of one process become durable in few calls, and nobody is promised anything before that."""

import asyncio
from collections.abc import Sequence

import pytest

from router.gateway import Full, StoreError
from router.runtime import limits
from router.runtime.memory import MemoryStore, World
from router.runtime.store import Placed, Put
from router.runtime.submitter import Submitter


class Counting(MemoryStore):
    """A store that notes its submit calls, and whose replies can get lost after the work was done."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.calls: list[int] = []
        self.lose = 0

    async def submit(self, puts: Sequence[Put]) -> list[Placed]:
        self.calls.append(len(puts))
        await asyncio.sleep(0)
        placed = await super().submit(puts)
        if self.lose:
            self.lose -= 1
            raise StoreError("reply lost")
        return placed


def put(n: int, size: int = 1) -> Put:
    return Put(key=str(n), fingerprint="f", data=b"x" * size)


@pytest.fixture
def store(world: World) -> Counting:
    return Counting(world)


async def test_what_comes_together_goes_together_in_order(store: Counting) -> None:
    submitter = Submitter(store)
    task = asyncio.create_task(submitter.run())
    placed = await asyncio.gather(*(submitter.submit(put(n)) for n in range(500)))
    assert [place.command for place in placed] == list(range(1, 501))
    assert store.calls == [200, 200, 100]
    task.cancel()


async def test_a_lost_reply_is_asked_again_and_has_one_effect(store: Counting, world: World) -> None:
    submitter = Submitter(store)
    task = asyncio.create_task(submitter.run())
    store.lose = limits.SUBMIT_TRIES - 1
    assert (await submitter.submit(put(1))).command == 1
    assert len(store.calls) == limits.SUBMIT_TRIES
    assert world.submitted == 1
    task.cancel()


async def test_a_store_that_stays_away_is_told_to_everybody_who_waits(store: Counting) -> None:
    submitter = Submitter(store)
    task = asyncio.create_task(submitter.run())
    store.lose = limits.SUBMIT_TRIES
    told = await asyncio.gather(*(submitter.submit(put(n)) for n in range(3)), return_exceptions=True)
    assert [type(error) for error in told] == [StoreError] * 3
    assert (await submitter.submit(put(9))).command == 4
    task.cancel()


async def test_the_queue_is_bounded(store: Counting) -> None:
    submitter = Submitter(store)
    waiting = [asyncio.create_task(submitter.submit(put(n))) for n in range(limits.SUBMIT_QUEUE_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(Full, match="too many"):
        await submitter.submit(put(-1))
    task = asyncio.create_task(submitter.run())
    assert len(await asyncio.gather(*waiting)) == limits.SUBMIT_QUEUE_MAX
    task.cancel()


async def test_the_bytes_in_the_queue_are_bounded_and_free_again(store: Counting) -> None:
    submitter = Submitter(store)
    size = limits.COMMAND_BYTES_MAX
    waiting = [
        asyncio.create_task(submitter.submit(put(n, size))) for n in range(limits.SUBMIT_QUEUE_BYTES_MAX // size)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Full):
        await submitter.submit(put(-1))
    task = asyncio.create_task(submitter.run())
    await asyncio.gather(*waiting)
    assert (await submitter.submit(put(-1))).command == len(waiting) + 1
    task.cancel()


async def test_a_command_that_no_commit_could_hold_is_refused(store: Counting) -> None:
    with pytest.raises(StoreError, match="too large"):
        await Submitter(store).submit(put(1, limits.COMMAND_BYTES_MAX + 1))


async def test_who_waits_when_the_node_stops_is_told(store: Counting) -> None:
    submitter = Submitter(store)
    waiting = asyncio.create_task(submitter.submit(put(1)))
    await asyncio.sleep(0)
    task = asyncio.create_task(submitter.run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(StoreError, match="stopping"):
        await waiting


async def test_who_gave_up_before_the_call_is_left_out(store: Counting, world: World) -> None:
    submitter = Submitter(store)
    gone = asyncio.create_task(submitter.submit(put(1)))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    task = asyncio.create_task(submitter.run())
    assert (await submitter.submit(put(2))).command == 1
    assert list(world.keys) == ["2"]
    task.cancel()
