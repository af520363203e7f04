"""Decisions about escalation: to the specialists, back from them, and who hears how it goes on."""

from typing import assert_never

import msgspec

from queues.callback import Window
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.callbacks import as_callback
from router.core.decide_consult import asked_about
from router.core.decision import Decision, carried, code_known, no, owned, queued
from router.core.escalation import circling, specialists_of
from router.core.item import WorkItem
from router.core.rejections import Rejection
from router.core.state import State
from skills import merged


def escalate_item(state: State, command: c.EscalateItem, now: int) -> Decision:
    """Unresolved here: on to the specialists, with reason and note. Its agent never gets it back unasked."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    if not command.note:
        return no("note_required", item.id)
    if not code_known(state, "escalation", command.reason):
        return no("unknown_code" if command.reason else "reason_required", command.reason or item.id)
    target = command.queue or specialists_of(state, item.category, item.queue)
    if not target:
        return no("no_specialist_queue", item.id)
    if target not in state.queues:
        return no("unknown_queue", target)
    match command.mode:
        case "connect":
            return _connected(state, command, item, target, now)
        case "callback":
            return _called_back(state, command, item, target, now)
        case "written":
            return _written(state, command, item, target, now)
        case never:
            assert_never(never)


def _written(state: State, command: c.EscalateItem, item: WorkItem, target: str, now: int) -> list[e.Event]:
    escalated = e.ItemEscalated(
        at=now,
        item=item.id,
        agent=command.agent,
        from_queue=item.queue,
        to_queue=target,
        reason=command.reason,
        note=command.note,
    )
    asked = carried(state, item.requirement)
    entered = queued(state, item, state.queues[target], now, reason="escalated", requirement=asked, last="")
    return [escalated, entered, *circling(item, now, item.moves + 1, limits.MOVES_MAX)]


def _called_back(state: State, command: c.EscalateItem, item: WorkItem, target: str, now: int) -> Decision:
    """The customer hangs up, and a specialist calls within the slot that was promised; never an open-ended promise."""
    start = max(now, command.from_at if command.from_at is not None else now)
    end = command.until_at
    if end is None or not start < end <= min(start + limits.SLOT_TICKS_MAX, now + limits.DURATION_TICKS_MAX):
        return no("bad_slot", item.id)
    if item.callback is not None:
        return no("wrong_state", item.id)
    escalated, entered, *stuck = _written(state, command, item, target, now)
    if stuck:
        return [escalated, entered, *stuck]
    assert isinstance(escalated, e.ItemEscalated)
    windows = (Window(start=start, end=end),)
    becomes = as_callback(state, item, state.queues[target], now, windows=windows, reason="escalated")
    return [msgspec.structs.replace(escalated, mode="callback"), *becomes]


def _connected(state: State, command: c.EscalateItem, item: WorkItem, target: str, now: int) -> Decision:
    """A customer is there now: they stay with the agent until a specialist has come."""
    if item.state != "active" or item.channel not in ("phone", "chat"):
        return no("wrong_channel", item.id)
    return asked_about(
        state,
        item,
        now,
        consult=command.consult,
        queue=target,
        note=command.note,
        escalation=command.reason,
    )


def return_item(state: State, command: c.ReturnItem, now: int) -> Decision:
    """Back to where it was escalated from, with its due: who escalated it is asked first, and may get it again."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    passed = item.way[-1] if item.way else None
    queue = state.queues.get(passed.queue) if passed is not None else None
    if passed is None or queue is None:
        return no("nowhere_to_return", item.id)
    if command.kind == "answered" and not command.note:
        return no("note_required", item.id)
    if (command.reason or command.kind == "wrongly_routed") and not code_known(state, "return", command.reason):
        return no("unknown_code" if command.reason else "reason_required", command.reason or item.id)
    known = state.agents.get(passed.agent)
    prefers = passed.agent if known is not None and not known.disabled else ""
    returned = e.ItemReturned(
        at=now,
        item=item.id,
        agent=command.agent,
        from_queue=item.queue,
        to_queue=queue.id,
        kind=command.kind,
        reason=command.reason,
        note=command.note,
        prefers=prefers,
    )
    asked = merged(passed.requirement, carried(state, item.requirement))
    entered = queued(state, item, queue, now, reason=command.kind, requirement=asked, last=prefers)
    return [returned, entered, *circling(item, now, item.moves + 1, limits.MOVES_MAX)]


def follow_item(state: State, command: c.FollowItem, now: int) -> Decision:
    """Who follows an item hears of it until it is closed, and of its end."""
    agent = command.agent
    if agent not in state.agents:
        return no("unknown_agent", agent)
    item = state.items.get(command.item)
    follows = item is not None and agent in item.followers
    said: list[e.Event] = [e.ItemFollowed(at=now, item=command.item, agent=agent, follow=command.follow)]
    if not command.follow:
        ended = any(end.item == command.item for end in state.presences[agent].ended)
        return said if follows or ended else no("not_followed", command.item)
    if item is None or item.state == "closed" or item.consults:
        return no("unknown_item", command.item)
    if follows:
        return []
    return no("full", item.id) if len(item.followers) >= limits.FOLLOWERS_MAX else said
