"""Genesys Cloud: what its documents say happens, replayed; where we decide otherwise the test says why."""

import pytest

from queues.capacity import Room
from queues.comparator import Comparator
from queues.plan import RelaxStep
from queues.queue import Queue
from queues.team import Membership
from router.core import commands as c
from tests.peers.centre import MINUTE, Centre, S, agent

RINGS = (
    RelaxStep(after_ms=0, members=1),
    RelaxStep(after_ms=10 * S, members=2, drop=("a",)),
    RelaxStep(after_ms=20 * S, members=3, drop=("b",)),
    RelaxStep(after_ms=30 * S, members=4, drop=("c",)),
)


def bullseye() -> Centre:
    """Ring 1: agents 1-3 with A, B, C; ring 2: 4-6 without A; ring 3: 7-8 without A and B; ring 4: 9-10 with none."""
    agents = []
    for number in range(1, 11):
        order = 1 if number <= 3 else 2 if number <= 6 else 3 if number <= 8 else 4
        skills = dict.fromkeys("abc"[order - 1 :], 1)
        agents.append(agent(f"agent{number}", skills=skills, memberships={"q": Membership(order=order)}))
    return Centre(Queue(id="q", plan=RINGS), Queue(id="other"), *agents)


def test_g1_the_pool_only_widens_and_the_inner_ring_goes_first() -> None:
    centre = bullseye()
    centre.on("agent4", "agent7", "agent9")
    centre.offer("call", asks={"a": 1, "b": 1, "c": 1})
    entered = centre.now / S
    assert centre.holder("call") == "", "ring 1 is busy"
    centre.at(entered + 9.9)
    assert centre.holder("call") == ""
    centre.at(entered + 10)
    assert centre.holder("call") == "agent4"
    centre.on("agent5", "agent1")
    assert centre.decline("call") == "agent1", "freed during ring 2, and before an agent of ring 2 who idles longer"
    assert centre.decline("call") == "agent5"
    assert centre.decline("call") == ""
    centre.at(entered + 20)
    assert centre.holder("call") == "agent7"
    assert centre.decline("call") == ""
    centre.at(entered + 30)
    assert centre.holder("call") == "agent9"


def test_g3_service_levels_by_what_counts() -> None:
    from queues import metrics

    counts = {"answered_in_target": 200, "answered": 300}
    assert metrics.sl_offered(**counts, abandoned=100) == pytest.approx(0.5)
    assert metrics.sl_excl_short_abandons(**counts, abandoned=100, short_abandoned=50) == pytest.approx(
        0.5714, abs=5e-5
    )
    assert metrics.sl_answered(**counts) == pytest.approx(0.6667, abs=5e-5)
    assert metrics.sl_with_flow_outs(**counts, abandoned=100, flowed_out=20) == pytest.approx(0.4762, abs=5e-5)
    assert metrics.sl_with_flow_outs(**counts, abandoned=50, flowed_out=20) == pytest.approx(0.5405, abs=5e-5)


@pytest.mark.parametrize(("priority", "first"), [(10, "moved"), (5, "other"), (6, "moved")])
def test_g5_a_minute_of_credit_for_each_point_of_priority(priority: int, first: str) -> None:
    """With a target so long that what it was due at before the move does not count, as theirs: the base resets."""
    credit = Comparator(kind="head_start", per_point_ms=60 * S)
    centre = Centre(
        Queue(id="first", target_ms={"phone": 1_000 * S}),
        Queue(id="q", priority=priority, comparator=credit, target_ms={"phone": 30 * S}),
        agent("ann"),
    )
    centre.offer("moved", "first")
    centre.at(70)
    centre.offer("other", priority=5)
    centre.at(100)
    centre.do(c.TransferItem(item="moved", queue="q"))
    centre.at(130)
    centre.on("ann")
    assert centre.holder(first) == "ann"


