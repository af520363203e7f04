"""Every case of docs/peers.md is replayed, or is named there as outside routing with its reason; none silently."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "peers.md"
EACH = {
    "A": (1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21),
    "T": (1, 3, 5, 7, 9, 11, 13, 15),
    "W": (1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31),
    "G": (1, 3, 5, 7, 9, 11, 13, 15),
    "S": (2, 4, 6, 8, 10),
    "Z": (1, 3, 5),
    "N": (2,),
    "C": (1,),
    "D": (1,),
    "X": (1,),
}
ALL = [f"{house}{number}" for house, numbers in EACH.items() for number in numbers]


class Case(NamedTuple):
    """One row: what it is about, whether we do the same, and by what, or why not."""

    about: str
    ours: str
    why: str


@cache
def rows() -> dict[str, Case]:
    """The rows of the page, by case."""
    lines = (line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| "))
    return {id: Case(*told) for id, *told in lines if re.fullmatch(r"[A-Z]\d+", id)}


@cache
def replays() -> dict[str, list[str]]:
    """Case -> the tests that replay it."""
    found: dict[str, list[str]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (named := re.match(r"test_([a-z]\d+)_", node.name)):
                found.setdefault(named[1].upper(), []).append(node.name)
    return found


def test_the_table_has_every_case() -> None:
    assert list(rows()) == ALL
    assert set(replays()) <= set(ALL)


@pytest.mark.parametrize("id", ALL)
def test_a_case_is_replayed_or_outside_routing(id: str) -> None:
    case, replayed = rows()[id], replays().get(id, [])
    assert case.ours in ("same", "differs", "outside")
    assert case.why
    assert bool(replayed) != (case.ours == "outside")
    told = any("_differs_" in name for name in replayed)
    assert told == (case.ours == "differs"), "a test says where we decide otherwise, and the table says it too"


def test_the_page_counts_its_rows() -> None:
    counts = [case.ours for case in rows().values()]
    told = re.search(
        r"Of (\d+) cases (\d+) come out the same, (\d+) differ on purpose, and (\d+)", PAGE.read_text("utf-8")
    )
    assert told is not None
    same, differs, outside = (counts.count(verdict) for verdict in ("same", "differs", "outside"))
    assert tuple(map(int, told.groups())) == (len(ALL), same, differs, outside)
