"""The auditor: what must be true of a world, checked from what the outside knows and from the log alone.

It shares no code with what it checks where that can be had: holds, room, states, order, timers and effects are counted
anew from the events by the plainest code there is. Each rule has a name; a test plants a defect for each.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from router.simulate.audit_log import LOG_RULES
from router.simulate.audit_promises import PROMISE_RULES
from router.simulate.audit_state import STATE_RULES
from router.simulate.evidence import Evidence
from router.simulate.ledger import Wrong
from router.simulate.world import Story

RULES: Final[dict[str, Callable[[Evidence], Iterable[str]]]] = {**LOG_RULES, **PROMISE_RULES, **STATE_RULES}

SEEN: Final = ("fenced", "idempotent", "steady")
"""Rules that people and witnesses note while they live."""


def audit(story: Story) -> list[Wrong]:
    """Everything that is wrong."""
    evidence = Evidence(story)
    if not evidence.readable:
        return [*story.house.ledger.broken, *evidence.unreadable]
    return [*story.house.ledger.broken, *_found(evidence)]


def _found(evidence: Evidence) -> Iterator[Wrong]:
    for rule, check in RULES.items():
        for text in check(evidence):
            yield Wrong(rule, text)
