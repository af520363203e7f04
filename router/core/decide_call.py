"""Decisions about phone calls. The phone system tells what happened; events may come late, twice or out of order.

A call that is over stays over: whatever comes for it afterwards is `unknown_call` and changes nothing.
"""

from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.callbacks import failed
from router.core.decide_item import moved
from router.core.decision import Decision, abandoned, ended, no
from router.core.holding import ended as hold_ended
from router.core.holding import taken
from router.core.item import WorkItem
from router.core.opening import open_item
from router.core.state import State


def _item_of(state: State, call: str) -> WorkItem | None:
    item = state.items.get(state.calls.get(call, ""))
    return item if item is not None and item.state != "closed" else None


def offer_call(state: State, command: c.OfferCall, now: int) -> Decision:
    """A caller waits. The same call told twice is one item, even if that is over already."""
    if command.again or command.call in state.calls:
        return []
    return open_item(
        state,
        now,
        item=command.item,
        conversation=command.conversation,
        channel="phone",
        facts=command.facts,
        call=command.call,
    )


def answer_call(state: State, command: c.AnswerCall, now: int) -> Decision:
    """Answering the phone is accepting, whichever of the two is told first."""
    item = _item_of(state, command.call)
    if item is None:
        return no("unknown_call", command.call)
    answered = e.CallAnswered(at=now, item=item.id, agent=command.agent)
    held = item.held_for(command.agent)
    if held is not None:
        return [*taken(item, held, now, "phone"), answered]
    if item.agent != command.agent or item.state != "active":
        return no("not_reserved", item.id)
    return [] if item.answered else [answered]


def hold_call(state: State, command: c.HoldCall, now: int) -> Decision:
    """The customer hears music, or is back."""
    item = _item_of(state, command.call)
    if item is None:
        return no("unknown_call", command.call)
    if item.state != "active":
        return no("wrong_state", item.id)
    return [] if item.held == command.held else [e.CallHeld(at=now, item=item.id, held=command.held)]


def transfer_call(state: State, command: c.TransferCall, now: int) -> Decision:
    """The phone system handed the caller over: the item goes the same way."""
    item = _item_of(state, command.call)
    if item is None:
        return no("unknown_call", command.call)
    if item.state != "active":
        return no("wrong_state", item.id)
    return moved(state, item, now, by=item.agent, queue=command.queue, to_agent=command.agent)


def fail_connect(state: State, command: c.FailConnect, now: int) -> Decision:
    """The agent's phone could not be reached. The caller is back at their exact place; it was not the agent's
    no-answer; that phone is left alone for a while by this caller, and a supervisor hears of repeated failures."""
    item = _item_of(state, command.call)
    if item is None:
        return no("unknown_call", command.call)
    held = item.held_for(command.agent)
    if held is None and item.state == "active" and item.agent == command.agent and not item.answered:
        held = item.reservation
    if held is None:
        return no("not_reserved", item.id)
    count = item.connect_failures + 1
    events: list[e.Event] = [
        e.ConnectFailed(at=now, item=item.id, agent=held.agent, count=count, reason=command.reason),
        hold_ended(item, held, now, "connect_failed", reason=command.reason, until=now + limits.CONNECT_RETRY_TICKS),
    ]
    if count % limits.CONNECT_FAILURES_ALARM == 0:
        events.append(e.AlarmRaised(at=now, code="connect_failed", subject=item.id, count=count))
    return events


def end_call(state: State, command: c.EndCall, now: int) -> Decision:
    """The call is over: abandoned when nobody had answered it, else wrap-up."""
    item = _item_of(state, command.call)
    if item is None:
        return no("unknown_call", command.call)
    if item.state in ("wrapping", "pending"):
        return []
    if item.callback is not None and item.to_call:
        return _not_reached(state, item, command, now)
    if item.state == "active" and item.answered:
        return ended(state, item, now)
    return list(abandoned(item, now))


def _not_reached(state: State, item: WorkItem, command: c.EndCall, now: int) -> list[e.Event]:
    """Who is to be called back has put the phone down, which is no abandoning; or was called, and did not answer."""
    dialled = item.callback is not None and item.callback.call == command.call
    return failed(state, item, now, command.reason) if dialled and item.state in ("active", "reserved") else []
