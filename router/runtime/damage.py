"""Damage in the append-only files of a private server: where it begins, what is lost by cutting there, and the cut.

A server loads a file that ends in the middle of a command: nobody was answered before it was whole. It refuses zeroes
at the end (a file system may leave them after a power loss) and bad bytes anywhere. Cut off where the damage begins,
it loads again; what came after that is lost. So nothing here happens by itself, and never beside a server that runs.
Where the damage begins is told by the server's own program, which checks a file when it is called by that name.
"""

import mmap
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from router.runtime import limits
from router.runtime.errors import ServerDamaged, StartError

_LOGS: Final = "appendonlydir"
_MANIFEST: Final = "appendonly.aof.manifest"
_INCREMENT: Final = re.compile(r"^file (\S+) seq \d+ type i\b", re.MULTILINE)
_GOOD: Final = re.compile(r"\bok_up_to=(\d+)")
_NOT_COPIED: Final = ("lock", "run")
"""What belongs to the process, not to the data."""


class Lost(NamedTuple):
    """What lies after the damage and can still be counted: commands that were accepted, and the last event position
    there (0: no event)."""

    commands: int
    position: int


class Damage(NamedTuple):
    """`file` is good up to `good` bytes. `bytes` are cut off, there and in the files after it (`later`)."""

    file: Path
    good: int
    bytes: int
    later: tuple[Path, ...]
    kept: int
    """The last event position before the damage, as far as these files tell (0: not at all)."""
    lost: Lost


def find(folder: Path, binary: Path, domain: str) -> Damage | None:
    """The damage in the files of the server's folder, if there is any. Reads all of them.

    Raises ServerDamaged when it lies where nothing can be cut, StartError when the files cannot be checked.
    """
    files = _increments(folder)
    for number, file in enumerate(files):
        good = _good_bytes(file, binary)
        if good < file.stat().st_size:
            return _measured(files[: number + 1], good, tuple(files[number + 1 :]), domain)
    return None


def copy_aside(folder: Path) -> Path:
    """A copy of the folder beside it, under a name that is free. Raises OSError, for want of space too."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.damaged-{number}")).exists():
        number += 1
    shutil.copytree(folder, aside, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    return aside


def cut(damage: Damage) -> None:
    """Cut the damaged end off, durably. The file after it first: a gap between two files would be read over."""
    for file in reversed(damage.later):
        _shorten(file, 0)
    _shorten(damage.file, damage.good)


def _shorten(file: Path, length: int) -> None:
    with file.open("r+b") as opened:
        opened.truncate(length)
        os.fsync(opened.fileno())


def _increments(folder: Path) -> list[Path]:
    """The files that grow by what is written, in order. Before them comes a base, which is whole or of no use."""
    logs = folder / _LOGS
    try:
        listed = (logs / _MANIFEST).read_text("ascii")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        listed = ""
    files = [logs / name for name in _INCREMENT.findall(listed)]
    if not all(file.is_file() for file in files) or not listed.startswith("file "):
        raise ServerDamaged(folder, can_be_cut=False)
    return files


def _good_bytes(file: Path, binary: Path) -> int:
    """How long the file is before its first damage."""
    name = "valkey-check-aof" if "valkey" in binary.name else "redis-check-aof"
    try:
        said = subprocess.run(  # noqa: S603 - the server's own program
            [name, file],
            executable=binary,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limits.CHECK_WAIT_S,
            check=False,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StartError(f"{binary} cannot check {file}: {error}") from error
    found = _GOOD.findall(said)
    if not found:
        raise StartError(f"{binary} cannot check {file}: {said.strip()[-limits.SAID_MAX :]}")
    return int(found[-1])


def _measured(read: list[Path], good: int, later: tuple[Path, ...], domain: str) -> Damage:
    *whole, damaged = read
    kept = max([_counted(file, domain).position for file in whole], default=0)
    kept = max(kept, _counted(damaged, domain, till=good).position)
    parts = [_counted(damaged, domain, start=good), *(_counted(file, domain) for file in later)]
    gone = damaged.stat().st_size - good + sum(file.stat().st_size for file in later)
    lost = Lost(sum(part.commands for part in parts), max(part.position for part in parts))
    return Damage(file=damaged, good=good, bytes=gone, later=later, kept=kept, lost=lost)


def _counted(file: Path, domain: str, start: int = 0, till: int | None = None) -> Lost:
    """What was appended to the streams of a domain between two places of a file, wherever it can be recognised."""
    size = file.stat().st_size if till is None else till
    if size <= start:
        return Lost(0, 0)
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        commands = sum(1 for _ in _appended(domain, "commands").finditer(data, start, size))
        positions = (int(found[1]) for found in _appended(domain, "events").finditer(data, start, size))
        return Lost(commands, max(positions, default=0))


def _appended(domain: str, stream: str) -> re.Pattern[bytes]:
    """An XADD to this stream as it is written to the file; its position is the group."""
    key = re.escape(f"{{{domain}}}:{stream}".encode())
    return re.compile(rb"\$4\r\nXADD\r\n\$\d+\r\n" + key + rb"\r\n\$\d+\r\n(\d+)-0\r\n")
