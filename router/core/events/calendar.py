"""Events about opening hours as instants."""

from router.core.events.base import BaseEvent


class CalendarSet(BaseEvent, frozen=True):
    """These hours are open in these spans (from, to), which are known up to `through`."""

    hours: str
    spans: tuple[tuple[int, int], ...]
    through: int
    revision: int = 0


class CalendarLapsed(BaseEvent, frozen=True):
    """Nobody knows any more when these hours are open: their queues are, until it is told."""

    hours: str
