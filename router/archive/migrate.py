"""Bring a data base to the schema of this version, or refuse one of a newer version. No alembic.ini needed.

Alembic reads its revisions from files and is not async: all of it runs in a thread, over a plain connection.
"""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from router.archive.database import as_store_errors, plain_engine
from router.archive.errors import NewerDatabase

_LOCK: Final = 0x66697273746C696E
"""Key of the PostgreSQL advisory lock: two nodes that start together migrate one after the other ("firstlin")."""


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the data base up to `revision`. Raises NewerDatabase, DatabaseUnusable, and StoreError when it is away."""
    await asyncio.to_thread(_migrate, url, revision, down=False)


async def downgrade(url: str, revision: str) -> None:
    """Take the data base back to an older revision (`base`: empty). Rows that have no place there are lost."""
    await asyncio.to_thread(_migrate, url, revision, down=True)


def _keep_private(file: Path) -> None:
    """A new file of SQLite is for its owner alone, and so are those that SQLite puts beside it. What cannot be made
    here, SQLite will explain."""
    with contextlib.suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))


def _migrate(url: str, revision: str, *, down: bool) -> None:
    engine = plain_engine(url)
    if engine.dialect.name == "sqlite" and engine.url.database:
        _keep_private(Path(engine.url.database))
    try:
        with (
            as_store_errors(),
            engine.connect().execution_options(immediate=True) as connection,
            connection.begin(),
        ):
            _run(connection, revision, down)
    finally:
        engine.dispose()


def _run(connection: Connection, revision: str, down: bool) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    for current in MigrationContext.configure(connection).get_current_heads():
        if current not in known:
            raise NewerDatabase(current)
    (command.downgrade if down else command.upgrade)(config, revision)
