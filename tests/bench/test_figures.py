"""One definition of a percentile and a median for every figure that is printed."""

import pytest

from router.bench.figures import median, percentile, rounded


def test_a_percentile_is_a_value_that_occurred_and_that_the_share_does_not_exceed() -> None:
    values = [15.0, 20.0, 35.0, 40.0, 50.0]
    assert [percentile(values, percent) for percent in (0, 5, 30, 40, 50, 100)] == [15, 15, 20, 20, 35, 50]


def test_the_order_of_the_values_does_not_matter() -> None:
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0
    assert median([3.0, 1.0, 2.0]) == 2.0


def test_an_even_number_of_values_has_its_median_between_them() -> None:
    assert median([4.0, 1.0, 2.0, 3.0]) == 2.5


def test_no_values_give_zero_so_that_a_run_without_pushes_can_still_be_printed() -> None:
    assert percentile([], 99) == 0.0
    assert median([]) == 0.0


def test_a_percent_outside_0_to_100_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        percentile([1.0], 101)


def test_a_figure_is_printed_with_two_digits() -> None:
    assert rounded(1.23456) == 1.23
