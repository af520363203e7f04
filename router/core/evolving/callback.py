"""How events about calling customers back change state."""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from router.core import events as e
from router.core.state import State


def _offered(state: State, event: e.CallbackOffered) -> None:
    state.edit_item(event.item).callback_offered = True


def _asked(state: State, event: e.CallbackAsked) -> None:
    state.set_callback(state.edit_item(event.item), event.callback)


def _dialled(state: State, event: e.CallbackDialled) -> None:
    _change(state, event.item, call=event.call)


def _failed(state: State, event: e.CallbackFailed) -> None:
    _change(state, event.item, attempts=event.attempt, call="")


def _missed(state: State, event: e.CallbackMissed) -> None:
    callback = state.items[event.item].callback
    left = callback.windows if callback is not None else ()
    _change(state, event.item, windows=tuple(window for window in left if window.end > event.at))


def _change(state: State, id: str, **changed: Any) -> None:
    item = state.edit_item(id)
    if item.callback is not None:
        state.set_callback(item, replace(item.callback, **changed))


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.CallbackOffered: _offered,
    e.CallbackAsked: _asked,
    e.CallbackDialled: _dialled,
    e.CallbackFailed: _failed,
    e.CallbackMissed: _missed,
}
