"""How events about calling customers back change state."""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import events as e
from router.core.item import WorkItem
from router.core.state import State


def _offered(state: State, event: e.CallbackOffered) -> None:
    state.edit_item(event.item).callback_offered = True


def _asked(state: State, event: e.CallbackAsked) -> None:
    state.edit_item(event.item).callback = event.callback


def _dialled(state: State, event: e.CallbackDialled) -> None:
    state.dialled(state.edit_item(event.item), event.call)


def _failed(state: State, event: e.CallbackFailed) -> None:
    item = state.edit_item(event.item)
    state.dialled(item, "")
    _change(item, attempts=event.attempt)


def _missed(state: State, event: e.CallbackMissed) -> None:
    item = state.edit_item(event.item)
    left = item.callback.windows if item.callback is not None else ()
    _change(item, windows=tuple(window for window in left if window.end > event.at))


def _change(item: WorkItem, **changed: Any) -> None:
    if item.callback is not None:
        item.callback = replace(item.callback, **changed)


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.CallbackOffered: _offered,
    e.CallbackAsked: _asked,
    e.CallbackDialled: _dialled,
    e.CallbackFailed: _failed,
    e.CallbackMissed: _missed,
}
