"""Data bases for the archive's tests: SQLite files, and PostgreSQL in a private cluster on a unix socket."""

import asyncio
import contextlib
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

EITHER = ["sqlite", pytest.param("postgresql", marks=pytest.mark.service)]


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


def _create(folder: str, name: str, template: str = "template1") -> str:
    """Make a data base like `template`; its URL."""
    _psql(folder, f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"postgresql://postgres@/{name}?host={folder}"


def _psql(folder: str, statement: str) -> None:
    subprocess.run(["psql", "-q", "-h", folder, "-U", "postgres", "-c", statement], check=True)


@contextlib.contextmanager
def _created(folder: str, template: str = "template1") -> Iterator[str]:
    """A data base of one test. It goes with that test: a thousand files each, removed all at once at the very end, took
    longer on a slow disk than the last test has."""
    name = f"history{next(_numbers)}"
    yield _create(folder, name, template)
    _psql(folder, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated_template(postgresql: str) -> str:
    """The name of an empty PostgreSQL data base at the newest revision, to be copied."""
    asyncio.run(upgrade(_create(postgresql, "migrated")))
    return "migrated"


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """An empty PostgreSQL data base of the test's own."""
    with _created(postgresql) as url:
        yield url


@pytest.fixture
def postgresql_migrated_url(postgresql: str, migrated_template: str) -> Iterator[str]:
    """A migrated PostgreSQL data base of the test's own."""
    with _created(postgresql, migrated_template) as url:
        yield url


@pytest.fixture(params=EITHER)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A data base of either kind with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(params=EITHER)
def migrated_url(request: pytest.FixtureRequest) -> str:
    """A migrated data base of either kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgresql_migrated_url")
    return url


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """A migrated data base of either kind: what is tested of the archive is tested on both."""
    opened = await Database.open(migrated_url)
    yield opened
    await opened.close()
