"""A small disk that a test may fill: a tmpfs of its own, or no test at all where we may not mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHUNK_BYTES = 1 << 16
BALLAST = "ballast"


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Path]:
    """A disk of so many MiB at the folder."""
    mounted = os.geteuid() == 0 and not _run("mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs", folder)
    if not mounted:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        _run("umount", "--lazy", folder)


def _run(*command: str | Path) -> int:
    return subprocess.run(command, check=False, capture_output=True).returncode


def fill(disk: Path, leave: int = 0) -> None:
    """Write until only `leave` bytes (or nothing) are free."""
    with (disk / BALLAST).open("ab", buffering=0) as file:
        while (room := _free(disk) - leave) > 0:
            try:
                file.write(bytes(min(room, CHUNK_BYTES)))
            except OSError:
                return


def empty(disk: Path) -> None:
    """Give the space back that `fill` took."""
    (disk / BALLAST).unlink()


def _free(disk: Path) -> int:
    told = os.statvfs(disk)
    return told.f_bavail * told.f_frsize
