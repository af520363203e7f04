"""The glossary is the source of names: what the log holds stands in it, and what it forbids stands nowhere."""

import ast
import re
from collections.abc import Iterator
from typing import get_args

import pytest

from router.core import commands, events
from router.wire.codec import RECORD_TYPES
from tests.architecture.tree import PACKAGES, ROOT, files, parsed

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
NAMED = set(re.findall(r"`(\w+)`", GLOSSARY))


def forbidden() -> dict[str, str]:
    """Each word that is never used -> what to say. From the last table of the glossary."""
    table = GLOSSARY.split("## Words we do not use")[1]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines() if row.startswith("| ")][1:]
    return {word: say for never, say in rows for word in never.split(", ") if " " not in word}


@pytest.mark.parametrize("shape", [*get_args(commands.Command), *get_args(events.Event), *RECORD_TYPES.values()])
def test_what_the_log_holds_is_in_the_glossary(shape: type) -> None:
    assert shape.__name__ in NAMED, f"add `{shape.__name__}` to the word that it belongs to in docs/glossary.md"


def test_the_glossary_names_nothing_that_is_gone() -> None:
    """A class that the glossary names in its columns exists."""
    classes = {
        node.name for path in files(*PACKAGES) for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef)
    }
    assert [name for name in sorted(NAMED) if re.match("[A-Z][a-z]", name) and name not in classes] == []


@pytest.mark.parametrize("path", files(*PACKAGES))
def test_no_name_holds_a_word_that_we_do_not_use(path: str) -> None:
    never = forbidden()
    found = [
        f"{path}:{line}: {name}: say {never[word]}"
        for line, name in names(parsed(path))
        for word in words(name)
        if word in never
    ]
    assert found == []


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that this module gives: classes, functions, parameters, variables, attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case _:
                pass


def words(name: str) -> list[str]:
    """The words of an identifier, `snake_case` or `CamelCase`, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


@pytest.mark.parametrize("path", files(*PACKAGES))
def test_a_module_is_named_after_its_noun(path: str) -> None:
    assert [word for part in path.removesuffix(".py").split("/") for word in words(part) if word in forbidden()] == []
