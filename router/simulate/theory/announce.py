"""What is announced to who must wait, against how long they would have waited had they never hung up.

The wait that counts is the potential one: who hung up is followed on, and their wait ends when their place would have
been served. Every contact that must wait is scored; to sample one at a time would favour short waits.
"""

from collections import deque
from collections.abc import Callable, Iterable
from math import sqrt
from typing import TypeAlias

from queues import metrics
from router.simulate.theory import limits
from router.simulate.theory.judging import Figure, Judged, figure, need, twice
from router.simulate.theory.policy import of_model
from router.simulate.theory.runs import engine, standard_error, until_usual
from router.simulate.theory.streams import Chances, Contact
from router.simulate.theory.tally import Figures
from router.simulate.theory.vectors import Model, Row, leaves

Estimator: TypeAlias = Callable[[Contact, int], float | None]
"""Seconds that are announced to a contact that must wait, now; None for nothing."""


class Score:
    """The errors of one estimator in one batch. Times are seconds."""

    __slots__ = ("absolute", "error", "from_20", "from_20_share", "near", "scored", "squared", "wait")

    def __init__(self) -> None:
        self.scored = self.near = self.from_20 = 0
        self.error = self.absolute = self.squared = self.wait = self.from_20_share = 0.0

    def add(self, told: float, wait: float) -> None:
        """One contact: what it was told, how long it would have waited."""
        error = told - wait
        self.scored += 1
        self.wait += wait
        self.error += error
        self.absolute += abs(error)
        self.squared += error * error
        self.near += abs(error) <= max(limits.NEAR_SHARE * wait, limits.NEAR_S)
        if wait >= limits.MAPE_FROM_S:
            self.from_20 += 1
            self.from_20_share += abs(error) / wait

    def join(self, other: "Score") -> None:
        """Both together."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def figures(self) -> Figures:
        """As the vectors define them."""
        ratio = metrics.ratio
        mse = ratio(numerator=self.squared, denominator=self.scored)
        wait = ratio(numerator=self.wait, denominator=self.scored)
        found = {
            "mse": mse,
            "rrmse": ratio(numerator=sqrt(mse or 0.0), denominator=wait or 0.0),
            "wape": ratio(numerator=self.absolute, denominator=self.wait),
            "bias_s": ratio(numerator=self.error, denominator=self.scored),
            "mape_wait_ge_20s": ratio(numerator=self.from_20_share, denominator=self.from_20),
            "within_20pct_or_30s": ratio(numerator=self.near, denominator=self.scored),
            "mean_wait_s": wait,
        }
        return {name: value for name, value in found.items() if value is not None}


class _Told:
    """A contact that waits, or hung up and is followed on."""

    __slots__ = ("contact", "said")

    def __init__(self, contact: Contact, said: dict[str, float]) -> None:
        self.contact = contact
        self.said = said


class Announcer:
    """Watches one queue of equal agents, announces by several rules, and scores them."""

    def __init__(self, model: Model, batches: int) -> None:
        kind, pool = model.classes[0], model.pools[0]
        self._agents = pool.agents or 0
        self._rate = self._agents / pool.mean_handle_s[kind.id]
        self._leaving = 1.0 / kind.mean_patience_s if kind.mean_patience_s is not None else 0.0
        self._line: deque[_Told] = deque()
        self._waiting = self._busy = 0
        self._last: deque[float] = deque([0.0], maxlen=limits.LAST_ANSWERED)
        self._last_waited = 0.0
        self._after: list[float] = []
        self.estimators: dict[str, Estimator] = {
            "QL": self.queue_length,
            "HOL": self.head_of_line,
            "LES": self.last_entered,
            "AVG10": self.last_ten,
            "NAIVE": self.queue_length_only,
        }
        self.scores: list[dict[str, Score]] = [{} for _ in range(batches)]

    # -- what is announced -----------------------------------------------------------------------------------

    def queue_length(self, contact: Contact, now: int) -> float:
        """Each of those ahead, and then this one, goes when somebody is served or hangs up: the exact mean."""
        ahead = self._waiting
        while len(self._after) <= ahead:
            stage = self._rate + len(self._after) * self._leaving
            self._after.append((self._after[-1] if self._after else 0.0) + 1.0 / stage)
        return self._after[ahead]

    def queue_length_only(self, contact: Contact, now: int) -> float:
        """The same as if nobody hung up."""
        return (self._waiting + 1) / self._rate

    def head_of_line(self, contact: Contact, now: int) -> float:
        """How long the first in line has waited; nobody there: 0."""
        first = next((told for told in self._line if told.contact.pool != GONE), None)
        return (now - first.contact.at) / limits.TICKS_PER_S if first is not None else 0.0

    def last_entered(self, contact: Contact, now: int) -> float:
        """How long the last one to be answered waited, of those who did wait."""
        return self._last_waited

    def last_ten(self, contact: Contact, now: int) -> float:
        """How long the last ten to be answered waited on average."""
        return sum(self._last) / len(self._last)

    # -- what happens ----------------------------------------------------------------------------------------

    def came(self, contact: Contact, now: int) -> None:
        """All are busy: it must wait, and is told how long."""
        if self._busy < self._agents:
            return
        said = {}
        if contact.batch >= 0:
            for name, estimator in self.estimators.items():
                told = estimator(contact, now)
                if told is not None:
                    said[name] = told
        self._line.append(_Told(contact, said))
        self._waiting += 1

    def began(self, contact: Contact, now: int) -> None:
        """It is answered: so would be all those before it who hung up."""
        self._busy += 1
        self._last.append((now - contact.at) / limits.TICKS_PER_S)
        if self._line and now > contact.at:
            self._last_waited = self._last[-1]
            self._waiting -= 1
            while self._resolve(now) is not contact:
                pass

    def talked(self, contact: Contact, now: int) -> None:
        """Nothing of it is seen in the line."""

    def ended(self, contact: Contact, now: int) -> None:
        """An agent is free; when nobody waits, whoever hung up would be served now."""
        self._busy -= 1
        if not self._waiting:
            while self._line:
                self._resolve(now)

    def left(self, contact: Contact, now: int) -> None:
        """It hung up, and is followed on."""
        self._waiting -= 1
        contact.pool = GONE

    def blocked(self, contact: Contact, now: int) -> None:
        """There is room for all."""

    def _resolve(self, now: int) -> Contact:
        """The first in line would be served now."""
        told = self._line.popleft()
        scores = self.scores[told.contact.batch]
        for name, said in told.said.items():
            scores.setdefault(name, Score()).add(said, (now - told.contact.at) / limits.TICKS_PER_S)
        return told.contact


GONE = -2
"""The pool of a contact that hung up."""


def announcement_row(row: Row, contacts: int) -> Judged:
    """The errors of each rule of announcing. Raises Unsupported."""
    model = row.modelled()
    need(len(model.classes) == len(model.pools) == 1, "announcements to several classes, or by several pools")
    need(model.waiting_room is None and not model.wrap_up_mean_s, "announcements with a finite waiting room or wrap-up")
    need(model.handle_distribution == "exponential" == model.patience_distribution, "announcements beyond M/M/n+M")
    done: list[tuple[int, list[dict[str, Score]]]] = []
    unsupported: list[str] = []

    def measured(round_: int) -> list[Figure]:
        size = contacts * (limits.AGAIN if round_ else 1)
        done.append((size, announced(model, size, f"{row.id}/{round_}")))
        values, errors = scored(done)
        wanted = dict(leaves(row.expected))
        unsupported[:] = [f"metric {name}" for name in wanted if name not in values]
        return [
            figure(
                row, name, value, values[name], limits.ERRORS_MAX * sqrt(errors[name] ** 2 + (EXPECTED * value) ** 2)
            )
            for name, value in wanted.items()
            if name in values
        ]

    return Judged(figures=twice(measured), unsupported=unsupported)


EXPECTED = 1e-3
"""Relative accuracy of what is expected, as the rows say."""


def announced(model: Model, contacts: int, seed: str) -> list[dict[str, Score]]:
    """The scores of replications."""
    size = contacts // limits.REPLICATIONS
    tail = round(size * limits.WARM_UP_REPLICATION_SHARE)
    warm = max(tail, min(until_usual(model), size))
    found = []
    for number in range(limits.REPLICATIONS):
        chances = Chances(model, f"{seed}/{number}")
        announcer = Announcer(model, 1)
        engine(model, of_model(model), chances, announcer).run(chances.contacts([warm, size, tail]))
        found += announcer.scores
    return found


def scored(done: Iterable[tuple[int, list[dict[str, Score]]]]) -> tuple[Figures, Figures]:
    """The figures of all scores pooled, and their standard errors."""
    every = list(done)
    total = sum(size for size, _ in every)
    pooled: dict[str, Score] = {}
    variance: dict[str, float] = {}
    for size, batches in every:
        for scores in batches:
            for name, score in scores.items():
                pooled.setdefault(name, Score()).join(score)
        each = [_figures(scores) for scores in batches]
        for name in {path: None for one in each for path in one}:
            error = standard_error([one[name] for one in each if name in one])
            variance[name] = variance.get(name, 0.0) + (size / total * error) ** 2
    return _figures(pooled), {name: sqrt(value) for name, value in variance.items()}


def _figures(scores: dict[str, Score]) -> Figures:
    found = {f"{name}.{figure}": value for name, score in scores.items() for figure, value in score.figures().items()}
    for name in scores:
        if f"{name}.mean_wait_s" in found:
            found["mean_potential_wait_if_wait_s"] = found[f"{name}.mean_wait_s"]
    return found
