"""Opening hours: weekly spans and dated exceptions, in minutes of the local day. The caller knows the time zone."""

import msgspec

DAY_MINUTES = 24 * 60


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Open from `start` up to but not including `end`, minutes after local midnight (known failure F110)."""

    start: int
    end: int


class Hours(msgspec.Struct, frozen=True, kw_only=True, tag="hours"):
    """When a queue is open. `weekly` has seven entries, Monday first; `exceptions` replace a date (ISO) whole.

    `zone` is an IANA time zone name; `holidays` a country code whose public holidays are closed days.
    """

    id: str
    zone: str
    weekly: tuple[tuple[Span, ...], ...]
    exceptions: dict[str, tuple[Span, ...]] = {}
    holidays: str = ""
    revision: int = 0


def is_open(hours: Hours, date: str, weekday: int, minute: int, *, holiday: bool = False) -> bool:
    """Whether it is open at local `minute` of local `date` (ISO), a `weekday` (Monday is 0)."""
    spans = hours.exceptions.get(date)
    if spans is None:
        spans = () if holiday else hours.weekly[weekday]
    return any(span.start <= minute < span.end for span in spans)
