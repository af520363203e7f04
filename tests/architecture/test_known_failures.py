"""docs/known-failures.md has each of the 114 failures once, says what happens here, and names tests that exist."""

import ast
import re
from functools import cache

import pytest

from tests.architecture.tree import ROOT, parsed

FAILURES = [f"F{number:02}" for number in range(1, 115)]
ROW = re.compile(
    r"^\| (?P<id>F\d+) \| (?P<source>[^|]+) \| (?P<what>[^|]+) \| (?P<here>[^|]+) \| (?P<tests>[^|]*) \|$", re.MULTILINE
)
TEST = re.compile(r"`(?P<file>[\w/.]+)::(?P<name>\w+)`")
ROWS = list(ROW.finditer((ROOT / "docs" / "known-failures.md").read_text("utf-8")))
NAMED = sorted({(test["file"], test["name"]) for row in ROWS for test in TEST.finditer(row["tests"])})
NO_SUCH_FEATURE = "No such feature"


def test_each_failure_has_one_row_in_order() -> None:
    assert [row["id"] for row in ROWS] == FAILURES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_row_names_its_source_and_has_a_test_or_a_reason(row: re.Match[str]) -> None:
    assert all(row[column].strip() for column in ("source", "what", "here"))
    assert TEST.search(row["tests"]) or row["here"].startswith(NO_SUCH_FEATURE)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert name in collected(file), f"{file} has no {name}: the failure may have come back"


def test_every_test_of_a_known_failure_is_named() -> None:
    """So that nobody has to guess what it is there for."""
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "known").glob("test_*.py")]
    known = {(file, name) for file in files for name in collected(file)}
    assert sorted(known - set(NAMED)) == []


@cache
def collected(file: str) -> frozenset[str]:
    """The test functions of a module."""
    functions = (node for node in parsed(file).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))
