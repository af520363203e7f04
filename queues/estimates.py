"""How long somebody will wait: the expected wait and a range, from how many go before them and how fast it goes.

Queue length (QL): with q ahead, each served at rate r and leaving unserved at rate t, the wait is the sum of q + 1
exponential times of rates r, r + t, ... r + qt: exact for M/M/n and M/M/n+M (Ibrahim & Whitt 2009; our routing notes,
1.8). Head of line (HOL): as long as who is first now has waited; its mean square error is twice that of QL. Last
answered: as long as who was answered last had waited.
"""

import math
from typing import Literal, NamedTuple, TypeAlias

Method: TypeAlias = Literal["queue_length", "head_of_line", "last_answered"]

CONFIDENCE = 80
"""Of 100 waits so many end within their range: it leaves out the shortest and the longest tenth."""

_TENTH = 1.2815515655446004
"""The standard normal deviate above which a tenth lies."""

_SMALL = 1e-8
"""Below it, rates differ by less than what a float tells apart in what follows."""


class Wait(NamedTuple):
    """A wait: its mean and its variance, in ticks and their square."""

    mean: float
    variance: float


class Range(NamedTuple):
    """Between which a wait lies with a confidence of `CONFIDENCE`, and what is expected; in whole ticks."""

    low: int
    expected: int
    high: int


def queue_length(ahead: float, rate: float, leaving: float = 0.0) -> Wait:
    """The wait of who has `ahead` before them, who are served at `rate` (per tick, all servers together) and leave at
    `leaving` each. `ahead` need not be whole: it may come out of how the load is shared."""
    count = ahead + 1
    if leaving <= rate * _SMALL:
        return Wait(count / rate, count / rate**2)
    start = rate / leaving
    mean = (_digamma(start + count) - _digamma(start)) / leaving
    return Wait(mean, (_trigamma(start) - _trigamma(start + count)) / leaving**2)


def head_of_line(head_waited: float, place: int, length: int) -> Wait:
    """The wait of who is at `place` (1 is the head) of a line of this length, whose head has waited so long: in that
    time as many came as stand in it, so it moves on at that pace."""
    mean = head_waited * place / length
    return Wait(mean, 2 * mean**2 / place)


def last_answered(waited: float, elapsed: float) -> Wait:
    """The rest of a wait that is as long as that of who was answered last."""
    mean = max(waited - elapsed, 0.0)
    return Wait(mean, mean**2)


def uncertain(wait: Wait, learned_from: int) -> Wait:
    """The same when its rate was learned from so many handling times, which spread about as much as their mean."""
    return Wait(wait.mean, wait.variance + wait.mean**2 / max(learned_from, 1))


def between(wait: Wait) -> Range:
    """The range of a wait that is a sum of exponential times: a gamma distribution of that mean and variance, its
    tenths by Wilson and Hilferty (1931)."""
    if wait.mean <= 0 or wait.variance <= 0:
        return Range(round(wait.mean), round(wait.mean), round(wait.mean))
    shape = wait.mean**2 / wait.variance
    middle, step = 1 - 1 / (9 * shape), _TENTH / (3 * math.sqrt(shape))
    low = wait.mean * max(middle - step, 0.0) ** 3
    return Range(round(low), round(wait.mean), round(max(wait.mean * (middle + step) ** 3, wait.mean)))


def _digamma(x: float) -> float:
    found = 0.0
    while x < _ASYMPTOTIC:
        found -= 1 / x
        x += 1
    square = 1 / (x * x)
    return found + math.log(x) - 0.5 / x - square * (1 / 12 - square * (1 / 120 - square / 252))


def _trigamma(x: float) -> float:
    found = 0.0
    while x < _ASYMPTOTIC:
        found += 1 / (x * x)
        x += 1
    square = 1 / (x * x)
    return found + 1 / x + square / 2 + square / x * (1 / 6 - square * (1 / 30 - square / 42))


_ASYMPTOTIC = 10.0
"""From here on the series below is good to twelve digits."""
