"""History is seen at one instant, in both kinds of data base; while the log is taken, nothing moves from it to SQL."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest

from router.archive.database import Database
from router.backup.errors import BackupError
from router.backup.history import seen
from tests.archive.conftest import (  # noqa: F401 - fixtures
    migrated_file,
    migrated_template,
    migrated_url,
    postgresql,
    postgresql_migrated_url,
    postgresql_url,
    sqlite_url,
)
from tests.archive.domain import Domain, dump

HELD_S = 0.3
"""How long the archive is watched while it is held; it takes a tenth of that otherwise."""


async def test_the_archive_waits_until_it_is_let_go_and_is_seen_as_it_was(
    migrated_url: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    database, domain = await Database.open(migrated_url), Domain()
    domain.core.call("first")
    await domain.commit()
    archiver = await domain.archive(database)
    before = await dump(database)
    with ExitStack() as stack:
        history = await asyncio.to_thread(stack.enter_context, seen(migrated_url))
        domain.core.call("second")
        await domain.commit()
        moving = asyncio.create_task(archiver.step())
        assert not (await asyncio.wait([moving], timeout=HELD_S))[0], "it waits"
        await asyncio.to_thread(history.let_go)
        await moving
        assert archiver.position == domain.position
        assert await asyncio.to_thread(history.bytes) > 0
        await asyncio.to_thread(history.write, tmp_path / "copy.db", lambda done, total: None)
        assert await dump(database) != before
    await database.close()
    copy = await Database.open(f"sqlite:///{tmp_path / 'copy.db'}")
    assert await dump(copy) == before
    await copy.close()


@pytest.mark.service
def test_an_empty_data_base_has_nothing_to_be_seen(postgresql_url: str) -> None:  # noqa: F811
    with pytest.raises(BackupError, match="has a server ever run"), seen(postgresql_url):
        pass


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="has a server ever run"), seen(f"sqlite:///{tmp_path / 'none.db'}"):
        pass
    assert list(tmp_path.iterdir()) == []
