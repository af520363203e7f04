"""Opening an item: the one way in which work begins, whatever channel it came through."""

from queues.queue import ChannelName
from router.core import events as e
from router.core import limits
from router.core.decision import Decision, no
from router.core.facts import Facts
from router.core.state import State


def open_item(
    state: State,
    now: int,
    *,
    item: str,
    conversation: str,
    channel: ChannelName,
    facts: Facts,
    call: str = "",
    reopens: str = "",
    reopen_count: int = 0,
    last_agent: str = "",
    seq: int = 0,
) -> Decision:
    """A new item, in a new conversation unless `conversation` is open; its message numbers go on after `seq`."""
    queue = state.queues.get(facts.queue)
    if queue is None:
        return no("unknown_queue", facts.queue)
    if item in state.items:
        return no("duplicate_id", item)
    if len(state.items) >= limits.WAITING_MAX:
        return no("full", facts.queue)
    events: list[e.Event] = []
    if conversation not in state.conversations:
        opened = e.ConversationOpened(
            at=now,
            conversation=conversation,
            channel=channel,
            customer=facts.customer,
            language=facts.language,
            address=facts.address,
            seq=seq,
        )
        events.append(opened)
    events.append(
        e.ItemOpened(
            at=now,
            item=item,
            conversation=conversation,
            channel=channel,
            facts=facts,
            call=call,
            reopens=reopens,
            reopen_count=reopen_count,
            last_agent=last_agent,
        )
    )
    entered = e.ItemQueued(
        at=now,
        item=item,
        queue=queue.id,
        reason="opened",
        due=now + queue.target(channel),
        seq=state.meta.seq + 1,
        requirement=facts.requirement,
        priority=facts.priority or queue.priority,
    )
    return [*events, entered]
