"""The machine: Python, the data folder, its disk, the clock, the pages that came along, the environment."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from router.api.pages import FOLDERS, PAGES
from router.cli import limits
from router.cli.doctor.finding import Finding
from router.cli.options import CLIENT_VARIABLES
from router.compiled import core
from router.runtime.room import space
from router.settings import Settings, unknown_variables


def look(settings: Settings) -> Iterator[Finding]:
    """Everything about the machine. Blocks for a moment: fsync is timed."""
    yield from python()
    yield from _folder(settings)
    yield from _disk(settings)
    yield from _fsync(settings)
    yield from _descriptors()
    yield from _clock()
    yield from _pages()
    for what in unknown_variables(os.environ, CLIENT_VARIABLES):
        yield Finding(check="environment", verdict="warning", what=what, mend="Correct or remove it")


def is_anothers(folder: Path) -> bool:
    """Whether the data folder is somebody else's: opening its stores would leave files there that they cannot use."""
    return folder.exists() and folder.stat().st_uid != os.geteuid()


def python() -> Iterator[Finding]:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= limits.PYTHON_MIN:
        yield Finding(check="python", verdict="good", what=f"{version}, core: {core()}")
    else:
        least = ".".join(map(str, limits.PYTHON_MIN))
        yield Finding(check="python", verdict="bad", what=f"{version} is too old", mend=f"Use {least} or newer")


def _folder(settings: Settings) -> Iterator[Finding]:
    folder, there = settings.data_dir, _existing(settings.data_dir)
    if not os.access(there, os.W_OK | os.X_OK):
        mend = "Give this user the right to, or name another folder with --data"
        yield Finding(check="data_folder", verdict="bad", what=f"{there} cannot be written", mend=mend)
    elif there != folder:
        yield Finding(check="data_folder", verdict="good", what=f"{folder} (made at start)")
    elif folder.stat().st_mode & 0o077:
        yield Finding(
            check="data_folder", verdict="warning", what=f"others may look into {folder}", mend=f"chmod 700 {folder}"
        )
    elif is_anothers(folder):
        what = f"{folder} belongs to another user: what is in it was not looked at"
        mend = "Run the server and every command on it as its owner, with sudo -u"
        yield Finding(check="data_folder", verdict="warning", what=what, mend=mend)
    else:
        yield Finding(check="data_folder", verdict="good", what=str(folder))
    secret = folder / "secret"
    if secret.exists() and secret.stat().st_mode & 0o077:
        mend = f"chmod 600 {secret}, and consider renewing it: everybody then logs in again"
        yield Finding(check="secret", verdict="bad", what=f"others may read {secret}", mend=mend)


def _disk(settings: Settings) -> Iterator[Finding]:
    """Free space beside what is kept for work in the house: below that, nothing new is taken in."""
    here = space(settings.data_dir)
    what = f"{here.free / 2**30:.1f} GiB free"
    if here.low:
        mend = "Make room: a server takes nothing new in until there is"
        yield Finding(check="disk", verdict="bad", what=what, mend=mend)
    elif here.free < limits.DISK_FREE_MIN_BYTES:
        yield Finding(check="disk", verdict="warning", what=what, mend="Make room: a full disk stops the intake")
    else:
        yield Finding(check="disk", verdict="good", what=what)


def _fsync(settings: Settings) -> Iterator[Finding]:
    """Every answer waits for one fsync: a disk that is slow here is slow everywhere."""
    try:
        took = sorted(_synced(_existing(settings.data_dir)))
    except OSError as error:
        yield Finding(check="fsync", verdict="warning", what=f"could not be timed ({error.strerror})")
        return
    ms = median(took) * 1000
    what = f"{ms:.1f} ms, the median of {len(took)}"
    if ms > limits.FSYNC_MS_MAX:
        mend = "Put the data folder on a faster disk: each step waits for it"
        yield Finding(check="fsync", verdict="warning", what=what, mend=mend)
    else:
        yield Finding(check="fsync", verdict="good", what=what)


def _synced(folder: Path) -> Iterator[float]:
    """How long each of some small synced writes takes, in seconds."""
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(limits.FSYNC_TIMES):
            file.write(bytes(limits.FSYNC_BYTES))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            yield time.perf_counter() - began


def _descriptors() -> Iterator[Finding]:
    """How many files and connections the server may have open: it raises its own limit up to this one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    what = "any number of connections" if hard == resource.RLIM_INFINITY else f"at most {hard} files and connections"
    if hard != resource.RLIM_INFINITY and hard < limits.DESCRIPTORS_MIN:
        mend = "Raise it for the server's user: LimitNOFILE= in its unit, or ulimit -Hn. Past it, 503 is answered"
        yield Finding(check="descriptors", verdict="warning", what=what, mend=mend)
    else:
        yield Finding(check="descriptors", verdict="good", what=what)


def _clock() -> Iterator[Finding]:
    """Whether the system keeps the clock right, where it says so."""
    if not (timedatectl := shutil.which("timedatectl")):
        return
    try:
        said = subprocess.run(  # noqa: S603 - the system's own program
            [timedatectl, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=limits.BINARY_WAIT_S,
            check=False,
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return
    if said == "yes":
        yield Finding(check="clock", verdict="good", what="kept right by a time server")
    elif said == "no":
        mend = "timedatectl set-ntp true: due times, opening hours and tokens go by it"
        yield Finding(check="clock", verdict="warning", what="no time server keeps it right", mend=mend)


def _pages() -> Iterator[Finding]:
    missing = [name for name in PAGES.values() if not any((folder / name).is_file() for folder in FOLDERS)]
    if missing:
        mend = "In a checkout: make setup. Else install the wheel again"
        yield Finding(check="pages", verdict="warning", what=f"not built: {', '.join(missing)}", mend=mend)
    else:
        yield Finding(check="pages", verdict="good", what="built in")


def _existing(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.exists())
