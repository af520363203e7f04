"""Stuck agents and stuck items: whatever happens to an offer or a call, both go on (F15-F30)."""

from typing import Any

import msgspec
import pytest

from queues.capacity import Room
from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.due import next_deadline
from router.core.item import WorkItem
from tests.core.test_transitions import item_in
from tests.core.test_walk import Walker
from tests.core.world import World, change

WRAP_UP = 5_000


def ordered(world: World) -> None:
    """Ann is asked first for help, bob after her."""
    for order, agent in ((1, "ann"), (2, "bob")):
        world.do(c.SetMembership(agent=agent, queue="help", membership=Membership(order=order)))


def test_every_offer_and_every_item_ends_exactly_once() -> None:
    """F15, F20, F41: over random walks. An offer is accepted or ended; after an accept only the phone can undo it."""
    ends = 0
    for seed in range(200, 208):
        walker = Walker(seed)
        walker.walk(400)
        offers: dict[str, str] = {}
        closed: set[str] = set()
        for event in walker.world.log:
            if isinstance(event, e.ReservationMade):
                assert event.reservation not in offers
                offers[event.reservation] = "open"
            elif isinstance(event, e.ReservationAccepted):
                assert offers[event.reservation] == "open"
                offers[event.reservation] = "accepted"
            elif isinstance(event, e.ReservationEnded):
                undone = "accepted" if event.outcome == "connect_failed" else "open"
                assert offers[event.reservation] in ("open", undone)
                offers[event.reservation] = "ended"
            elif isinstance(event, e.ItemClosed):
                assert event.item not in closed
                closed.add(event.item)
        items = walker.world.state.items.values()
        open_offers = {item.reservation.id for item in items if item.state == "reserved" and item.reservation}
        assert {offer for offer, end in offers.items() if end == "open"} == open_offers
        assert {item.id for item in items if item.state == "closed"} <= closed
        ends += len(offers)
    assert ends > 100


@pytest.mark.parametrize("state", ["queued", "reserved", "active", "wrapping", "pending", "stuck"])
def test_a_caller_who_hangs_up_in_any_state_leaves_nobody_busy(state: Any) -> None:
    """F15, F17, F18, F21: what an agent does is what they hold, so whoever holds nothing is free."""
    world, id = item_in(state)
    world.do(c.EndCall(call="k"))
    world.do(c.Pulse(), after=WRAP_UP)
    if state == "pending":
        world.do(c.RequeueItem(item=id))
        world.do(c.EndCall(call="k"))
    assert world.item(id).state == "closed"
    assert (world.state.activity("ann"), world.state.holds) == ("idle", {})
    world.sign_on("ann")
    assert world.call().agent == "ann"


def moves(item: str) -> list[c.Command]:
    """All ways of taking an offered or active call away from ann."""
    return [
        c.TransferItem(item=item, queue="expert"),
        c.TransferItem(item=item, to_agent="bob"),
        c.RequeueItem(item=item, queue="expert"),
        c.MoveItems(agent="ann", queue="expert"),
    ]


@pytest.mark.parametrize("way", range(4))
def test_an_offer_that_is_moved_frees_its_agent_at_once(way: int) -> None:
    """F16: whoever the item goes to, the phone that was ringing is its agent's no more."""
    world = World()
    world.sign_on("ann")
    item = world.call("k")
    world.do(moves(item.id)[way])
    assert world.state.activity("ann") == "idle"
    assert world.refuse(c.AnswerCall(call="k", agent="ann")) == "not_reserved"
    assert world.call().agent == "ann"


@pytest.mark.parametrize("last", ["transfer", "escalate", "phone"])
def test_an_agent_who_handed_a_call_on_is_not_busy(last: str) -> None:
    """F18: the work list says so, there is no flag that could stay behind."""
    world = World()
    world.sign_on("ann")
    item = world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    handed: dict[str, c.Command] = {
        "transfer": c.TransferItem(item=item.id, agent="ann", queue="expert"),
        "escalate": c.EscalateItem(item=item.id, agent="ann", reason="hard", note="n"),
        "phone": c.TransferCall(call="k", queue="expert"),
    }
    world.do(handed[last])
    assert world.state.activity("ann") == "idle"
    assert world.call().agent == "ann"


