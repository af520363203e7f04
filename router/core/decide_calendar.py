"""Decisions about opening hours as instants."""

from itertools import pairwise

from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.decision import Decision, no
from router.core.state import State


def set_calendar(state: State, command: c.SetCalendar, now: int) -> Decision:
    """When hours are open. What was made from hours that were edited since is refused: it is not so any more."""
    hours = state.hours.get(command.hours)
    if hours is None:
        return no("unknown_hours", command.hours)
    if command.revision != hours.revision:
        return no("stale_revision", hours.id)
    apart = all(begin < end for begin, end in command.spans)
    apart = apart and all(before[1] < after[0] for before, after in pairwise(command.spans))
    if not apart or len(command.spans) > limits.SPANS_MAX:
        return no("bad_value", "spans")
    if not now < command.through <= now + limits.DURATION_TICKS_MAX:
        return no("bad_date", hours.id)
    known = state.calendars.get(hours.id)
    if known is not None and (known.spans, known.through, known.revision) == (
        command.spans,
        command.through,
        command.revision,
    ):
        return []
    return [
        e.CalendarSet(at=now, hours=hours.id, spans=command.spans, through=command.through, revision=command.revision)
    ]
