"""The test of the test: each rule of the auditor finds the defect that only it can find."""

import pytest

from router.simulate.auditor import RULES, SEEN
from router.simulate.run import simulate
from tests.simulate.plants import PLANTS, planted

SEEDS = range(1, 31)


def test_each_rule_has_a_plant() -> None:
    assert sorted(PLANTS) == sorted([*RULES, *SEEN])


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_defect_is_found_by_its_rule_alone(name: str) -> None:
    seen = []
    with planted(PLANTS[name]) as parts:
        for seed in SEEDS:
            seen.append({wrong.rule for wrong in simulate(seed, parts)[1]})
            if seen[-1] == {PLANTS[name].rule}:
                return
    pytest.fail(f"the rules that found anything, by seed: {seen}")
