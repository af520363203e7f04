"""Large contents by the hash of what they are: a folder by default, or anything that fsspec reaches (`s3://...`).

A blob is written once and never changed, so writing it twice is harmless. In a folder it appears whole or not at
all: written aside, fsynced, then renamed. All calls of the file system run in a thread.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Final

import fsspec

from router.gateway import StoreError

_ID: Final = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A place for blobs. An id is the SHA-256 of the bytes, in hex."""

    def __init__(self, url: str) -> None:
        """`url` is a path of a folder, or a URL that fsspec knows."""
        self._fs: Any
        self._fs, self._root = fsspec.core.url_to_fs(url)
        self._local = "file" in (self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,))

    async def put(self, data: bytes) -> str:
        """Keep these bytes durably and return their id. Raises StoreError."""
        try:
            return await asyncio.to_thread(self._put, data)
        except OSError as error:
            raise StoreError(f"blob not written: {error.strerror or type(error).__name__}") from error

    async def get(self, id: str) -> bytes | None:
        """The bytes with this id, None if there are none. Raises StoreError."""
        if not _ID.fullmatch(id):
            return None
        try:
            return await asyncio.to_thread(self._get, id)
        except OSError as error:
            raise StoreError(f"blob not read: {error.strerror or type(error).__name__}") from error

    def _path(self, id: str) -> str:
        return f"{self._root}/{id[:2]}/{id[2:]}"

    def _put(self, data: bytes) -> str:
        id = hashlib.sha256(data).hexdigest()
        path = self._path(id)
        if self._fs.exists(path):
            return id
        if self._local:
            _write(Path(path), data)
        else:
            self._fs.pipe_file(path, data)
        return id

    def _get(self, id: str) -> bytes | None:
        try:
            data: bytes = self._fs.cat_file(self._path(id))
        except FileNotFoundError:
            return None
        return data


def _write(path: Path, data: bytes) -> None:
    """Write a file that is there whole, and stays, or is not there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside)
        raise
    for folder in (path.parent, path.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
