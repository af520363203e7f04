"""`firstline doctor`: each thing that can be wrong is named by its check, and said to be good when it is."""

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis.asyncio import Redis
from typer.testing import CliRunner

from router.archive.migrate import upgrade
from router.centre.parse import parse
from router.cli.app import app
from router.cli.doctor import centre, database, kept, machine, mail, redis, server
from router.cli.doctor.examine import everything
from router.cli.doctor.finding import Finding
from router.cli.outcome import Exit
from router.core.state import State, load
from router.runtime.accounts import Account, Grant
from router.runtime.embedded import Embedded
from router.settings import Settings
from tests.disks import fill, small_disk
from tests.email.conftest import dovecot
from tests.email.servers import PASSWORD, Dovecot
from tests.support import free_port

__all__ = ["dovecot"]
FIRSTLINE = [sys.executable, "-m", "router.cli"]

CENTRE = """
skills:
  fr: {kind: language}
queues: {first: {}, second: {}}
teams:
  team: {serves: {first: 1}}
agents:
  ann: {teams: [team], skills: {fr: 3}}
entry_points:
  mailbox: {channel: email, address: help@desk.example, queue: first}
"""
ADMIN = Account(login="lea", grants=(Grant(role="admin"),))
ANN = Account(login="ann", agent="ann")
BOX = {"help": {"address": "Help@desk.example"}}


