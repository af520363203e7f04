"""The house, for every test of a channel that wants one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.archive.migrate import upgrade
from tests.phone.house import House, built


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty history at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("history") / "empty.db"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture
async def house(tmp_path: Path, migrated: Path) -> AsyncIterator[House]:
    async with built(tmp_path, migrated) as house:
        yield house
