"""Data bases for the archive's tests: SQLite files, and PostgreSQL in a private cluster on a unix socket."""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from router.archive.database import Database
from router.archive.migrate import upgrade

_numbers = count(1)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite data base at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """A migrated SQLite file of the test's own."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'history.db')}"


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The socket folder of a PostgreSQL server that lives as long as the tests; skipped where none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="firstline-pg-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    options = f"-c fsync=off -c listen_addresses='' -k {folder}"
    try:
        _as_postgres(found[-1], "-D", folder / "data", "-A", "trust", "-U", "postgres", "--no-sync", "--locale=C.UTF-8")
        control = found[-1].with_name("pg_ctl")
        _as_postgres(control, "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")
        yield str(folder)
        _as_postgres(control, "-D", folder / "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _as_postgres(*command: str | Path) -> None:
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*user, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture
def postgresql_url(postgresql: str) -> str:
    """An empty PostgreSQL data base of the test's own."""
    name = f"history{next(_numbers)}"
    create = ["psql", "-q", "-h", postgresql, "-U", "postgres", "-c", f"CREATE DATABASE {name}"]
    subprocess.run(create, check=True)
    return f"postgresql://postgres@/{name}?host={postgresql}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A data base of either kind with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
async def either(empty_url: str) -> AsyncIterator[Database]:
    """A migrated data base of either kind."""
    await upgrade(empty_url)
    opened = await Database.open(empty_url)
    yield opened
    await opened.close()
