"""Logs: one snake_case event name per line, and ids beside it; never what a person wrote or is called."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import PACKAGES, files, parsed

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
PERSONAL = {
    *("address", "body", "content", "customer", "email", "from_", "login", "mail", "name", "number", "password"),
    *("phone", "raw", "recipient", "recipients", "secret", "sender", "subject", "text", "to", "token"),
}
"""Fields that would hold personal data or a credential, whatever the author meant."""


@pytest.mark.parametrize("path", files(*PACKAGES))
def test_a_log_line_has_a_name_and_ids(path: str) -> None:
    found = [
        f"{path}:{call.lineno}: {what}"
        for call in log_calls(parsed(path))
        for what in [*unnamed(call), *(f"logs `{field.arg}`" for field in call.keywords if field.arg in PERSONAL)]
    ]
    assert found == []


def log_calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Calls of a logger: `log.info(...)`, `_log.info(...)`, `self._log.info(...)`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=logger, attr=level)) if level in LEVELS:
                if re.fullmatch(r"(self\.)?_?log", ast.unparse(logger)):
                    yield node
            case _:
                pass


def unnamed(call: ast.Call) -> Iterator[str]:
    """What is wrong with the event name: it must be one constant, so that it can be searched for."""
    match call.args:
        case [ast.Constant(value=str() as name)] if re.fullmatch(r"[a-z]+(_[a-z]+)*", name):
            return
        case _:
            yield f"not one snake_case name: {', '.join(ast.unparse(argument) for argument in call.args)}"
