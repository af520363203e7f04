"""What theory says of one queue with equal agents: Erlang C, Erlang A, and how many agents a goal takes. Exact.

Contacts come at random (Poisson) at `load` erlangs (arrivals per handle time), handle times and patience are
exponential. Sources: A. K. Erlang 1917; the recursion of B: any text; C. Palm 1957 and Garnett, Mandelbaum, Reiman 2002
for patience. Times are in handle times; nothing here decides anything.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

TAIL = 1e-17
"""A state of smaller weight than this is not counted: it would not change the sum."""


class Outcome(NamedTuple):
    """What who comes meets: the share that waits, answered within the target, and hangs up; the mean wait of all."""

    p_wait: float
    sl_offered: float
    p_abandon: float
    mean_wait: float


def blocking(agents: int, load: float) -> float:
    """Erlang B: the share turned away where nobody waits. B_k = load B_(k-1) / (k + load B_(k-1))."""
    found = 1.0
    for k in range(1, agents + 1):
        found = load * found / (k + load * found)
    return found


def waiting(agents: int, load: float) -> float:
    """Erlang C: the share that waits. B / (1 - (load / agents)(1 - B)); 1 when the load is too much for ever."""
    if load >= agents:
        return 1.0
    found = blocking(agents, load)
    return found / (1.0 - load / agents * (1.0 - found))


def patient(agents: int, load: float, target: float) -> Outcome:
    """Nobody hangs up. SL = 1 - C exp(-(agents - load) target), mean wait = C / (agents - load)."""
    if load >= agents:
        return Outcome(1.0, 0.0, 0.0, math.inf)
    found = waiting(agents, load)
    spare = agents - load
    return Outcome(found, 1.0 - found * math.exp(-spare * target), 0.0, found / spare)


def impatient(agents: int, load: float, target: float, patience: float) -> Outcome:
    """Who waits hangs up after an exponential time of mean `patience`.

    The number in the system is a birth-death chain. Who comes when all agents are busy and `ahead` wait goes through
    ahead + 1 exponential stages of rate agents + i / patience (someone ahead is served or hangs up) while their own
    patience lasts: answered within the target is the chance that these end in time, and before the patience does. With
    equal steps between the rates that chance is an incomplete beta function, here as its integral over the wait.
    """
    weights = _queue_weights(agents, load, patience)
    busy = sum(weights)
    whole = busy + 1.0 / blocking(agents, load) - 1.0
    p_wait = busy / whole
    queue = sum(ahead * weight for ahead, weight in enumerate(weights)) / whole
    p_abandon = queue / patience / load
    answered = _answered_by(agents, load, patience, target)
    return Outcome(p_wait, 1.0 - p_wait + answered, p_abandon, queue / load)


def _queue_weights(agents: int, load: float, patience: float) -> list[float]:
    """The weight of each number of waiting contacts, against that of all agents busy and nobody waiting."""
    weights = [1.0]
    while weights[-1] > TAIL or len(weights) < 2:
        weights.append(weights[-1] * load / (agents + len(weights) / patience))
    return weights


def _answered_by(agents: int, load: float, patience: float, target: float) -> float:
    """The share of all that waits and is answered within the target: the integral of patience left times the density of
    the virtual wait, load exp(load H(v) - agents v) / (E + load J), H(v) the integral of the patience left up to v, E =
    1 / B(agents - 1), J the integral of exp(load H - agents v) over all v (Baccelli and Hebuterne 1981)."""

    def kernel(v: float) -> float:
        return math.exp(load * patience * -math.expm1(-v / patience) - agents * v)

    mode = patience * math.log(load / agents) if load > agents else 0.0
    scale = 1.0 / math.sqrt(max(load / patience * math.exp(-mode / patience), 1e-300))
    end = mode + 40.0 * scale + 40.0 / agents
    whole = integral(kernel, 0.0, end)
    within = integral(lambda v: math.exp(-v / patience) * kernel(v), 0.0, min(target, end))
    return load * within / (1.0 / blocking(agents - 1, load) + load * whole)


def integral(value: Callable[[float], float], start: float, end: float, pieces: int = 400) -> float:
    """Gauss's rule of five points on equal pieces: exact to the last digits for what is smooth."""
    if end <= start:
        return 0.0
    width = (end - start) / pieces
    total = 0.0
    for piece in range(pieces):
        middle = start + (piece + 0.5) * width
        total += sum(weight * value(middle + node * width / 2) for node, weight in GAUSS)
    return total * width / 2


GAUSS = tuple(
    (sign * node, weight)
    for node, weight, signs in (
        (0.0, 128 / 225, (1,)),
        (math.sqrt(5 - 2 * math.sqrt(10 / 7)) / 3, (322 + 13 * math.sqrt(70)) / 900, (-1, 1)),
        (math.sqrt(5 + 2 * math.sqrt(10 / 7)) / 3, (322 - 13 * math.sqrt(70)) / 900, (-1, 1)),
    )
    for sign in signs
)
"""Nodes and weights of the five-point rule on (-1, 1)."""


def outcome(agents: int, load: float, target: float, patience: float | None) -> Outcome:
    """What who comes meets, with or without patience that ends."""
    if patience is None:
        return patient(agents, load, target)
    return impatient(agents, load, target, patience)


def least_agents(
    load: float,
    target: float,
    patience: float | None,
    *,
    sl_offered: float | None = None,
    p_abandon: float | None = None,
    p_wait: float | None = None,
) -> int:
    """The least number of agents that reaches every goal named. More agents never do worse, so that it is found by
    halving. Raises ValueError without a goal, or for one that nobody reaches."""
    if sl_offered is None and p_abandon is None and p_wait is None:
        raise ValueError("least agents for which goal?")
    if (sl_offered or 0.0) >= 1.0 or (p_abandon == 0.0 and patience is not None):
        raise ValueError("a goal without any exception takes endless agents")

    def reached(agents: int) -> bool:
        found = outcome(agents, load, target, patience)
        return (
            (sl_offered is None or found.sl_offered >= sl_offered)
            and (p_abandon is None or found.p_abandon <= p_abandon)
            and (p_wait is None or found.p_wait <= p_wait)
        )

    most = max(2, math.ceil(load) + 1)
    while not reached(most):
        most *= 2
    least = 1
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if reached(middle) else (middle + 1, most)
    return least
