"""Double assignment: whoever asks at once, an item is given once, and nobody gets more than they can hold (F01-F14)."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from queues.capacity import Room
from queues.team import Membership
from router.core import commands as c
from router.core import events as e
from router.core.evolve import evolve
from router.core.facts import Facts
from router.core.filters import refusal
from router.core.state import State
from router.gateway import Applied
from router.runtime.domain import Domain
from router.runtime.memory import MemoryStore
from router.runtime.memory import World as Memory
from tests.api.house import House
from tests.core.test_walk import Walker
from tests.core.world import CENTRE, World, agent, change
from tests.runtime.conftest import build, do, offer, sign_on

AGENTS = 12
CALLS = 40


@contextlib.asynccontextmanager
async def nodes(memory: Memory, folder: Path, count: int) -> AsyncIterator[list[Domain]]:
    """Nodes of one domain, each of which stands by as the writer."""
    made = [build(MemoryStore(memory), folder, node=f"n{number}") for number in range(count)]
    for node in made:
        await node.start()
    try:
        yield made
    finally:
        for node in made:
            await node.stop()


def told(node: Domain) -> list[e.Event]:
    """Every event from now on, as this node follows them."""
    events: list[e.Event] = []

    def hear(applied: Applied, state: State) -> None:
        events.extend(applied.entry.events)

    node.listen(hear)
    return events


def reservations(events: Sequence[e.Event]) -> list[e.ReservationMade]:
    return [event for event in events if isinstance(event, e.ReservationMade)]


@pytest.mark.parametrize("room", [1, 3])
async def test_of_many_nodes_and_calls_each_call_gets_one_offer_and_no_agent_too_many(
    world: Memory, tmp_path: Path, room: int
) -> None:
    """F01, F05, F08, F09, F14: every call is told to every node, each under a key of its own; the writer changes
    hands meanwhile."""
    async with nodes(world, tmp_path, 3) as (first, second, third):
        await do(first, CENTRE)
        staff = [agent(f"a{number}", fr=3) for number in range(AGENTS)]
        await do(first, c.ApplyCentre(changes=tuple(change(one) for one in staff)))
        for one in staff:
            many = Room(maximum=room, weight=10)
            await do(first, c.SetCapacity(agent=one.id, channel="phone", room=many))
        await sign_on(second, *(one.id for one in staff))
        events = told(third)
        calls = [node.submit(offer(f"k{number}")) for number in range(CALLS) for node in (second, third)]
        receipts, _ = await asyncio.gather(asyncio.gather(*calls), first.stop())
        for receipt in receipts:
            outcome = await third.outcome(receipt, 10)
            assert outcome is not None
            assert not outcome.rejection
        given = Counter(made.item for made in reservations(events))
        assert set(given.values()) == {1}
        assert len(given) == min(CALLS, AGENTS * room)
        assert len(third.state.items) == CALLS
        assert max(len(held) for held in third.state.holds.values()) == room


def test_whoever_gets_an_item_may_have_it_at_that_very_instant() -> None:
    """F03, F05, F07, F82: between choosing and giving nothing can change. Checked rule by rule over the log of random
    walks in which skills, queues and rooms are edited all the time."""
    made = 0
    for seed in range(100, 112):
        walker = Walker(seed)
        walker.walk(300)
        then = State()
        for event in walker.world.log:
            if isinstance(event, e.ReservationMade):
                assert refusal(then, then.items[event.item], then.agents[event.agent]) == ""
                made += 1
            evolve(then, event)
    assert made > 100


def test_who_left_a_queue_gets_nothing_of_it_from_then_on() -> None:
    """F03: also not what waited before, and not as the only one who is there."""
    world = World()
    item = world.call()
    world.do(c.SetMembership(agent="ann", queue="help", membership=Membership(enabled=False)))
    world.sign_on("ann")
    assert (item.state, world.call().state) == ("queued", "queued")


def test_an_answer_to_an_earlier_offer_is_refused() -> None:
    """F02, F04: what a supervisor did meanwhile stands; the screen that was behind is told."""
    world = World()
    world.sign_on("ann", "bob")
    item = world.call()
    assert item.reservation is not None
    held, before = item.agent, item.reservation.id
    world.do(c.TransferItem(item=item.id, to_agent="bob"))
    world.do(c.TransferItem(item=item.id, to_agent="ann"))
    assert held == item.agent == "ann"
    for stale in (
        c.AcceptReservation(item=item.id, agent="ann", reservation=before),
        c.DeclineReservation(item=item.id, agent="ann", reservation=before),
        c.AcceptReservation(item=item.id, agent="bob"),
    ):
        assert world.refuse(stale) == "not_reserved"


def test_an_agent_of_two_queues_gets_one_of_two_calls() -> None:
    """F07: both calls wait when the agent becomes available."""
    world = World()
    world.do(c.SetMembership(agent="eve", queue="help", membership=Membership()))
    calls = [world.call(), world.call(queue="expert")]
    world.sign_on("eve")
    assert sorted(item.state for item in calls) == ["queued", "reserved"]


def test_what_is_said_twice_happens_once() -> None:
    """F06: a repeated event of presence or of the phone frees nothing early and offers nothing twice."""
    world = World()
    again: list[c.Command] = [
        c.ConnectClient(agent="ann", client="tab-ann", gateway="g1"),
        c.SetPresence(agent="ann", state="available"),
        world_call := c.OfferCall(call="k", item="i-k", conversation="c-k", facts=Facts(queue="help")),
        c.AnswerCall(call="k", agent="ann"),
        c.HoldCall(call="k", held=True),
        c.EndCall(call="k"),
        c.LoseClient(agent="ann", client="tab-ann"),
    ]
    for command in again:
        assert world.do(command) != []
        assert world.do(command) == [], command
    assert world.do(world_call) == []
    assert len(reservations(world.log)) == 1


@pytest.mark.parametrize("seed", range(12))
def test_a_burst_never_exceeds_room_weight_or_total(seed: int) -> None:
    """F09, F11: one limit, on the agent: so many of a channel, and so much in all. The world checks after each step
    that nobody has too much, and that nobody who could have more is left out."""
    chance = random.Random(seed)
    world = World()
    channels = ("phone", "chat", "email")
    rooms = {name: Room(maximum=chance.randrange(4), weight=chance.choice((10, 34, 50))) for name in channels}
    for name, room in rooms.items():
        total = chance.choice((50, 100))
        world.do(c.SetCapacity(agent="ann", channel=name, room=room, total=total))  # type: ignore[arg-type]
    world.sign_on("ann")
    for number in range(50):
        channel = chance.choice(channels)
        if channel == "phone":
            world.call()
        else:
            world.do(world.message(f"m{number}", channel=channel))
    held = Counter(world.state.holds.get("ann", {}).values())
    assert all(count <= rooms[name].maximum for name, count in held.items())
    assert sum(rooms[name].weight * count for name, count in held.items()) <= world.state.agents["ann"].total


async def test_two_agents_and_two_tabs_take_one_item_at_once(api: House) -> None:
    """F10, F12, F13: only whom it is reserved for can take it, once; everybody else is told so at once."""
    await api.sign_on("ann", "bob")
    item = await api.message("m1")
    holder = api.domain.state.items[item].agent
    other = {"ann": "bob", "bob": "ann"}[holder]
    for who in (holder, other):
        await api.token(who)
    path = f"/api/v1/items/{item}"
    answers = await asyncio.gather(
        *(api.call("POST", f"{path}/accept", who, json={}) for who in (holder, other, holder))
    )
    assert [answer.status for answer in answers] == [200, 409, 200]
    assert answers[0].position == answers[2].position
    written = await asyncio.gather(
        *(api.call("POST", f"{path}/reply", who, json={"text": "hello"}) for who in (holder, other))
    )
    assert [answer.status for answer in written] == [200, 409]
    assert written[1].body["code"] == "not_yours"
    assert api.domain.state.conversations["conv-m1"].seq == 2