def test_a_call_that_ends_between_its_offer_and_its_accept_leaves_no_wrap_up_behind() -> None:
    """F19: wrap-up is a state of the item that was talked on, not a time counted from the agent's last call."""
    world = World()
    world.sign_on("ann")
    first = world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(c.EndCall(call="k"))
    second = world.call("l")
    assert (first.state, second.state) == ("wrapping", "queued"), "not before the wrap-up is over"
    world.do(c.Pulse(), after=WRAP_UP)
    assert second.agent == "ann"
    world.do(c.EndCall(call="l"), after=1)
    assert world.call("m").agent == "ann", "nobody talked, so there is nothing to wrap up"


def declined(world: World, item: WorkItem) -> None:
    world.do(c.DeclineReservation(item=item.id, agent="ann"))


def unanswered(world: World, item: WorkItem) -> None:
    world.do(c.Pulse(), after=20_000)


def not_connected(world: World, item: WorkItem) -> None:
    world.do(c.FailConnect(call=item.call, agent="ann"))


def gone(world: World, item: WorkItem) -> None:
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    world.do(c.SetPresence(agent="ann", state="offline"))


@pytest.mark.parametrize("refuses", [declined, unanswered, not_connected, gone])
def test_who_is_asked_first_and_never_takes_anything_blocks_nobody(refuses: Any) -> None:
    """F23, F24: ann goes before bob in this queue, whatever becomes of her offers."""
    world = World()
    ordered(world)
    world.sign_on("ann", "bob")
    for _ in range(5):
        item = world.call()
        if item.agent == "ann":
            refuses(world, item)
        assert item.agent == "bob"
        world.do(c.AnswerCall(call=item.call, agent="bob"))
        world.do(c.CompleteItem(item=item.id, agent="bob", disposition="done"))
        if world.state.presences["ann"].state != "available":
            world.sign_on("ann")


@pytest.mark.parametrize("channel", ["email", "chat", "webhook"])
def test_a_refused_message_of_any_channel_is_queued_again(channel: str) -> None:
    """F24: at its place, and for the next agent."""
    world = World()
    room = c.SetCapacity(agent="ann", channel="webhook", room=world.state.agents["ann"].rooms["email"])
    for agent in ("ann", "bob"):
        world.do(msgspec.structs.replace(room, agent=agent))
    world.sign_on("ann")
    world.do(world.message("m", channel=channel))
    item = world.item("i-m")
    place = (item.due, item.seq)
    world.do(c.DeclineReservation(item="i-m", agent="ann"), after=500)
    assert (item.state, (item.due, item.seq)) == ("queued", place)
    world.sign_on("bob")
    assert item.agent == "bob"


def test_a_queue_whose_rules_change_while_it_is_full_serves_everybody() -> None:
    """F25: other targets, other ranks, another requirement and back, each with callers in the line."""
    world = World()
    calls = [world.call(fr=1) for _ in range(9)]
    queue = world.state.queues["help"]
    edits = [
        msgspec.structs.replace(queue, target_ms={"phone": 1}, wrap_up_ms={}),
        msgspec.structs.replace(queue, requirement=(("nl", 5),)),
        msgspec.structs.replace(queue, priority=7, knock_out_max=1),
    ]
    world.sign_on("ann", "bob")
    for edit in edits:
        world.do(c.ApplyCentre(changes=(change(edit, seen=None),)))
        ordered(world)
        for item in [item for item in calls if item.state == "reserved"]:
            agent = item.agent
            world.do(c.AnswerCall(call=item.call, agent=agent))
            world.do(c.CompleteItem(item=item.id, agent=agent, disposition="done"))
    while waiting := [item for item in calls if item.state == "reserved"]:
        agent = waiting[0].agent
        world.do(c.AnswerCall(call=waiting[0].call, agent=agent))
        world.do(c.CompleteItem(item=waiting[0].id, agent=agent, disposition="done"))
    assert {item.outcome for item in calls} == {"completed"}


def test_who_did_not_answer_is_told_why_they_get_nothing_and_says_so_when_they_are_back() -> None:
    """F26: never signed out for good, however often it happens."""
    world = World()
    world.sign_on("ann")
    for _ in range(10):
        world.call()
        world.do(c.Pulse(), after=20_000)
        presence = world.state.presences["ann"]
        assert (presence.state, presence.reason) == ("not_ready", "no_answer")
        world.do(c.SetPresence(agent="ann", state="available"))
    assert world.state.activity("ann") == "reserved"


