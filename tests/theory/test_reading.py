"""Files of which not all can be read: what is odd is left with its reason, and everything else is judged."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from router.simulate.theory.judging import Judged
from router.simulate.theory.vectors import Row, VectorsError, read
from router.simulate.theory.verify import Left, Verdict, judge, verify
from tests.theory.known import METRIC_ROWS, ROWS

CONTACTS = 2_000


def file(tmp_path: Path, **found: Any) -> Path:
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps({"schema": "routing-vectors/1", **found}), "utf-8")
    return path


def verdict(path: Path) -> Verdict:
    return verify(read(path), contacts=CONTACTS, processes=1)


@pytest.mark.parametrize(
    ("odd", "id", "said"),
    [
        ({"id": "X-1", "expected": {}}, "X-1", "missing required field `model`"),
        ({"id": "X-1", "model": {}}, "X-1", "missing required field `expected`"),
        ({"id": "X-1", "model": None, "expected": {}}, "X-1", "missing required field `model`"),
        ({"id": "X-1", "model": {}, "expected": {"mood": 1.0}}, "X-1", "nothing is known of mood"),
        ({"id": "X-1", "model": [], "expected": {}}, "X-1", "Expected `object`"),
        ({"model": {}, "expected": {}}, "rows[0]", "missing required field `id`"),
        ("a row", "rows[0]", "Expected `object`"),
    ],
)
def test_an_odd_row_is_left_and_stops_no_other(tmp_path: Path, odd: object, id: str, said: str) -> None:
    right = msgspec.to_builtins(METRIC_ROWS["MX-05"])
    found = verdict(file(tmp_path, rows=[odd], metric_rows=[right]))
    assert [left.id for left in found.unsupported] == [id]
    assert said in found.unsupported[0].reason
    assert [each.ok for each in found.metric_rows] == [True]
    assert found.failed == 0


def test_traces_rows_of_metrics_and_kinds_of_another_shape_are_left_too(tmp_path: Path) -> None:
    trace = {"id": "T", "rules": {}, "contacts": [{"id": 1, "t": 0.0}], "expected": []}
    path = file(tmp_path, traces=[trace], metric_rows=[{"id": "M", "counts": {"answered": 1}}], dreams=[{"id": "D"}, 7])
    found = verdict(path)
    assert [left.id for left in found.unsupported] == ["T", "M", "D", "dreams[1]"]
    assert found.unsupported[-1].reason == "nothing is known of dreams"
    assert verify(read(path), only=["D"]).unsupported == [Left("D", "nothing is known of dreams")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "it names none"),
        ("{}", "it names none"),
        ('{"schema": "routing-vectors/2"}', "its schema is 'routing-vectors/2'"),
        ("\x00", "Expecting value"),
    ],
)
def test_what_is_no_vectors_file_is_refused_whole(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, "utf-8")
    with pytest.raises(VectorsError, match="is no file of schema routing-vectors/1: ") as refused:
        read(path)
    assert said in str(refused.value)


def changed(id: str, **changes: Any) -> Row:
    row = ROWS[id]
    return msgspec.structs.replace(row, model=row.model | changes)


def test_a_rule_without_what_it_goes_by_is_never_guessed() -> None:
    said = {
        "pool_order_then_longest_idle without pool_order": {"agent": "pool_order_then_longest_idle", "contact": "fcfs"},
        "pool_rank_then_longest_idle without pool_rank": {"agent": "pool_rank_then_longest_idle", "contact": "fcfs"},
        "class_priority without class_order": {"agent": "longest_idle", "contact": "class_priority"},
        "linear_ageing without slope_per_s": {"agent": "longest_idle", "contact": "linear_ageing"},
    }
    for reason, routing in said.items():
        assert judge(changed("EC-03", routing=routing), CONTACTS) == Left("EC-03", f"model: {reason}")
    pools = [{"id": "p", "agents": 1}]
    assert judge(changed("EC-03", pools=pools), CONTACTS) == Left(
        "EC-03", "model: nothing says how long the pool 'p' takes"
    )
    (chats,) = ROWS["CC-01"].model["pools"]
    slow = judge(changed("CC-01", pools=[chats | {"total_speed_by_chats": [1]}]), CONTACTS)
    assert isinstance(slow, Left) and "how fast the pool 'p' is" in slow.reason


def test_a_service_level_without_a_target_is_none() -> None:
    row = msgspec.structs.replace(ROWS["EC-03"], measure={})
    assert judge(row, CONTACTS) == Left("EC-03", "measure: per_class.a.sl_offered without target_s")


def test_a_row_that_ends_by_an_error_has_failed() -> None:
    row = msgspec.structs.replace(ROWS["FR-01"], expected={"by_agent_rule": {"random": 3}})
    done = judge(row, CONTACTS)
    assert isinstance(done, Judged)
    assert [(each.metric.split(":")[0], each.ok) for each in done.figures] == [("ended by AttributeError", False)]
