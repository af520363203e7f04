"""How often somebody may do something: a token bucket for each. Pure but for the clock that it is given.

The API and the chat count by it; neither may see the other, so it lies above both and below nothing.
"""

from collections import OrderedDict

from router.gateway import Clock


class Rates:
    """Each of many may do something `burst` times at once, and `per_s` times a second in the long run.

    At most `kept` of them are remembered; who was quiet for longest is forgotten first, and then may do all again.
    """

    def __init__(self, clock: Clock, *, per_s: float, burst: int, kept: int) -> None:
        self._clock = clock
        self._per_ms = per_s / 1000
        self._burst = burst
        self._kept = kept
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait_ms(self, who: str, times: int = 1) -> int:
        """0: they may do it so many times, and it counts. Else how long they must wait first, in ms."""
        now = self._clock.monotonic_ms()
        left, at = self._left.get(who, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._per_ms)
        wanted = min(times, self._burst)
        waits = 0 if left >= wanted else max(1, round((wanted - left) / self._per_ms))
        self._left[who] = (left if waits else left - wanted, now)
        self._left.move_to_end(who)
        if len(self._left) > self._kept:
            self._left.popitem(last=False)
        return waits
