"""How events about mail work change state."""

from collections.abc import Callable
from typing import Any, Final

from router.core import events as e
from router.core.state import State


def _item_split(state: State, event: e.ItemSplit) -> None:
    item = state.edit_item(event.item)
    conversation = state.edit_conversation(item.conversation)
    conversation.splits = (*conversation.splits, *event.conversations)


def _conversation_merged(state: State, event: e.ConversationMerged) -> None:
    """The one that goes on is as urgent as the more urgent of the two."""
    merged, into = state.edit_conversation(event.merged), state.edit_conversation(event.conversation)
    merged.merged_into = into.id
    into.merged = (*into.merged, merged.id)
    item = state.edit_item(event.item)
    item.due = min(item.due, state.items[event.merged_item].due)


def _conversation_unmerged(state: State, event: e.ConversationUnmerged) -> None:
    merged, into = state.edit_conversation(event.merged), state.edit_conversation(event.conversation)
    merged.merged_into = ""
    into.merged = tuple(id for id in into.merged if id != merged.id)


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.ItemSplit: _item_split,
    e.ConversationMerged: _conversation_merged,
    e.ConversationUnmerged: _conversation_unmerged,
}
