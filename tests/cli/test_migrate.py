"""`firstline migrate`: what it says of the schema, what it refuses, and that it says no password."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router.archive.migrate import downgrade, newest, upgrade
from router.cli.app import app
from router.cli.outcome import Exit
from tests.archive.conftest import postgresql, postgresql_url
from tests.support import free_port

__all__ = ["postgresql", "postgresql_url"]

SECRET = "hunter2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a data base, and nothing else of this machine."""
    for name in [name for name in os.environ if name.startswith("FIRSTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FIRSTLINE_PORT", str(free_port()))
    asyncio.run(upgrade(url_of(tmp_path)))
    return tmp_path


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'archive.db'}"


def migrate(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["migrate", *arguments])
    assert SECRET not in result.output
    return result


def test_the_schema_is_brought_to_this_version_and_both_revisions_are_said(folder: Path) -> None:
    asyncio.run(downgrade(url_of(folder), "0001"))
    done = migrate("--json")
    assert (done.exit_code, json.loads(done.stdout)) == (Exit.OK, {"from": "0001", "to": newest()})
    again = migrate()
    assert again.exit_code == Exit.OK
    assert f"at revision {newest()}, which is this version's: nothing to do" in again.stdout


def test_where_nothing_is_yet_the_data_base_is_made(folder: Path) -> None:
    done = migrate("--json", "--data", str(folder / "new"))
    assert (done.exit_code, json.loads(done.stdout)) == (Exit.OK, {"from": "", "to": newest()})


@pytest.mark.parametrize(
    ("arguments", "exit", "said"),
    [
        (("--to", f"mysql://me:{SECRET}@host/x"), Exit.ENVIRONMENT, "must begin with"),
        (("--to", "sqlite:///other.db"), Exit.USAGE, "URL of a PostgreSQL data base"),
        (("--to", f"postgresql://me:{SECRET}@host:no-port/x"), Exit.USAGE, "URL of a PostgreSQL data base"),
        (("--to", "env:FIRSTLINE_TEST_NOWHERE"), Exit.ENVIRONMENT, "FIRSTLINE_TEST_NOWHERE"),
        (("--to", f"postgresql://me:{SECRET}@127.0.0.1:1/x"), Exit.ENVIRONMENT, "cannot be reached"),
        (
            ("--to", f"postgresql://me:{SECRET}@127.0.0.1:1/x", "--from", "sqlite:///no.db"),
            Exit.ENVIRONMENT,
            "no history",
        ),
        (("--from", "sqlite:///archive.db"), Exit.USAGE, "--from goes with --to"),
    ],
)
def test_what_cannot_be_done_says_why_and_no_password(
    folder: Path, arguments: tuple[str, ...], exit: Exit, said: str
) -> None:
    result = migrate(*arguments)
    assert result.exit_code == exit, result.output
    assert said in result.stderr


@pytest.mark.service
def test_a_move_tells_what_it_did_and_what_to_do_next(folder: Path, postgresql_url: str, tmp_path: Path) -> None:
    """The URL comes from a file here, so that nobody sees it among the processes. Once moved, the settings may name
    the new data base already: what is left of the old one is found all the same."""
    (tmp_path / "url").write_text(postgresql_url, encoding="utf-8")
    done = migrate("--to", f"file:{tmp_path / 'url'}")
    assert done.exit_code == Exit.OK, done.output
    assert "Set database_url to the new one" in done.stdout
    (tmp_path / "firstline.toml").write_text(f'database_url = "file:{tmp_path / "url"}"\n', encoding="utf-8")
    again = migrate("--to", f"file:{tmp_path / 'url'}")
    assert again.exit_code == Exit.ENVIRONMENT
    assert "set database_url to it" in again.stderr
    assert migrate("--json").exit_code == Exit.OK
