"""Events about mail work: splitting and merging."""

from router.core.events.base import BaseEvent


class ItemSplit(BaseEvent, frozen=True):
    """The matters of a mail (message `seq`; 0: all) got items of their own: `parts`, each in a conversation of its own
    (`conversations`, in the same order)."""

    item: str
    agent: str
    parts: tuple[str, ...]
    conversations: tuple[str, ...]
    seq: int = 0


class ConversationMerged(BaseEvent, frozen=True):
    """The conversation `merged` is part of `conversation` now, whose item is `item`; its own item was `merged_item`."""

    item: str
    agent: str
    conversation: str
    merged: str
    merged_item: str


class ConversationUnmerged(BaseEvent, frozen=True):
    """The conversation `merged` goes on by itself again, with the item `opens`."""

    item: str
    agent: str
    conversation: str
    merged: str
    merged_item: str
    opens: str
