"""Loading: a new writer takes over what its process has already, and nobody has to wait while a big state is made."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from router.core import limits as core_limits
from router.core.state import Ref, load
from router.runtime import limits
from router.runtime.follower import Follower
from router.runtime.loading import loaded
from router.runtime.memory import MemoryStore, World
from router.runtime.store import Loaded
from router.runtime.system import SystemClock
from router.runtime.tenure import Tenure
from router.wire import codec
from tests.core.world import CENTRE
from tests.runtime.conftest import offer
from tests.runtime.test_writer import submit


class CountingStore(MemoryStore):
    """Counts how often everything was read."""

    loads = 0

    async def load(self) -> Loaded:
        self.loads += 1
        return await super().load()


@pytest.fixture
def world() -> World:
    """A store without a domain."""
    return World(SystemClock())


@pytest.fixture
async def store(world: World) -> CountingStore:
    """A store with a small centre and three waiting calls."""
    store = CountingStore(world)
    follower = Follower(store)
    await follower.load()
    tenure = await begun(store, follower)
    await submit(store, CENTRE)
    for call in "123":
        await submit(store, offer(call))
    await tenure._turn()
    store.loads = 0
    return store


@pytest.fixture
async def follower(store: CountingStore) -> AsyncIterator[Follower]:
    """A follower that follows."""
    follower = Follower(store)
    await follower.load()
    store.loads = 0
    running = asyncio.create_task(follower.run())
    yield follower
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def begun(store: MemoryStore, follower: Follower) -> Tenure:
    lease = await store.acquire("w", limits.LEASE_MS)
    assert lease is not None
    tenure = Tenure(store, SystemClock(), lease, lambda ended: None)
    await tenure.load(follower)
    return tenure


async def test_a_new_writer_takes_over_the_records_of_its_follower(store: CountingStore, follower: Follower) -> None:
    tenure = await begun(store, follower)
    assert store.loads == 0
    assert len(tenure.state.items) == 3
    assert tenure.state.digest() == follower.state.digest()
    await submit(store, offer("4"))
    await tenure._turn()
    assert await follower.reached(tenure._position, 1.0)
    assert tenure.state.digest() == follower.state.digest() == load(_decoded((await store.load()).records)).digest()


async def test_a_follower_that_stands_elsewhere_is_no_help(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind, or at the same position of another history."""
    monkeypatch.setattr(limits, "TWIN_WAIT_S", 0.01)
    behind = Follower(store)
    assert len((await begun(store, behind)).state.items) == 3
    other = Follower(store)
    await other.load()
    other._digest = "another"
    assert len((await begun(store, other)).state.items) == 3
    assert store.loads == 3


async def test_others_have_their_turn_while_a_state_is_made(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_limits, "FILL_STEP_RECORDS", 2)
    monkeypatch.setattr(limits, "LARGE_STATE_RECORDS", 1)
    frozen = gc.get_freeze_count()
    records = (await store.load()).records
    turns = 0
    collecting = []

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            collecting.append(gc.isenabled())
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    _, state = await loaded(store, routing=True)
    beside.cancel()
    assert turns > len(records) / 2
    assert not any(collecting[1:]), "the garbage collector would look at everything again and again"
    assert gc.isenabled() and gc.get_freeze_count() > frozen
    assert state.digest() == load(_decoded(records)).digest()
    gc.unfreeze()


def _decoded(records: list[tuple[Ref, bytes]]) -> list[tuple[Ref, object]]:
    return [(ref, codec.decode_record(ref[0], data)) for ref, data in records]
