"""Where things lie in the checkout, for the tests that read our own sources."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("skills", "queues", "router", "channels")
PURE = ("skills", "queues", "router/core", "router/wire", "router/centre")


def files(*folders: str) -> list[str]:
    """The Python files of these folders, as paths from the root."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path.relative_to(ROOT).as_posix() for path in found]


def parsed(path: str) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse((ROOT / path).read_text("utf-8"))


def module_name(path: str) -> str:
    """The import name of a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def tracked() -> Iterator[tuple[str, str]]:
    """Every text file that git keeps or would keep, with its text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for path in listed.stdout.decode().split("\0"):
        try:
            yield path, (ROOT / path).read_text("utf-8")
        except (UnicodeDecodeError, IsADirectoryError, FileNotFoundError):
            continue
