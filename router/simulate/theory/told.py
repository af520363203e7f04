"""What the product itself tells who must wait, beside what the usual rule of vendors would have told: ROUTING figure 9.

Not a formula with known rates: the estimate of `router.core.estimate` on the live state, from handling times and
patience that it learned from what happened before.
"""

from collections import deque
from collections.abc import Iterable

import msgspec

from router.core.ask import Raw
from router.core.estimate import prospect
from router.simulate.theory import limits
from router.simulate.theory.announce import GONE, Score
from router.simulate.theory.engine import Engine
from router.simulate.theory.policy import of_model
from router.simulate.theory.runs import engine, until_usual
from router.simulate.theory.streams import Chances, Contact
from router.simulate.theory.tally import Figures
from router.simulate.theory.vectors import Model

PRODUCT, LAST = "product", "last_entered"


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure of a row may be at most, in absolute size."""

    row: str
    figure: str
    most: float


BOUNDS = (
    Bound(row="EW-03", figure="rrmse", most=0.235),
    Bound(row="EW-03", figure="bias_s", most=1.0),
    Bound(row="EW-03", figure="mape_wait_ge_20s", most=0.19),
    Bound(row="EW-06", figure="rrmse", most=0.285),
    Bound(row="EW-06", figure="bias_s", most=1.0),
    Bound(row="FA-07", figure="to_last_entered", most=0.9),
)
"""Our routing notes, section 5, figure 9: M/M/100 at 95 % load, M/M/100+M at 110 %, two skills (M-model).
`to_last_entered`: root mean square error, as a part of that of the last entered."""


class Teller:
    """Watches contacts of several classes: what each was told when it came, and how long it would have waited. Whoever
    hung up is followed on, which is exact where there is one class."""

    def __init__(self, classes: int, queues: tuple[str, ...]) -> None:
        self.engine: Engine | None = None
        self.scores: list[dict[str, Score]] = [{} for _ in range(classes)]
        self._queues = queues
        self._lines: list[deque[tuple[Contact, dict[str, float]]]] = [deque() for _ in range(classes)]
        self._last: list[float | None] = [None] * classes
        self.within = self.ranged = 0

    def came(self, contact: Contact, now: int) -> None:
        """It is told, before anybody looks whether it must wait."""
        said: dict[str, float] = {}
        if contact.batch >= 0 and self.engine is not None:
            asks = Raw(self._queues[contact.cls], "phone", 0, (), (), "", "", 0)
            found = prospect(self.engine.state, asks, now)
            last = self._last[contact.cls]
            if found is not None and found.expected is not None and last is not None:
                said = {PRODUCT: found.expected / limits.TICKS_PER_S, LAST: last}
                said |= {"low": (found.low or 0) / limits.TICKS_PER_S, "high": (found.high or 0) / limits.TICKS_PER_S}
        self._lines[contact.cls].append((contact, said))

    def began(self, contact: Contact, now: int) -> None:
        """It is answered; so would be all those before it who hung up."""
        line = self._lines[contact.cls]
        if now == contact.at and line[-1][0] is contact:
            line.pop()
            return
        self._last[contact.cls] = (now - contact.at) / limits.TICKS_PER_S
        while self._resolve(contact.cls, now) is not contact:
            pass

    def talked(self, contact: Contact, now: int) -> None:
        """Nothing of it is seen in the line."""

    def ended(self, contact: Contact, now: int) -> None:
        """An agent is free: when nobody waits, whoever hung up would be served now."""
        for cls, line in enumerate(self._lines):
            if line and all(other.pool == GONE for other, _ in line):
                while line:
                    self._resolve(cls, now)

    def left(self, contact: Contact, now: int) -> None:
        """It hung up, and is followed on."""
        contact.pool = GONE

    def blocked(self, contact: Contact, now: int) -> None:
        """There is room for all."""

    def _resolve(self, cls: int, now: int) -> Contact:
        contact, said = self._lines[cls].popleft()
        if said:
            wait = (now - contact.at) / limits.TICKS_PER_S
            for name in (PRODUCT, LAST):
                self.scores[cls].setdefault(name, Score()).add(said[name], wait)
            self.ranged += 1
            self.within += said["low"] <= wait <= said["high"]
        return contact


def told(model: Model, contacts: int, seed: str) -> list[Figures]:
    """By class: the errors of what was told, those of the last entered, and what share ended within its range."""
    policy = of_model(model)
    chances = Chances(model, seed)
    teller = Teller(len(model.classes), policy.classes)
    run = teller.engine = engine(model, policy, chances, teller)
    warm = max(contacts // 10, limits.LEARNT_CONTACTS, min(until_usual(model), contacts))
    run.run(chances.contacts([warm, contacts, contacts // 10]))
    return [_figures(scores, teller) for scores in teller.scores]


def _figures(scores: dict[str, Score], teller: Teller) -> Figures:
    found = scores[PRODUCT].figures()
    last = scores[LAST].figures()
    found["last_entered_rrmse"] = last["rrmse"]
    found["to_last_entered"] = found["rrmse"] / last["rrmse"]
    found["within_range"] = teller.within / teller.ranged
    return found


def beyond(row: str, figures: Iterable[Figures]) -> list[str]:
    """The figures of a row that are larger than they may be, in words."""
    bounds = [bound for bound in BOUNDS if bound.row == row]
    return [
        f"{row}: {bound.figure} is {found[bound.figure]:.3f}, not at most {bound.most}"
        for found in figures
        for bound in bounds
        if abs(found[bound.figure]) > bound.most
    ]
