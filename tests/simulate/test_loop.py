"""The virtual-time loop does what the simulator relies on, on this Python."""

import asyncio

import pytest

from router.simulate.loop import SimClock, SimIds, SimLoop, Stalled


async def _race(order: list[str]) -> float:
    async def runner(name: str) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
            order.append(name)

    async with asyncio.TaskGroup() as tasks:
        for name in "abc":
            tasks.create_task(runner(name))
    await asyncio.sleep(86_400)
    return asyncio.get_running_loop().time()


def run(seed: int) -> tuple[list[str], float]:
    order: list[str] = []
    with asyncio.Runner(loop_factory=lambda: SimLoop(seed)) as runner:
        return order, runner.run(_race(order))


def test_a_seed_repeats_its_order_and_another_has_another() -> None:
    assert run(1) == run(1)
    assert len({tuple(run(seed)[0]) for seed in range(5)}) > 1


def test_a_day_passes_at_once() -> None:
    assert run(1)[1] == pytest.approx(86_400)


def test_a_world_in_which_everybody_waits_is_a_failure() -> None:
    loop = SimLoop(0)
    with pytest.raises(Stalled):
        loop.run_until_complete(loop.create_future())
    loop.close()


def test_clock_and_ids_come_from_the_loop() -> None:
    loop = SimLoop(3)
    clock = SimClock(loop)
    clock.wall_offset_ms = 500
    assert clock.now_ms() - clock.monotonic_ms() == SimClock.START_MS + 500
    assert SimIds(loop).new("item") != SimIds(loop).new("item")
    loop.close()
