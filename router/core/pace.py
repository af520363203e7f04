"""Pace: how long items of a queue and channel take, and how patient who waits there is. Learned from what happens.

Sums that forget, in whole numbers, so that every node, every replay and every restart learns the same.
"""

import msgspec

from queues.queue import ChannelName
from router.core import limits


class Pace(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is known of one queue and channel; `id` is `queue/channel`. Changed only by `evolve`; times are ticks.

    `time` of handling (from the accept to the end of wrap-up) of `done` items; `waited` by who was answered or left,
    of whom `left` did; `last_wait` is that of who was answered last.
    """

    id: str
    queue: str
    channel: ChannelName
    time: int = 0
    done: int = 0
    waited: int = 0
    left: int = 0
    last_wait: int | None = None

    def add_handled(self, ticks: int) -> None:
        """An item of it was handled in so many ticks."""
        self.time += ticks - (self.time >> limits.PACE_HANDLED_SHIFT)
        self.done += limits.PACE_ONE - (self.done >> limits.PACE_HANDLED_SHIFT)

    def add_waited(self, ticks: int, *, left: bool) -> None:
        """Somebody waited so long; then they left, or were answered."""
        self.waited += ticks - (self.waited >> limits.PACE_WAITED_SHIFT)
        self.left += (limits.PACE_ONE if left else 0) - (self.left >> limits.PACE_WAITED_SHIFT)
        if not left:
            self.last_wait = ticks

    @property
    def handled(self) -> int:
        """How many handling times the mean is made of; older ones count less, so it never exceeds a bound."""
        return self.done // limits.PACE_ONE

    @property
    def mean(self) -> int | None:
        """The mean handling time in ticks; None before the first."""
        return self.time * limits.PACE_ONE // self.done if self.done and self.time else None


def pace_id(queue: str, channel: str) -> str:
    """The id of the pace of a queue and channel."""
    return f"{queue}/{channel}"
