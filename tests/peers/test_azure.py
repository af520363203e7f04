"""Azure Communication Services Job Router: what its documents say happens, replayed."""

import pytest

from queues.capacity import Room
from queues.plan import RelaxStep
from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from router.core import events as e
from router.core.facts import Facts
from tests.peers.centre import MINUTE, Centre, S, agent


def chats(total: int) -> dict[str, Room]:
    """Room for so many chats of cost 1."""
    return {"chat": Room(maximum=total, weight=1)}


def test_a1_the_least_loaded_by_ratio_then_who_has_been_available_longest() -> None:
    centre = Centre(
        Queue(id="q", strategy="least_occupied", decline_memory_ms=MINUTE * S),
        *(agent(id, rooms=chats(total), total=total) for id, total in (("A", 5), ("B", 4), ("C", 5), ("D", 3))),
    )
    for minute, id, used in ((0, "C", 3), (2, "A", 3), (4, "B", 3), (5, "D", 0)):
        centre.at(minute * MINUTE)
        centre.on(id)
        for number in range(used):
            centre.give(id, f"{id}{number}", channel="chat")
    centre.at(7 * MINUTE)
    order = [centre.offer("job", channel="chat")]
    while len(order) < 4:
        order.append(centre.decline("job"))
    assert order == ["D", "C", "A", "B"]


def test_a3_of_selectors_that_only_score_the_most_met_wins() -> None:
    centre = Centre(
        Queue(id="q", decline_memory_ms=MINUTE * S),
        agent("D", skills={"billing": 1, "vip": 1}),
        agent("E", skills={"billing": 1}),
        agent("F", skills={"sales": 1, "new": 1}),
    )
    centre.on("D", "F", "E")
    assert centre.offer("job", wishes={"billing": 1, "!vip": 1}) == "E"
    assert {centre.decline("job"), centre.decline("job")} == {"D", "F"}


def test_a5_a_scoring_rule_by_wishes_and_a_better_level_breaks_no_tie() -> None:
    """A rule of one's own becomes wishes; English 10, 8 and 7 of ten are levels 5, 4 and 3."""
    both = {"chat-support": 1, "xbox-support": 1}
    centre = Centre(
        Queue(id="q", strategy="longest_idle", decline_memory_ms=MINUTE * S),
        agent("W1", skills={**both, "english": 5, "high-priority": 1, "series-x": 1}),
        agent("W2", skills={**both, "english": 4, "high-priority": 1, "series-x": 1, "series-s": 1}),
        agent("W3", skills={**both, "english": 3, "xbox": 1}),
    )
    asks = {**both, "english": 3}
    centre.on("W3", "W2", "W1")
    order = [centre.offer("urgent", asks=asks, wishes={"high-priority": 1, "series-x": 1})]
    order += [centre.decline("urgent"), centre.decline("urgent")]
    assert order == ["W2", "W1", "W3"], "longest idle of the two with 200, then the one with 1"
    centre.hang_up("urgent")
    assert centre.offer("usual", asks=asks, wishes={"xbox": 1}) == "W3"
    assert centre.decline("usual") == "W2"


def test_a7_each_channel_takes_its_cost_and_its_number() -> None:
    rooms = {
        "phone": Room(maximum=1, weight=60),
        "chat": Room(maximum=2, weight=10),
        "email": Room(maximum=2, weight=10),
    }
    centre = Centre(Queue(id="q"), agent("ann", rooms=rooms))
    centre.on("ann")
    for id in ("chat-1", "chat-2", "mail-1", "mail-2"):
        assert centre.offer(id, channel="chat" if "chat" in id else "email") == "ann"
    assert centre.offer("chat-3", channel="chat") == "", "a third is refused though there would be room"
    assert centre.offer("call") == "ann", "voice is always possible"
    assert centre.has("ann") == {"chat-1", "chat-2", "mail-1", "mail-2", "call"}


@pytest.mark.slow
def test_a9_one_too_many_is_turned_away() -> None:
    """They cancel a job with more than 100 ahead of it before it is queued; here 101 may wait, and who comes as one
    more is turned away in the moment in which they come."""
    centre = Centre(Queue(id="q", waiting_max=101))
    for number in range(101):
        centre.offer(f"job-{number}")
    assert all(item.state == "queued" for item in centre.state.items.values()), "the last one has 100 ahead of it"
    centre.offer("one-more")
    assert (centre.item("one-more").state, centre.item("one-more").outcome) == ("closed", "turned_away")


