"""How events about phone calls change state."""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import events as e
from router.core.state import State


def _call_answered(state: State, event: e.CallAnswered) -> None:
    item = state.edit_item(event.item)
    item.answered = True
    if item.callback is not None:
        item.callback = replace(item.callback, reached=True)


def _call_held(state: State, event: e.CallHeld) -> None:
    state.edit_item(event.item).held = event.held


def _connect_failed(state: State, event: e.ConnectFailed) -> None:
    state.edit_item(event.item).connect_failures = event.count


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.CallAnswered: _call_answered,
    e.CallHeld: _call_held,
    e.ConnectFailed: _connect_failed,
}
