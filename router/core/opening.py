"""Opening an item: the one way in which work begins, whatever channel it came through."""

from queues.queue import ChannelName, Queue
from router.core import events as e
from router.core import limits
from router.core.becoming import asked_after
from router.core.decision import Decision, carried, entrance, no, preferred
from router.core.escalation import at_entry
from router.core.facts import Facts
from router.core.reference import reference as numbered
from router.core.state import State
from skills import Requirement, named


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
    reference: str = "",
) -> Decision:
    """A new item, in a new conversation unless `conversation` is open; its message numbers go on after `seq`.

    `reference` is that of an archived conversation that goes on. The last events say where the item waits, or that
    it was turned away.
    """
    named = state.queues.get(facts.queue)
    if named is None:
        return no("unknown_queue", facts.queue)
    ruled = at_entry(state, named, facts.category, reopen_count)
    chosen = ruled[0] if ruled is not None else named
    queue = entrance(state, chosen)
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
            reference=reference or numbered(state.meta.reference + 1),
            again=bool(reference),
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
            related=_related(state, facts, conversation),
        )
    )
    if ruled is not None:
        target, rule = ruled
        events.append(
            e.ItemEscalated(at=now, item=item, agent="", from_queue=named.id, to_queue=target.id, reason=rule)
        )
    known = _known(state, facts.requirement)
    asks = known if queue is named else carried(state, known)
    entered = e.ItemQueued(
        at=now,
        item=item,
        queue=queue.id,
        reason="opened",
        due=now + queue.target(channel),
        seq=state.meta.seq + 1,
        requirement=asks,
        wishes=_known(state, facts.wishes),
        priority=facts.priority,
        prefers=preferred(state, queue, last_agent, asks),
    )
    if known != facts.requirement:
        events.append(e.AlarmRaised(at=now, code="unknown_skill", subject=item))
    return [*events, entered, *_turned_away(queue, item, channel, now)]


def _known(state: State, asked: Requirement) -> Requirement:
    """What is asked, without skills that went while the contact was on its way: nobody would ever have them. (A centre
    that describes no skills at all is one of a model.)"""
    if not state.skills or all(skill in state.skills for skill in named(asked)):
        return asked
    gone = {skill: "" for skill in named(asked) if skill not in state.skills}
    return asked_after(asked, gone)


def _related(state: State, facts: Facts, conversation: str) -> str:
    """The item behind the reference that was quoted, unless it is of this very conversation."""
    quoted = state.references.get(facts.quotes, "")
    if quoted and quoted != conversation:
        return state.conversations[quoted].item
    return facts.related


def _turned_away(queue: Queue, item: str, channel: ChannelName, now: int) -> list[e.Event]:
    """Nobody is let wait on the line for a closed queue; what is written waits until it opens."""
    if queue.closed is None or channel not in ("phone", "chat"):
        return []
    return [e.ItemClosed(at=now, item=item, outcome="turned_away")]
