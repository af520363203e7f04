"""Migrations: up and down on both data bases, equal to the schema in code, a newer data base refused."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from router.archive.database import Database
from router.archive.errors import NewerDatabase
from router.archive.migrate import downgrade, upgrade
from router.archive.schema import metadata


def _differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def test_the_migrated_data_base_is_the_schema(either: Database) -> None:
    """Who changes the tables without a revision is told here."""
    async with either.reading() as connection:
        assert await connection.run_sync(_differences) == []
        assert await connection.run_sync(_tables) == set(metadata.tables)


async def test_up_down_and_up_again(empty_url: str) -> None:
    """Each revision can be taken back: nothing of ours is left, and the way up is open again."""
    await upgrade(empty_url)
    await downgrade(empty_url, "base")
    opened = await Database.open(empty_url)
    async with opened.reading() as connection:
        assert await connection.run_sync(_tables) == set()
    await upgrade(empty_url)
    async with opened.reading() as connection:
        assert await connection.run_sync(_tables) == set(metadata.tables)
    await opened.close()


async def test_upgrading_twice_changes_nothing(sqlite_url: str) -> None:
    """It runs at each start."""
    path = sqlite_url.removeprefix("sqlite:///")
    before = _script(path)
    await upgrade(sqlite_url)
    assert _script(path) == before


async def test_a_data_base_of_a_newer_version_is_refused(sqlite_url: str) -> None:
    """The error says what to do, and nothing was touched."""
    path = sqlite_url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = _script(path)
    with pytest.raises(NewerDatabase, match="restore a backup") as refused:
        await upgrade(sqlite_url)
    assert refused.value.revision == "9999"
    assert _script(path) == before


def _script(path: str) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


async def test_history_on_disk_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Also in a folder that others may enter: it holds what customers wrote, and the hashes of passwords."""
    file = tmp_path / "archive.db"
    await upgrade(f"sqlite:///{file}")
    assert file.stat().st_mode & 0o077 == 0
