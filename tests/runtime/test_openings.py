"""Saying when hours are open: at once, after each edit, in time before it runs out, and by several nodes alike."""

import asyncio
from typing import cast

import pytest

from queues.hours import Hours, Span
from queues.queue import Queue
from router.core import commands as c
from router.core.opened import is_open
from router.core.step import step
from router.gateway import Clock, Gateway, Outcome, Receipt, StoreError
from router.runtime import limits
from router.runtime.openings import Openings
from tests.core.world import World, change
from tests.support import eventually

ALWAYS = ((Span(start=0, end=1_440),),) * 7
NEVER = ((),) * 7
DAY_MS = 86_400_000


class Lone:
    """A gateway and clock over one state: what is submitted is decided at once. `away`: the store does not answer."""

    def __init__(self) -> None:
        self.world = World(now=1_790_000_000_000)
        self.keys: list[str] = []
        self.away = False
        self.refused = 0

    @property
    def state(self) -> object:
        return self.world.state

    def now_ms(self) -> int:
        return self.world.now

    async def submit(self, command: c.Command, *, key: str, by: str) -> Receipt:
        if self.away:
            self.refused += 1
            raise StoreError("away")
        self.keys.append(key)
        self.rejection = step(self.world.state, command, self.world.now).rejection
        return Receipt(key=key, command=len(self.keys), duplicate=False)

    async def outcome(self, receipt: Receipt) -> Outcome | None:
        return None

    def put(self, *weekly: object, zone: str = "Europe/Brussels") -> None:
        hours = Hours(id="h", zone=zone, weekly=weekly[0])  # type: ignore[arg-type]
        queue = Queue(id="q", hours="h")
        self.world.do(c.ApplyCentre(changes=(change(hours, seen=None), change(queue, seen=None))))

    def open(self) -> bool:
        return is_open(self.world.state, self.world.state.queues["q"], self.world.now)


@pytest.fixture
def lone() -> Lone:
    return Lone()


def duty(lone: Lone) -> Openings:
    return Openings(cast(Gateway, lone), cast(Clock, lone))


async def test_it_is_said_once_and_after_each_edit(lone: Lone) -> None:
    lone.put(NEVER)
    assert lone.open(), "nobody has said yet"
    openings = duty(lone)
    for _ in range(3):
        await openings.look()
    assert len(lone.keys) == 1 and not lone.open()
    lone.put(ALWAYS)
    assert not lone.open(), "the old ones count until it is said"
    await openings.look()
    assert len(lone.keys) == 2 and lone.open()


async def test_it_is_said_again_in_time(lone: Lone) -> None:
    lone.put(ALWAYS)
    openings = duty(lone)
    for _ in range(limits.OPENINGS_DAYS * 2):
        await openings.look()
        lone.world.do(c.Pulse(), after=DAY_MS)
    assert lone.open() and "h" in lone.world.state.calendars
    week = limits.OPENINGS_DAYS - limits.OPENINGS_AGAIN_MS // DAY_MS
    assert limits.OPENINGS_DAYS * 2 // (week + 1) <= len(lone.keys) <= limits.OPENINGS_DAYS * 2 // (week - 1)


async def test_two_nodes_say_the_same(lone: Lone) -> None:
    lone.put(ALWAYS)
    for openings in (duty(lone), duty(lone)):
        await openings._tell(lone.world.state.hours["h"], lone.world.now)
    assert len(lone.keys) == 2 and len(set(lone.keys)) == 1


async def test_a_zone_that_this_machine_does_not_know_is_left_alone(lone: Lone) -> None:
    lone.put(ALWAYS, zone="Europe/Atlantis")
    openings = duty(lone)
    await openings.look()
    await openings.look()
    assert lone.keys == [] and lone.open()
    lone.put(NEVER)
    await openings.look()
    assert not lone.open(), "somebody wrote another one"


async def test_a_store_that_is_away_is_waited_for(lone: Lone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OPENINGS_LOOK_S", 0.001)
    lone.put(NEVER)
    lone.away = True
    running = asyncio.create_task(duty(lone).run())
    await eventually(lambda: lone.refused > 1)
    lone.away = False
    await eventually(lambda: not lone.open())
    running.cancel()
