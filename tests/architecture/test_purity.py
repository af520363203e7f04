"""Nothing in the pure packages depends on the clock, on chance, on the outside, or on the order of a set."""

import ast

import pytest

from tests.architecture.purity import impurities
from tests.architecture.tree import PURE, files, parsed


@pytest.mark.parametrize("path", files(*PURE))
def test_a_pure_module_uses_nothing_on_the_ban_list(path: str) -> None:
    assert [f"{path}:{line}: {what}" for line, what in impurities(parsed(path))] == []


@pytest.mark.parametrize(
    "code",
    [
        "import time",
        "from uuid import uuid4",
        "import os.path",
        "async def f(): ...",
        "open('a')",
        "hash(x)",
        "datetime.now()",
        "at = float(x)",
        "half = x / 2",
        "for a in {1, 2}: ...",
        "for a in set(b): ...",
        "busy: set[str] = set()\nfor a in busy: ...",
        "both = a & {1}\nx = [y for y in both]",
        "def f(ids: frozenset[str]): return list(ids)",
        "x = ','.join({'a', 'b'})",
        "x = [*{1, 2}]",
    ],
)
def test_the_ban_list_finds(code: str) -> None:
    assert len(list(impurities(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import hashlib",
        "x = sorted({1, 2})",
        "x = len(set(y))",
        "x = y in {1, 2}",
        "for a in sorted(set(b)): ...",
        "x = y // 2",
        "busy: dict[str, None] = {}\nfor a in busy: ...",
    ],
)
def test_the_ban_list_spares(code: str) -> None:
    assert list(impurities(ast.parse(code))) == []
