"""Amazon Connect: what its documents say happens, replayed; where we decide otherwise the test says why."""

import pytest

from queues.callback import Callbacks
from queues.capacity import Room
from queues.hours import Hours, Span, is_open
from queues.plan import RelaxStep
from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from router.core import events as e
from router.core.facts import Facts
from router.core.step import step
from tests.peers.centre import MINUTE, Centre, S, agent


def clock(time: str) -> int:
    """Seconds of the day."""
    hours, minutes, seconds = map(int, time.split(":"))
    return hours * 3_600 + minutes * 60 + seconds


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


def test_w7_a_callback_keeps_its_place_and_comes_after_its_delay() -> None:
    """11:35 the call, 11:37 the callback is chosen, 99 s of delay, an agent is free at 11:39:00. Whispers belong to the
    phone system. The queue's clock stands from the choice to the end of the delay, as theirs: 120 s in all."""
    centre = Centre(Queue(id="q", callbacks=Callbacks(delay_ms=99 * S)), agent("ann"), start=clock("11:35:00"))
    centre.offer("call")
    centre.offer("later")
    centre.at(clock("11:37:00"))
    centre.do(c.AskCallback(call="call-call", item="new", conversation="c-new", facts=Facts(queue="q")))
    item = centre.item("call")
    assert (item.state, item.agent) == ("pending", ""), "dequeued without an agent"
    assert "new" not in centre.state.items, "the caller's own place"
    centre.at(clock("11:39:00"))
    assert (item.state, item.entered_at) == ("queued", clock("11:38:39") * S)
    centre.on("ann")
    assert centre.holder("call") == "ann", "before who came after it"
    assert item.first_entered_at == pytest.approx(clock("11:35:00") * S, abs=10)
    waited = (clock("11:37:00") - clock("11:35:00")) + (centre.now - item.entered_at) / S
    assert waited == pytest.approx(141, abs=0.1), "in the queue; theirs counts delay and second wait: 99 + 21 = 120"
    assert (centre.now - clock("11:37:00") * S) / S == pytest.approx(120, abs=0.1)


def test_w9_two_retries_are_three_attempts() -> None:
    centre = Centre(Queue(id="q", callbacks=Callbacks(attempts=3, retry_ms=60 * S)), agent("ann"))
    centre.on("ann")
    centre.do(c.AskCallback(item="back", conversation="c-back", facts=Facts(queue="q"), number="n"))
    for attempt in range(1, 4):
        assert centre.holder("back") == "ann"
        centre.accept("back")
        centre.do(c.FailCallback(item="back", agent="ann"))
        assert centre.told(e.CallbackFailed)[-1].attempt == attempt
        centre.after(60)
    assert (centre.item("back").state, centre.item("back").outcome) == ("closed", "unreached")


def test_w11_who_ignores_the_offer_has_not_called() -> None:
    centre = Centre(
        Queue(id="q", callbacks=Callbacks(attempts=1, delay_ms=10 * S), reservation_ms=20 * S),
        agent("ann"),
        agent("bob"),
    )
    centre.offer("call")
    centre.at(5 * MINUTE)
    centre.do(c.AskCallback(call="call-call", item="new", conversation="c-new", facts=Facts(queue="q")))
    centre.on("ann")
    centre.after(10)
    assert centre.holder("call") == "ann"
    centre.after(20)
    assert centre.presence("ann") == ("not_ready", "no_answer")
    assert centre.item("call").state == "queued"
    assert centre.told(e.CallbackFailed) == [], "no attempt"
    centre.on("bob")
    assert centre.holder("call") == "bob"


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


def full_queue() -> Centre:
    """Ten may wait in it, and ten do."""
    centre = Centre(
        Queue(id="q", waiting_max=10, callbacks=Callbacks(delay_ms=10 * S)),
        Queue(id="other"),
        *(agent(id, "other") for id in ("ann", "bob", "cyd")),
    )
    for number in range(10):
        centre.offer(f"call-{number}")
    return centre


def test_w23_a_new_call_to_a_full_queue_is_refused() -> None:
    centre = full_queue()
    centre.offer("one-more")
    assert (centre.item("one-more").outcome, centre.item("one-more").refused) == ("turned_away", "full")


def test_w23_differs_a_callback_of_who_waits_in_it_takes_no_further_place() -> None:
    """Theirs takes the error branch: there a callback is one more that waits. Here it is the place that the caller has
    already (b), and when its delay has ended it has it again (c), though another came meanwhile."""
    centre = full_queue()
    centre.do(c.AskCallback(call="call-call-3", item="new", conversation="c-new", facts=Facts(queue="q")))
    assert centre.item("call-3").state == "pending"
    centre.offer("tenth")
    centre.after(10)
    assert [centre.item(id).state for id in ("call-3", "tenth")] == ["queued", "queued"]


def test_w23_what_an_agent_hands_over_finds_a_fifth_more_room() -> None:
    centre = full_queue()
    centre.on("ann", "bob", "cyd")
    refused = []
    for id in ("ann", "bob", "cyd"):
        assert centre.offer(f"of-{id}", "other") == id
        centre.accept(f"of-{id}")
        taken = step(centre.state, c.TransferItem(item=f"of-{id}", agent=id, queue="q"), centre.now)
        refused.append(taken.rejection.code if taken.rejection is not None else "")
    assert refused == ["", "", "full"], "up to 12"


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
