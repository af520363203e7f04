"""Somebody sets the wall clock: no reservation expires early, time does not stop, and an alarm says what happened."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from router.core import commands as c
from router.runtime.domain import Domain
from router.runtime.memory import MemoryStore, World
from tests.core.world import CENTRE
from tests.runtime.conftest import attempt, build, do, offer, sign_on
from tests.support import eventually

HOUR_MS = 3_600_000
START_MS = 1_800_000_000_000


class HandClock:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.wall = START_MS
        self.monotonic = 0

    def now_ms(self) -> int:
        return self.wall

    def monotonic_ms(self) -> int:
        return self.monotonic

    def pass_(self, ms: int) -> None:
        """Time goes by."""
        self.wall += ms
        self.monotonic += ms


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def domain(world: World, clock: HandClock, tmp_path: Path) -> AsyncIterator[Domain]:
    """A domain on that clock, with a call reserved for ann."""
    made = build(MemoryStore(world), tmp_path, clock=clock)
    await made.start()
    await do(made, CENTRE)
    await sign_on(made, "ann")
    await do(made, offer("1"))
    yield made
    await made.stop()


async def look(domain: Domain) -> str:
    """What became of the call, after the writer has looked at the clock."""
    await attempt(domain, c.EndCall(call="nobody"))
    return domain.state.items["i-1"].state


def jumps() -> float:
    return REGISTRY.get_sample_value("firstline_clock_jumps_total") or 0.0


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS])
async def test_a_clock_that_is_set_expires_nothing_early_and_stops_nothing(
    domain: Domain, clock: HandClock, jump_ms: int
) -> None:
    """Within a factor of two, a reservation lasts as long as it was to last."""
    reservation = domain.state.items["i-1"].reservation
    assert reservation is not None
    lasts_ms, before = reservation.expires_at - START_MS, jumps()
    with capture_logs() as logs:
        clock.wall += jump_ms
        clock.pass_(10)
        assert await look(domain) == "reserved"
        clock.pass_(lasts_ms // 2 - 100)
        assert await look(domain) == "reserved", "half of its time has not gone by"
        clock.pass_(2 * lasts_ms)
        await eventually(lambda: expired(domain))
    assert [(entry["event"], entry["jump_ms"]) for entry in logs if entry["log_level"] == "error"] == [
        ("clock_jumped", jump_ms)
    ]
    assert jumps() == before + 1


async def expired(domain: Domain) -> str:
    return "yes" if await look(domain) == "queued" else ""
