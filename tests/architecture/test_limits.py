"""Every bound is in a `limits.py`, with its unit in the name and its reason beside it."""

import ast

import pytest

from tests.architecture.tree import PACKAGES, ROOT, files, parsed

SMALL = 9
UNITS = {
    1_000: "milliseconds of a second",
    1_000_000: "nanoseconds of a millisecond",
    1_024: "bytes of a kibibyte",
    60: "seconds of a minute",
    3_600: "seconds of an hour",
}
"""Numbers that are facts, not choices."""
UNIT_NAMES = ("KIB", "MIB", "GIB")

EXCEPTIONS = {
    "router/runtime/system.py": "bytes of chance in an id: what makes it unguessable, not a bound",
    "router/core/reference.py": "ISO 7064's modulus, and what makes up a number: constants of a code, not bounds",
    "router/runtime/metrics.py": "edges of histograms: where to look, not where to stop",
}
"""File -> why its numbers stand where they are used."""

BOUNDED = [
    path
    for path in files("router/core", "router/runtime")
    if not path.endswith("/limits.py") and path not in EXCEPTIONS
]


@pytest.mark.parametrize("path", BOUNDED)
def test_no_bound_stands_outside_limits(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    found = [f"{path}:{line}: {value}" for line, value in numbers(parsed(path), text)]
    assert found == [], "name it in limits.py, with its unit and its reason"


def numbers(tree: ast.Module, text: str) -> list[tuple[int, float]]:
    """Every number in this module that somebody chose: larger than 9, not a unit, not a file mode (octal)."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=int() | float() as value) if abs(value) > SMALL and value not in UNITS:
                octal = (ast.get_source_segment(text, node) or "").startswith("0o")
                found += [] if octal else [(node.lineno, value)]
            case _:
                pass
    return found


@pytest.mark.parametrize("path", [path for path in files(*PACKAGES) if path.endswith("/limits.py")])
def test_every_limit_says_why(path: str) -> None:
    """A number without a reason cannot be changed by the next reader."""
    text = (ROOT / path).read_text("utf-8").splitlines()
    silent = [f"{path}:{line}: {name}" for name, line in limits(parsed(path)) if not reason(text, line)]
    assert silent == []


def limits(tree: ast.Module) -> list[tuple[str, int]]:
    """(name, line) of each constant of the module; a name for a unit (`MIB`) is none."""
    found = []
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if name.isupper():
                found += [] if name in UNIT_NAMES else [(name, node.lineno)]
            case _:
                pass
    return found


def reason(text: list[str], line: int) -> bool:
    """Whether the paragraph (between two blank lines) that the constant stands in holds a comment or a sentence."""
    first = last = line - 1
    while first > 0 and text[first - 1].strip():
        first -= 1
    while last + 1 < len(text) and text[last + 1].strip():
        last += 1
    return any("#" in each or '"""' in each for each in text[first : last + 1])
