"""Decisions about calling customers back: who asks for it keeps their place and need not wait on the line."""

import msgspec

from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.callbacks import asked, failed
from router.core.decision import Decision, no, owned
from router.core.item import Callback, WorkItem
from router.core.opening import open_item
from router.core.rejections import Rejection
from router.core.state import State


def ask_callback(state: State, command: c.AskCallback, now: int) -> Decision:
    """What waits for an agent becomes a callback; for anything else a new item opens, which is one.

    Asked twice it is one; who asks again with other times has changed their mind.
    """
    refused = _refused(state, command, now)
    if refused is not None:
        return refused
    waits = _waiting(state, command)
    if waits is not None:
        return _kept(state, waits, command, now)
    if command.item in state.items:
        return []
    callback = Callback(number=command.number, most=command.attempts, windows=command.windows, asked_at=now)
    about = state.items.get(state.calls.get(command.call, command.of))
    facts = command.facts
    if about is not None and not facts.related:
        facts = msgspec.structs.replace(facts, related=about.id)
    if command.delay:
        facts = msgspec.structs.replace(facts, start_at=max(facts.start_at, now + command.delay))
    return open_item(
        state,
        now,
        item=command.item,
        conversation=command.conversation,
        channel="phone",
        facts=facts,
        last_agent=command.agent,
        callback=callback,
    )


def _refused(state: State, command: c.AskCallback, now: int) -> Rejection | None:
    if command.agent and command.agent not in state.agents:
        return no("unknown_agent", command.agent)
    about = state.items.get(command.of)
    if about is not None and about.consults:
        return no("is_consult", about.id)
    if len(command.windows) > limits.WINDOWS_MAX or not 0 <= command.attempts <= limits.ATTEMPTS_MAX:
        return no("bad_value", "attempts" if len(command.windows) <= limits.WINDOWS_MAX else "windows")
    latest = now + limits.DURATION_TICKS_MAX
    if any(window.start >= window.end or window.end > latest for window in command.windows):
        return no("bad_date", command.item)
    if command.windows and all(window.end <= now for window in command.windows):
        return no("bad_date", command.item)
    if command.delay is not None and not 0 <= command.delay <= limits.DURATION_TICKS_MAX:
        return no("bad_value", "delay")
    return None


def _waiting(state: State, command: c.AskCallback) -> WorkItem | None:
    """The phone item that is meant, if its customer waits for an agent, or for a call."""
    item = state.items.get(state.calls.get(command.call, "") or command.of)
    if item is None or item.channel != "phone" or item.state not in ("queued", "reserved", "stuck", "pending"):
        return None
    return item if item.state != "pending" or item.to_call else None


def _kept(state: State, item: WorkItem, command: c.AskCallback, now: int) -> Decision:
    before = item.callback or Callback(asked_at=now)
    callback = msgspec.structs.replace(
        before,
        number=command.number or before.number,
        most=command.attempts or before.most,
        windows=command.windows or before.windows,
    )
    if item.callback is not None and item.state != "pending":
        start = callback.from_at(now) or now
    else:
        delay = state.queues[item.queue].callbacks.delay_ms if command.delay is None else command.delay
        start = callback.from_at(now + delay) or now
    if item.callback == callback:
        return []
    if item.state == "pending":
        again = e.ItemPending(at=now, item=item.id, agent="", until=start, reason=item.pending_reason)
        return [e.CallbackAsked(at=now, item=item.id, callback=callback), again]
    return asked(state, item, callback, start, now)


def dial_callback(state: State, command: c.DialCallback, now: int) -> Decision:
    """The phone system calls the customer: what it tells of that call is about this item."""
    item = state.items.get(command.item)
    if item is None or item.state == "closed":
        return no("unknown_item", command.item)
    if item.callback is None or not item.to_call or item.state == "pending":
        return no("wrong_state", item.id)
    if item.callback.call == command.call:
        return []
    if state.calls.get(command.call, item.id) != item.id:
        return no("duplicate_id", command.call)
    return [e.CallbackDialled(at=now, item=item.id, call=command.call)]


def fail_callback(state: State, command: c.FailCallback, now: int) -> Decision:
    """The customer did not answer. Who ignored the reservation before that has not called, and it is no attempt."""
    if command.agent:
        item = owned(state, command, command.item, command.agent)
        if isinstance(item, Rejection):
            return item
    else:
        found = state.items.get(command.item)
        if found is None or found.state == "closed":
            return no("unknown_item", command.item)
        item = found
    if not item.to_call or item.state not in ("active", "reserved"):
        return no("wrong_state", item.id)
    return failed(state, item, now, command.reason)
