"""Secrets of the settings file: in it, or in the files that it names. Whoever may read them is who they are for."""

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from router.cli.doctor.finding import Finding

_SECRET = ("password", "secret", "secrets")
"""Keys whose values are secrets, or tables of them."""


def look(file: Path) -> Iterator[Finding]:
    """The file itself if a secret stands in it, and each file that it names."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the settings say what is wrong with it
        return
    values = list(_texts(raw, secret=False))
    if any(secret and not value.startswith(("file:", "env:")) for value, secret in values):
        yield _private(file, "holds a secret")
    for value, _ in values:
        if value.startswith("file:") and not value.startswith("file://"):
            yield _private(Path(value[5:]).expanduser(), "is named by the settings")


def _texts(value: Any, *, secret: bool) -> Iterator[tuple[str, bool]]:
    """Every text in it, and whether it is a secret."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _texts(part, secret=secret or key in _SECRET)
    elif isinstance(value, str):
        yield value, secret


def _private(path: Path, why: str) -> Finding:
    try:
        mode = path.stat().st_mode
        path.open("rb").close()
    except OSError as error:
        mend = "Put it there, or correct its name in the settings; this user must be able to read it"
        return Finding(check="secrets", verdict="bad", what=f"{path} cannot be read ({error.strerror})", mend=mend)
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        return Finding(
            check="secrets", verdict="bad", what=f"{path} {why}, and everybody may read it", mend=f"chmod 600 {path}"
        )
    return Finding(check="secrets", verdict="good", what=str(path))
