"""Opening an item: the one way in which work begins, whatever channel it came through."""

from typing import Final

from queues.queue import ChannelName, Queue, Refused
from router.core import events as e
from router.core import limits
from router.core.becoming import asked_after
from router.core.decision import Decision, carried, no, preferred
from router.core.escalation import at_entry
from router.core.facts import Facts
from router.core.item import Callback
from router.core.opened import ON_THE_LINE, Way, entrance, is_open, is_overfull, opens_at
from router.core.reference import reference as numbered
from router.core.state import State
from skills import Requirement, named

SCHEDULED: Final = "scheduled"
"""Why an item is pending with nobody: its work begins later."""


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
    callback: Callback | None = None,
) -> Decision:
    """A new item, in a new conversation unless `conversation` is open; its message numbers go on after `seq`.

    `reference` is that of an archived conversation that goes on; `callback`: its customer is to be called. The last
    events say where the item waits, until when it is only scheduled, or that it was turned away.
    """
    if facts.queue not in state.queues:
        return no("unknown_queue", facts.queue)
    named = state.queues[facts.queue]
    ruled = at_entry(state, named, facts.category, reopen_count)
    chosen = ruled[0] if ruled is not None else named
    start = _start(state, chosen, facts, callback, now)
    way = Way(chosen) if callback is not None or start > now else entrance(state, chosen, now)
    if item in state.items or len(state.items) >= limits.WAITING_MAX:
        return no("duplicate_id", item) if item in state.items else no("full", facts.queue)
    if start > now + limits.DURATION_TICKS_MAX or (callback and start <= now and is_overfull(state, way.queue)):
        return no("bad_date", item) if start > now else no("full", way.queue.id)
    events: list[e.Event] = []
    if conversation not in state.conversations:
        events.append(_exchange(state, now, conversation, channel, facts, seq=seq, reference=reference))
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
        events.append(_ruled(now, item, named, ruled))
    queue, known = way.queue, _known(state, facts.requirement)
    asks = known if queue is named else carried(state, known)
    if known != facts.requirement:
        events.append(e.AlarmRaised(at=now, code="unknown_skill", subject=item))
    events.append(
        e.ItemQueued(
            at=now,
            item=item,
            queue=queue.id,
            reason="opened",
            due=start + queue.target(channel),
            seq=state.meta.seq + 1,
            requirement=asks,
            wishes=_known(state, facts.wishes),
            priority=facts.priority,
            prefers=preferred(state, queue, last_agent, asks),
            passed=way.passed,
        )
    )
    if callback is not None:
        events.append(e.CallbackAsked(at=now, item=item, callback=callback))
    if start > now:
        return [*events, e.ItemPending(at=now, item=item, agent="", until=start, reason=SCHEDULED)]
    return events if callback is not None else [*events, *_arrived(state, queue, item, channel, now)]


def _ruled(now: int, item: str, named: Queue, ruled: tuple[Queue, str]) -> e.ItemEscalated:
    """By rule the item goes to specialists at once."""
    target, rule = ruled
    return e.ItemEscalated(at=now, item=item, agent="", from_queue=named.id, to_queue=target.id, reason=rule)


def _exchange(
    state: State,
    now: int,
    conversation: str,
    channel: ChannelName,
    facts: Facts,
    *,
    seq: int,
    reference: str,
) -> e.ConversationOpened:
    """The conversation begins, or (it has a reference already) goes on."""
    return e.ConversationOpened(
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


def _start(state: State, queue: Queue, facts: Facts, callback: Callback | None, now: int) -> int:
    """When its work can begin: at once, at its date; to call somebody in one of their windows, or when it opens."""
    start = max(now, facts.start_at)
    if callback is None:
        return start
    if callback.windows:
        return callback.from_at(start) or start
    return opens_at(state, queue, start) or start


def _known(state: State, asked: Requirement) -> Requirement:
    """What is asked, without skills that went while the contact was on its way: nobody would ever have them. (A centre
    that describes no skills at all is one of a model.)"""
    if not asked or not state.skills or all(skill in state.skills for skill in named(asked)):
        return asked
    gone = {skill: "" for skill in named(asked) if skill not in state.skills}
    return asked_after(asked, gone)


def _related(state: State, facts: Facts, conversation: str) -> str:
    """The item behind the reference that was quoted, unless it is of this very conversation."""
    quoted = state.references.get(facts.quotes, "")
    if quoted and quoted != conversation:
        return state.conversations[quoted].item
    return facts.related


def _arrived(state: State, queue: Queue, item: str, channel: ChannelName, now: int) -> list[e.Event]:
    """What a queue says to who has just come: it is closed, or (by its plan) they may be called back.

    Nobody is let wait on the line for a closed queue; what is written waits until it opens.
    """
    if is_open(state, queue, now):
        offers = channel == "phone" and any(step.callback and not step.after_ms for step in queue.plan)
        return [e.CallbackOffered(at=now, item=item, why="plan")] if offers else []
    return turned_away(queue, item, channel, now, "closed") if channel in ON_THE_LINE else []


def turned_away(queue: Queue, item: str, channel: ChannelName, now: int, why: Refused) -> list[e.Event]:
    """Somebody who waits on the line is told that they cannot, and may ask to be called back if the queue says so."""
    events: list[e.Event] = []
    if channel == "phone" and queue.fallback(why).callback:
        events.append(e.CallbackOffered(at=now, item=item, why=why))
    return [*events, e.ItemClosed(at=now, item=item, outcome="turned_away", reason=why)]
