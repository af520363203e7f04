"""Evolve: the only place where state changes. One small function per event (`evolving`); none of them decides anything.

An event that does not fit is a defect of ours (an assertion), never the customer's: the writer dies and the
command that caused it is set aside at its second try.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from router.core import events as e
from router.core.evolving import (
    asking,
    calendar,
    call,
    callback,
    centre,
    conversation,
    escalation,
    housekeeping,
    item,
    mail,
    matrix,
    presence,
    skill,
)
from router.core.state import State


def evolve(state: State, event: e.Event) -> None:
    """Make `event` so. The refs of all changed records are added to `state.touched`."""
    _APPLY[type(event)](state, event)
    state.settle()


def evolve_all(state: State, events: Iterable[e.Event]) -> None:
    """Make the events of one decision so. What stands in indexes is put back once, after the last of them."""
    for event in events:
        _APPLY[type(event)](state, event)
    state.settle()


_APPLY: Final[dict[type, Callable[[State, Any], None]]] = (
    centre.APPLY
    | presence.APPLY
    | conversation.APPLY
    | item.APPLY
    | mail.APPLY
    | asking.APPLY
    | escalation.APPLY
    | call.APPLY
    | calendar.APPLY
    | callback.APPLY
    | housekeeping.APPLY
    | matrix.APPLY
    | skill.APPLY
)
