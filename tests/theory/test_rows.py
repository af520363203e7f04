"""Models with known results, on few contacts: each kind of rule is expressed and comes out right within its tolerance.

`firstline simulate verify` runs all of them on many more; this keeps it working. Seeds are fixed.
"""

import copy
import functools
from typing import Any

import msgspec
import pytest

from router.simulate.theory.judging import Judged, contacts_of, least_error
from router.simulate.theory.vectors import Row
from router.simulate.theory.verify import Left, judge
from tests.theory.known import ROWS, VECTORS

FEW = (
    "EC-03",
    "EA-03",
    "ED-01",
    "EK-03",
    "PR-03",
    "AG-03",
    "MG-03",
    "WU-03",
    "FO-03",
    "SP-05",
    "CH-07",
    "CC-01",
    "TV-01",
)
FEW += ("BE-03", "LA-03", "DL-01", "ST-05", "EW-08", "OB-01")
CONTACTS = 3_000


@pytest.mark.slow
@pytest.mark.parametrize("id", FEW)
def test_a_model_comes_out_as_theory_says(id: str) -> None:
    done = judge(ROWS[id], CONTACTS)
    assert isinstance(done, Judged)
    assert done.unsupported == []
    assert done.figures
    assert [each for each in done.figures if not each.ok] == []


@pytest.mark.parametrize(
    ("place", "wrong", "said"),
    [
        (("classes", 0, "arrivals_per_h"), 0, "nobody comes"),
        (("classes", 0, "arrivals_per_h"), -5, "arrivals_per_h"),
        (("classes", 0, "mean_patience_s"), 0, "mean_patience_s"),
        (("classes",), [], "classes"),
        (("pools",), [], "pools"),
        (("pools", 0, "agents"), -1, "agents"),
        (("pools", 0, "mean_handle_s", "a"), 0, "mean_handle_s"),
        (("waiting_room",), -1, "waiting_room"),
    ],
)
def test_a_model_that_cannot_be_is_left_with_the_reason_and_stops_no_other(
    place: tuple[Any, ...], wrong: Any, said: str
) -> None:
    model = copy.deepcopy(ROWS["EC-03"].model)
    *way, last = place
    functools.reduce(lambda part, key: part[key], way, model)[last] = wrong
    left = judge(msgspec.structs.replace(ROWS["EC-03"], model=model), CONTACTS)
    assert isinstance(left, Left)
    assert said in left.reason


def test_every_family_of_the_file_is_tried_above_or_is_like_one_that_is() -> None:
    tried = {ROWS[id].family for id in FEW}
    others = {row.family for row in VECTORS.rows} - tried
    assert (
        others
        == {
            "priority_equal_aht",  # PR, as PA and PU
            "priority_unequal_aht",
            "priority_with_abandonment",
            "skills_fcfs_longest_idle",  # as CH
            "skills_static_priority",  # as SP-05
            "wallace_whitt_shape",  # as EK and SP
            "fairness",  # takes longer: below
        }
        - tried
    )


@pytest.mark.slow
def test_the_rule_for_agents_shows_in_how_work_is_shared_out() -> None:
    row = ROWS["FR-01"]
    rules = {name: row.expected["by_agent_rule"][name] for name in ("longest_idle", "shortest_idle")}
    done = judge(msgspec.structs.replace(row, expected={"by_agent_rule": rules}), 1)
    assert isinstance(done, Judged)
    assert [each for each in done.figures if not each.ok] == []
    first = done.figures[0]
    assert first.metric == "by_agent_rule.longest_idle.gini_idle"
    assert rules["shortest_idle"]["gini_idle"] - first.measured > 2 * first.tolerance, "a wrong sign would show"


def test_what_is_shared_out_is_told_of_twenty_shifts_of_each_rule() -> None:
    per_hour = ROWS["FR-03"].model["classes"][0]["arrivals_per_h"]
    assert contacts_of(ROWS["FR-03"]) == 20 * per_hour * 8.5
    nobody = msgspec.structs.replace(ROWS["FR-03"], model=ROWS["FR-03"].model | {"pools": []})
    assert contacts_of(nobody) == 0


