"""Agents who are not there, and items that come back to them (F101-F103)."""

import pytest

from router.core import commands as c
from router.core import limits
from router.core.facts import MessageFacts
from tests.core.world import World

GRACE = limits.PRESENCE_GRACE_TICKS


def asked_the_customer(world: World) -> None:
    """Ann answered a mail and waits for the customer."""
    world.sign_on("ann")
    world.do(world.message("a", keys=("k1",)))
    world.do(c.AcceptReservation(item="i-a", agent="ann"))
    reply = MessageFacts(id="r1", content="t-r1")
    world.do(c.SendReply(item="i-a", agent="ann", message=reply, delivery="d1"))
    world.do(c.SetPending(item="i-a", agent="ann"))


def goes_home(world: World) -> None:
    world.do(c.SignOut(agent="ann", choices={"i-a": "keep"}))


def closes_the_page(world: World) -> None:
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    world.do(c.Pulse(), after=GRACE)


def loses_the_line(world: World) -> None:
    world.do(c.LoseClient(agent="ann", client="tab-ann"))


def takes_a_break(world: World) -> None:
    world.do(c.SetPresence(agent="ann", state="not_ready", reason="lunch"))


def goes_offline(world: World) -> None:
    world.do(c.SetPresence(agent="ann", state="offline"))


@pytest.mark.parametrize("leaves", [goes_home, closes_the_page, loses_the_line, takes_a_break, goes_offline])
def test_a_customer_who_answers_while_their_agent_is_away_comes_to_somebody_who_is_there(leaves: object) -> None:
    """F101: the answer re-opens the item in its queue, and whoever is free gets it."""
    world = World()
    asked_the_customer(world)
    assert callable(leaves)
    leaves(world)
    world.sign_on("bob")
    world.do(world.message("b", keys=("k1",)))
    item = world.item("i-a")
    assert (item.agent, item.state, item.last_agent) == ("bob", "reserved", "ann")


def test_with_nobody_there_it_waits_in_its_queue_and_for_nobody_by_name() -> None:
    """F101: its first agent is preferred when they are back first, and is not waited for."""
    world = World()
    asked_the_customer(world)
    goes_home(world)
    world.do(world.message("b", keys=("k1",)))
    item = world.item("i-a")
    assert (item.state, item.queue, item.only) == ("queued", "help", "")
    world.sign_on("bob")
    assert item.agent == "bob"


def test_a_date_that_comes_while_the_agent_is_away_is_kept_by_somebody_else() -> None:
    """F101: the same for an item that was put off until a date."""
    world = World()
    asked_the_customer(world)
    world.do(c.ResumeItem(item="i-a", agent="ann"))
    world.do(c.SetPending(item="i-a", agent="ann", until=world.now + 60_000))
    goes_home(world)
    world.sign_on("bob")
    world.do(c.Pulse(), after=60_000)
    assert world.item("i-a").agent == "bob"


def test_two_pages_of_one_agent_are_one_presence_that_ends_with_the_last_of_them() -> None:
    """F102, F98: a page in the background counts as much as the one in front."""
    world = World()
    world.sign_on("ann")
    world.do(c.ConnectClient(agent="ann", client="in the background", gateway="g2"))
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    world.do(c.Pulse(), after=10 * GRACE)
    assert world.call().agent == "ann"
    world.do(c.LoseClient(agent="ann", client="in the background"))
    world.do(c.Pulse(), after=GRACE)
    assert world.state.presences["ann"].state == "offline"
