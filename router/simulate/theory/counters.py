"""Counters of more than a tally has. They are compiled as the one is that they go on from (decision 24)."""

from router.simulate.theory import limits
from router.simulate.theory.policy import Policy
from router.simulate.theory.streams import BEGIN, Contact
from router.simulate.theory.tally import Counter
from router.simulate.theory.vectors import Arrivals, Measure, Model


class DayCounter(Counter):
    """Counts by interval of arrival, and how many contacts are in the system in each interval."""

    def __init__(self, model: Model, measure: Measure, *, groups: int, arrivals: Arrivals, period_s: float) -> None:
        super().__init__(model, measure, groups * len(arrivals.per_h))
        self._length = round(arrivals.interval_s * limits.TICKS_PER_S)
        self._many = len(arrivals.per_h)
        self._period = round(period_s * limits.TICKS_PER_S)
        self.in_system = [0] * (groups * self._many)

    def ended(self, contact: Contact, now: int) -> None:
        super().ended(contact, now)
        self._was_here(contact, now)

    def left(self, contact: Contact, now: int) -> None:
        super().left(contact, now)
        self._was_here(contact, now)

    def _was_here(self, contact: Contact, now: int) -> None:
        group = contact.batch // self._many
        day = BEGIN + (contact.at - BEGIN) // self._period * self._period
        for interval in range(contact.batch % self._many, self._many):
            begin = day + interval * self._length
            if now <= begin:
                break
            self.in_system[group * self._many + interval] += min(now, begin + self._length) - max(contact.at, begin)


class StarvingCounter(Counter):
    """Counts the instants at which somebody waits whom an idle agent may take."""

    found = 0
    policy: Policy

    def begin(self, policy: Policy) -> None:
        """Everybody idles."""
        serves = policy.serves.values()
        self._who = [[at for at, ids in enumerate(serves) if id in ids] for id in policy.classes]
        self._idle = [len(agents) for agents in policy.pools.values()]
        self._line: list[set[int]] = [set() for _ in policy.classes]

    def came(self, contact: Contact, now: int) -> None:
        """Between two commands nothing may be left to do."""
        super().came(contact, now)
        for cls, line in enumerate(self._line):
            if line and any(self._idle[pool] for pool in self._who[cls]):
                self.found += 1
        self._line[contact.cls].add(contact.index)

    def began(self, contact: Contact, now: int) -> None:
        """One idles less, one waits less."""
        super().began(contact, now)
        self._line[contact.cls].discard(contact.index)
        self._idle[contact.pool] -= 1

    def ended(self, contact: Contact, now: int) -> None:
        """One idles more."""
        super().ended(contact, now)
        self._idle[contact.pool] += 1

    def left(self, contact: Contact, now: int) -> None:
        """One waits less."""
        super().left(contact, now)
        self._line[contact.cls].discard(contact.index)
