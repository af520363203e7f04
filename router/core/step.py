"""One step of a domain: decide, make it so, match. The writer, the simulator and the tests all run this."""

from collections.abc import Callable
from typing import Any, Final

from router.core import commands as c
from router.core import events as e
from router.core.decide import decide
from router.core.decide_consult import left_open
from router.core.decide_message import conversation_of
from router.core.evolve import evolve_all
from router.core.match import match
from router.core.rejections import Rejection
from router.core.state import State


class Step:
    """What a command led to: its events with those of the matching after it, or a rejection."""

    __slots__ = ("events", "rejection")

    def __init__(self, events: list[e.Event], rejection: Rejection | None = None) -> None:
        self.events = events
        self.rejection = rejection


def step(state: State, command: c.Command, now: int) -> Step:
    """Decide `command` at `now` and change `state` accordingly. On a rejection nothing has moved."""
    decision = decide(state, command, now)
    if isinstance(decision, Rejection):
        return Step([], decision)
    evolve_all(state, decision)
    events = [*decision]
    ends = left_open(state, decision, now)
    if ends:
        evolve_all(state, ends)
        events += ends
    events += match(state, now)
    return Step(events)


def refs(state: State, command: c.Command) -> dict[str, str]:
    """The item and conversation that a command was about, as far as the state knows them now."""
    find = _ABOUT.get(type(command), _about_item)
    record = state.items.get(find(state, command))
    return {"item": record.id, "conversation": record.conversation} if record is not None else {}


def _about_item(state: State, command: Any) -> str:
    return getattr(command, "item", "")


def _about_call(state: State, command: Any) -> str:
    return state.calls.get(command.call, getattr(command, "item", ""))


def _about_callback(state: State, command: c.AskCallback) -> str:
    """The new item, or the one that waits already."""
    return command.item if command.item in state.items else state.calls.get(command.call, command.of)


def _about_message(state: State, command: c.ReceiveMessage) -> str:
    natural = state.naturals.get(command.message.natural_key)
    conversation = state.conversations.get(natural) if natural else conversation_of(state, command)
    return conversation.item if conversation is not None else command.item


def _about_conversation(state: State, command: Any) -> str:
    conversation = state.conversations.get(command.conversation)
    return conversation.item if conversation is not None else ""


_ABOUT: Final[dict[type, Callable[[State, Any], str]]] = {
    c.OfferCall: _about_call,
    c.AskCallback: _about_callback,
    c.AnswerCall: _about_call,
    c.HoldCall: _about_call,
    c.TransferCall: _about_call,
    c.FailConnect: _about_call,
    c.EndCall: _about_call,
    c.ReceiveMessage: _about_message,
    c.LeaveChat: _about_conversation,
    c.MarkSeen: _about_conversation,
}
"""How the item that a command is about is found, where the command does not name it."""
