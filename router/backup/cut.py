"""The append-only files of a private server at one instant, while it works on.

They only grow, so they are opened, and how long they are is noted: what a power cut would have left just then, which
every start can go on from. The server is asked nothing and notices nothing; it may also stand still, start or die
meanwhile.
"""

import os
import re
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from router.backup import limits
from router.backup.errors import BackupError
from router.backup.told import Told

LOGS: Final = "redis/appendonlydir"
_MANIFEST: Final = "appendonly.aof.manifest"
_LISTED: Final = re.compile(r"^file (\S+) seq \d+ type [bi]\b", re.MULTILINE)
"""A line of the manifest about a base or an increment; what has type h is on its way out."""


class Log(NamedTuple):
    """One append-only file, of which the first `bytes` count."""

    name: str
    file: BinaryIO
    bytes: int


class Cut(NamedTuple):
    """The instant: the append-only files as long as they were."""

    manifest: bytes
    logs: list[Log]

    def bytes(self) -> int:
        """How many there are of it."""
        return sum(log.bytes for log in self.logs)

    def write(self, folder: Path, told: Told) -> None:
        """Write the files into the data folder `folder`."""
        logs = folder / LOGS
        logs.mkdir(mode=0o700, parents=True)
        (logs / _MANIFEST).write_bytes(self.manifest)
        total, done = self.bytes(), 0
        for log in self.logs:
            left = log.bytes
            with (logs / log.name).open("wb") as copy:
                while left and (part := log.file.read(min(left, limits.CHUNK_BYTES))):
                    copy.write(part)
                    left -= len(part)
                    done += len(part)
                    told(done, total)


def cut(folder: Path, stack: ExitStack) -> Cut:
    """The files of the data folder `folder` that the manifest names, open until `stack` ends: they stay readable when
    the server replaces them by others. Raises BackupError and OSError."""
    logs = folder / LOGS
    for _ in range(limits.CUT_TRIES_MAX):
        manifest = (logs / _MANIFEST).read_bytes()
        names = _LISTED.findall(manifest.decode())
        try:
            files = [stack.enter_context((logs / name).open("rb")) for name in names]
        except FileNotFoundError:
            continue
        if (logs / _MANIFEST).read_bytes() == manifest:
            sizes = [os.fstat(file.fileno()).st_size for file in files]
            return Cut(manifest, [Log(*each) for each in zip(names, files, sizes, strict=True)])
    raise BackupError(f"the files in {logs} were replaced again and again: try once more")