class Patient:
    """An installation whose doctor is asked, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
        self.environ = clean | {"FIRSTLINE_DATA_DIR": str(self.data), "FIRSTLINE_PORT": str(free_port())}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [*FIRSTLINE, *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=60, check=False)

    def examined(self) -> dict[str, dict[str, str]]:
        """The findings by check, none of them bad; of several of one check the last."""
        result = self.run("doctor", "--json")
        assert result.returncode == Exit.OK, result.stdout + result.stderr
        return {finding["check"]: finding for finding in json.loads(result.stdout.splitlines()[0])["findings"]}

    def set_up(self) -> None:
        """With a chat, without mail."""
        file = self.data.with_name("answers.yaml")
        people = {"leader": {"login": "lea"}, "agents": [{"login": "ann"}, {"login": "bob", "line": 2}]}
        file.write_text(yaml.safe_dump({"name": "Desk", "chat": {"site": "desk.example"}, **people}))
        made = self.run("init", "--answers", str(file))
        assert made.returncode == Exit.OK, made.stderr


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    return Patient(tmp_path)


# -- machine, settings, secrets -----------------------------------------------------------------------------


def test_what_is_in_the_way_is_bad_and_what_can_wait_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    (data / "secret").touch(mode=0o644)
    monkeypatch.setenv("FIRSTLINE_PROT", "1")
    found = {one.check: one for one in machine.look(Settings(data_dir=data))}
    assert found["data_folder"].mend == f"chmod 700 {data}"
    assert (found["secret"].verdict, found["environment"].verdict) == ("bad", "warning")
    assert "FIRSTLINE_PORT" in found["environment"].what


@pytest.mark.parametrize(("allowed", "verdict"), [(1_000, "warning"), (5_000, "good")])
def test_too_few_connections_are_a_warning(allowed: int, verdict: str) -> None:
    """In a process of its own: a limit that was lowered stays so."""
    look = "from router.cli.doctor import machine; one, = machine._descriptors(); print(one.verdict, one.what)"
    lowered = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({allowed}, {allowed})); {look}"
    said = subprocess.run(
        [sys.executable, "-c", lowered], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    assert said.startswith(verdict) and str(allowed) in said


def test_settings_that_cannot_be_used_are_findings_too(tmp_path: Path) -> None:
    """A secret whose file is missing, and one that everybody may read, are named with the file."""
    (tmp_path / "firstline.toml").write_text(
        "prot = 1\n[webhooks.secrets]\npbx = 'file:/nowhere/pbx'\nform = 'whsec_x'\n", encoding="utf-8"
    )
    (tmp_path / "firstline.toml").chmod(0o644)
    result = CliRunner().invoke(app, ["doctor", "--json", "--data", str(tmp_path)])
    assert result.exit_code == Exit.FAILED
    found = json.loads(result.stdout.splitlines()[0])["findings"]
    assert any("did you mean 'port'" in one["what"] for one in found if one["check"] == "settings")
    secrets = [one for one in found if one["check"] == "secrets"]
    assert [one["verdict"] for one in secrets] == ["bad", "bad"]
    assert ("chmod 600" in secrets[0]["mend"], "/nowhere/pbx" in secrets[1]["what"]) == (True, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
async def test_a_folder_of_another_user_is_not_looked_into(tmp_path: Path) -> None:
    """Opening its stores as root would leave files there that the server, its owner, cannot use."""
    shutil.chown(tmp_path, "nobody")
    settings = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/archive.db", port=free_port())
    found = {one.check: one for one in await everything(settings, tmp_path / "firstline.toml", offline=True)}
    assert "sudo -u" in found["data_folder"].mend
    assert found.keys().isdisjoint({"redis", "database", "centre"})


async def test_a_disk_that_is_nearly_full_is_bad(tmp_path: Path) -> None:
    """The server takes nothing new in then."""
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", 64) as disk:
        fill(disk, leave=1_000_000)
        found = {one.check: one for one in await asyncio.to_thread(_looked_at, Settings(data_dir=disk / "new"))}
    assert found["disk"].verdict == "bad"
    assert "takes nothing new in" in found["disk"].mend


def _looked_at(settings: Settings) -> list[Finding]:
    return list(machine.look(settings))


async def test_a_port_that_another_program_has_is_bad(tmp_path: Path) -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        (finding,) = [one async for one in server.look(Settings(data_dir=tmp_path, port=port))]
    assert (finding.check, finding.verdict) == ("port", "bad")


async def test_a_data_base_of_a_newer_version_is_bad(tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    settings = Settings(data_dir=tmp_path, database_url=f"sqlite:///{file}")
    (finding,) = [one async for one in database.look(settings, offline=False)]
    assert (finding.verdict, "'9999'" in finding.what) == ("bad", True)


# -- what is set up -----------------------------------------------------------------------------------------


@pytest.mark.service
@pytest.mark.slow
def test_an_installation_is_examined_before_init_after_it_and_while_it_runs(patient: Patient) -> None:
    """The centre is read without a server as beside one; the server is asked whether it is ready."""
    before = patient.examined()
    assert before.keys() >= {"settings", "python", "data_folder", "disk", "fsync", "pages", "port", "redis", "database"}
    assert "firstline init" in before["centre"]["mend"]
    assert not patient.data.exists()
    patient.set_up()
    assert "all fits" in patient.examined()["centre"]["what"]
    with subprocess.Popen(
        [*FIRSTLINE, "serve"], env=patient.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline()
            found = patient.examined()
        finally:
            running.terminate()
    assert ("is ready" in found["server"]["what"], "all fits" in found["centre"]["what"]) == (True, True)


@pytest.mark.service
async def test_a_damaged_log_is_bad_and_the_command_that_mends_it_is_named(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'archive.db'}")
    await upgrade(settings.database_url)
    server = Embedded(tmp_path / "redis")
    await server.start()
    await server.stop()
    [log] = (tmp_path / "redis" / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(bytes(4096))
    [finding] = [finding async for finding in kept.look(settings, offline=False)]
    assert finding.verdict == "bad"
    assert "'firstline repair'" in finding.what


@pytest.mark.service
async def test_a_log_that_ends_before_history_is_bad(tmp_path: Path) -> None:
    """Part of the folder was lost: a server would refuse to start."""
    settings = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'archive.db'}")
    (tmp_path / "redis").mkdir()
    await upgrade(settings.database_url)
    assert "log" not in {finding.check async for finding in kept.look(settings, offline=False)}
    with contextlib.closing(sqlite3.connect(tmp_path / "archive.db")) as history:
        history.execute("UPDATE archive_position SET position = 7")
        history.commit()
    (torn,) = [finding async for finding in kept.look(settings, offline=False)]
    assert (torn.check, torn.verdict) == ("log", "bad")
    assert torn.what.startswith("the log ends at event 0, and history has those up to 7")


@pytest.mark.service
async def test_a_mailbox_that_cannot_be_read_says_why(tmp_path: Path, dovecot: Dovecot) -> None:
    imap = {"host": "127.0.0.1", "port": dovecot.imap_port, "tls": "none", "user": dovecot.new_user()}

    async def found(password: str, *, offline: bool = False) -> list[tuple[str, str, str]]:
        box = {"address": "help@desk.example", "imap": {**imap, "password": password}}
        settings = Settings(data_dir=tmp_path, mailboxes={"help": box})
        return [(one.check, one.verdict, one.what) async for one in mail.look(settings, offline=offline)]

    (check, verdict, what), (sends, *_) = await found("wrong")
    assert (check, verdict, "[login_refused]" in what, sends) == ("mailbox", "bad", True, "mail_server")
    assert (await found(PASSWORD))[0][1] == "good"
    assert await found("wrong", offline=True) == []


@pytest.fixture
async def theirs(tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings that name a Redis as they come: one that forgets."""
    server = Embedded(tmp_path / "redis")
    await server.start()
    client = Redis.from_url(server.url)
    await client.config_set("appendfsync", "everysec")
    await client.config_set("maxmemory-policy", "allkeys-lru")
    yield Settings(data_dir=tmp_path, redis_url=server.url)
    await client.aclose()
    await server.stop()


