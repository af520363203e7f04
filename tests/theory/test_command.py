"""`firstline simulate verify` as it is called."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from router.cli.app import app
from tests.theory.known import FILE


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["simulate", "verify", *arguments])


def last(result: Result) -> dict[str, Any]:
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_last_line_is_the_verdict() -> None:
    only = [part for id in ("EC-01", "OB-01", "TR-01p", "MX-05") for part in ("--only", id)]
    result = verify(str(FILE), *only, "--contacts", "2000", "--processes", "2", "--json")
    assert result.exit_code == 0, result.output
    verdict = last(result)
    assert set(verdict) == {"rows", "traces", "metric_rows", "unsupported", "failed"}
    assert verdict["traces"] == [{"id": "TR-01p", "contacts": 300, "equal": 300, "ok": True}]
    assert verdict["metric_rows"] == [{"id": "MX-05", "ok": True}]
    assert (verdict["unsupported"], verdict["failed"]) == ([], 0)
    assert {row["id"] for row in verdict["rows"]} == {"EC-01", "OB-01"}
    assert set(verdict["rows"][0]) == {"id", "metric", "expected", "measured", "tolerance", "ok"}
    regrets = [row["metric"] for row in verdict["rows"] if row["metric"].startswith("excess_pct.")]
    assert regrets == ["excess_pct.fcfs_longest_idle", "excess_pct.a_over_b", "excess_pct.b_over_a"]


@pytest.mark.slow
def test_a_file_with_a_wrong_result_ends_with_1(tmp_path: Path) -> None:
    found = json.loads(FILE.read_text("utf-8"))
    found["rows"] = [row for row in found["rows"] if row["id"] == "EK-03"]
    found["rows"][0]["expected"]["per_class"]["a"]["p_block"] *= 2
    found["traces"] = []
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(found), "utf-8")
    result = verify(str(wrong), "--contacts", "2000", "--json", "--processes", "1")
    assert result.exit_code == 1
    assert last(result)["failed"] == 1
    assert "p_block" in verify(str(wrong), "--contacts", "2000", "--processes", "1").stdout


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        (None, (), "No such file"),
        ("{", (), "Expecting"),
        ('{"schema": "routing-vectors/2"}', (), "routing-vectors/2"),
        ('{"schema": "routing-vectors/1"}', ("--only", "EC-99"), "with the id EC-99"),
    ],
)
def test_what_is_no_such_file_is_said(
    tmp_path: Path, content: str | None, arguments: tuple[str, ...], says: str
) -> None:
    file = tmp_path / "vectors.json"
    if content is not None:
        file.write_text(content, "utf-8")
    result = verify(str(file), *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
