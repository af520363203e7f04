"""The core's time follows the wall clock, never jumps and never goes back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router.runtime import limits
from router.runtime.instant import Instant

WALL = 1_000_000_000


def test_it_starts_at_the_wall_clock_or_at_the_last_committed_instant_if_that_is_later() -> None:
    assert Instant(0, WALL, 5).read(WALL, 5).at == WALL
    assert Instant(WALL + 700, WALL, 5).read(WALL, 5).at == WALL + 700


def test_it_advances_by_the_monotonic_clock() -> None:
    instant = Instant(0, WALL, 0)
    assert [instant.read(WALL + n, n).at for n in (0, 7, 7, 1000)] == [WALL, WALL + 7, WALL + 7, WALL + 1000]


def test_a_wall_clock_that_jumps_ahead_is_told_and_followed_at_double_speed_at_most() -> None:
    instant = Instant(0, WALL, 0)
    hour = 3_600_000
    first = instant.read(WALL + hour + 10, 10)
    assert first == (WALL + 20, hour)
    second = instant.read(WALL + hour + 1010, 1010)
    assert second == (WALL + 2020, 0), "told once"
    assert instant.read(WALL + 2 * hour, hour).at == WALL + 2 * hour, "and caught up with after as long again"


def test_a_wall_clock_that_jumps_back_slows_time_to_half_speed() -> None:
    instant = Instant(0, WALL, 0)
    first = instant.read(WALL - 60_000 + 10, 10)
    assert first == (WALL + 5, -60_000)
    assert instant.read(WALL - 60_000 + 120_000, 120_000).at == WALL + 60_000, "gone within twice the jump"


def test_a_small_difference_is_worked_off_without_an_alarm() -> None:
    instant = Instant(0, WALL, 0)
    assert instant.read(WALL + limits.CLOCK_JUMP_MS, 0) == (WALL, 0)
    assert instant.read(WALL + 2 * limits.CLOCK_JUMP_MS, limits.CLOCK_JUMP_MS).at == WALL + 2 * limits.CLOCK_JUMP_MS


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(-10_000_000, 10_000_000)), max_size=30))
def test_it_never_goes_back_and_never_runs_faster_than_double(steps: list[tuple[int, int]]) -> None:
    instant = Instant(0, WALL, 0)
    wall, monotonic, before = WALL, 0, WALL
    for elapsed, jump in steps:
        wall += elapsed + jump
        monotonic += elapsed
        at = instant.read(wall, monotonic).at
        assert 0 <= at - before <= 2 * elapsed
        before = at


@settings(deadline=None)
@given(st.integers(-5_000, 5_000), st.integers(1, 50))
def test_whatever_the_pace_of_readings_the_wall_clock_is_reached(gap: int, pace: int) -> None:
    instant = Instant(0, WALL, 0)
    for monotonic in range(0, 2 * abs(gap) + 2 * pace, pace):
        at, _ = instant.read(WALL + gap + monotonic, monotonic)
    assert abs(at - (WALL + gap + monotonic)) <= 1
