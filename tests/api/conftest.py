"""The house that the API's tests live in."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.api import limits
from router.archive.database import Database
from router.archive.migrate import upgrade
from tests.api.house import House, seed


@pytest.fixture(scope="session")
def empty_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite data base with accounts and no history, to be copied."""
    path = tmp_path_factory.mktemp("api") / "empty.db"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    asyncio.run(seed(f"sqlite:///{path}"))
    return path


@pytest.fixture(autouse=True)
def _short_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets are cut a moment after they were told why, not a second; who still asks at the end is not waited for."""
    monkeypatch.setattr(limits, "GOODBYE_S", 0.05)
    monkeypatch.setattr(limits, "SHUTDOWN_S", 1.0)


@pytest.fixture
async def house(empty_archive: Path, tmp_path: Path) -> AsyncIterator[House]:
    """A running house of the test's own."""
    database = await Database.open(f"sqlite:///{shutil.copy(empty_archive, tmp_path / 'history.db')}")
    async with House(tmp_path, database).open() as house:
        yield house
    await database.close()
