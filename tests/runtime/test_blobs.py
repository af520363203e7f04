"""Blobs are named by what they are, appear whole or not at all, and lie wherever fsspec reaches."""

import hashlib
from pathlib import Path

import pytest

from router.gateway import StoreError
from router.runtime.blobs import Blobs


@pytest.fixture(params=["folder", "fsspec"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "blobs") if request.param == "folder" else f"memory://{tmp_path.name}")


async def test_a_blob_comes_back_by_the_hash_of_its_bytes(blobs: Blobs) -> None:
    data = bytes(range(256)) * 1000
    id = await blobs.put(data)
    assert id == hashlib.sha256(data).hexdigest()
    assert await blobs.get(id) == data
    assert await blobs.put(data) == id, "twice is once"
    assert await blobs.get(hashlib.sha256(b"other").hexdigest()) is None


async def test_an_id_cannot_lead_out_of_the_folder(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    assert await blobs.get("../../secret") is None
    assert await blobs.get("ab/../../../secret") is None


async def test_nothing_is_left_aside_and_only_we_may_read_it(tmp_path: Path) -> None:
    id = await Blobs(str(tmp_path / "b")).put(b"x")
    [file] = [path for path in (tmp_path / "b").rglob("*") if path.is_file()]
    assert file.parent.name + file.name == id
    assert file.stat().st_mode & 0o077 == 0


async def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("a file where the folder should be")
    with pytest.raises(StoreError):
        await Blobs(str(tmp_path / "b")).put(b"x")
