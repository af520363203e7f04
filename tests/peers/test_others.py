"""Zendesk, NICE, Google, Dialpad, Webex: what their documents say happens, replayed; and where we decide otherwise."""

from queues.capacity import Room
from queues.comparator import Comparator
from queues.queue import Queue
from queues.rule import Rule, When
from queues.team import Membership
from router.core import commands as c
from router.core import events as e
from router.core.classify import Contact, classify
from tests.peers.centre import MINUTE, Centre, S, agent


def test_z1_a_silent_conversation_makes_room_and_waking_up_is_seen() -> None:
    rooms = {"chat": Room(maximum=2, weight=50, silent_ms=10 * MINUTE * S)}
    centre = Centre(Queue(id="q"), agent("ann", rooms=rooms))
    centre.on("ann")
    for id in ("one", "two"):
        centre.offer(id, channel="chat")
        centre.accept(id)
    assert centre.offer("three", channel="chat") == ""
    centre.reply("one")
    centre.after(9 * MINUTE)
    assert centre.holder("three") == ""
    centre.after(MINUTE)
    assert centre.holder("three") == "ann"
    centre.accept("three")
    centre.write("one")
    assert centre.has("ann") == {"one", "two", "three"}, "over capacity, and nothing is taken away"
    assert centre.offer("four", channel="chat") == ""


def test_z3_the_first_rule_that_holds_decides() -> None:
    rules = [
        Rule(id="r1", place=1, when=When(tags=("vip",)), queue="one"),
        Rule(id="r2", place=2, when=When(channels=("email",)), queue="two"),
        Rule(id="r3", place=3, when=When(tags=("late",)), queue="three"),
        Rule(id="r4", place=4, when=When(channels=("email", "chat")), queue="four"),
    ]
    assert classify(rules, Contact(channel="email", entry_point="mail")).queue == "two"
    assert classify(rules, Contact(channel="phone", entry_point="number")).queue == "", "none: that of the entry point"


def test_z5_differs_away_is_for_everything_and_room_says_which_channels() -> None:
    """Their Away still brings tickets by e-mail. Not ready means nothing here; who may get mails only has room for
    nothing else."""
    rooms = {"chat": Room(maximum=1, weight=50), "email": Room(maximum=1, weight=50)}
    centre = Centre(Queue(id="q"), agent("ann", rooms=rooms))
    centre.on("ann")
    centre.away("ann")
    assert centre.offer("mail", channel="email") == ""
    assert centre.offer("chat", channel="chat") == ""
    centre.do(c.SetCapacity(agent="ann", channel="chat", room=None))
    centre.back("ann")
    assert centre.has("ann") == {"mail"}


def test_n2_priority_grows_by_one_for_each_minute() -> None:
    growing = Comparator(kind="slope", per_point_ms=MINUTE * S, per_s=1_000)
    assert growing.claim(4, 0, 3 * MINUTE * S) == growing.claim(7, 0, 0)
    centre = Centre(Queue(id="q", comparator=growing), agent("ann"))
    centre.offer("initial-4", priority=4)
    centre.at(3 * MINUTE - 1)
    centre.offer("initial-7", priority=7)
    centre.offer("initial-6", priority=6)
    centre.at(3 * MINUTE)
    centre.on("ann")
    assert centre.served("ann", 3) == ["initial-7", "initial-4", "initial-6"], "4 + 3 is 7, all but a second"


def test_c1_differs_what_was_transferred_has_no_rank_of_its_own() -> None:
    """They serve transferred calls of any queue before new ones. Here it is the agent's order of queues that counts;
    what was transferred keeps the due that it had, so it goes first among its equals, which is what was meant."""
    serves = {"a": Membership(priority=2), "b": Membership(priority=1)}
    centre = Centre(Queue(id="a"), Queue(id="b"), Queue(id="c"), agent("ann", memberships=serves))
    centre.offer("transferred", "c")
    centre.at(20)
    centre.offer("inbound-b", "b")
    centre.offer("inbound-a", "a")
    centre.do(c.TransferItem(item="transferred", queue="b"))
    centre.on("ann")
    assert centre.served("ann", 3) == ["inbound-a", "transferred", "inbound-b"]


def test_d1_differs_who_is_busy_does_not_lose_their_turn() -> None:
    """They put an agent who is on another call at the bottom of the order, though they had no turn. Here the turn stays
    theirs until they get something, so that everybody gets as much."""
    centre = Centre(
        Queue(id="q", strategy="round_robin"), Queue(id="other"), *(agent(id, "q", "other") for id in "abc")
    )
    centre.on("a", "b", "c")
    order = []
    for number in range(3):
        order.append(centre.offer(f"call-{number}"))
        centre.accept(f"call-{number}")
        centre.finish(f"call-{number}")
    assert order == ["a", "b", "c"]
    rooms = centre.state.agents["a"].rooms
    centre.do(c.SetCapacity(agent="a", channel="phone", room=None))
    assert centre.offer("call-3") == "b", "a is next and has no room"
    centre.accept("call-3")
    centre.do(c.SetCapacity(agent="a", channel="phone", room=rooms["phone"]))
    assert centre.offer("call-4") == "a", "still before c"


def test_x1_a_skill_that_does_not_exist_is_not_asked_and_somebody_is_told() -> None:
    """As theirs it goes to whoever has been available longest; with an alarm, so that the mistake is found."""
    centre = Centre(Queue(id="q", strategy="longest_idle"), agent("ann", skills={"french": 3}), agent("bob"))
    centre.on("bob", "ann")
    assert centre.offer("call", asks={"klingon": 5}) == "bob"
    assert [(alarm.code, alarm.subject) for alarm in centre.told(e.AlarmRaised)] == [("unknown_skill", "call")]
    assert centre.offer("other", asks={"french": 5}) == "", "a skill that nobody has well enough is waited for"
