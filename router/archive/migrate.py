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
from router.archive.errors import DatabaseMoved, DatabaseUnfinished, NewerDatabase
from router.runtime.errors import StartError

_LOCK: Final = 0x66697273746C696E
"""Key of the PostgreSQL advisory lock: two nodes that start together migrate one after the other ("firstlin")."""


MOVED: Final = " moved"
UNFINISHED: Final = " unfinished"
"""What follows the revision in a data base that was moved away, and in one that a move still fills (see `transfer`):
no version of Firstline knows such a revision, so none starts there."""


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the data base up to `revision`. Raises DatabaseUnusable, StoreError when it is away, and what
    says that it is not for this version: NewerDatabase, DatabaseMoved, DatabaseUnfinished."""
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
    config = _config()
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if (current := revision_in(connection)) and current not in known:
        raise _refusal(current)
    (command.downgrade if down else command.upgrade)(config, revision)


def newest() -> str:
    """The revision of this version of Firstline."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    assert found is not None
    return found


def revision_of(url: str) -> str:
    """The revision that a data base is at, '' for an empty one. Raises DatabaseUnusable, StoreError."""
    engine = plain_engine(url)
    try:
        with as_store_errors(), engine.connect() as connection:
            return revision_in(connection)
    finally:
        engine.dispose()


def revision_in(connection: Connection) -> str:
    """The revision that this data base is at, '' for an empty one."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def build(connection: Connection) -> None:
    """Make all tables in an empty data base, in the transaction that the connection is in."""
    _run(connection, "head", down=False)


def mark(connection: Connection, revision: str) -> None:
    """Say that this data base is at a revision, in the transaction that the connection is in."""
    connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


def _refusal(revision: str) -> StartError:
    if revision.endswith(MOVED):
        return DatabaseMoved()
    return DatabaseUnfinished() if revision.endswith(UNFINISHED) else NewerDatabase(revision)
