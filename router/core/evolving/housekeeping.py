"""How events about what left memory change state, and the facts that change none."""

from collections.abc import Callable
from typing import Any, Final

from router.core import events as e
from router.core.state import State


def _items_forgotten(state: State, event: e.ItemsForgotten) -> None:
    for id in event.items:
        conversation = state.conversations.get(state.items[id].conversation)
        state.drop("item", id)
        if conversation is not None and conversation.item == id:
            state.drop("conversation", conversation.id)
            for delivery in conversation.deliveries:
                if delivery in state.deliveries and state.deliveries[delivery].state == "sent":
                    state.drop("delivery", delivery)


def _nothing(state: State, event: e.Event) -> None:
    """A fact for people and the archive; no record changes."""


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.ItemsForgotten: _items_forgotten,
    e.AlarmRaised: _nothing,
    e.CommandPoisoned: _nothing,
}
