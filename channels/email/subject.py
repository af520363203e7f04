"""Subjects: one `Re:`, one reference, and which one a customer quotes. Pure."""

import re

from channels.email.limits import SUBJECT_CHARS_MAX
from router.core.reference import canonical, quoted

_REPLIED = re.compile(r"(?i)^\s*(?:(?:re|aw|antw|sv|r[ée]f?)(?:\[\d+\])?\s*:\s*)+")
_TAG = re.compile(r"\s{0,2}\[([\d .-]{9,30})\]")
_NAMED = re.compile(r"(?i)(?:#|\[|\br[ée]f[a-zé]{0,15}[\s.:]{1,4}(?:n[°ºor]\.?\s?)?)(\d{9,15})(?!\d)")
"""Nine digits without groups are as often a telephone: they count only where something says that they are ours."""


def reference_in(subject: str) -> str:
    """The reference that a subject quotes, in its one form; '' for none."""
    named = (canonical(found[1]) for found in _NAMED.finditer(subject))
    return next((one for one in named if one), "") or quoted(subject)


def answer_subject(subject: str) -> str:
    """The subject of an answer to a mail with this one: one `Re:`, however many answers there were."""
    return f"Re: {_REPLIED.sub('', _untagged(subject))}".strip()


def tagged(subject: str, reference: str) -> str:
    """The subject with the reference of its conversation, once, and with no other one in brackets."""
    if not reference or reference in subject or reference_in(subject) == reference:
        return subject
    tag = f" [{reference}]"
    return _untagged(subject)[: SUBJECT_CHARS_MAX - len(tag)] + tag


def _untagged(subject: str) -> str:
    return _TAG.sub(lambda found: "" if canonical(found[1]) else found[0], subject).strip()
