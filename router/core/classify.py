"""Classification: a contact that comes in, asked about by the centre's rules in their order. Pure.

It runs in intake, before anything is submitted: texts, addresses and tags are looked at here and go no further, only
what the rules say becomes facts. Words are compared without accents and case, whole (`*` ends one anywhere), so that
`réclamation` is found as `RECLAMATION` and `tax` is not found in `taxi`.
"""

import functools
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from queues.rule import Rule, When
from router.core import limits
from skills import Requirement, merged

_LETTERS: Final = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
"""Letters that Unicode does not take apart into a plain one and an accent."""


class Contact(NamedTuple):
    """What is known of a contact. Addresses are in their one form; `open` are the named hours that it came in within.

    `form` is what the event says, by name. `text` is subject and text as they came.
    """

    channel: str
    entry_point: str
    to: tuple[str, ...] = ()
    sender: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    text: str = ""
    form: Mapping[str, Any] = {}
    open: frozenset[str] = frozenset()


class Verdict(NamedTuple):
    """What the rules say of a contact, and which of them did. Empty (priority: None) is what nobody said."""

    rules: tuple[str, ...] = ()
    category: str = ""
    queue: str = ""
    requirement: Requirement = ()
    wishes: Requirement = ()
    priority: int | None = None
    language: str = ""


def classify(rules: Iterable[Rule], contact: Contact) -> Verdict:
    """What the rules say, asked in their order."""
    said = Verdict()
    words = ""
    for rule in in_order(rules):
        if rule.when.keywords and not words:
            words = spaced(contact.text[: limits.CLASSIFIED_CHARS_MAX])
        if holds(rule.when, contact, words):
            said = _added(said, rule)
            if not rule.go_on:
                break
    return said


def in_order(rules: Iterable[Rule]) -> list[Rule]:
    """The rules that are asked, in the order in which they are."""
    return sorted((rule for rule in rules if not rule.disabled), key=lambda rule: (rule.place, rule.id))


def _added(said: Verdict, rule: Rule) -> Verdict:
    return Verdict(
        rules=(*said.rules, rule.id),
        category=said.category or rule.category,
        queue=said.queue or rule.queue,
        requirement=merged(said.requirement, rule.requirement),
        wishes=merged(said.wishes, rule.wishes),
        priority=rule.priority if said.priority is None else said.priority,
        language=said.language or rule.language,
    )


def holds(when: When, contact: Contact, words: str) -> bool:
    """Whether all that the rule looks at is so. `words` is the contact's text, `spaced`."""
    return (
        (not when.channels or contact.channel in when.channels)
        and (not when.entry_points or contact.entry_point in when.entry_points)
        and (not when.languages or contact.language in when.languages)
        and (not when.tags or any(tag in contact.tags for tag in when.tags))
        and (not when.hours or when.hours in contact.open)
        and not (when.outside and when.outside in contact.open)
        and (not when.senders or any(alike(pattern, contact.sender) for pattern in when.senders))
        and (not when.to or any(alike(pattern, address) for pattern in when.to for address in contact.to))
        and all(_filled(contact.form.get(name), values) for name, values in when.form.items())
        and (not when.keywords or any(among(keyword, words) for keyword in when.keywords))
    )


def alike(pattern: str, text: str) -> bool:
    """Whether an address is as a pattern says: `*` stands for anything, capitals and small letters are the same."""
    first, *rest = pattern.casefold().split("*")
    text = text.casefold()
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    at = len(first)
    *middle, last = rest
    for part in middle:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(last) >= at and text.endswith(last)


def spaced(text: str) -> str:
    """The words of a text, folded, each between two spaces: what keywords are looked for in."""
    folded = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    plain = "".join(letter if letter.isalnum() else " " for letter in folded if not unicodedata.combining(letter))
    return f" {' '.join(plain.split())} "


def among(keyword: str, words: str) -> bool:
    """Whether the keyword is among the words of a text."""
    wanted = _wanted(keyword)
    return bool(wanted.strip()) and wanted in words


@functools.lru_cache(maxsize=limits.KEYWORDS_KEPT_MAX)
def _wanted(keyword: str) -> str:
    words = spaced(keyword)
    return words[:-1] if keyword.rstrip().endswith("*") else words


def _filled(value: Any, wanted: Sequence[str]) -> bool:
    """Whether a field of a form says one of these; of a list, whether any of it does."""
    if value is None or value in ("", []):
        return False
    if not wanted:
        return True
    given = {spaced(_written(one)) for one in (value if isinstance(value, list) else (value,))}
    return any(spaced(one) in given for one in wanted)


def _written(value: Any) -> str:
    """A value as people write it in a rule."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value}"
