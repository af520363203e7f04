"""Our own child processes begin with the compiled core too, unless they have nothing to decide."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import files, parsed

DECIDE_NOTHING = {"router.bench.load", "router.bench.crowd", "router.bench.skeleton.server", "channels.email.worker"}
BEGIN = {"router.compiled", "router.cli"}
NAME = re.compile(r"\b(?:router|channels)(?:\.\w+)+")


@pytest.mark.parametrize("path", files("router", "channels"))
def test_a_child_process_begins_with_the_compiled_core(path: str) -> None:
    assert set(begun(parsed(path))) <= BEGIN | DECIDE_NOTHING


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("run([sys.executable, '-m', 'router.some', 'router.other'])", ["router.some"]),
        ("run(sys.executable, '-P', '-c', 'from router.some import main; main()')", ["router.some"]),
        ("run(sys.executable, '-c', f'a({b}); from channels.some import main; main()')", ["channels.some"]),
        ("say('-m', 'router.some')", []),
    ],
)
def test_a_child_process_is_found(code: str, found: list[str]) -> None:
    assert list(begun(ast.parse(code))) == found


def begun(tree: ast.Module) -> Iterator[str]:
    """The first module of ours that is named to each Python that is started."""
    for node in ast.walk(tree):
        arguments = node.elts if isinstance(node, ast.List) else node.args if isinstance(node, ast.Call) else []
        if arguments and ast.unparse(arguments[0]) == "sys.executable":
            yield from NAME.findall(" ".join(ast.unparse(each) for each in arguments[1:]))[:1]
