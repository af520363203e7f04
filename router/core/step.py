"""One step of a domain: decide, make it so, match. The writer, the simulator and the tests all run this."""

from typing import NamedTuple

from router.core import commands as c
from router.core import events as e
from router.core.decide import decide
from router.core.decide_message import conversation_of
from router.core.evolve import evolve
from router.core.match import match
from router.core.rejections import Rejection
from router.core.state import State


class Step(NamedTuple):
    """What a command led to: its events with those of the matching after it, or a rejection; and which item and
    conversation it was about."""

    events: list[e.Event]
    rejection: Rejection | None
    refs: dict[str, str]


def step(state: State, command: c.Command, now: int) -> Step:
    """Decide `command` at `now` and change `state` accordingly. On a rejection nothing has moved."""
    before = _refs(state, command)
    decision = decide(state, command, now)
    if isinstance(decision, Rejection):
        return Step([], decision, {})
    for event in decision:
        evolve(state, event)
    refs = _refs(state, command) or before
    return Step([*decision, *match(state, now)], None, refs)


def _refs(state: State, command: c.Command) -> dict[str, str]:
    """The item and conversation that a command is about, as far as the state knows them now."""
    item = getattr(command, "item", "")
    if isinstance(command, c.ReceiveMessage):
        natural = state.naturals.get(command.message.natural_key)
        conversation = state.conversations.get(natural) if natural else conversation_of(state, command)
        if conversation is not None:
            return {"item": conversation.item, "conversation": conversation.id}
    elif isinstance(command, c.LeaveChat | c.MarkSeen):
        conversation = state.conversations.get(command.conversation)
        item = conversation.item if conversation is not None else ""
    elif hasattr(command, "call"):
        item = state.calls.get(command.call, item)
    record = state.items.get(item)
    return {"item": record.id, "conversation": record.conversation} if record is not None else {}
