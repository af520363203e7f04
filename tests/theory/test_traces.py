"""Traces: contact by contact the agent and the instant that the rules lead to, computed elsewhere."""

import msgspec
import pytest

from router.simulate.theory.traces import compute, differences, replay
from router.simulate.theory.vectors import Unsupported
from tests.theory.known import METRIC_ROWS, TRACES


@pytest.mark.slow
@pytest.mark.parametrize("id", TRACES)
def test_every_contact_has_the_agent_and_the_instant_that_were_computed(id: str) -> None:
    done = replay(TRACES[id])
    assert (done.equal, done.differs) == (done.contacts, "")
    assert done.ok


@pytest.mark.slow
@pytest.mark.parametrize(
    ("id", "defect"),
    [
        ("TR-03p", {"class_order": {"AB": ["a", "b"]}}),
        ("TR-03p", {"pool_rank": {"a": {"A": 1, "AB": 0}, "b": {"B": 0, "AB": 1}}}),
        ("TR-04p", {"slope": {"gold": 5, "silver": 1, "std": 2}}),
        ("TR-05p", {"after_wait": {"a": {"skilled": 20, "any": 61}, "b": {"skilled": 20, "any": 60}}}),
        ("TR-06p", {"reserve": {"std": {"p": 1}}}),
    ],
)
def test_a_defect_in_a_rule_shows_in_the_trace(id: str, defect: dict[str, object]) -> None:
    trace = TRACES[id]
    planted = msgspec.structs.replace(trace, rules=trace.rules | defect)
    done = replay(planted)
    assert not done.ok
    assert done.equal < done.contacts
    assert done.differs.startswith("contact ")


def test_a_wrong_metric_shows_though_every_contact_agrees() -> None:
    trace = TRACES["TR-01p"]
    planted = msgspec.structs.replace(trace, metrics=trace.metrics | {"asa_s": trace.metrics["asa_s"] + 1e-9})
    done = replay(planted)
    assert (done.equal, done.ok) == (done.contacts, False)
    assert done.differs.startswith("asa_s: ")


@pytest.mark.slow
def test_only_the_order_of_claims_counts_however_fine_they_are() -> None:
    trace = TRACES["TR-04p"]
    fine = {"slope": {"gold": 0.0005, "silver": 0.0002, "std": 0.0001}, "base": {"gold": 0.003}}
    assert replay(msgspec.structs.replace(trace, rules=trace.rules | fine)).ok


def test_a_metric_that_nobody_defines_is_left_and_the_contacts_are_compared() -> None:
    trace = TRACES["TR-01p"]
    done = replay(msgspec.structs.replace(trace, metrics=trace.metrics | {"mood": 1.0}))
    assert (done.equal, done.ok, done.unsupported) == (done.contacts, True, ("metric mood",))


def test_an_unknown_rule_is_never_guessed() -> None:
    trace = TRACES["TR-01p"]
    with pytest.raises(Unsupported, match="coin_toss"):
        replay(msgspec.structs.replace(trace, rules=trace.rules | {"coin_toss": True}))
    with pytest.raises(Unsupported, match="'b', which does not exist"):
        replay(msgspec.structs.replace(trace, rules=trace.rules | {"slope": {"b": 2}}))


@pytest.mark.parametrize("id", METRIC_ROWS)
def test_metrics_are_exact_and_null_where_undefined(id: str) -> None:
    done = compute(METRIC_ROWS[id])
    assert (done.ok, done.differs) == (True, "")


def test_null_is_not_nought() -> None:
    assert differences({"sl": 0.0}, {"sl": None}) == ["sl: 0.0, expected None"]
    assert differences({"sl": None}, {"sl": 0.0}) == ["sl: None, expected 0.0"]
    assert differences({"sl": 0.5}, {"sl": 0.5 + 1e-13}) == []
    with pytest.raises(Unsupported, match="no definition of occupancy"):
        compute(msgspec.structs.replace(METRIC_ROWS["MX-07"], expected={"occupancy": 1.0}))
