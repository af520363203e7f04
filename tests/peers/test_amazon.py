"""Amazon Connect: what its documents say happens, replayed; where we decide otherwise the test says why."""

import pytest

from queues.capacity import Room
from queues.hours import Hours, Span, is_open
from queues.plan import RelaxStep
from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from tests.peers.centre import MINUTE, Centre, S, agent


def profile(**queues: tuple[int, int]) -> dict[str, Membership]:
    """A routing profile: queue -> their priority (1 goes first) and delay in seconds."""
    return {queue: Membership(priority=-place, delay_ms=delay * S) for queue, (place, delay) in queues.items()}


def test_w1_all_of_the_first_queue_then_the_second() -> None:
    centre = Centre(
        Queue(id="sales"), Queue(id="support"), agent("ann", memberships=profile(sales=(1, 0), support=(2, 0)))
    )
    for number in range(3):
        centre.offer(f"support-{number}", "support")
        centre.offer(f"sales-{number}", "sales")
    centre.on("ann")
    assert centre.served("ann", 6) == ["sales-0", "sales-1", "sales-2", "support-0", "support-1", "support-2"]


def test_w3_priority_takes_precedence_over_a_delay_that_has_passed() -> None:
    tiers = profile(tier1=(1, 0), tier2=(1, 0), tier3=(2, 20), tier4=(3, 80))
    centre = Centre(*(Queue(id=tier) for tier in tiers), agent("ann", memberships=tiers))
    centre.offer("fourth", "tier4")
    centre.at(198)
    centre.offer("first", "tier1")
    centre.at(200)
    centre.on("ann")
    assert centre.served("ann", 2) == ["first", "fourth"]


def test_w3_a_delay_is_waited_for_even_by_an_agent_who_has_nothing_to_do() -> None:
    tiers = profile(tier1=(1, 0), tier4=(3, 80))
    centre = Centre(*(Queue(id=tier) for tier in tiers), agent("ann", memberships=tiers))
    centre.on("ann")
    centre.offer("fourth", "tier4")
    entered = centre.now / S
    centre.at(entered + 79)
    assert centre.holder("fourth") == ""
    centre.at(entered + 80)
    assert centre.holder("fourth") == "ann"


def test_w5_what_keeps_other_channels_away() -> None:
    rooms = {
        "phone": Room(maximum=1, weight=0, alone=False),
        "chat": Room(maximum=2, weight=0, alone=True),
        "email": Room(maximum=1, weight=0),
    }
    centre = Centre(Queue(id="q"), agent("ann", rooms=rooms))
    centre.on("ann")
    centre.offer("chat-1", channel="chat")
    centre.accept("chat-1")
    assert centre.offer("task-1", channel="email") == "", "(1) no others while on chat"
    assert centre.offer("chat-2", channel="chat") == "ann", "(2)"
    centre.accept("chat-2")
    centre.finish("chat-1")
    assert centre.holder("task-1") == ""
    centre.finish("chat-2")
    assert centre.holder("task-1") == "ann", "(3) both chats ended"
    centre.accept("task-1")
    assert centre.offer("chat-3", channel="chat") == "ann", "(4) others are allowed while on a task"
    centre.accept("chat-3")
    assert centre.offer("voice") == "", "(5) because of the chat"
    centre.finish("chat-3")
    assert centre.holder("voice") == "ann", "(6)"
    centre.accept("voice")
    assert centre.offer("task-2", channel="email") == "", "(7) one task at most"
    centre.finish("voice")
    assert centre.holder("task-2") == "", "(7) after the voice too"


def test_w15_abandoned_within_the_threshold_counts_as_good() -> None:
    from queues.metrics import sl_abandon_in_target_ok

    assert sl_abandon_in_target_ok(
        answered_in_target=200, answered=300, abandoned=100, abandoned_in_target=50
    ) == pytest.approx(0.625)


def test_w17_nothing_new_comes_and_who_holds_nothing_any_more_is_away() -> None:
    """Their "next status". Offline asks an agent to say what becomes of what they hold, so it is not ready here."""
    rooms = {"chat": Room(maximum=2, weight=50)}
    centre = Centre(Queue(id="q", wrap_up_ms={"chat": 600 * S}), agent("ann", rooms=rooms))
    centre.on("ann")
    for id in ("chat-1", "chat-2"):
        centre.offer(id, channel="chat")
        centre.accept(id)
    centre.wrap_up("chat-1")
    centre.do(c.SetPresence(agent="ann", state="not_ready", reason="home", after=True))
    centre.finish("chat-1")
    assert centre.offer("chat-3", channel="chat") == "", "no new contacts"
    assert centre.presence("ann")[0] == "available"
    centre.finish("chat-2")
    assert centre.presence("ann") == ("not_ready", "home")


def test_w17_differs_a_break_does_not_clear_wrap_up() -> None:
    """Lunch at once, as theirs; but what is being wrapped up stays open for its time: its result is not said yet."""
    centre = Centre(Queue(id="q", wrap_up_ms={"phone": 60 * S}), agent("ann"))
    centre.on("ann")
    centre.offer("call")
    centre.accept("call")
    centre.wrap_up("call")
    centre.away("ann", "lunch")
    assert centre.presence("ann") == ("not_ready", "lunch")
    assert centre.item("call").state == "wrapping"
    centre.after(60)
    assert centre.item("call").state == "closed"


def test_w21_ten_to_midnight_is_fourteen_hours() -> None:
    hours = Hours(id="h", zone="Europe/Brussels", weekly=((Span(start=600, end=1440),),) * 7)
    assert sum(is_open(hours, "2026-11-23", 0, minute) for minute in range(24 * 60)) == 14 * 60


def test_w29_differs_what_a_step_asks_cannot_be_deleted() -> None:
    """They let an attribute go and the step matches nobody until it expires. Deleting what somebody waits for is
    refused here: nothing waits for what does not exist."""
    centre = Centre(
        Queue(id="q", requirement=(("spanish", 1),), plan=(RelaxStep(after_ms=60 * S, drop=("spanish",)),)),
        agent("ann"),
    )
    drop = c.ApplyCentre(changes=(c.Change(kind="skill", id="spanish", seen=None),))
    assert centre.refused(drop) == "in_use"
    centre.on("ann")
    centre.offer("contact")
    centre.after(MINUTE)
    assert centre.holder("contact") == "ann", "and after 60 s the next step, as theirs"
