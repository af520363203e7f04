"""docs/walks.md leads through the real house: each file and function that it names is there."""

import ast
import re

import pytest

from tests.architecture.tree import ROOT, parsed

ROW = re.compile(r"^\|[^|]*\| `(?P<file>[\w/.-]+)` \| `(?P<name>[\w.]+)` \|", re.MULTILINE)
STEPS = [(row["file"], row["name"]) for row in ROW.finditer((ROOT / "docs" / "walks.md").read_text("utf-8"))]


@pytest.mark.parametrize(("file", "name"), STEPS)
def test_a_step_of_the_walks_exists(file: str, name: str) -> None:
    if file.endswith(".lua"):
        assert (ROOT / file).is_file()
    else:
        assert name in defined(parsed(file)), f"{file} has no {name}: the walk goes another way now"


def test_both_walks_are_there() -> None:
    assert len(STEPS) > 20


def defined(tree: ast.Module) -> list[str]:
    """Functions and classes of a module; methods as `Class.method`."""
    names = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
            names += [f"{node.name}.{method.name}" for method in methods]
    return names
