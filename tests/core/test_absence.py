"""Absence: what an agent holds goes its way, channel by channel, when they vanish, go home or are moved away from."""

import msgspec
import pytest

from queues.queue import Queue
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.vanish import VANISHED
from tests.core.world import World, change

GRACE = limits.PRESENCE_GRACE_TICKS
KEEP = Queue(id="help").keep_ms


def holding(*channels: str) -> World:
    """A world in which ann works on one item per channel: `i-<channel>`."""
    world = World()
    world.sign_on("ann")
    for channel in channels:
        if channel == "phone":
            world.call("phone")
        else:
            world.do(world.message(channel, channel=channel), after=1)
        world.do(c.AcceptReservation(item=f"i-{channel}", agent="ann"))
    return world


def vanish(world: World) -> list[e.Event]:
    """Ann's only client goes away and does not come back in time."""
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    return world.do(c.Pulse(), after=GRACE)


def test_every_channel_has_its_line_in_the_table() -> None:
    assert set(VANISHED) == {"phone", "chat", "email", "webhook"}


def test_a_call_stays_until_the_phone_system_ends_it() -> None:
    world = holding("phone")
    world.do(c.AnswerCall(call="phone", agent="ann"))
    vanish(world)
    assert (world.item("i-phone").state, world.item("i-phone").agent) == ("active", "ann")
    world.do(c.EndCall(call="phone"))
    world.do(c.Pulse(), after=5_000)
    assert world.item("i-phone").state == "closed"


def test_a_chat_goes_back_to_the_head_of_its_queue() -> None:
    world = holding("chat")
    for id in ("early", "late"):
        world.do(world.message(id, channel="chat"), after=1)
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    assert world.item("i-chat").state == "active", "a reload is not an absence"
    world.do(c.Pulse(), after=GRACE)
    assert world.item("i-chat").state == "queued"
    world.sign_on("bob")
    assert world.item("i-chat").agent == "bob", "before the one that waited longest"
    assert world.item("i-chat").last_agent == "ann"


def test_a_mail_and_a_pending_item_stay_for_the_time_of_the_queue_then_return_with_their_due() -> None:
    world = holding("email")
    world.do(world.message("asked"), after=1)
    world.do(c.AcceptReservation(item="i-asked", agent="ann"))
    world.do(c.SetPending(item="i-asked", agent="ann"))
    dues = {id: world.item(id).due for id in ("i-email", "i-asked")}
    vanish(world)
    for id, state in (("i-email", "active"), ("i-asked", "pending")):
        assert (world.item(id).state, world.item(id).kept_until) == (state, world.now + KEEP)
    world.do(c.Pulse(), after=KEEP)
    for id, due in dues.items():
        assert (world.item(id).state, world.item(id).due) == ("queued", due)
    assert set(world.state.presences["ann"].returned) == {"i-email", "i-asked"}
    world.sign_on("ann")
    assert world.state.presences["ann"].returned == (), "told until they work again"


def test_who_comes_back_in_time_keeps_what_was_kept() -> None:
    world = holding("email")
    vanish(world)
    world.do(c.ConnectClient(agent="ann", client="tab2", gateway="g1"))
    assert world.item("i-email").kept_until is None
    world.do(c.Pulse(), after=2 * KEEP)
    assert world.item("i-email").state == "active"


def test_going_offline_without_signing_out_is_an_absence() -> None:
    world = holding("chat", "email")
    world.do(c.SetPresence(agent="ann", state="offline"))
    assert world.item("i-chat").state == "queued"
    assert world.item("i-email").kept_until == world.now + KEEP


def test_vanishing_twice_does_not_prolong_the_time() -> None:
    world = holding("email")
    world.do(c.SetPresence(agent="ann", state="offline"))
    until = world.item("i-email").kept_until
    world.do(c.LoseClient(agent="ann", client="tab-ann"), after=60_000)
    world.do(c.Pulse(), after=GRACE)
    assert world.item("i-email").kept_until == until


def test_who_says_that_they_are_there_again_keeps_what_was_kept() -> None:
    world = holding("email")
    world.do(c.SetPresence(agent="ann", state="offline"))
    world.do(c.SetPresence(agent="ann", state="not_ready", reason="break"), after=1)
    assert world.item("i-email").kept_until is None
    world.do(c.Pulse(), after=2 * KEEP)
    assert world.item("i-email").state == "active"


def test_who_only_looked_in_has_vanished_again() -> None:
    world = holding("email")
    vanish(world)
    world.do(c.ConnectClient(agent="ann", client="tab2", gateway="g1"))
    world.do(c.LoseClient(agent="ann", client="tab2"))
    world.do(c.Pulse(), after=GRACE)
    assert world.item("i-email").kept_until == world.now + KEEP
    assert world.state.presences["ann"].reason == "connection_lost"


def test_who_is_not_ready_without_a_client_is_signed_off() -> None:
    world = World()
    world.do(c.SetPresence(agent="ann", state="not_ready", reason="signed_out"))
    world.do(c.Pulse(), after=GRACE)
    assert world.state.presences["ann"].state == "offline"


# -- not ready after this item ------------------------------------------------------------------------------


def test_not_ready_after_this_item() -> None:
    world = holding("email")
    world.do(c.SetPresence(agent="ann", state="not_ready", reason="lunch", after=True))
    presence = world.state.presences["ann"]
    assert (presence.state, presence.next) == ("available", "lunch")
    world.do(world.message("more"))
    assert world.item("i-more").state == "queued", "nothing new comes"
    world.do(c.CompleteItem(item="i-email", agent="ann", disposition="done"))
    assert (presence.state, presence.reason, presence.next) == ("not_ready", "lunch", "")
    assert world.reload().presences["ann"] == presence


