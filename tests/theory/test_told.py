"""What the product tells who must wait, on the models whose exact answers are known: few contacts here, so with room.

The bounds themselves (`told.BOUNDS`) need hundreds of thousands of contacts: `make acceptance`.
"""

import pytest

from router.simulate.theory.told import BOUNDS, beyond, told
from tests.theory.known import ROWS

CONTACTS = 6_000


@pytest.mark.slow
@pytest.mark.parametrize("id", ["EW-03", "FA-07"])
def test_the_estimate_is_far_better_than_the_usual_rule_and_its_range_holds(id: str) -> None:
    for found in told(ROWS[id].modelled(), CONTACTS, f"told/{id}"):
        assert found["to_last_entered"] < 0.9
        assert found["within_range"] == pytest.approx(0.8, abs=0.06)
        assert abs(found["bias_s"]) < 0.15 * found["mean_wait_s"]


def test_a_figure_beyond_its_bound_is_named() -> None:
    (first, *_) = BOUNDS
    good = {"rrmse": 0.2, "bias_s": -0.9, "mape_wait_ge_20s": 0.1}
    assert beyond(first.row, [good]) == []
    assert beyond(first.row, [good | {"bias_s": -1.1}]) == ["EW-03: bias_s is -1.100, not at most 1.0"]
