"""What the state shows: explanations, views and what outboxes are told."""

import msgspec

from queues.endpoint import Endpoint
from router.core import commands as c
from router.core.effects import effects
from router.core.explain import explain
from router.core.facts import MessageFacts
from router.core.step import refs, step
from router.core.views import agent_view, holders, item_view, queue_view
from router.core.waiting import in_order, waiting
from tests.core.world import World, change

HOOK = c.ApplyCentre(changes=(change(Endpoint(id="pbx", url="https://pbx.example/hook")),))


def reasons(world: World, item: str) -> dict[str, str]:
    return {one.agent: one.reason for one in explain(world.state, item).agents}


def test_every_agent_has_the_first_rule_that_keeps_them_from_the_item() -> None:
    world = World()
    world.sign_on("bob")
    item = world.call(nl=2)
    assert reasons(world, item.id) == {
        "ann": "not_connected",
        "bob": "lacks_skill",
        "eve": "not_member",
    }
    world.sign_on("ann")
    world.do(c.DeclineReservation(item=item.id, agent="ann"))
    assert reasons(world, item.id)["ann"] == "excepted"
    other = world.call()
    assert other.agent == "bob"
    third = world.call()
    world.do(c.AcceptReservation(item=other.id, agent="bob"))
    assert reasons(world, third.id)["bob"] == "no_room"


def test_integrators_are_told_which_phone_to_ring_and_when_to_stop() -> None:
    world = World()
    world.do(HOOK)
    world.sign_on("ann")
    world.call("k")
    told = [body for event in world.log[-3:] for _, body in effects(world.state, event)]
    reserved = next(body for body in told if body["type"] == "item.reserved")
    assert (reserved["call"], reserved["agent"], reserved["phone"]) == ("k", "ann", "ext-ann")
    ended = [body for event in world.do(c.EndCall(call="k")) for _, body in effects(world.state, event)]
    assert [body["type"] for body in ended] == ["reservation.ended", "item.closed"]
    assert ended[0]["outcome"] == "rescinded"


def test_without_endpoints_nobody_is_told_and_mail_still_goes_out() -> None:
    world = World()
    world.sign_on("ann")
    world.do(world.message("a"))
    world.do(c.AcceptReservation(item="i-a", agent="ann"))
    reply = c.SendReply(item="i-a", agent="ann", message=MessageFacts(id="r", content="t-r"), delivery="d1")
    told = [entry for event in world.do(reply) for entry in effects(world.state, event)]
    assert [(channel, body["delivery"], body["content"]) for channel, body in told] == [("email", "d1", "t-r")]


def test_views_are_json_and_hold_what_is_the_agents() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call("k")
    view = agent_view(world.state, "ann")
    assert set(view["items"]) == {item.id} and holders(item) == ("ann",)
    assert view["agent"]["activity"] == "reserved"
    assert view["items"][item.id]["reservation"]["expires_at_ms"] == world.now + 20_000
    world.call("l")
    queue = queue_view(world.state, "help")
    assert queue["waiting"] == 1 and queue["first_due_at_ms"] == world.now + 20_000
    assert msgspec.json.decode(msgspec.json.encode(view)) == view
    assert item_view(world.state, item.id)["due_at_ms"] == item.due


def test_a_command_names_what_it_was_about_even_when_it_ended_it() -> None:
    world = World()
    world.call("k")
    ends = c.EndCall(call="k")
    step(world.state, ends, world.now)
    assert refs(world.state, ends) == {"item": "i-k", "conversation": "c-k"}
    assert refs(world.state, c.EndCall(call="other")) == {}


def test_the_figures_of_a_queue_are_those_of_what_waits_there() -> None:
    """Read class by class; an item that came with an older due is not the one that entered first."""
    world = World()
    for number in range(3):
        world.call(nl=number + 1)
        world.now += 1_000
    moved = world.call(queue="expert")
    world.now += 3_000
    world.do(c.RequeueItem(item=moved.id, queue="help"))
    world.do(world.message("m"))
    there = [world.item(id) for id in world.state.lines.waiting_in("help")]
    found = waiting(world.state, "help", world.now + 16_000)
    assert found.items == len(there) == 5
    assert found.oldest == min(item.entered_at for item in there)
    assert found.first_due == min(item.due for item in there)
    assert found.late == sum(item.due < world.now + 16_000 for item in there) > 0
    order = [world.item(id) for id in in_order(world.state, "help", world.now)]
    assert order == sorted(there, key=lambda item: (item.due, item.seq))
