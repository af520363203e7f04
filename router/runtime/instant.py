"""The core's time, from two clocks: it follows the wall clock, but never jumps and never goes back.

A writer starts at the later of the last committed instant and the wall clock. From then on time advances by the
monotonic clock, and a difference to the wall clock is worked off: at most at double speed when behind, at no
less than half speed when ahead. So a difference of n seconds is gone within 2n seconds, and a reservation of
15 s lasts between 7.5 s and 30 s whatever somebody does to the clock. Pure: readings come in as arguments.
"""

from typing import NamedTuple

from router.runtime import limits


class Reading(NamedTuple):
    """An instant in Unix ms, and by how much the wall clock has jumped just before it (0: it has not)."""

    at: int
    jump_ms: int


class Instant:
    """Time as one writer lives it. All arguments and results are milliseconds."""

    def __init__(self, last: int, wall: int, monotonic: int) -> None:
        """`last` is the last committed instant (0: none); `wall` and `monotonic` are the clocks now."""
        self._at = max(last, wall)
        self._wall = wall
        self._monotonic = monotonic
        self._spare = 0

    def read(self, wall: int, monotonic: int) -> Reading:
        """The instant at these readings of the two clocks."""
        elapsed = max(0, monotonic - self._monotonic)
        jump = wall - self._wall - elapsed
        self._wall, self._monotonic = wall, monotonic
        self._at += self._advance(elapsed, wall - self._at - elapsed)
        return Reading(self._at, jump if abs(jump) > limits.CLOCK_JUMP_MS else 0)

    def _advance(self, elapsed: int, behind: int) -> int:
        """How far time goes in `elapsed` ms of the monotonic clock, when the wall clock is `behind` ms ahead of us."""
        if behind >= 0:
            self._spare = 0
            return elapsed + min(behind, elapsed)
        self._spare += elapsed
        held_back = min(-behind, self._spare // 2, elapsed)
        self._spare = min(self._spare - 2 * held_back, 1)
        return elapsed - held_back
