"""Compiles the core, for `router/compiled.py` to use: `make compile`, or `python deploy/compile.py`.

Needs mypy and setuptools, which are in the locks, a C compiler and the headers of Python. Without them it says so in a
sentence and leaves everything as it is: the core is then plain Python. Nothing is done while the very sources that are
there have been compiled, by this mypy and as it is said here.
"""

import ast
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from router.compiled import HOME, LEFT_OUT, LIBRARY, ROOT, SUFFIX, digest, sources

MADE_WITH = "made-with"
PLAIN_DOES = "the core stays plain Python, which decides the same"

OPTIMISED = "1"
"""How much the C compiler tries: 2 takes half as long again and gains nothing, 0 loses all (decision 24)."""


def main() -> None:
    """Compile if need be, and say so. Never a failure: there is always plain Python."""
    maker = f"mypy {version('mypy')}, {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}"
    if _made_with(HOME / digest()) == maker:
        return
    try:
        HOME.mkdir(parents=True, exist_ok=True)
        with _alone(), tempfile.TemporaryDirectory(prefix=".", dir=HOME) as temporary:
            if _made_with(HOME / digest()) != maker:
                _make(Path(temporary), maker)
    except OSError as error:
        _say(f"{HOME} cannot be written to ({error.strerror}); {PLAIN_DOES}")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Whoever else compiles for this Python waits until this one has."""
    home = os.open(HOME, os.O_RDONLY)
    try:
        fcntl.flock(home, fcntl.LOCK_EX)
        yield
    finally:
        os.close(home)


def _make(temporary: Path, maker: str) -> None:
    """Copy, compile, put into place at once, and take away what was made of other sources."""
    began = time.monotonic()
    work, made = temporary / "work", temporary / "made"
    _copy(work)
    modules = list(_modules(work))
    _say(f"{len(modules)} modules of the core into machine code, about a minute")
    command = [sys.executable, __file__, str(work), *modules]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - ourselves
    if ran.returncode:
        _say(f"not possible here ({_reason(ran.stdout + ran.stderr)}); {PLAIN_DOES}")
        return
    _gather(work, made)
    (made / MADE_WITH).write_text(maker)
    place = HOME / digest(work)
    for old in HOME.iterdir():
        if old != temporary:
            shutil.rmtree(old, ignore_errors=True)
    made.rename(place)
    _say(f"done in {time.monotonic() - began:.0f} s")


def _copy(work: Path) -> None:
    """What is compiled, where an edit meanwhile changes nothing."""
    for path in [ROOT / "router/__init__.py", *sources()]:
        copied = work / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)


def _modules(work: Path) -> Iterator[str]:
    """Those that define no shape: a class made by another library (a msgspec.Struct) has to stay what that made it. The
    file of a package only gathers names."""
    for path in sources(work):
        name = path.relative_to(work).as_posix()
        if path.name != "__init__.py" and name not in LEFT_OUT and not shapes(path.read_text("utf-8")):
            yield name


_SOUND = ("NamedTuple", "Protocol", "Counter")
"""What a compiled class may stand on; the last is ours, and compiled too."""


def shapes(text: str) -> bool:
    """Whether a class of this module stands on one that is not compiled (named tuples and protocols aside)."""
    classes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef))
    return any(ast.unparse(base) not in _SOUND for each in classes for base in each.bases)


def _gather(work: Path, made: Path) -> None:
    """The modules by the names that they are imported by, in one folder."""
    made.mkdir()
    built = work / "built"
    for path in built.rglob(f"*{SUFFIX}"):
        shutil.move(path, made / ".".join(path.relative_to(built).parts))


def _made_with(place: Path) -> str:
    try:
        return (place / MADE_WITH).read_text()
    except OSError:
        return ""


def _reason(told: str) -> str:
    """The line of a compiler's talk in which it says what is wrong."""
    lines = [line.strip() for line in told.splitlines() if line.strip() and "warning:" not in line]
    wrong = [line for line in lines if "rror" in line]
    return (wrong or lines or ["no reason given"])[0][:200]


def _say(text: str) -> None:
    print(f"compile: {text}", file=sys.stderr)  # noqa: T201 - the words of a build


def build(work: Path, modules: list[str]) -> None:
    """C of these modules, and machine code of that; a file for each, on all cores."""
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    os.chdir(work)
    made = mypycify(
        ["--config-file=", "--ignore-missing-imports", *modules],
        opt_level=OPTIMISED,
        debug_level="0",
        multi_file=True,
        group_name=LIBRARY.removesuffix("__mypyc"),
        target_dir="c",
    )
    for extension in made:
        extension.extra_compile_args.append("-ffp-contract=off")  # the same digits as Python's own, on any machine

    class Parallel(build_ext):
        def build_extensions(self) -> None:
            one = self.compiler.compile

            def compile(files: list[str], *args: Any, **kwargs: Any) -> list[str]:
                with ThreadPoolExecutor(os.cpu_count()) as pool:
                    made = pool.map(lambda file: one([file], *args, **kwargs), files)
                    return [object for each in made for object in each]

            self.compiler.compile = compile
            super().build_extensions()

    command = Parallel(Distribution({"name": "firstline", "ext_modules": made}))
    command.build_lib, command.build_temp = "built", "objects"
    command.ensure_finalized()
    command.run()


if __name__ == "__main__":
    if sys.argv[1:]:
        build(Path(sys.argv[1]), sys.argv[2:])
    else:
        main()
