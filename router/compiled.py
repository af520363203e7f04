"""The core as machine code, where somebody compiled exactly these sources: `deploy/compile.py` does, here it is used.

It lies beside the packages that are installed, in a folder whose name is a digest of all that it was made of. Other
sources have another digest, so nothing stale is ever loaded: the core is then plain Python, which decides the same.
`FIRSTLINE_PLAIN=1` asks for that.

`python -m router.compiled MODULE` runs a module as `python -m MODULE` does, with the core compiled if it is there: this
is how our own child processes begin.
"""

import hashlib
import importlib
import os
import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
_SIMULATED = "router/simulate/theory/{}.py"
PARTS = (
    "skills/*.py",
    "queues/*.py",
    "router/core/**/*.py",
    *map(_SIMULATED.format, ("counters", "desk", "engine", "limits", "policy", "runs", "streams", "tally", "vectors")),
)
"""What is compiled (the core, and what lets virtual time run over it), and all that it sees of ours: types and
constants of any of them are part of the machine code."""

LEFT_OUT = {
    "queues/metrics.py": "mypyc fails on keywords without a default after those with one",
}
"""What mypyc cannot compile, or compiles wrongly (tests/compiled finds out)."""

HOME = Path(sys.prefix) / "lib" / "firstline"
LIBRARY = "firstline__mypyc"
"""The library that holds the code of all compiled modules; each of them is a file that only points into it."""

PLAIN = "FIRSTLINE_PLAIN"
"""The environment variable that, set to 1, leaves the core plain Python."""

SUFFIX = EXTENSION_SUFFIXES[0]
"""How a compiled module's file name ends: it names the Python, its version and the machine that it is for."""


def sources(root: Path = ROOT) -> list[Path]:
    """The files that the digest is of."""
    return sorted(path for part in PARTS for path in root.glob(part))


def digest(root: Path = ROOT) -> str:
    """The name of what is made of these sources, as it is said here, for this Python."""
    total = hashlib.sha256(SUFFIX.encode() + Path(__file__).read_bytes())
    for path in sources(root):
        text = path.read_bytes()
        total.update(f"{path.relative_to(root).as_posix()} {len(text)}\n".encode())
        total.update(text)
    return total.hexdigest()[:32]


class _Finder(MetaPathFinder):
    """Finds the modules of a folder, whose files are named as they are imported."""

    def __init__(self, folder: Path) -> None:
        self._files = {path.name.removesuffix(SUFFIX): path for path in folder.iterdir() if path.name.endswith(SUFFIX)}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self._files.get(fullname)
        return spec_from_file_location(fullname, file) if file is not None and file.exists() else None


def use() -> None:
    """Have this process import the compiled core, if there is one. Comes before anything of the core is imported:
    a process that has begun with plain Python stays with it."""
    if os.environ.get(PLAIN) == "1" or "router.core" in sys.modules or LIBRARY in sys.modules:
        return
    try:
        finder = _Finder(HOME / digest())
    except OSError:  # nobody compiled these sources, or not for us
        return
    sys.meta_path.insert(0, finder)
    try:
        importlib.import_module(LIBRARY)
    except ImportError:  # made for another machine
        sys.meta_path.remove(finder)


def core() -> str:
    """Which core this process runs."""
    return "compiled" if LIBRARY in sys.modules else "plain Python"


if __name__ == "__main__":
    use()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
