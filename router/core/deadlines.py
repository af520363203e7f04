"""Deadlines: what is due when, earliest first. A heap whose outdated entries are passed over when they come up."""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from router.core import limits

Due: TypeAlias = tuple[int, str, str]
"""An instant (ticks), and the kind and id of the record for which something is due then."""


class Deadlines:
    """At most one instant for each record."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, str], int] = {}
        self._heap: list[Due] = []

    def set(self, ref: tuple[str, str], at: int | None) -> None:
        """When something is due for a record now; None for nothing."""
        if at == self._at.get(ref):
            return
        if at is None:
            del self._at[ref]
            return
        self._at[ref] = at
        heappush(self._heap, (at, ref[0], ref[1]))
        if len(self._heap) > 2 * len(self._at) + limits.DEADLINES_OUTDATED_MAX:
            self._heap = [(at, *ref) for ref, at in self._at.items()]
            heapify(self._heap)

    def set_all(self, dues: Iterable[tuple[tuple[str, str], int]]) -> None:
        """The instants of many records at once, of which none is known yet."""
        self._at.update(dues)
        self._heap = [(at, *ref) for ref, at in self._at.items()]
        heapify(self._heap)

    def first(self) -> int | None:
        """The earliest instant; None if nothing is due ever."""
        while self._heap:
            at, kind, id = self._heap[0]
            if self._at.get((kind, id)) == at:
                return at
            heappop(self._heap)
        return None

    def due(self, now: int, most: int) -> list[Due]:
        """What is due by now, in the order in which it fell due, at most so many."""
        found: dict[Due, None] = {}
        while self._heap and self._heap[0][0] <= now and len(found) < most:
            entry = heappop(self._heap)
            if self._at.get(entry[1:]) == entry[0]:
                found[entry] = None
        for entry in found:
            heappush(self._heap, entry)
        return list(found)

    def __iter__(self) -> Iterator[Due]:
        """Everything that is due ever, in order."""
        return iter(sorted((at, *ref) for ref, at in self._at.items()))
