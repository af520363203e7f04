"""How far a conversation in memory has come, in the form in which history tells it of one that has left memory.

A message takes it along even while its conversation is in memory: by the time it is decided, the item may be closed,
archived and forgotten, and the conversation must still go on where it was.
"""

from router.core.merged import going_on
from router.core.state import State
from router.gateway import Thread


def remembered(state: State, id: str) -> Thread | None:
    """The thread of a conversation in memory, of the one in which it goes on if it was merged; None when it is not
    there."""
    conversation = state.conversations.get(id)
    conversation = going_on(state, conversation) if conversation is not None else None
    item = state.items.get(conversation.item) if conversation is not None else None
    if conversation is None or item is None:
        return None
    return Thread(
        conversation=conversation.id,
        item=item.id,
        last_agent=item.last_agent,
        reopen_count=item.reopen_count,
        seq=conversation.seq,
        customer=conversation.customer,
        channel=conversation.channel,
        reference=conversation.reference,
    )
