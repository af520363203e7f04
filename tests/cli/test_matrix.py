"""The skills matrix as a CSV file, and what is told of waits and previews."""

import pytest

from router.cli.items import asks, lasts, waits
from router.cli.outcome import CommandError
from router.cli.preview import as_csv, cell, differences

MATRIX = {
    "skills": [{"id": "fr"}, {"id": "tax"}],
    "agents": [
        {"id": "ann", "name": "Ann", "skills": {"fr": 3}},
        {"id": "bob", "name": 'Bob "the, builder"', "skills": {"tax": 5}},
    ],
}


def test_a_matrix_goes_out_and_comes_in_unchanged() -> None:
    text = as_csv(MATRIX)
    assert text.splitlines() == ["agent,name,fr,tax", "ann,Ann,3,", 'bob,"Bob ""the, builder""",,5']
    assert differences(MATRIX, text) == []


def test_only_cells_that_differ_are_edited_and_what_is_not_named_stays() -> None:
    assert differences(MATRIX, "agent,tax\nann,2\nbob,\n") == [
        {"agent": "ann", "skill": "tax", "level": 2},
        {"agent": "bob", "skill": "tax", "level": 0},
    ]


@pytest.mark.parametrize(
    "text", ["name,fr\nAnn,1\n", "agent,fr\neve,1\n", "agent,fr\nann,high\n", "agent,fr\nann,6\n", ""]
)
def test_a_file_that_is_no_matrix_is_refused_whole(text: str) -> None:
    with pytest.raises(CommandError):
        differences(MATRIX, text)


def test_cells_are_written_in_one_form() -> None:
    assert cell("ann=tax:3") == {"agent": "ann", "skill": "tax", "level": 3}
    for wrong in ("ann", "ann=tax", "=tax:1", "ann=tax:high"):
        with pytest.raises(CommandError):
            cell(wrong)


def test_waits_are_told_in_words() -> None:
    known = {
        "position": 2,
        "ahead": 3,
        "agents": 4,
        "low_ms": 30_000,
        "expected_ms": 95_000,
        "high_ms": 4_000_000,
        "confidence": 80,
        "method": "queue_length",
        "reason": "",
    }
    said = waits(known)
    assert "Number 2 of its queue, 3 go before it" in said
    assert "Expected to wait 1:35 more (30 s to 1:06:40 with 80 % confidence, by queue length)." in said
    assert "nobody who may take it is there" in waits(known | {"expected_ms": None, "reason": "nobody"})
    assert lasts(-5) == "0 s"
    assert asks({}) == "no skill"
    assert asks({"requirement": {"fr": 3}, "only": "ann", "priority": 2}) == "fr 3; waits for ann alone; priority 2"
