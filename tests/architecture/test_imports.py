"""Import direction is law, each module imports alone, and the four names are ours."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT, files, module_name

RUN_NOT_IMPORTED = ("/__main__.py", "/migrations/env.py")
"""Scripts: Python and Alembic run them, nobody imports them."""

ALONE = """
import ast, importlib, json, os, sys

modules, paths, ours = json.load(sys.stdin)

def theirs(path):
    for node in ast.walk(ast.parse(open(path, encoding="utf-8").read())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module

# What others wrote is loaded once; what we wrote is loaded anew in a child for each module.
for name in sorted({name for path in paths for name in theirs(path) if name.split(".")[0] not in ours}):
    try:
        importlib.import_module(name)
    except ImportError:
        pass
for module in modules:
    if not os.fork():
        try:
            importlib.import_module(module)
        except BaseException as error:
            print(f"{module}: {type(error).__name__}: {error}", flush=True)
        os._exit(0)
    os.wait()
"""
"""Run in a fresh interpreter. Prints one line for each module that cannot be imported on its own."""


@pytest.mark.slow
def test_each_module_imports_alone(tmp_path: Path) -> None:
    """No module works only because another was imported before it. Each is compiled once: that is most of the time."""
    paths = [path for path in files(*PACKAGES) if not path.endswith(RUN_NOT_IMPORTED)]
    told = json.dumps([[module_name(path) for path in paths], paths, PACKAGES])
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", ALONE], input=told, cwd=ROOT, env=kept, capture_output=True, text=True, check=True
    )
    assert ran.stdout == ""


def test_the_import_contracts_are_kept() -> None:
    """The floors of the house: skills at the bottom, the command line on top."""
    linter = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("name", PACKAGES)
def test_the_folder_is_what_python_imports(name: str) -> None:
    """`channels` is also a name on PyPI: another package of that name must not win."""
    assert [Path(place).resolve() for place in importlib.import_module(name).__path__] == [ROOT / name]
