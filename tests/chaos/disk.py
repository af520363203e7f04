"""A small disk that can be filled: a tmpfs of its own, as a full partition looks to whoever writes to it."""

import asyncio
import errno
import os
from pathlib import Path

from tests.chaos import limits

_BLOCK = b"\0" * 65_536


class Disk:
    """A mounted folder. It goes with the runner's mount namespace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    async def mount(self) -> None:
        """Make the folder and the disk on it."""
        self.folder.mkdir()
        size = f"size={limits.DISK_MIB}m,mode=755"
        process = await asyncio.create_subprocess_exec("mount", "-t", "tmpfs", "-o", size, "tmpfs", str(self.folder))
        if await process.wait():
            raise OSError(f"cannot mount {self.folder}")

    def fill(self) -> None:
        """Take the last byte."""
        file = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            size = len(_BLOCK)
            while size:
                try:
                    os.write(file, _BLOCK[:size])
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2
        finally:
            os.close(file)

    def clear(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)
