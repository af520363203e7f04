"""`firstline bench simulate` on few contacts: three sides, one line."""

import json

import pytest
from typer.testing import CliRunner

from router.cli.app import app


@pytest.mark.slow
def test_the_last_line_tells_three_rates_and_the_growth() -> None:
    result = CliRunner().invoke(app, ["bench", "simulate", "--contacts", "1000", "--rounds", "1", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout.splitlines()[-1])
    assert set(found) == {"contacts_per_s", "simpy_per_s", "ciw_per_s", "ratio_to_simpy", "mb_per_1e6"}
    assert min(found["contacts_per_s"], found["simpy_per_s"], found["ciw_per_s"]) > 0
    assert found["ratio_to_simpy"] == pytest.approx(found["contacts_per_s"] / found["simpy_per_s"], abs=2e-3)
