"""Percentiles and medians, one definition for every figure that is printed. Pure."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of 100 of all values do not exceed (nearest rank).

    No values give 0.0. Raises ValueError for a percent outside 0 to 100.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"a percentile is 0 to 100, not {percent}")
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two middle ones; no values give 0.0."""
    if not values:
        return 0.0
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def rounded(value: float, digits: int = 2) -> float:
    """A figure as it is printed: no more digits than it can carry."""
    return round(value, digits)
