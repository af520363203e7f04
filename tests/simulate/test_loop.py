"""The virtual-time loop does what the simulator relies on, on this Python."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from router.simulate.loop import PROCESS, Process, SimClock, SimIds, SimLoop, Stalled, Unanswered, outside


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


def on_a_loop(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=lambda: SimLoop(0)) as runner:
        runner.run(story())


async def _tick(ticks: list[float]) -> None:
    while True:
        await asyncio.sleep(1)
        ticks.append(asyncio.get_running_loop().time())


def test_a_process_that_stands_still_does_nothing_until_it_goes_on() -> None:
    async def story() -> None:
        process, ticks = Process("p"), list[float]()
        process.start(_tick(ticks))
        await asyncio.sleep(2.5)
        process.stop()
        await asyncio.sleep(10)
        assert ticks == [1, 2]
        process.go_on()
        await asyncio.sleep(1.2)
        assert ticks == [1, 2, 12.5, 13.5]
        process.wake_to_end()

    on_a_loop(story)


def test_a_killed_process_does_not_even_clean_up() -> None:
    async def story() -> None:
        process, cleaned = Process("p"), list[str]()

        async def tidy() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                cleaned.append("up")

        task = process.start(tidy())
        await asyncio.sleep(1)
        process.kill()
        process.go_on()
        task.cancel()
        await asyncio.sleep(100)
        assert cleaned == [] and process.ended.is_set()
        process.wake_to_end()
        await asyncio.sleep(0)

    on_a_loop(story)


def test_who_waits_for_an_answer_sees_the_connection_break_when_the_process_dies() -> None:
    async def story() -> None:
        process = Process("p")
        asked = asyncio.create_task(process.ask(lambda: asyncio.sleep(60), 100))
        await asyncio.sleep(1)
        process.kill()
        with pytest.raises(Unanswered):
            await asked
        assert asyncio.get_running_loop().time() == 1
        with pytest.raises(Unanswered):
            await process.ask(lambda: asyncio.sleep(0), 100)
        process.wake_to_end()

    on_a_loop(story)


def test_what_is_on_its_way_goes_on_when_its_sender_dies() -> None:
    async def story() -> None:
        process, arrived = Process("p"), list[Process | None]()

        async def deed() -> None:
            await asyncio.sleep(5)
            arrived.append(PROCESS.get())

        async def send() -> None:
            outside(deed())
            await asyncio.sleep(60)

        process.start(send())
        await asyncio.sleep(1)
        process.kill()
        await asyncio.sleep(10)
        assert arrived == [None]
        process.wake_to_end()

    on_a_loop(story)
