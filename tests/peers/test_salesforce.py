"""Salesforce Omni-Channel: what its documents say happens, replayed; where we decide otherwise the test says why."""

import pytest

from queues.capacity import Room
from queues.plan import RelaxStep
from queues.queue import Queue
from router.core import commands as c
from tests.peers.centre import MINUTE, Centre, S, agent


def test_s2_a_call_that_takes_everything_keeps_everything_away() -> None:
    rooms = {"phone": Room(maximum=1, weight=100), "chat": Room(maximum=3, weight=20)}
    centre = Centre(Queue(id="q"), agent("ann", rooms=rooms))
    centre.on("ann")
    assert centre.offer("call") == "ann"
    assert centre.offer("chat", channel="chat") == ""
    centre.accept("call")
    centre.finish("call")
    assert centre.holder("chat") == "ann"


def test_s4_what_was_declined_is_not_offered_again_until_the_rep_was_offline() -> None:
    centre = Centre(Queue(id="q", decline_until="return"), agent("ann"))
    centre.on("ann")
    assert centre.offer("one") == "ann"
    centre.offer("two")
    assert centre.decline("one") == ""
    assert centre.holder("two") == "ann", "the next item is routed"
    centre.accept("two")
    centre.finish("two")
    centre.after(24 * 60 * MINUTE)
    assert centre.holder("one") == "", "however long it waits"
    centre.do(c.SetPresence(agent="ann", state="offline"))
    centre.back("ann")
    assert centre.holder("one") == "ann"


def test_s4_our_default_is_a_time_because_nobody_should_have_to_sign_out_to_be_asked_again() -> None:
    centre = Centre(Queue(id="q", decline_memory_ms=300 * S), agent("ann"))
    centre.on("ann")
    assert centre.offer("one") == "ann"
    centre.offer("two")
    assert centre.decline("one") == ""
    assert centre.holder("two") == "ann", "the next item is routed"
    centre.accept("two")
    centre.finish("two")
    assert centre.holder("one") == ""
    centre.do(c.SetPresence(agent="ann", state="offline"))
    centre.back("ann")
    assert centre.holder("one") == "", "signing off makes no difference"
    centre.after(300)
    assert centre.holder("one") == "ann"


def test_s6_a_queue_that_goes_first_goes_first_whatever_the_age() -> None:
    """Their 1 goes before 2: a higher priority here."""
    centre = Centre(Queue(id="first", priority=2), Queue(id="second", priority=1), agent("ann", "first", "second"))
    centre.offer("old", "second")
    centre.at(59 * MINUTE)
    centre.offer("young", "first")
    centre.offer("younger", "first")
    centre.at(60 * MINUTE)
    centre.on("ann")
    assert centre.served("ann", 3) == ["young", "younger", "old"]


def test_s8_what_may_be_interrupted_does_not_keep_a_chat_away() -> None:
    rooms = {
        "email": Room(maximum=3, weight=33, interruptible_by=("chat",)),
        "chat": Room(maximum=2, weight=50),
    }
    centre = Centre(Queue(id="q"), agent("ann", rooms=rooms))
    centre.on("ann")
    for number in range(3):
        centre.offer(f"mail-{number}", channel="email")
        centre.accept(f"mail-{number}")
    assert centre.offer("mail-3", channel="email") == ""
    assert centre.offer("chat", channel="chat") == "ann"


@pytest.mark.parametrize("seconds", [179, 180])
def test_s10_a_language_that_may_be_dropped_after_three_minutes(seconds: int) -> None:
    centre = Centre(
        Queue(id="q", plan=(RelaxStep(after_ms=3 * MINUTE * S, drop=("french",)),)),
        agent("ann", skills={"english": 3, "french": 3}),
        agent("eng", skills={"english": 3}),
    )
    centre.on("eng")
    centre.offer("work", asks={"english": 1, "french": 1})
    centre.after(seconds)
    assert centre.holder("work") == ("eng" if seconds >= 180 else "")
