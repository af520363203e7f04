"""Blobs on their way into a backup and out of one. They never change, and what names one was written after it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from router.backup.bundle import BLOB, BLOBS
from router.runtime.blobs import Blobs


def taken(url: str, copy: Path) -> Iterator[tuple[str, Path]]:
    """Name and file of each blob there is: where it lies, or fetched into the folder `copy`. Raises OSError."""
    there, root = fsspec.core.url_to_fs(url)
    for path in sorted(there.find(root)):
        name = path.removeprefix(root).lstrip("/")
        if not BLOB.fullmatch(name):
            continue
        if isinstance(there, LocalFileSystem):
            yield f"{BLOBS}/{name}", Path(path)
        else:
            file = copy / BLOBS / name
            file.parent.mkdir(parents=True, exist_ok=True)
            there.get_file(path, str(file))
            yield f"{BLOBS}/{name}", file


def given(folder: Path, url: str) -> None:
    """Keep the blobs of this folder there; one that is there already is the same. Raises StoreError."""
    asyncio.run(_given(sorted(folder.glob("*/*")), Blobs(url)))


async def _given(files: list[Path], there: Blobs) -> None:
    for file in files:
        await there.put(await asyncio.to_thread(file.read_bytes))
