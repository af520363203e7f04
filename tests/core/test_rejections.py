"""Refusals that no story meets: each with its code, and nothing moved (the world asserts that)."""

import msgspec
import pytest

from queues.category import Code
from router.core import commands as c
from router.core.facts import MessageFacts
from tests.core.world import World, agent, change

REPLY = MessageFacts(id="m-r", content="t-r")


@pytest.fixture
def world() -> World:
    """Ann writes on a mail, nobody else is there; reason codes are listed."""
    world = World()
    codes = (Code(id="decline:busy", kind="decline"), Code(id="not_ready:pause", kind="not_ready"))
    world.do(c.ApplyCentre(changes=tuple(change(code) for code in codes)))
    world.sign_on("ann")
    world.do(world.message("1"))
    world.do(c.AcceptReservation(item="i-1", agent="ann"))
    return world


def reply(item: str, delivery: str) -> c.SendReply:
    return c.SendReply(item=item, agent="ann", message=REPLY, delivery=delivery)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (c.AcceptReservation(item="i-1", agent="bob"), "not_reserved"),
        (c.DeclineReservation(item="i-1", agent="ann", reason="busy"), "not_reserved"),
        (c.SetCategory(item="i-1", agent="ann", category="weather"), "unknown_category"),
        (c.SetPresence(agent="ann", state="not_ready", reason="tired"), "unknown_code"),
        (c.TransferItem(item="i-1", agent="ann"), "nobody_named"),
        (c.LeaveChat(conversation="c-2"), "unknown_conversation"),
        (c.LeaveChat(conversation="c-1"), "wrong_channel"),
        (c.StartDelivery(delivery="d-2", attempt=1), "unknown_delivery"),
    ],
)
def test_a_command_that_does_not_fit_is_refused_with_its_code(world: World, command: c.Command, code: str) -> None:
    assert world.refuse(command) == code


def test_a_delivery_is_named_once(world: World) -> None:
    world.do(reply("i-1", "d-1"))
    assert world.refuse(reply("i-1", "d-1")) == "duplicate_id"


def test_an_agent_who_is_disabled_cannot_come_in(world: World) -> None:
    leaving = msgspec.structs.replace(agent("bob"), disabled=True)
    world.do(c.ApplyCentre(changes=(change(leaving, None),)))
    assert world.refuse(c.ConnectClient(agent="bob", client="tab", gateway="g1")) == "agent_disabled"
