"""What a node says of waits: estimates for what waits here, and how far off they were.

It listens to the follower. Predictions made when somebody came are compared with how long they waited in the end, for
each queue and channel: what is published, and what decides which method is used there from now on. Who left is not
counted: nobody knows how long they would have waited.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from queues.estimates import Method
from router.core import events as e
from router.core.ask import Raw
from router.core.estimate import Estimate, estimate, head_waited, prospect
from router.core.state import State
from router.core.views import estimate_view
from router.gateway import Applied, Clock
from router.runtime import limits
from router.runtime.metrics import WAIT_BIAS, WAIT_ERROR, WAIT_WITHIN, WAITS_MEASURED

Place: TypeAlias = tuple[str, str]
"""A queue and a channel."""


class Predicted(NamedTuple):
    """What was said when the wait began; `head` is what the head of the line said (None: nobody was before)."""

    at: int
    low: int
    expected: int
    high: int
    head: int | None


class Waits:
    """A follower's listener that estimates. `state` gives the node's state, which may be replaced by a reload."""

    def __init__(self, state: Callable[[], State], clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._predicted: dict[str, Predicted] = {}
        self._measured: dict[Place, Measured] = {}
        self._second = (0, 0)
        self.methods: dict[Place, Method] = {}

    def __call__(self, applied: Applied, state: State) -> None:
        """Note who came, and who was served."""
        for event in applied.entry.events:
            if isinstance(event, e.ItemQueued):
                self._predicted.pop(event.item, None)
                self._predict(state, event)
            elif isinstance(event, e.ReservationAccepted):
                self._learn(state, event)
            elif isinstance(event, e.ItemClosed):
                self._predicted.pop(event.item, None)

    def of(self, item: str) -> Estimate | None:
        """The estimate for a waiting item; None for one that does not wait here."""
        return estimate(self._state(), item, self._clock.now_ms(), self.methods)

    def shown(self, item: str) -> dict[str, Any] | None:
        """The same as it is shown outside."""
        found = self.of(item)
        return estimate_view(found) if found is not None else None

    def prospect(self, asks: Raw) -> Estimate | None:
        """The estimate for who would come now; None for a queue that is not there."""
        return prospect(self._state(), asks, self._clock.now_ms(), self.methods)

    def measured(self) -> dict[Place, "Measured"]:
        """How far off the estimates were, by queue and channel."""
        return self._measured

    def _predict(self, state: State, event: e.ItemQueued) -> None:
        """A bounded number in each second; of more, the first: who came then waits as long as the others do."""
        second = event.at // 1_000
        count = self._second[1] if self._second[0] == second else 0
        if count >= limits.WAITS_PREDICTED_PER_S or len(self._predicted) >= limits.WAITS_PREDICTED_MAX:
            return
        self._second = (second, count + 1)
        found = estimate(state, event.item, event.at)
        if found is None or found.low is None or found.expected is None or found.high is None:
            return
        head = head_waited(state, event.item, event.at)
        self._predicted[event.item] = Predicted(event.at, found.low, found.expected, found.high, head)

    def _learn(self, state: State, event: e.ReservationAccepted) -> None:
        said = self._predicted.pop(event.item, None)
        item = state.items.get(event.item)
        if said is None or item is None:
            return
        place = (item.queue, item.channel)
        found = self._measured.setdefault(place, Measured())
        found.add(said, event.at - said.at)
        found.publish(*place)
        if found.head_is_better():
            self.methods[place] = "head_of_line"
        else:
            self.methods.pop(place, None)


class Measured:
    """The latest predictions of one queue and channel beside the waits they became."""

    def __init__(self) -> None:
        self._latest: deque[tuple[Predicted, int]] = deque(maxlen=limits.WAITS_MEASURED_KEPT)

    def add(self, said: Predicted, waited: int) -> None:
        """Somebody waited so long."""
        self._latest.append((said, waited))

    @property
    def count(self) -> int:
        """How many are kept."""
        return len(self._latest)

    @property
    def bias(self) -> float | None:
        """Mean of estimate - wait (ticks): above 0 when too much is promised to take too long."""
        return sum(said.expected - waited for said, waited in self._latest) / self.count if self.count else None

    @property
    def error(self) -> float | None:
        """Root mean square of estimate - wait, in parts of the mean wait."""
        return self._relative([(said.expected, waited) for said, waited in self._latest])

    @property
    def within(self) -> float | None:
        """The share of waits that ended within their range."""
        if not self.count:
            return None
        return sum(said.low <= waited <= said.high for said, waited in self._latest) / self.count

    def head_is_better(self) -> bool:
        """Whether the head of the line would have told clearly better, over enough waits."""
        both = [(said, waited) for said, waited in self._latest if said.head is not None]
        if len(both) < limits.WAITS_COMPARED_MIN:
            return False
        mine = self._relative([(said.expected, waited) for said, waited in both])
        heads = self._relative([(said.head or 0, waited) for said, waited in both])
        return mine is not None and heads is not None and heads < _CLEARLY * mine

    def publish(self, queue: str, channel: str) -> None:
        """Show it in the metrics."""
        WAITS_MEASURED.labels(queue, channel).inc()
        for gauge, value, unit in (
            (WAIT_BIAS, self.bias, 1_000),
            (WAIT_ERROR, self.error, 1),
            (WAIT_WITHIN, self.within, 1),
        ):
            if value is not None:
                gauge.labels(queue, channel).set(value / unit)

    @staticmethod
    def _relative(pairs: list[tuple[int, int]]) -> float | None:
        whole = sum(waited for _, waited in pairs)
        if not whole:
            return None
        return math.sqrt(sum((said - waited) ** 2 for said, waited in pairs) / len(pairs)) * len(pairs) / whole


_CLEARLY: Final = 0.9
"""A method takes over when its error is at most this part of the other's: else chance would switch them."""
