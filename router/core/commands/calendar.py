"""Commands about opening hours as instants."""

from router.core.commands.base import BaseCommand


class SetCalendar(BaseCommand, frozen=True):
    """These hours, as they are at `revision`, are open in these spans (from, to), which are known up to `through`."""

    hours: str
    spans: tuple[tuple[int, int], ...]
    through: int
    revision: int