def test_not_ready_after_nothing_is_not_ready_now() -> None:
    world = World()
    world.sign_on("ann")
    world.do(c.SetPresence(agent="ann", state="not_ready", reason="lunch", after=True))
    assert world.state.presences["ann"].state == "not_ready"


def test_a_plan_to_leave_can_be_taken_back() -> None:
    world = holding("email")
    world.do(c.SetPresence(agent="ann", state="not_ready", reason="lunch", after=True))
    world.do(c.SetPresence(agent="ann", state="available"))
    world.do(c.CompleteItem(item="i-email", agent="ann", disposition="done"))
    assert world.state.presences["ann"].state == "available"
    assert world.call().agent == "ann"


# -- signing out --------------------------------------------------------------------------------------------


def test_signing_out_asks_about_everything_that_is_mine() -> None:
    world = holding("email")
    assert world.refuse(c.SignOut(agent="ann")) == "still_yours"
    assert world.refuse(c.SignOut(agent="ann", choices={"i-other": "keep"})) == "not_yours"
    assert world.state.presences["ann"].state == "available"


def test_signing_out_keeps_gives_back_and_hands_over() -> None:
    world = holding("chat", "email")
    world.sign_on("bob")
    world.do(c.SignOut(agent="ann", choices={"i-email": "keep", "i-chat": "bob"}))
    assert (world.item("i-email").agent, world.item("i-email").kept_until) == ("ann", None)
    assert world.item("i-chat").agent == "bob"
    presence = world.state.presences["ann"]
    assert (presence.state, presence.reason, presence.returned) == ("offline", "signed_out", ())


def test_what_was_kept_on_going_home_stays_whoever_closes_the_page() -> None:
    world = holding("email")
    world.do(c.SignOut(agent="ann", choices={"i-email": "keep"}))
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    world.do(c.Pulse(), after=2 * KEEP)
    assert (world.item("i-email").state, world.item("i-email").agent) == ("active", "ann")


def test_a_wrap_up_without_an_end_is_still_mine() -> None:
    world = holding("email")
    demanding = msgspec.structs.replace(world.state.queues["help"], demands=("category",))
    world.do(c.ApplyCentre(changes=(change(demanding, seen=None),)))
    world.do(c.EndContact(item="i-email", agent="ann"))
    assert world.refuse(c.SignOut(agent="ann")) == "still_yours"


def test_nobody_hands_over_to_themselves() -> None:
    world = holding("email")
    assert world.refuse(c.SignOut(agent="ann", choices={"i-email": "ann"})) == "bad_value"


def test_what_is_given_back_keeps_its_due() -> None:
    world = holding("email")
    due = world.item("i-email").due
    world.do(c.SignOut(agent="ann", choices={"i-email": "return"}), after=500)
    assert (world.item("i-email").state, world.item("i-email").due) == ("queued", due)


def test_nobody_signs_out_of_a_call_or_keeps_a_chat() -> None:
    world = holding("phone")
    assert world.refuse(c.SignOut(agent="ann", choices={"i-phone": "return"})) == "call_active"
    world = holding("chat")
    assert world.refuse(c.SignOut(agent="ann", choices={"i-chat": "keep"})) == "cannot_keep"
    assert world.refuse(c.SignOut(agent="ann", choices={"i-chat": "nobody"})) == "unknown_agent"


def test_a_reservation_needs_no_choice() -> None:
    world = World()
    world.sign_on("ann")
    item = world.call()
    world.do(c.SignOut(agent="ann"))
    assert item.state == "queued"


# -- moving everything --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "queue", "only"),
    [({}, "help", ""), ({"queue": "expert"}, "expert", ""), ({"to_agent": "bob"}, "help", "bob")],
)
def test_a_supervisor_moves_all_items_of_an_absent_agent_in_one_act(to: dict[str, str], queue: str, only: str) -> None:
    world = holding("email")
    world.do(world.message("asked"), after=1)
    world.do(c.AcceptReservation(item="i-asked", agent="ann"))
    world.do(c.SetPending(item="i-asked", agent="ann"))
    world.do(c.LoseClient(agent="ann", client="tab-ann"))
    world.do(c.MoveItems(agent="ann", **to))
    seqs = set()
    for id in ("i-email", "i-asked"):
        item = world.item(id)
        assert (item.state, item.queue, item.only) == ("queued", queue, only)
        seqs.add(item.seq)
    assert len(seqs) == 2, "each has a place of its own"
    assert set(world.state.presences["ann"].returned) == {"i-email", "i-asked"}


def test_moving_is_refused_whole_and_leaves_a_call_where_it_is() -> None:
    world = holding("phone")
    assert world.refuse(c.MoveItems(agent="nobody")) == "unknown_agent"
    assert world.do(c.MoveItems(agent="ann")) == []
    world = holding("email")
    assert world.refuse(c.MoveItems(agent="ann", queue="nowhere")) == "unknown_queue"
    assert world.refuse(c.MoveItems(agent="ann", to_agent="ann")) == "bad_value"


def test_a_disabled_agent_leaves_everything_but_a_call() -> None:
    world = holding("chat", "email")
    ann = world.state.agents["ann"]
    world.do(c.ApplyCentre(changes=(change(msgspec.structs.replace(ann, disabled=True), seen=None),)))
    assert [world.item(id).state for id in ("i-chat", "i-email")] == ["queued", "queued"]
