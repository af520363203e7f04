"""How events about opening hours as instants change state."""

from collections.abc import Callable
from typing import Any, Final

from queues.calendar import Calendar
from router.core import events as e
from router.core.state import State


def _calendar_set(state: State, event: e.CalendarSet) -> None:
    calendar = Calendar(id=event.hours, spans=event.spans, through=event.through, revision=event.revision)
    state.put("calendar", event.hours, calendar)


def _calendar_lapsed(state: State, event: e.CalendarLapsed) -> None:
    state.drop("calendar", event.hours)


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.CalendarSet: _calendar_set,
    e.CalendarLapsed: _calendar_lapsed,
}
