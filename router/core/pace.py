"""Pace: how long items of a queue and channel take, and how patient who waits there is. Learned from what happens.

Sums that forget, in whole numbers, so that every node, every replay and every restart learns the same.
"""

import msgspec

from queues.queue import ChannelName

HANDLED_SHIFT = 9
"""A handling time counts half after 355 others (2^9 ln 2): a mean of fewer errs by more than it follows sooner."""

WAITED_SHIFT = 10
"""Abandons are rarer than answers, and patience changes less than work does."""

ONE = 1 << 16
"""One item, or one customer who left, in sums that forget."""


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
        self.time += ticks - (self.time >> HANDLED_SHIFT)
        self.done += ONE - (self.done >> HANDLED_SHIFT)

    def add_waited(self, ticks: int, *, left: bool) -> None:
        """Somebody waited so long; then they left, or were answered."""
        self.waited += ticks - (self.waited >> WAITED_SHIFT)
        self.left += (ONE if left else 0) - (self.left >> WAITED_SHIFT)
        if not left:
            self.last_wait = ticks

    @property
    def handled(self) -> int:
        """How many handling times the mean is made of; older ones count less, so it never exceeds a bound."""
        return self.done // ONE

    @property
    def mean(self) -> float | None:
        """The mean handling time in ticks; None before the first."""
        return self.time * ONE / self.done if self.done and self.time else None

    @property
    def impatience(self) -> float:
        """How many leave, per tick that somebody waits: abandons / all time waited (exponential patience, censored)."""
        return self.left / ONE / self.waited if self.waited else 0.0


def pace_id(queue: str, channel: str) -> str:
    """The id of the pace of a queue and channel."""
    return f"{queue}/{channel}"
