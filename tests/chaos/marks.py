"""Marks: what the players put into their texts, so that the checker finds each of them again."""

import re

_MARK = re.compile(r"\[(?P<mark>(?:chat|reply)-\d+)\]")


def marks_of(text: str) -> list[str]:
    """The marks in a text, in order."""
    return [found["mark"] for found in _MARK.finditer(text)]
