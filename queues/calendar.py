"""A calendar: the coming openings of some hours as instants, for who knows no time zone."""

from bisect import bisect_right

import msgspec


class Calendar(msgspec.Struct, frozen=True, kw_only=True, tag="calendar"):
    """When hours (`id`) are open: each of `spans` is from an instant up to but not including another, in order and
    apart. It is known up to `through`. `revision` is that of the hours it was made from."""

    id: str
    spans: tuple[tuple[int, int], ...]
    through: int
    revision: int = 0

    def is_open(self, at: int) -> bool:
        """Whether it is open at this instant. What is not known is open: nobody is turned away by mistake."""
        if at >= self.through:
            return True
        place = self._after(at)
        return place > 0 and at < self.spans[place - 1][1]

    def opens_at(self, at: int) -> int | None:
        """The next instant at which it opens, from one at which it is closed; None when that is not known."""
        place = self._after(at)
        return self.spans[place][0] if place < len(self.spans) else None

    def closes_at(self, at: int) -> int | None:
        """The instant at which it closes, from one at which it is open; None when that is not known."""
        place = self._after(at)
        if place == 0 or at >= self.spans[place - 1][1]:
            return None
        end = self.spans[place - 1][1]
        return end if end < self.through else None

    def _after(self, at: int) -> int:
        """How many openings begin at this instant or before."""
        return bisect_right(self.spans, at, key=lambda span: span[0])
