"""Order and fairness: who waits longest, over all queues; whose turn it is, over all restarts (F42-F49)."""

from collections import Counter

import msgspec
import pytest

from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from router.core import limits
from router.core.item import WorkItem
from tests.core.world import World, agent, change


def finish(world: World, item: WorkItem) -> None:
    """Whoever has the call talks and is done."""
    who = item.agent
    world.do(c.AnswerCall(call=item.call, agent=who), after=1)
    world.do(c.CompleteItem(item=item.id, agent=who, disposition="done"), after=1)


def served(world: World, calls: list[WorkItem]) -> list[str]:
    """The calls in the order in which eve, who serves both queues, gets them."""
    world.do(c.SetMembership(agent="eve", queue="help", membership=Membership()))
    world.sign_on("eve")
    order = []
    for _ in calls:
        (item,) = [item for item in calls if item.state == "reserved"]
        order.append(item.call)
        finish(world, item)
    assert all(item.state == "closed" for item in calls)
    return order


def same_target(world: World) -> None:
    for id in ("help", "expert"):
        queue = msgspec.structs.replace(world.state.queues[id], target_ms={"phone": 20_000}, wrap_up_ms={})
        world.do(c.ApplyCentre(changes=(change(queue, seen=None),)))


def test_of_two_queues_the_caller_who_waited_longer_comes_first() -> None:
    """F42: with one target, an agent of several queues serves one line; nobody overtakes by the queue they are in."""
    world = World()
    same_target(world)
    calls = [world.call(f"k{number}", queue="help" if number % 3 else "expert") for number in range(9)]
    assert served(world, calls) == [f"k{number}" for number in range(9)]


def test_of_two_queues_with_other_targets_whoever_is_due_first_comes_first() -> None:
    """F42: an expert's caller may wait 60 s, another 20 s: what counts is when somebody should have been answered."""
    world = World()
    calls = [world.call("expert", queue="expert")]
    world.now += 30_000
    calls.append(world.call("early"))
    world.now += 15_000
    calls.append(world.call("late"))
    assert served(world, calls) == ["early", "expert", "late"]


def test_priority_goes_before_age_over_all_queues() -> None:
    """F43."""
    world = World()
    same_target(world)
    calls = [
        world.call("old"),
        world.call("urgent", queue="expert", priority=5),
        world.call("older still", queue="expert"),
        world.call("most urgent", priority=9),
    ]
    assert served(world, calls) == ["most urgent", "urgent", "old", "older still"]


def test_there_is_always_a_first_one_whoever_was_put_before_all_others() -> None:
    """F44: chats that lost their agents, all at the head of the line, beside urgent ones and those by name."""
    world = World()
    world.sign_on("ann", "bob")
    for number in range(4):
        world.do(world.message(f"lost{number}", channel="chat"))
        agent = world.item(f"i-lost{number}").agent
        world.do(c.AcceptReservation(item=f"i-lost{number}", agent=agent))
    impatient = msgspec.structs.replace(world.state.queues["help"], target_ms={"chat": 1})
    world.do(c.ApplyCentre(changes=(change(impatient, seen=None),)))
    for number in range(3):
        world.do(world.message(f"new{number}", channel="chat"), after=1)
    for agent in ("ann", "bob"):
        world.do(c.SetPresence(agent=agent, state="offline"))
    world.do(c.TransferItem(item="i-new2", to_agent="bob"))
    assert {item.state for item in world.state.items.values()} == {"queued"}
    world.sign_on("bob")
    order = []
    while held := world.state.holds.get("bob"):
        id = next(iter(held))
        order.append(id)
        world.do(c.AcceptReservation(item=id, agent="bob"))
        world.do(c.CompleteItem(item=id, agent="bob", disposition="done"), after=1)
    assert order[0] == "i-new2", "by name"
    assert {id[:6] for id in order[1:5]} == {"i-lost"}
    assert order[5:] == ["i-new0", "i-new1"]


