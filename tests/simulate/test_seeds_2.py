"""Worlds 51 to 100: every rule of the auditor holds whatever breaks. Files of fifty, for tests run file by file."""

import pytest

from tests.simulate.worlds import hold


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(51, 101))
def test_a_world_of_faults_keeps_every_rule(seed: int) -> None:
    hold(seed)