def test_a11_after_five_minutes_it_goes_to_the_escalation_queue_with_its_priority() -> None:
    centre = Centre(
        Queue(id="xbox", priority=1, plan=(RelaxStep(after_ms=5 * MINUTE * S, overflow="escalated"),)),
        Queue(id="escalated", priority=10),
        agent("ann", "escalated"),
    )
    centre.offer("job", "xbox")
    assert centre.state.asked(centre.item("job")).priority == 1
    centre.at(5 * MINUTE - 1)
    assert centre.item("job").queue == "xbox"
    centre.after(2)
    assert [each.queue for each in centre.told(e.ItemQueued)] == ["xbox", "escalated"]
    assert centre.state.asked(centre.item("job")).priority == 10
    centre.on("ann")
    assert centre.holder("job") == "ann"


@pytest.mark.slow
def test_a13_by_weight_among_two_vendors() -> None:
    """Their queue attachment draws lots; ours counts, so that the shares are exact and not only near."""
    centre = Centre(
        Queue(id="q", strategy="weighted"),
        agent("vendor-a", memberships={"q": Membership(weight=3)}),
        agent("vendor-b", memberships={"q": Membership(weight=7)}),
    )
    centre.on("vendor-a", "vendor-b")
    got = []
    for number in range(200):
        got.append(centre.offer(f"job{number}"))
        centre.accept(f"job{number}")
        centre.finish(f"job{number}")
    assert got.count("vendor-a") == pytest.approx(60, abs=1)
    assert got.count("vendor-b") == pytest.approx(140, abs=1)


def test_a15_who_does_not_answer_is_no_longer_available_and_others_are_asked() -> None:
    centre = Centre(Queue(id="q", reservation_ms=20 * S), agent("W1"), agent("W2"))
    centre.on("W1", "W2")
    assert centre.offer("job") == "W1"
    centre.after(20)
    assert centre.presence("W1") == ("not_ready", "no_answer")
    assert centre.holder("job") == "W2"


def test_a17_who_accepts_first_has_it_and_the_others_are_revoked() -> None:
    centre = Centre(Queue(id="q", simultaneous=2), agent("W1"), agent("W2"), agent("W3"))
    centre.on("W1", "W2", "W3")
    centre.offer("job")
    assert [made.agent for made in centre.told(e.ReservationMade)] == ["W1", "W2"]
    centre.do(c.AcceptReservation(item="job", agent="W2"))
    (ended,) = centre.told(e.ReservationEnded)
    assert (ended.agent, ended.outcome) == ("W1", "rescinded")
    assert (centre.holder("job"), centre.has("W1")) == ("W2", set())
    assert centre.refused(c.AcceptReservation(item="job", agent="W1")) == "not_reserved"


def test_a19_differs_what_is_scheduled_enters_its_queue_when_its_time_comes() -> None:
    """Theirs then waits until somebody activates it. Whoever plans a time means that time: here nobody has to think of
    it again; and who has to can close it, or move its time, until then."""
    centre = Centre(Queue(id="q"), agent("ann"))
    centre.on("ann")
    facts = Facts(queue="q", priority=100, start_at=3 * MINUTE * S)
    centre.do(c.OfferCall(call="call-job", item="job", conversation="c-job", facts=facts))
    assert (centre.item("job").state, centre.item("job").agent) == ("pending", "")
    centre.at(3 * MINUTE - 1)
    assert centre.item("job").state == "pending"
    centre.at(3 * MINUTE)
    assert centre.holder("job") == "ann"
    assert centre.item("job").priority == 100


def test_a21_a_selector_that_expires_after_a_minute() -> None:
    """Skill > 10 of a worker with 5 is level 4 of one with level 2."""
    centre = Centre(
        Queue(id="q", plan=(RelaxStep(after_ms=60 * S, drop=("skill",)),)),
        agent("ann", skills={"english": 1, "skill": 2}),
        agent("bob", skills={"skill": 2}),
    )
    centre.on("ann", "bob")
    assert centre.offer("job", asks={"english": 1, "skill": 4}) == ""
    centre.after(59)
    assert centre.holder("job") == ""
    centre.after(1)
    assert centre.holder("job") == "ann"
