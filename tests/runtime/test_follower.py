"""A follower trusts nothing that does not fit: it drops its state and loads anew, and says so."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from router.core.events import AlarmRaised
from router.core.state import State
from router.gateway import Applied
from router.runtime.errors import ShapeTooNew
from router.runtime.follower import Follower
from router.runtime.memory import MemoryStore, World
from router.wire import codec
from router.wire.codec import SHAPE, Entry
from tests.support import eventually


@pytest.fixture
def follower(world: World) -> Follower:
    return Follower(MemoryStore(world))


@pytest.fixture
async def running(follower: Follower) -> AsyncIterator[Follower]:
    await follower.load()
    task = asyncio.create_task(follower.run())
    yield follower
    task.cancel()


def append(world: World, *, first: int = 0, epoch: int = 1, before: str | None = None, digest: str = "") -> None:
    """An entry with one alarm at the end of the log, wrong in whatever is given."""
    position = world.position + 1
    entry = Entry(
        first=first or position,
        last=position,
        epoch=epoch,
        before=world.digest if before is None else before,
        at=1,
        events=(AlarmRaised(at=1, code="test", subject=str(position)),),
    )
    data = codec.encode(entry)
    world.digest = digest or codec.digest(entry.before, data)
    world.entries[position] = (entry.first, data, world.digest)
    world.position = position
    world.notify()


async def test_it_follows_what_fits(world: World, running: Follower) -> None:
    resets: list[int] = []
    running.on_reset(lambda state, position: resets.append(position))
    append(world)
    append(world, epoch=2)
    assert await running.reached(2, 2)
    assert resets == []


@pytest.mark.parametrize(
    "wrong",
    [
        lambda world: append(world, first=3),
        lambda world: append(world, epoch=0),
        lambda world: append(world, before="another history"),
        lambda world: append(world, digest="not that of the data"),
    ],
    ids=["hole", "lower epoch", "other history", "wrong digest"],
)
async def test_it_drops_its_state_when_an_entry_does_not_fit(
    world: World, running: Follower, wrong: Callable[[World], None]
) -> None:
    heard: list[int] = []
    resets: list[tuple[State, int]] = []
    running.listen(lambda applied, state: heard.append(applied.position))
    running.on_reset(lambda state, position: resets.append((state, position)))
    append(world)
    assert await running.reached(1, 2)
    old = running.state
    world.epoch = 1
    wrong(world)
    await eventually(lambda: resets)
    assert resets[0] == (running.state, 2)
    assert running.state is not old
    assert heard == [1], "what does not fit is not handed out"
    append(world)
    assert await running.reached(3, 2)
    assert heard == [1, 3]


def newer_entry(world: World) -> None:
    world.position, world.digest = 1, "new"
    world.entries[1] = (1, b"\x91\xa3new", "new")
    world.notify()


def newer_record(world: World) -> None:
    world.records["novelty", "n1"] = b"\x80"
    append(world, first=3)


@pytest.mark.parametrize("write", [newer_entry, newer_record])
async def test_what_a_newer_version_wrote_ends_an_older_node_with_what_to_do(
    world: World, follower: Follower, write: Callable[[World], None]
) -> None:
    """A rolling upgrade in which the newer version took over: it cannot be followed, and nothing is to be guessed."""
    await follower.load()
    running = asyncio.create_task(follower.run())
    world.shape = SHAPE + 1
    write(world)
    with pytest.raises(ShapeTooNew, match="start the newer version"):
        await asyncio.wait_for(running, 5)


async def test_an_entry_that_nobody_can_read_is_passed_over_by_loading_what_it_led_to(
    world: World, running: Follower
) -> None:
    world.position, world.digest = 1, "torn"
    world.entries[1] = (1, b"\xc1", "torn")
    world.notify()
    assert await running.reached(1, 5)


async def test_one_that_slept_through_a_trim_loads_anew(world: World, follower: Follower) -> None:
    await follower.load()
    for _ in range(5):
        append(world)
    await MemoryStore(world).trim(5)
    resets: list[int] = []
    follower.on_reset(lambda state, position: resets.append(position))
    task = asyncio.create_task(follower.run())
    assert await follower.reached(5, 2)
    await eventually(lambda: resets)
    task.cancel()


async def test_one_whose_store_was_set_back_loads_anew(world: World, follower: Follower) -> None:
    """After a fail-over to a replica that lacks the end, or a restored backup."""
    store = MemoryStore(world)
    follower = Follower(store)
    for _ in range(5):
        append(world)
    await follower.load()
    resets: list[int] = []
    follower.on_reset(lambda state, position: resets.append(position))
    await store.close()
    task = asyncio.create_task(follower.run())
    await asyncio.sleep(0)
    world.position, world.digest = 3, world.entries[3][2]
    del world.entries[4], world.entries[5]
    store._closed = False
    await eventually(lambda: resets == [3])
    task.cancel()


async def test_it_keeps_what_it_has_while_the_store_is_away(world: World) -> None:
    store = MemoryStore(world)
    follower = Follower(store)
    await follower.load()
    task = asyncio.create_task(follower.run())
    append(world)
    assert await follower.reached(1, 2)
    state = follower.state
    await store.close()
    append(world)
    assert not await follower.reached(2, 0.05)
    store._closed = False
    assert await follower.reached(2, 5)
    assert follower.state is state
    task.cancel()


async def test_a_listener_that_raises_is_not_swallowed(world: World, follower: Follower) -> None:
    def broken(applied: Applied, state: State) -> None:
        raise ZeroDivisionError

    follower.listen(broken)
    await follower.load()
    append(world)
    with pytest.raises(ZeroDivisionError):
        await follower.run()
