"""Comparators: which of the longest waiting of several kinds goes first, evaluated now."""

from typing import Literal, TypeAlias

import msgspec

ComparatorKind: TypeAlias = Literal["strict", "head_start", "slope"]

THOUSANDTHS = 1_000
"""A slope of 1 in the unit in which it is written."""

RANK = 1 << 60
"""What one point of priority is worth when it is strict: more than anybody can wait (36 years in nanoseconds)."""


class Comparator(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an item's claim to be next grows: the highest goes first.

    `strict`: by priority, and by due within one. `head_start`: each point of priority counts as `per_point_ms` of
    waiting (earliest due date with credit; the Technion bank's 90 s). `slope`: `base_ms` and `per_s` thousandths of
    a point for each second waited, plus `per_point_ms` for each point of priority (linear ageing, Kleinrock 1964).
    """

    kind: ComparatorKind = "strict"
    per_point_ms: int = 0
    base_ms: int = 0
    per_s: int = THOUSANDTHS

    def claim(self, priority: int, late: int, waited: int) -> int:
        """The claim (thousandths of ticks) of an item that is `late` past its due and has `waited`, both in ticks."""
        if self.kind == "strict":
            return priority * RANK + late * THOUSANDTHS
        if self.kind == "head_start":
            return (priority * self.per_point_ms + late) * THOUSANDTHS
        return (self.base_ms + priority * self.per_point_ms) * THOUSANDTHS + self.per_s * waited


STRICT = Comparator()
