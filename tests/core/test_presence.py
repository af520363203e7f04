"""Presence: an agent is routable only while a client proves that they are there."""

import msgspec

from router.core import commands as c
from tests.core.world import World, change


def test_nobody_is_available_without_a_client() -> None:
    world = World()
    assert world.refuse(c.SetPresence(agent="ann", state="available")) == "not_connected"
    assert world.refuse(c.SetPresence(agent="nobody", state="offline")) == "unknown_agent"


def test_not_ready_needs_a_reason() -> None:
    world = World()
    world.sign_on("ann")
    assert world.refuse(c.SetPresence(agent="ann", state="not_ready")) == "reason_required"


def test_a_lost_client_stops_work_at_once_and_signs_off_after_the_grace_period() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call()
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    assert world.call().state == "queued"
    world.do(c.Pulse(), after=19_000)
    world.do(c.ConnectClient(agent="ann", client="tab2", gateway="g1"))
    assert item.agent == "ann", "a reload keeps what was reserved"
    world.do(c.LoseClient(agent="ann", client="tab2"))
    world.do(c.DeclineReservation(item=item.id, agent="ann"))
    world.do(c.Pulse(), after=30_000)
    presence = world.state.presences["ann"]
    assert (presence.state, presence.reason) == ("offline", "connection_lost")


def test_signing_off_lets_go_of_reservations_and_keeps_the_place() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call()
    place = (item.due, item.seq)
    world.do(c.SetPresence(agent="ann", state="offline"))
    assert item.state == "queued" and (item.due, item.seq) == place
    world.sign_on("bob")
    assert item.agent == "bob"


def test_a_dead_gateway_loses_all_its_clients() -> None:
    world = World()
    world.sign_on("ann", "bob")
    world.do(c.LoseGateway(gateway="g1"))
    assert world.call().state == "queued"
    assert world.do(c.LoseGateway(gateway="g1")) == []


def test_a_second_tab_keeps_the_agent_routable() -> None:
    world = World()
    world.sign_on("ann")
    world.do(c.ConnectClient(agent="ann", client="tab2", gateway="g1"))
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    assert world.call().agent == "ann"


def test_who_signs_out_is_not_waited_for_any_more() -> None:
    """However long the window of the last agent is: the item goes to the others at once."""
    world = World()
    patient = msgspec.structs.replace(world.state.queues["help"], prefer_ms=3_600_000)
    world.do(c.ApplyCentre(changes=(change(patient, seen=None),)))
    world.sign_on("ann")
    world.do(world.message("a"))
    world.do(c.AcceptReservation(item="i-a", agent="ann"))
    world.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    world.do(c.SetPresence(agent="ann", state="not_ready", reason="lunch"))
    world.do(world.message("b", conversation="c-a"))
    world.sign_on("bob")
    assert (world.item("i-b").state, world.item("i-b").prefers) == ("queued", "ann")
    world.do(c.SignOut(agent="ann"))
    assert (world.item("i-b").agent, world.item("i-b").prefers) == ("bob", "")
    world.reload()
