"""The definitions of figures, and the formulas of one queue."""

import pytest

from queues import erlang, metrics
from router.simulate.theory.runs import until_usual
from router.simulate.theory.streams import usual_numbers
from tests.theory.known import ROWS


def test_the_worked_example_of_all_service_levels() -> None:
    """ICMI's: 1,000 answered, 60 abandoned, 860 and 20 of them within 20 s, 10 within 5 s."""
    few = {"answered_in_target": 860, "answered": 1000}
    every = few | {"abandoned": 60}
    found = (
        metrics.sl_abandon_in_target_ok(**every, abandoned_in_target=20),
        metrics.sl_answered(**few),
        metrics.sl_offered(**every),
        metrics.sl_excl_abandons_in_target(**every, abandoned_in_target=20),
        metrics.sl_short_abandons_ok(**every, short_abandoned=10),
        metrics.sl_with_flow_outs(**every, flowed_out=15),
        metrics.sl_blocked_missed(**every, blocked=15),
        metrics.sl_decided(**every, missed=15),
    )
    assert [round(value or 0.0, 4) for value in found] == [0.8302, 0.86, 0.8113, 0.8269, 0.8208, 0.8, 0.8, 0.8]


def test_nothing_has_no_share_and_no_mean() -> None:
    assert metrics.sl_offered(answered_in_target=0, answered=0, abandoned=0) is None
    assert metrics.asa(wait_of_answered=0.0, answered=0) is None
    assert metrics.occupancy(handling=0.0, logged_in_and_ready=0.0) is None
    assert metrics.adherence(exception=0.0, scheduled=0.0, actual=10.0) is None
    assert metrics.adherence(exception=0.0, scheduled=10.0, actual=0.0) is None
    assert metrics.conformance(actual=10.0, scheduled=0.0) is None
    assert metrics.mean([]) is None
    assert metrics.gini([0.0, 0.0]) is None


def test_each_other_figure_is_its_numerator_by_its_denominator() -> None:
    found = {
        metrics.mean([1.0, 2.0]): 1.5,
        metrics.mean_wait_of_waited(wait_of_answered=30.0, waited=4): 7.5,
        metrics.mean_time_to_abandon(wait_of_abandoned=30.0, abandoned=5): 6.0,
        metrics.aht(talk=300.0, hold=60.0, wrap_up=40.0, handled=2): 200.0,
        metrics.concurrency(item_time=90.0, agent_time=40.0): 2.25,
        metrics.productive_share(productive=6.0, paid=8.0): 0.75,
        metrics.shrinkage(not_available=2.0, paid=8.0): 0.25,
        metrics.first_contact_resolution(resolved_at_first=7, issues=10): 0.7,
        metrics.on_time(answered_on_time=9, due=10): 0.9,
        metrics.transfer_rate(transferred=1, handled=8): 0.125,
        metrics.abandonment_rate_excl_short(abandoned=6, answered=90, short_abandoned=3): 3 / 93,
    }
    assert list(found) == pytest.approx(list(found.values()), abs=1e-15)


def test_gini_is_nought_for_equals_and_near_one_for_who_has_all() -> None:
    assert metrics.gini([3.0] * 7) == 0.0
    assert metrics.gini([0.0] * 9 + [5.0]) == pytest.approx(0.9)
    assert metrics.gini([2.0, 1.0, 3.0]) == metrics.gini([1.0, 2.0, 3.0]) == pytest.approx(2 / 9)


@pytest.mark.parametrize("id", [row.id for row in ROWS.values() if row.family in ("erlang_c", "erlang_a")])
def test_erlangs_formulas_are_exact(id: str) -> None:
    row = ROWS[id]
    (kind,), (pool,) = row.model["classes"], row.model["pools"]
    (handle,) = pool["mean_handle_s"].values()
    load = kind["arrivals_per_h"] * handle / 3600
    patience = kind["mean_patience_s"] / handle if kind["mean_patience_s"] else None
    found = erlang.outcome(pool["agents"], load, row.measure["target_s"] / handle, patience)
    (expected,) = row.expected["per_class"].values()
    assert found.p_wait == pytest.approx(expected["p_wait"], rel=1e-12)
    assert found.sl_offered == pytest.approx(expected["sl_offered"], rel=1e-12)
    assert found.p_abandon == pytest.approx(expected.get("p_abandon", 0.0), rel=1e-12)
    assert found.mean_wait * handle == pytest.approx(expected.get("mean_wait_all_s", expected["asa_s"]), rel=1e-11)


@pytest.mark.parametrize("id", [row.id for row in ROWS.values() if row.family in ("erlang_c", "erlang_a")])
def test_a_run_of_erlangs_models_begins_in_their_usual_state(id: str) -> None:
    row = ROWS[id]
    weights = usual_numbers(row.modelled())
    agents = row.model["pools"][0]["agents"]
    (expected,) = row.expected["per_class"].values()
    queue = sum((number - agents) * weight for number, weight in enumerate(weights) if number > agents)
    assert sum(weights[agents:]) / sum(weights) == pytest.approx(expected["p_wait"], rel=1e-9)
    assert queue / sum(weights) == pytest.approx(expected["mean_queue"], rel=1e-7)
    assert until_usual(row.modelled()) == 0


def test_what_has_a_memory_or_more_than_one_queue_warms_up() -> None:
    for id in ("ED-01", "EK-01", "PR-01", "MG-01", "WU-01", "LA-01", "FA-05"):
        assert usual_numbers(ROWS[id].modelled()) == []
        assert until_usual(ROWS[id].modelled()) > 0


@pytest.mark.parametrize(
    ("load", "agents"),
    [(1, 3), (2, 4), (5, 8), (10, 14), (20, 25), (50, 57), (100, 108), (200, 210), (500, 513), (1000, 1015)],
)
def test_the_least_agents_for_80_in_20_s(load: float, agents: int) -> None:
    """Handle time 300 s; the table of economy of scale."""
    assert erlang.least_agents(load, 20 / 300, None, sl_offered=0.8) == agents


def test_a_goal_that_takes_endless_agents_is_none() -> None:
    with pytest.raises(ValueError, match="which goal"):
        erlang.least_agents(10.0, 0.1, None)
    with pytest.raises(ValueError, match="endless"):
        erlang.least_agents(10.0, 0.1, None, sl_offered=1.0)
    assert erlang.patient(10, 10.0, 0.1).sl_offered == 0.0
    assert erlang.least_agents(10.0, 0.1, 2.0, sl_offered=0.8, p_abandon=0.02) >= 10
