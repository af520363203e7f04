"""Migrations: up and down on both data bases, equal to the schema in code, a newer data base refused."""

import sqlite3
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert, inspect, select

from router.archive.database import Database
from router.archive.errors import NewerDatabase
from router.archive.migrate import downgrade, upgrade
from router.archive.schema import metadata

_FIRST = import_module("router.archive.migrations.versions.r0001_first")
_TEXTS = ("state", "outcome", "queue", "language", "category", "customer", "entry_point", "call", "attributes")
_NUMBERS = ("priority", "seq", "expiries", "connect_failures", "escalations", "reopen_count", "due_at_ms")
_FIRST_ROWS: dict[str, list[dict[str, Any]]] = {
    "conversations": [
        {
            "id": "c",
            "channel": "email",
            "customer": "cust",
            "language": "fr",
            "address": "adr",
            "item": "i",
            "last_agent": "ann",
            "seq": 3,
            "gone": False,
            "opened_at_ms": 1,
        }
    ],
    "items": [
        {
            **{name: name for name in _TEXTS},
            **dict.fromkeys(_NUMBERS, 7),
            **dict.fromkeys(("opened_at_ms", "first_entered_at_ms", "entered_at_ms"), 1),
            **dict.fromkeys(("accepted_at_ms", "wrap_until_at_ms", "pending_until_at_ms", "closed_at_ms")),
            **dict.fromkeys(("only", "agent", "last_agent", "pending_reason", "disposition", "reopens"), ""),
            "id": "i",
            "conversation": "c",
            "channel": "email",
            "requirement": {"fr": 3},
            "excepted": {"ann": 0},
            "answered": True,
            "held": False,
        }
    ],
    "accounts": [
        {"login": "l", "agent": "", "grants": [], "disabled": False, "version": 1, "password_hash": "h"},
    ],
}
"""A row of each table that the second revision adds to, as the first version wrote them."""


def _differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def test_the_migrated_data_base_is_the_schema(database: Database) -> None:
    """Who changes the tables without a revision is told here."""
    async with database.reading() as connection:
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


async def test_what_the_first_version_wrote_is_there_after_the_upgrade(empty_url: str) -> None:
    """Rows of before keep all they say; what is new of them is empty, and they can be joined and changed as others."""
    await upgrade(empty_url, "0001")
    opened = await Database.open(empty_url)
    async with opened.writing() as connection:
        for table in _FIRST.metadata.sorted_tables:
            for row in _FIRST_ROWS.get(table.name, []):
                await connection.execute(insert(table), row)
    await upgrade(empty_url)
    async with opened.reading() as connection:
        found = {
            name: [dict(row._mapping) for row in await connection.execute(select(metadata.tables[name]))]
            for name in _FIRST_ROWS
        }
    new = {
        "conversations": {"reference": "", "split_from": "", "merged_into": ""},
        "items": {
            "related": "",
            "kept_until_at_ms": None,
            "rules": [],
            "wishes": {},
            "waited": 0,
            "prefers": "",
            "split_from": "",
            "counted": True,
            "questions": [],
            "consults": "",
            "more": {},
        },
        "accounts": {"must_change": False},
    }
    assert found == {name: [row | new[name] for row in rows] for name, rows in _FIRST_ROWS.items()}
    await downgrade(empty_url, "0001")
    async with opened.reading() as connection:
        kept = (await connection.execute(select(_FIRST.metadata.tables["items"]))).one()
    assert dict(kept._mapping) == _FIRST_ROWS["items"][0]
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