def test_g5_differs_what_is_moved_is_never_later_than_it_was() -> None:
    """Their base resets at a transfer: who was sent on waits again from the start. Here `due` never grows by a move."""
    credit = Comparator(kind="head_start", per_point_ms=60 * S)
    centre = Centre(
        Queue(id="first", target_ms={"phone": 30 * S}),
        Queue(id="q", priority=5, comparator=credit, target_ms={"phone": 30 * S}),
        agent("ann"),
    )
    centre.offer("moved", "first")
    centre.at(70)
    centre.offer("other", priority=5)
    centre.at(100)
    centre.do(c.TransferItem(item="moved", queue="q"))
    centre.on("ann")
    assert centre.holder("moved") == "ann", "theirs: other (-230,000 before -200,000)"


def test_g7_wrap_up_ends_by_itself_and_the_agent_is_idle() -> None:
    """They record a code for it. Here it closes with none, unless the queue demands one."""
    centre = Centre(Queue(id="q", wrap_up_ms={"phone": 30 * S}), agent("ann"))
    centre.on("ann")
    centre.offer("call")
    centre.accept("call")
    centre.wrap_up("call")
    centre.after(29)
    assert centre.offer("next") == ""
    centre.after(1)
    assert (centre.item("call").state, centre.item("call").disposition) == ("closed", "")
    assert centre.holder("next") == "ann"


def test_g7_differs_where_a_result_is_demanded_no_code_is_made_up() -> None:
    centre = Centre(Queue(id="q", wrap_up_ms={"phone": 30 * S}, demands=("outcome",)), agent("ann"))
    centre.on("ann")
    centre.offer("call")
    centre.accept("call")
    centre.wrap_up("call")
    centre.after(60)
    assert centre.item("call").state == "wrapping"


@pytest.mark.parametrize(("counts_from", "first"), [("worked", "ann"), ("available", "bob")])
def test_g11_whether_a_break_ends_idle_time_is_a_policy(counts_from: str, first: str) -> None:
    centre = Centre(Queue(id="q", idle_from=counts_from), agent("ann"), agent("bob"))
    centre.on("ann")
    centre.after(2 * MINUTE)
    centre.on("bob")
    centre.away("ann")
    centre.back("ann")
    assert centre.offer("call") == first


def test_g13_preferred_agents_by_score_ring_by_ring() -> None:
    plan = (
        RelaxStep(after_ms=0, members=1),
        RelaxStep(after_ms=30 * S, members=2),
        RelaxStep(after_ms=60 * S, members=3),
        RelaxStep(after_ms=90 * S, members=9),
    )
    orders = {"am": 1, "secondary": 2, "team": 3, "anyone": 9}
    agents = [agent(id, memberships={"q": Membership(order=order)}) for id, order in orders.items()]
    for seconds, first in ((0, "am"), (29.5, ""), (30, "secondary"), (60, "team"), (90, "anyone")):
        centre = Centre(Queue(id="q", plan=plan), *agents)
        centre.offer("call")
        entered = centre.now / S
        here = [id for id in orders if id == first or orders[id] > orders.get(first, 1)]
        centre.at(entered + seconds)
        centre.on(*reversed(here))
        assert centre.holder("call") == first


def test_g9_differs_the_last_agent_goes_first_however_long_ago_it_was() -> None:
    """They look back seven days. Here a conversation knows who had it last as long as history knows it; what is bounded
    is how long anybody waits for that agent (`prefer_ms`), for that is what it costs."""
    rooms = {"chat": Room(maximum=1, weight=100)}
    centre = Centre(Queue(id="q", prefer_ms=15 * S), *(agent(id, rooms=rooms) for id in ("ann", "bob")))
    centre.at(8 * 24 * 60 * MINUTE)
    centre.on("bob", "ann")
    assert centre.offer("again", channel="chat", last="ann") == "ann", "though bob idles longer"
    assert centre.offer("once-more", channel="chat", last="ann") == "", "ann is busy"
    centre.after(15)
    assert centre.holder("once-more") == "bob"