@pytest.mark.parametrize("state", ["reserved", "active", "wrapping"])
@pytest.mark.parametrize("channel", ["chat", "email"])
def test_whatever_a_vanished_agent_holds_has_a_time_at_which_it_goes_on(channel: str, state: str) -> None:
    """F22, F27: nothing waits for somebody who does not come back, though nobody does anything."""
    world = World()
    wrap_up = Queue(id="help", wrap_up_ms={channel: WRAP_UP})
    world.do(c.ApplyCentre(changes=(change(wrap_up, seen=None),)))
    world.sign_on("ann")
    world.do(world.message("m", channel=channel))
    if state != "reserved":
        world.do(c.AcceptReservation(item="i-m", agent="ann"))
    if state == "wrapping":
        world.do(c.EndContact(item="i-m", agent="ann"))
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    item = world.item("i-m")
    assert item.state == state
    while item.agent and item.state != "closed":
        due = next_deadline(world.state)
        assert due is not None
        world.now = max(due, world.now)
        world.do(c.Pulse())
    assert world.state.holds == {}
    assert item.state == ("closed" if state == "wrapping" else "queued")


def test_a_call_whose_end_was_never_told_is_ended_by_its_agent_or_taken_away() -> None:
    """F27: the phone system died after the answer. Nobody is bound to the call for ever."""
    for way_out in (
        c.EndContact(item="i-k", agent="ann"),
        c.CompleteItem(item="i-k", agent="ann", disposition="lost"),
        c.TransferItem(item="i-k", queue="expert"),
    ):
        world = World()
        world.sign_on("ann")
        world.call("k")
        world.do(c.AnswerCall(call="k", agent="ann"))
        world.do(way_out)
        world.do(c.Pulse(), after=WRAP_UP)
        assert world.call("l").agent == "ann"


RELEASES: list[c.Command] = [
    c.CompleteItem(item="i-0", agent="ann", disposition="done"),
    c.EndContact(item="i-0", agent="ann"),
    c.SetPending(item="i-0", agent="ann"),
    c.TransferItem(item="i-0", agent="ann", queue="expert"),
    c.TransferItem(item="i-0", to_agent="bob"),
    c.EscalateItem(item="i-0", agent="ann", reason="hard", note="n"),
    c.RequeueItem(item="i-0", queue="expert"),
    c.MoveItems(agent="ann", queue="expert"),
    c.SetCapacity(agent="ann", channel="email", room=Room(maximum=3, weight=10)),
]


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: type(release).__name__)
def test_whatever_frees_an_agent_gives_them_what_waits_in_the_same_step(release: c.Command) -> None:
    """F28: no job that comes by later."""
    world = World()
    world.sign_on("ann")
    for number in range(3):
        world.do(world.message(str(number)))
    for id in ("i-0", "i-1"):
        world.do(c.AcceptReservation(item=id, agent="ann"))
    assert world.item("i-2").state == "queued"
    world.do(release)
    assert world.item("i-2").agent == "ann"


def test_a_backlog_of_the_night_drains_in_its_order_when_one_agent_comes() -> None:
    """F29: nobody had to touch anything meanwhile."""
    world = World()
    calls = [world.call(f"k{number}") for number in range(12)]
    world.do(c.Pulse(), after=3_600_000)
    world.sign_on("ann")
    for item in calls:
        assert item.agent == "ann"
        world.do(c.AnswerCall(call=item.call, agent="ann"))
        world.do(c.CompleteItem(item=item.id, agent="ann", disposition="done"))


def test_when_who_is_asked_first_is_full_the_next_one_is_asked_at_once() -> None:
    """F30."""
    world = World()
    ordered(world)
    world.sign_on("ann", "bob")
    assert [world.call().agent for _ in range(3)] == ["ann", "bob", ""]


def test_the_grace_of_the_absent_is_shorter_than_a_caller_waits() -> None:
    """F22, F103: an agent who vanished is out of the lines in the same step, and signed off after the grace."""
    world = World()
    world.sign_on("ann")
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    assert world.call().state == "queued"
    world.do(c.Pulse(), after=limits.PRESENCE_GRACE_TICKS)
    assert world.state.presences["ann"].state == "offline"
    assert limits.PRESENCE_GRACE_TICKS <= 60_000
