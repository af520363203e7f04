"""Merged conversations: several that are one matter. One goes on; the others lead to it for as long as it is in memory,
and from history for ever."""

from collections.abc import Iterator

from router.core.conversation import Conversation
from router.core.item import WorkItem
from router.core.state import State


def going_on(state: State, conversation: Conversation) -> Conversation:
    """The conversation in which this one goes on: itself unless it was merged into another."""
    seen = {conversation.id}
    while conversation.merged_into in state.conversations and conversation.merged_into not in seen:
        conversation = state.conversations[conversation.merged_into]
        seen.add(conversation.id)
    return conversation


def parts_of(state: State, conversation: Conversation) -> Iterator[str]:
    """The conversations that go on in this one, each before those that had gone on in it."""
    for id in conversation.merged:
        yield id
        yield from parts_of(state, state.conversations[id])


def held_back(state: State, item: WorkItem) -> bool:
    """Whether a closed item stays in memory because its conversation is part of one that is there. That of a consult
    may have left before it."""
    conversation = state.conversations.get(item.conversation)
    if conversation is None or conversation.item != item.id:
        return False
    return conversation.merged_into in state.conversations


def before_it(state: State, item: WorkItem) -> Iterator[WorkItem]:
    """The item, and those of its conversation that came before it, one after the other, as far as memory has them."""
    conversation, seen = item.conversation, set[str]()
    found: WorkItem | None = item
    while found is not None and found.conversation == conversation and found.id not in seen:
        seen.add(found.id)
        yield found
        found = state.items.get(found.reopens)


def leaving_with(state: State, item: WorkItem) -> list[str]:
    """The items whose conversations leave memory with that of this closed one, which is the last of it: those merged
    into it, and what is left of their items and its own."""
    found: dict[str, None] = {}
    waiting = [item]
    while waiting:
        one = waiting.pop()
        conversation = state.conversations.get(one.conversation)
        found |= {before.id: None for before in before_it(state, one) if before.state == "closed"}
        if conversation is not None and conversation.item == one.id:
            waiting += [state.items[state.conversations[id].item] for id in conversation.merged]
    return list(found)