@pytest.mark.service
async def test_a_redis_that_may_forget_is_bad(theirs: Settings) -> None:
    found = [finding async for finding in redis.look(theirs, offline=False)]
    assert [(one.check, one.verdict) for one in found] == [
        ("redis", "good"),
        ("redis_persistence", "bad"),
        ("redis_persistence", "bad"),
    ]
    assert [one.mend for one in found[1:]] == [
        "Set appendfsync always in its settings",
        "Set maxmemory-policy noeviction in its settings",
    ]


async def test_a_redis_that_is_away_is_bad_and_not_asked_for_offline(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, redis_url=f"redis://127.0.0.1:{free_port()}")
    (finding,) = [finding async for finding in redis.look(settings, offline=False)]
    assert (finding.check, finding.verdict) == ("redis", "bad")
    assert [finding async for finding in redis.look(settings, offline=True)] == []


# -- the centre ---------------------------------------------------------------------------------------------


def state(text: str) -> State:
    """The state that a centre file leads to."""
    return load(
        (((str(record.__struct_config__.tag), record.id), record) for record in parse(text).records), routing=False
    )


def told(text: str = CENTRE, accounts: Any = (ADMIN, ANN), boxes: Any = BOX) -> list[Finding]:
    return list(centre.look(state(text), accounts, boxes))


def test_a_queue_that_nobody_serves_is_named() -> None:
    assert [one.what for one in told()] == ["queues that nobody serves: second"]


def test_what_is_in_the_same_case_is_one_finding() -> None:
    more = "".join(f"  b{number}: {{}}\n" for number in range(7))
    (finding,) = [
        one for one in told(CENTRE.replace("entry_points:", f"{more}entry_points:")) if one.check == "accounts"
    ]
    assert finding.what == "agents who cannot log in: b0, b1, b2, b3, b4 and 2 more"


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        ((ANN,), "nobody is admin"),
        ((ADMIN,), "agents who cannot log in: ann"),
        ((ADMIN, ANN, Account(login="bo", agent="gone")), "log-ins whose agent does not exist: bo"),
    ],
)
def test_accounts_and_agents_belong_together(accounts: tuple[Account, ...], said: str) -> None:
    assert [one.what for one in told(accounts=accounts) if one.check == "accounts"] == [said]


def test_a_language_that_nobody_speaks_is_named() -> None:
    text = CENTRE.replace("  fr: {kind: language}", "  fr: {kind: language}\n  nl: {kind: language}")
    assert [one.what for one in told(text) if one.check == "languages"] == ["languages that nobody speaks: nl"]
    elsewhere = text.replace(
        "\nagents:", "\n  other: {serves: {second: 1}}\nagents:\n  bo: {teams: [other], skills: {nl: 3}}"
    )
    assert [one.what for one in told(elsewhere) if one.check == "languages"] == ["languages that nobody speaks: nl"]


def test_mailboxes_and_entry_points_name_each_other() -> None:
    """A mailbox whose address is no entry point is bad: its mail would never come in."""
    found = [one for one in told(boxes={"info": {"address": "info@desk.example"}}) if one.check == "entry_points"]
    assert [(one.verdict, "info" in one.what) for one in found] == [("bad", True), ("warning", False)]
