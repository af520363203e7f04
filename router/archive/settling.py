"""Which part of the log cannot be lost any more, when its server syncs once a second.

After a power loss such a log ends a moment earlier than it did. History must not know what the log has forgotten: the
two would not go together any more, and no node would start. So what is archived is some seconds old.
"""

from collections import deque


class Settling:
    """Remembers how long the log was, and when."""

    def __init__(self, settle_s: float) -> None:
        """`settle_s`: after how many seconds what is in the log is on disk."""
        self._settle_s = settle_s
        self._seen: deque[tuple[float, int]] = deque()

    def sure(self, now: float, last: int) -> int:
        """The last position that is on disk at `now` (seconds of a monotonic clock), when the log ends at `last`."""
        if self._seen and last < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, last))
        while len(self._seen) > 1 and self._seen[1][0] <= now - self._settle_s:
            self._seen.popleft()
        at, position = self._seen[0]
        return position if at <= now - self._settle_s else 0
