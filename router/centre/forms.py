"""How values are written in a centre file: durations (`20s`, `4h`), opening spans (`09:00-17:00`), dates, zones.

Each form reads its text (ValueError with a sentence for people when it cannot) and writes it back.
"""

import re
import zoneinfo
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import phonenumbers
from holidays.registry import EntityLoader

from queues.hours import DAY_MINUTES, Span
from queues.queue import ANY_QUEUE
from router.centre import limits
from router.core.limits import DURATION_TICKS_MAX, SLOPE_MAX
from router.core.state import CENTRE_KINDS
from skills import skills_in

_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION = re.compile(r"(?:\d{1,12}(?:ms|d|h|m|s))+")
_DURATION_PART = re.compile(r"(\d+)(ms|d|h|m|s)")
_DECIMAL = re.compile(r"(\d{1,12})(?:\.(\d{1,3}))?")
_SPAN = re.compile(r"(\d{2}):(\d{2})\s*-\s*(\d{2}):(\d{2})")
_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._+@-]{{0,{limits.ID_CHARS_MAX - 1}}}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")

TAG = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
"""What a tag of customers looks like: one spelling only, so that rules find it."""

ZONES = frozenset(zoneinfo.available_timezones())
"""Every time zone that the time zone data knows. Looked up once, at the import: it reads a folder."""

COUNTRIES = frozenset(EntityLoader.get_country_codes())
"""Every country whose public holidays are known."""


class Form(NamedTuple):
    """One way of writing: what people call it, its reader and writer, and all values if they can be listed."""

    noun: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    choices: frozenset[str] = frozenset()


def read_duration(text: str) -> int:
    """Milliseconds of `20s`, `4h`, `1m30s`, `250ms`, `2d`."""
    if not _DURATION.fullmatch(text):
        raise ValueError("is not a duration; write it like 20s, 5m, 4h, 2d or 1m30s")
    total = sum(int(count) * _UNITS[unit] for count, unit in _DURATION_PART.findall(text))
    if total > DURATION_TICKS_MAX:
        raise ValueError("is longer than a year")
    return total


def write_duration(ms: int) -> str:
    """The shortest exact text of a duration."""
    parts = []
    for unit, size in _UNITS.items():
        count, ms = divmod(ms, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def read_signed_duration(text: str) -> int:
    """Milliseconds of a duration that may be negative, like `-30s`."""
    return -read_duration(text[1:]) if text.startswith("-") else read_duration(text)


def write_signed_duration(ms: int) -> str:
    """The text of a duration that may be negative."""
    return f"-{write_duration(-ms)}" if ms < 0 else write_duration(ms)


def read_thousandths(text: str) -> int:
    """Thousandths of `1`, `0.25`."""
    found = _DECIMAL.fullmatch(text)
    if not found:
        raise ValueError("is not a number; write it like 1, 2.5 or 0.025")
    value = int(found[1]) * 1_000 + int((found[2] or "").ljust(3, "0"))
    if value > SLOPE_MAX:
        raise ValueError(f"is more than {SLOPE_MAX // 1_000}")
    return value


def write_thousandths(value: int) -> str:
    """The shortest text of so many thousandths."""
    return f"{value // 1_000}.{value % 1_000:03}".rstrip("0").rstrip(".")


def read_term(text: str) -> str:
    """A term of a requirement: a skill, alternatives or an exclusion, without blanks."""
    term = "|".join(part.strip() for part in text.split("|"))
    if not all(_ID.fullmatch(skill) for skill in skills_in(term)):
        raise ValueError("is not a skill; write french, french|dutch (either of them) or !trainee (not that)")
    return term


def read_skill_or_none(text: str) -> str:
    """A skill, or nothing."""
    return read_id(text) if text else ""


def read_any_id(text: str) -> str:
    """An id, or `*`."""
    return text if text == ANY_QUEUE else read_id(text)


def read_span(text: str) -> Span:
    """The span of `09:00-17:00`; `24:00` is the end of the day."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError("is not a span of hours; write it like 09:00-17:00")
    start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
    span = Span(start=start_hour * 60 + start_minute, end=end_hour * 60 + end_minute)
    if start_minute > 59 or end_minute > 59 or span.end > DAY_MINUTES:
        raise ValueError("is not a time of day; the day ends at 24:00")
    if span.start >= span.end:
        raise ValueError("ends before it begins; write 22:00-24:00 here and 00:00-06:00 on the next day")
    return span


def write_span(span: Span) -> str:
    """The text of a span."""
    return f"{span.start // 60:02}:{span.start % 60:02}-{span.end // 60:02}:{span.end % 60:02}"


def read_date(text: str) -> str:
    """An ISO date that exists."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("is not a date; write it like 2026-12-24") from None


def read_id(text: str) -> str:
    """An id: letters, digits and `. _ - + @`, beginning with a letter or digit."""
    if not _ID.fullmatch(text):
        raise ValueError(f"is not an id; use at most {limits.ID_CHARS_MAX} letters, digits, '-', '_' and '.'")
    return text


def read_tag(text: str) -> str:
    """A tag of customers."""
    if not re.fullmatch(TAG, text):
        raise ValueError("is not a tag; use small letters, digits, '-', '_' and '.'")
    return text


def read_language(text: str) -> str:
    """An ISO 639 language code."""
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("is not a language code; write it like fr, nl, de or en")
    return text


def read_zone(text: str) -> str:
    """An IANA time zone name."""
    if text not in ZONES:
        raise ValueError("is not a time zone; write it like Europe/Brussels")
    return text


def read_country(text: str) -> str:
    """An ISO 3166 country code whose public holidays are known."""
    if text not in COUNTRIES:
        raise ValueError("is not a country whose holidays are known; write its code, like BE")
    return text


def read_region(text: str) -> str:
    """An ISO 3166 country code that has a telephone numbering plan."""
    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("is not a country code; write it like BE")
    return text


def read_ref(text: str) -> tuple[str, str]:
    """A record as `kind/id`."""
    kind, _, id = text.partition("/")
    if kind not in CENTRE_KINDS or not id:
        raise ValueError("is not a record; write it like agent/a01 or queue/housing-mail")
    return kind, id


FORMS: dict[str, Form] = {
    "duration": Form("a duration like 20s", read_duration, write_duration),
    "signed_duration": Form("a duration like 20s or -20s", read_signed_duration, write_signed_duration),
    "thousandths": Form("a number like 1 or 0.25", read_thousandths, write_thousandths),
    "term": Form("a skill, alternatives or an exclusion", read_term),
    "skill_or_none": Form('a skill, or "" for none', read_skill_or_none),
    "any_id": Form("an id, or *", read_any_id),
    "span": Form("a span of hours like 09:00-17:00", read_span, write_span),
    "date": Form("a date like 2026-12-24", read_date),
    "id": Form("an id", read_id),
    "tag": Form("a tag of customers", read_tag),
    "language": Form("a language code", read_language),
    "zone": Form("a time zone", read_zone, choices=ZONES),
    "country": Form("a country code", read_country, choices=COUNTRIES),
    "region": Form("a country code", read_region),
    "ref": Form("a record like agent/a01", read_ref, "/".join),
}
"""The forms by the name under which the shapes of `document` ask for them."""