def test_a_caller_who_is_moved_into_an_urgent_queue_goes_before_who_waits_there_already() -> None:
    """F45: at once, and not only for those who come later."""
    world = World()
    urgent = Queue(id="urgent", priority=5, target_ms={"phone": 20_000})
    serves = c.SetMembership(agent="eve", queue="urgent", membership=Membership())
    world.do(c.ApplyCentre(changes=(change(urgent),)))
    world.do(serves)
    first = world.call("first", queue="expert")
    moved = world.call("moved", queue="expert")
    world.do(c.TransferItem(item=moved.id, queue="urgent"))
    world.sign_on("eve")
    assert (world.state.asked(moved).priority, moved.agent, first.agent) == (5, "eve", "")


def test_the_turn_is_counted_from_the_end_of_the_wrap_up() -> None:
    """F47: not from the last offer. Ann was called first and was busy for longer."""
    world = World()
    world.sign_on("ann", "bob")
    long, short = world.call("long"), world.call("short")
    for item in (long, short):
        world.do(c.AnswerCall(call=item.call, agent=item.agent))
    world.do(c.EndCall(call="short"), after=100)
    world.do(c.Pulse(), after=5_000)
    world.do(c.EndCall(call="long"), after=100)
    world.do(c.Pulse(), after=5_000)
    assert (short.last_agent, world.call().agent) == ("bob", "bob")


def test_an_offer_that_nobody_took_costs_nobody_their_turn() -> None:
    """F47: a caller who hangs up while it rings is no work."""
    world = World()
    world.sign_on("ann", "bob")
    world.call("k")
    world.do(c.EndCall(call="k"), after=1)
    assert world.call().agent == "ann"


@pytest.mark.parametrize("every", [1, 2, 7])
def test_turns_are_fair_over_restarts(every: int) -> None:
    """F48: the writer starts anew from its records, again and again; nobody becomes the first one by that."""
    world = World()
    same_target(world)
    world.do(c.ApplyCentre(changes=tuple(change(agent(f"x{number}")) for number in range(3))))
    staff = ["ann", "bob", "x0", "x1", "x2"]
    world.sign_on(*staff)
    got: Counter[str] = Counter()
    for number in range(50):
        if number % every == 0:
            world.state = world.reload()
        item = world.call()
        got[item.agent] += 1
        finish(world, item)
    assert got == dict.fromkeys(staff, 10)


def test_work_in_one_queue_is_nobodys_turn_in_another() -> None:
    """F49: turns are those of agents, not of what the whole house did last."""
    world = World()
    same_target(world)
    world.do(c.ApplyCentre(changes=(change(agent("max", teams=("second",))),)))
    world.sign_on("ann", "bob", "eve", "max")
    turns = []
    for _ in range(6):
        elsewhere = world.call(queue="expert")
        finish(world, elsewhere)
        item = world.call()
        turns.append(item.agent)
        finish(world, item)
    assert turns == ["ann", "bob"] * 3


def test_a_line_that_is_walked_past_everybody_barred_still_serves_the_rest() -> None:
    """F30, F44: callers whom ann declined stand before the ones that she may have; she is not held up by them."""
    world = World()
    world.sign_on("ann")
    barred = [world.call() for _ in range(limits.WALK_MAX - 1)]
    for item in barred:
        assert item.agent == "ann"
        world.do(c.DeclineReservation(item=item.id, agent="ann"))
    assert world.call().agent == "ann"


def test_an_edit_of_a_queues_priority_counts_at_once_for_what_waits() -> None:
    """F45: and not only for those who come later."""
    world = World()
    same_target(world)
    calls = [world.call("first"), world.call("second", queue="expert")]
    urgent = msgspec.structs.replace(world.state.queues["expert"], priority=5)
    world.do(c.ApplyCentre(changes=(change(urgent, seen=None),)))
    assert served(world, calls) == ["second", "first"]
