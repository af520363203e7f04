"""How events about skills that items ask change state."""

from collections.abc import Callable
from typing import Any, Final

from router.core import events as e
from router.core.state import State


def _item_asked_anew(state: State, event: e.ItemAskedAnew) -> None:
    item = state.edit_item(event.item)
    item.requirement = event.requirement
    item.wishes = event.wishes
    item.way = event.way or item.way


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {e.ItemAskedAnew: _item_asked_anew}
