"""Every cell of the tables that is not allowed is refused (commands) or a defect (events)."""

from typing import Any

import pytest

from router.core import commands as c
from router.core import events as e
from router.core.evolve import evolve
from router.core.facts import MessageFacts
from router.core.item import OPEN, ItemState
from router.core.transitions import COMMANDS, EVENTS
from tests.core.world import World

STATES: tuple[ItemState, ...] = (*sorted(OPEN), "closed")

ARGUMENTS: dict[type, dict[str, Any]] = {
    c.SendReply: {"message": MessageFacts(id="m", content="t")},
    c.AddNote: {"content": "t"},
    c.SetPending: {},
    c.ResumeItem: {},
    c.SetCategory: {"category": "tax_question"},
    c.SetOutcome: {"disposition": "done"},
    c.LinkCustomer: {"customer": "cust2"},
    c.EndContact: {},
    c.CompleteItem: {"disposition": "done"},
    c.EscalateItem: {"reason": "hard", "note": "n"},
    c.TransferItem: {"queue": "expert"},
    c.SplitItem: {"parts": (c.SplitPart(item="i2", conversation="c2"),)},
    c.DismissItem: {"code": "spam"},
    c.AskPermission: {"question": "q1", "code": "refund"},
    c.CallForHelp: {"question": "q1"},
    c.ReturnItem: {"kind": "wrongly_routed", "reason": "not_ours"},
    c.ConsultItem: {"consult": "i-consult", "note": "n"},
    c.AnswerConsult: {"note": "n"},
    c.HandOver: {"consult": "i-consult"},
    c.FailCallback: {},
}

HEARD_BESIDE = {(c.LinkCustomer, "closed")}
"""Of a closed item it may be said whom it was about."""

EVENT_ARGUMENTS: dict[type, dict[str, Any]] = {
    e.ItemQueued: {"queue": "help", "reason": "opened", "due": 1, "seq": 9},
    e.ReservationMade: {"agent": "ann", "queue": "help", "reservation": "r9", "expires_at": 9},
    e.ReservationAccepted: {"agent": "ann", "reservation": "r1"},
    e.ReservationEnded: {"agent": "ann", "reservation": "r1", "outcome": "declined"},
    e.ItemPending: {"agent": "ann"},
    e.ItemResumed: {"agent": "ann"},
    e.WrapUpStarted: {"agent": "ann", "until": 9},
    e.WrapUpExtended: {"agent": "ann"},
    e.ItemStuck: {"reason": "x"},
    e.ItemClosed: {"outcome": "completed"},
}


def item_in(state: ItemState) -> tuple[World, str]:
    """A world with one call in this state, with ann where somebody has it."""
    world = World()
    world.sign_on("ann")
    if state in ("queued", "stuck"):
        world.do(c.SetPresence(agent="ann", state="offline"))
    item = world.call("k")
    if state == "stuck":
        evolve(world.state, e.ItemStuck(at=world.now, item=item.id, reason="test"))
    if state in ("active", "pending", "wrapping", "closed"):
        world.do(c.AnswerCall(call="k", agent="ann"))
    if state in ("pending", "wrapping"):
        world.do(c.EndContact(item=item.id, agent="ann"))
    if state == "pending":
        world.do(c.SetPending(item=item.id, agent="ann"))
    if state == "closed":
        world.do(c.CompleteItem(item=item.id, agent="ann", disposition="done"))
    assert item.state == state
    return world, item.id


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_a_command_that_the_state_does_not_hear_is_refused(command: type, state: ItemState) -> None:
    if state in COMMANDS[command] or (command, state) in HEARD_BESIDE:
        return
    world, item = item_in(state)
    refusal = world.refuse(command(item=item, agent="ann", **ARGUMENTS[command]))
    assert refusal == ("unknown_item" if state == "closed" else "wrong_state")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_an_event_that_the_state_cannot_follow_is_a_defect(event: type, state: ItemState) -> None:
    if state in EVENTS[event][0]:
        return
    world, item = item_in(state)
    with pytest.raises(AssertionError, match=event.__name__):
        evolve(world.state, event(at=world.now, item=item, **EVENT_ARGUMENTS[event]))


def test_every_item_command_and_event_has_its_row() -> None:
    assert set(ARGUMENTS) == set(COMMANDS)
    assert set(EVENT_ARGUMENTS) == set(EVENTS)
