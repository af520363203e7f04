"""How often somebody may do something: a token bucket for each."""

from collections import OrderedDict

from channels.chat import limits
from router.gateway import Clock


class Rates:
    """Each of many may do something `burst` times at once, and `per_s` times a second in the long run."""

    def __init__(self, clock: Clock, *, per_s: float, burst: int) -> None:
        self._clock = clock
        self._per_ms = per_s / 1000
        self._burst = burst
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait_ms(self, who: str) -> int:
        """0: they may, and it counts. Else how long they must wait first, in ms."""
        now = self._clock.monotonic_ms()
        left, at = self._left.get(who, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._per_ms)
        waits = 0 if left >= 1 else max(1, round((1 - left) / self._per_ms))
        self._left[who] = (left if waits else left - 1, now)
        self._left.move_to_end(who)
        if len(self._left) > limits.RATES_KEPT_MAX:
            self._left.popitem(last=False)
        return waits