def test_a_slow_queue_is_run_as_long_as_its_replications_need_to_differ() -> None:
    row = ROWS["EW-03"]
    (kind,) = row.model["classes"]
    slow = msgspec.structs.replace(row, model=row.model | {"classes": [kind | {"arrivals_per_h": 1_176}]})
    assert contacts_of(row) == 60_000
    assert contacts_of(slow) == 20 * round(1_176 / 3_600 * 300 / (10 - 98**0.5) ** 2)


def test_what_is_rare_is_allowed_the_chance_that_nobody_met_it() -> None:
    """Where all batches are alike their standard error is 0, though the next contact might differ."""
    row = ROWS["EA-09"]
    missed = 1.0 - row.expected["per_class"]["a"]["p_wait"]
    assert least_error(row, "per_class.a.p_wait", 10_000) == pytest.approx((missed / 10_000) ** 0.5, rel=1e-3)
    row = ROWS["PR-03"]
    both = [least_error(row, name, 10_000) for name in ("per_class.hi.asa_s", "all.asa_s")]
    asa = row.expected["per_class"]["hi"]["asa_s"], row.expected["all"]["asa_s"]
    assert both[0] / asa[0] > both[1] / asa[1] > 0.0, "fewer contacts of one class"
    assert least_error(row, "pools.p.occupancy", 10_000) == 0.0


@pytest.mark.slow
def test_a_wait_that_nobody_had_in_a_quiet_interval_is_no_failure() -> None:
    row = ROWS["TV-03"]
    arrivals = row.model["arrivals"] | {"per_h": [300]}
    quiet = {"p_wait": 1e-6, "mean_wait_all_s": 1e-5, "p_abandon": 0.0}
    done = judge(
        msgspec.structs.replace(row, model=row.model | {"arrivals": arrivals}, expected={"per_interval": [quiet]}), 1
    )
    assert isinstance(done, Judged)
    assert [(each.measured, each.ok) for each in done.figures] == [(0.0, True)] * 3


def defective(row: Row, **routing: object) -> Row:
    """The row with a wrong rule given to the core, and what is expected of the right one."""
    return msgspec.structs.replace(row, model=row.model | {"routing": row.model["routing"] | routing})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("id", "defect"),
    [
        ("PR-01", {"class_order": {"p": ["lo", "hi"]}}),
        ("AG-01", {"slope_per_s": {"hi": 1, "lo": 4}}),
        ("SP-05", {"reserve": {}}),
        ("BE-01", {"after_wait_s": {}}),
        ("DL-01", {"base": {"hi": 0, "lo": 90}}),
    ],
)
def test_a_defect_in_a_rule_is_found(id: str, defect: dict[str, object]) -> None:
    done = judge(defective(ROWS[id], **defect), CONTACTS)
    assert isinstance(done, Judged)
    wrong = [each for each in done.figures if not each.ok]
    assert wrong, "nobody noticed"


def test_what_cannot_be_expressed_is_said_with_its_reason() -> None:
    row = ROWS["EC-01"]
    odd = msgspec.structs.replace(row, model=row.model | {"handle_distribution": "pareto"})
    assert judge(odd, CONTACTS) == Left(row.id, "handle_distribution 'pareto'")
    assert judge(defective(row, agent="by_star_sign"), CONTACTS) == Left(
        row.id, "model: Invalid enum value 'by_star_sign' - at `$.routing.agent`"
    )
    unknown = msgspec.structs.replace(row, expected={"mood": 1.0})
    assert judge(unknown, CONTACTS) == Left(row.id, "nothing is known of mood")
    preempting = defective(ROWS["PR-01"], preemptive=True)
    assert isinstance(judge(preempting, CONTACTS), Left)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_figures() -> None:
    row = ROWS["EK-03"]
    assert judge(row, 2_000) == judge(row, 2_000)
