"""Azure Communication Services Job Router: what its documents say happens, replayed."""

import pytest

from queues.capacity import Room
from queues.plan import RelaxStep
from queues.queue import Queue
from queues.team import Membership
from router.core import events as e
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


@pytest.mark.xfail(strict=False, reason="lands with issue 5")
def test_a11_after_five_minutes_it_goes_to_the_escalation_queue_with_its_priority() -> None:
    centre = Centre(
        Queue(id="xbox", priority=1, plan=(RelaxStep(after_ms=5 * MINUTE * S, overflow="escalated"),)),
        Queue(id="escalated", priority=10),
        agent("ann", "escalated"),
    )
    centre.offer("job", "xbox")
    entered = [(each.queue, each.priority) for each in centre.told(e.ItemQueued)]
    assert entered == [("xbox", 1)]
    centre.at(5 * MINUTE - 1)
    assert centre.item("job").queue == "xbox"
    centre.after(2)
    entered = [(each.queue, each.priority) for each in centre.told(e.ItemQueued)]
    assert entered == [("xbox", 1), ("escalated", 10)]
    centre.on("ann")
    assert centre.holder("job") == "ann"


def test_a13_by_weight_among_two_vendors() -> None:
    """Their queue attachment draws lots; ours counts, so that the shares are exact and not only near."""
    centre = Centre(
        Queue(id="q", strategy="weighted"),
        agent("vendor-a", memberships={"q": Membership(weight=3)}),
        agent("vendor-b", memberships={"q": Membership(weight=7)}),
    )
    centre.on("vendor-a", "vendor-b")
    got = []
    for number in range(1_000):
        got.append(centre.offer(f"job{number}"))
        centre.accept(f"job{number}")
        centre.finish(f"job{number}")
    assert got.count("vendor-a") == pytest.approx(300, abs=1)
    assert got.count("vendor-b") == pytest.approx(700, abs=1)


def test_a15_who_does_not_answer_is_no_longer_available_and_others_are_asked() -> None:
    centre = Centre(Queue(id="q", reservation_ms=20 * S), agent("W1"), agent("W2"))
    centre.on("W1", "W2")
    assert centre.offer("job") == "W1"
    centre.after(20)
    assert centre.presence("W1") == ("not_ready", "no_answer")
    assert centre.holder("job") == "W2"


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
