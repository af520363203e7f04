"""A node that works is backed up, dies, and goes on elsewhere: nothing accepted is missing, no mail leaves twice."""

import asyncio
import io
import json
import shutil
import sqlite3
import tarfile
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import socketio
from typer.testing import CliRunner, Result

from router.cli.app import app
from tests.email.relay import Relay, listening
from tests.support import eventually, eventually_true
from tests.whole.server import CENTRE, PASSWORD, Server, offered

pytestmark = [pytest.mark.slow, pytest.mark.service]

AWAY = 1
"""A port at which no mail server answers."""

BLOCK = 4_096
"""Bytes that a disk loses at once."""

SIGNED_WITH = "whsec_" + 32 * "A"
WAIT = {"Prefer": "wait=5"}
DOORS = """
  mailbox: {channel: email, address: help@desk.example, queue: help}
  experts: {channel: phone, address: "+3222000009", queue: expert}
"""
HOME = 'data_dir = "{folder}"\n'
HISTORY = 'database_url = "sqlite:///{folder}/archive.db"\n'
SETTINGS = """
[mailboxes.help]
address = "help@desk.example"
[mailboxes.help.smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
[webhooks.secrets]
crm = "file:{folder}/crm.secret"
"""


@dataclass(frozen=True)
class Old:
    """The node that died: what it had said before the backup began, and the backup."""

    server: Server
    file: Path
    position: int
    archived: int
    digest: str
    calls: dict[int, str]
    replied: dict[str, Any]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    """A server with calls that wait and a reply whose mail server is away; backed up amid more calls, then killed."""
    server, file = Server(tmp_path_factory.mktemp("old")), tmp_path_factory.mktemp("kept") / "backup.tar.gz"
    settings = (HOME + HISTORY + SETTINGS).format(port=AWAY, folder=server.folder)
    (server.folder / "firstline.toml").write_text(settings)
    (server.folder / "crm.secret").write_text(SIGNED_WITH)
    (server.folder / "centre.yaml").write_text(CENTRE + DOORS[1:])
    try:
        server.start_new(CENTRE + DOORS[1:])
        ann = {"agent": "ann", "grants": [{"role": "agent", "teams": ["first"]}], "password": PASSWORD}
        status, _ = server.request(
            "PUT", "/api/v1/accounts/ann", json.dumps(ann | {"must_change": False}).encode(), key=server.token
        )
        assert status in (200, 201)
        replied = asyncio.run(answered(server, mailed(server, 1), "We look into it."))
        calls = {number: call(server, number) for number in range(30)}
        with more_calls(server, 1_000):
            facts = json.loads(firstline(server, "backup", str(file), "--json"))
        eventually_true(lambda: archived(server) >= facts["position"])
    finally:
        server.kill()
    digest = replayed(server, facts["position"])
    yield Old(server, file, facts["position"], facts["archived"], digest, calls, replied)


def firstline(server: Server, *arguments: str) -> str:
    """What a command says that succeeds."""
    ended = server.cli(*arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def call(server: Server, number: int) -> str:
    """The item of a call that nobody is there to take."""
    event = offered(number)
    event["data"] = {"call": f"k{number}", "to": "+3222000009", "from": "+32470000000"}
    status, answer = server.post("/api/v1/events", event, headers=WAIT)
    assert status == 200, answer
    return str(answer["item"])


def mailed(server: Server, number: int) -> str:
    """The item of a mail."""
    data = {"to": "help@desk.example", "from": f"c{number}@home.example", "subject": "Hello", "text": "How far is it?"}
    event = {"specversion": "1.0", "source": "/forms", "id": f"m{number}", "type": "mail.received", "data": data}
    status, answer = server.post("/api/v1/events", event, headers=WAIT)
    assert status == 200, answer
    return str(answer["item"])


async def answered(server: Server, item: str, text: str) -> dict[str, Any]:
    """Ann takes the item, answers the customer and goes home. The item, with its delivery."""
    async with at_work(server) as (ann, items):
        await eventually(lambda: items.get(item, {}).get("state") == "reserved")
        for event, more in (("accept", {}), ("reply", {"text": text}), ("pending", {})):
            done = await ann.call(event, {"item": item, **more}, namespace="/agent")
            assert done["ok"], done
        assert (await ann.call("presence", {"state": "offline"}, namespace="/agent"))["ok"]
        return dict(server.get(f"/api/v1/items/{item}")[1])


@asynccontextmanager
async def at_work(server: Server) -> AsyncIterator[tuple[socketio.AsyncClient, dict[str, Any]]]:
    """Ann's client, available, and her items as they are pushed."""
    login = json.dumps({"login": "ann", "password": PASSWORD}).encode()
    token = server.request("POST", "/api/v1/login", login)[1]["access_token"]
    ann, items = socketio.AsyncClient(reconnection=False), dict[str, Any]()
    ann.on("change", lambda body: items.update(body["set"].get("items", {})), namespace="/agent")
    await ann.connect(server.url, auth={"token": token}, namespaces=["/agent"], transports=["websocket"])
    assert (await ann.call("presence", {"state": "available"}, namespace="/agent"))["ok"]
    yield ann, items
    await ann.disconnect()


class more_calls:
    """Calls that come in, one after the other, as long as this is entered."""

    def __init__(self, server: Server, first: int) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(server, first))

    def _run(self, server: Server, number: int) -> None:
        while not self._over.is_set():
            call(server, number)
            number += 1

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def archived(server: Server) -> int:
    """Up to which event history is."""
    with closing(sqlite3.connect(f"file:{server.folder / 'archive.db'}?mode=ro", uri=True)) as database:
        [position] = database.execute("SELECT position FROM archive_position").fetchone()
        return int(position)


def replayed(server: Server, position: int) -> str:
    """The digest of the state that history leads to at this position."""
    found = json.loads(firstline(server, "replay", "--at", str(position), "--json"))
    assert found["position"] == position
    return str(found["digest"])


def refused(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """A command that ends with an error."""
    ended = CliRunner().invoke(app, list(arguments), env=env)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    assert ended.exit_code in (1, 5), ended.output
    return ended


def restored(old: Old, folder: Path) -> tuple[Server, dict[str, Any]]:
    """The backup in a folder of another machine, and what the command said."""
    new = Server(folder)
    new.key = old.server.key
    return new, json.loads(firstline(new, "restore", str(old.file), "--json"))


async def test_a_restored_node_goes_on_from_the_backup(old: Old, tmp_path: Path) -> None:
    """Everything accepted before the backup is there, the log goes on from the same state, agents answer on; the reply
    that waited ends unknown, because the old node may have sent it since, and does not leave by itself."""
    assert old.archived <= old.position
    assert {each["state"] for each in old.replied["deliveries"].values()} <= {"queued", "sending"}
    new, said = restored(old, tmp_path / "new")
    assert said == {"data": str(new.folder), "position": old.position, "unknown": 1}
    async with listening(Relay()) as relay:
        settings = new.folder / "firstline.toml"
        here = (HOME + SETTINGS).format(port=AWAY, folder=new.folder)
        assert settings.read_text() == here, "what it names came along, and nothing names the old folder"
        assert (new.folder / "crm.secret").read_text() == SIGNED_WITH
        assert (new.folder / "centre.yaml").read_text() == CENTRE + DOORS[1:]
        settings.write_text(SETTINGS.format(port=relay.port, folder=new.folder))
        await asyncio.to_thread(new.start)
        try:
            await goes_on(old, new, relay)
        finally:
            assert await asyncio.to_thread(new.stop) == 0
    assert await asyncio.to_thread(replayed, new, old.position) == old.digest


async def goes_on(old: Old, new: Server, relay: Relay) -> None:
    """What the restored node knows and does."""
    assert {number: call(new, number) for number in old.calls} == old.calls, "told again, each call is known"
    now = new.get(f"/api/v1/items/{old.replied['id']}")[1]
    assert [each["state"] for each in now["deliveries"].values()] == ["unknown"]
    assert [each["code"] for each in now["deliveries"].values()] == ["restored"]
    story = new.get(f"/api/v1/conversations/{now['conversation']}/messages")[1]
    assert [message["text"] for message in story["rows"]] == ["How far is it?", "We look into it."]
    again = await answered(new, mailed(new, 2), "It is done.")
    await eventually(relay.arrived.is_set)
    assert [to for _, to in relay.envelopes] == [["c2@home.example"]], "the mail that waited stayed"
    assert again["agent"] == "ann"
    await asyncio.to_thread(eventually_true, lambda: archived(new) >= old.position)


def test_the_folder_of_a_stopped_node_is_backed_up_too(old: Old, tmp_path: Path) -> None:
    """The same command, the same file; and only its owner may read it."""
    file = tmp_path / "stopped.tar.gz"
    assert json.loads(firstline(old.server, "backup", str(file), "--json"))["position"] >= old.position
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [file.name], "nothing is left beside it"
    again = refused("backup", str(file), "--data", str(old.server.folder))
    assert again.exit_code == 5 and f"The file {file} exists" in again.stderr


def test_a_damaged_backup_is_refused_and_leaves_nothing(old: Old, tmp_path: Path) -> None:
    """Cut off anywhere, or changed in one byte of one member: the folder stays empty."""
    whole, bad = old.file.read_bytes(), tmp_path / "bad.tar.gz"
    changed = tmp_path / "changed.tar.gz"
    with tarfile.open(old.file) as source, tarfile.open(changed, "w:gz") as target:
        for member in source:
            file = source.extractfile(member)
            assert file is not None
            data = bytearray(file.read())
            if member.name == "archive.db":
                data[-1] ^= 1
            target.addfile(member, io.BytesIO(data))
    for damaged in (whole[: len(whole) // 2], whole[:-2_000], b"PK" + whole[2:], changed.read_bytes()):
        bad.write_bytes(damaged)
        said = refused("restore", str(bad), "--data", str(tmp_path / "new"))
        assert said.exit_code == 1 and "damaged" in said.stderr, said.stderr
        assert list((tmp_path / "new").iterdir()) == []


def test_what_no_server_could_go_on_from_is_not_backed_up(old: Old, tmp_path: Path) -> None:
    """A log that is damaged on disk is noticed when it is backed up, not when the backup is needed."""
    rotten = tmp_path / "rotten"
    shutil.copytree(old.server.folder, rotten, ignore=shutil.ignore_patterns("run", "firstline.toml"))
    (log,) = rotten.glob("redis/appendonlydir/*.incr.aof")
    data = log.read_bytes()
    log.write_bytes(data[: len(data) // 2] + bytes(BLOCK) + data[len(data) // 2 + BLOCK :])
    said = refused("backup", str(tmp_path / "file"), "--data", str(rotten))
    assert said.exit_code == 1 and "does not hold together" in said.stderr, said.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["rotten"]


def test_a_backup_holds_no_way_out_of_the_folder(tmp_path: Path) -> None:
    """A forged file names no other place: the name is refused before anything is written there."""
    forged = tmp_path / "forged.tar.gz"
    facts = {"format": 1, "firstline": "0", "shape": 1, "made_at_ms": 0, "domain": "main", "beside": "/"}
    (tmp_path / "facts").write_text(json.dumps(facts | {"position": 0, "digest": "", "archived": 0}))
    with tarfile.open(forged, "w:gz") as tar:
        tar.add(tmp_path / "facts", "backup.json")
        tar.add(tmp_path / "facts", "blobs/../../outside")
    said = refused("restore", str(forged), "--data", str(tmp_path / "new"))
    assert said.exit_code == 1 and "outside" in said.stderr
    assert not (tmp_path / "outside").exists()


def test_a_backup_of_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    newer = tmp_path / "newer.tar.gz"
    facts = {"format": 1, "firstline": "99.1", "shape": 999, "made_at_ms": 0, "domain": "main", "beside": "/"}
    (tmp_path / "facts").write_text(json.dumps(facts | {"position": 0, "digest": "", "archived": 0}))
    with tarfile.open(newer, "w:gz") as tar:
        tar.add(tmp_path / "facts", "backup.json")
    said = refused("restore", str(newer), "--data", str(tmp_path / "new"))
    assert said.exit_code == 5 and "99.1" in said.stderr


def test_a_folder_that_holds_something_is_left_alone(old: Old) -> None:
    """Restoring never mixes with what is there, least of all with another node."""
    before = sorted(path.name for path in old.server.folder.iterdir())
    said = refused("restore", str(old.file), "--data", str(old.server.folder))
    assert said.exit_code == 5 and "not empty" in said.stderr and "--data" in said.stderr
    assert sorted(path.name for path in old.server.folder.iterdir()) == before


def test_where_there_is_nothing_to_back_up_it_is_said(tmp_path: Path) -> None:
    """A folder, a Redis or a data base that no server ever ran on; and no file is left."""
    said = refused("backup", str(tmp_path / "file"), "--data", str(tmp_path / "none"))
    assert said.exit_code == 5 and "has a server ever run" in said.stderr
    (tmp_path / "firstline.toml").write_text('redis_url = "redis://127.0.0.1:1"\n')
    (tmp_path / "secret").write_text(48 * "x")
    said = refused("backup", str(tmp_path / "file"), "--data", str(tmp_path))
    assert said.exit_code == 5 and "has a server ever run" in said.stderr
    (tmp_path / "secret").unlink()
    said = refused("backup", str(tmp_path / "file"), "--data", str(tmp_path))
    assert said.exit_code == 5 and "The secret of the nodes is not here" in said.stderr
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("name", ["redis", "archive.db", "secret", "restoring", "a:b"])
def test_what_could_not_be_restored_under_its_name_is_refused_when_it_is_backed_up(tmp_path: Path, name: str) -> None:
    """A file beside the settings ends up beside the parts of the data folder: it would be lost there."""
    data, settings = tmp_path / "data", tmp_path / "firstline.toml"
    (data / "redis" / "appendonlydir").mkdir(parents=True)
    (data / "secret").write_text(48 * "x")
    (tmp_path / name).write_text(SIGNED_WITH)
    settings.write_text(f'data_dir = "{data}"\n[webhooks.secrets]\ncrm = "file:{tmp_path / name}"\n')
    said = refused("backup", str(tmp_path / "file"), "--config", str(settings))
    assert said.exit_code == 5 and f"{tmp_path / name} cannot be restored" in said.stderr


def test_a_backup_is_replayed_from_its_first_event_to_its_live_records(old: Old, tmp_path: Path) -> None:
    """The state that it leads to is the one that the node had; what is no backup, or a damaged one, is told apart."""
    content = old.file.read_bytes()
    found = json.loads(firstline(old.server, "replay", str(old.file), "--json"))
    assert (found["began"], found["archived"], found["position"]) == (0, old.archived, old.position)
    assert (found["digest"], found["live_records"], found["broken"]) == (old.digest, True, [])
    assert old.file.read_bytes() == content
    assert [path for path in old.file.parent.iterdir() if path.name.startswith(".")] == [], "nothing is left beside it"
    torn, other = tmp_path / "torn.tar.gz", tmp_path / "other.db"
    torn.write_bytes(content[: len(content) // 2])
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE mine (id INTEGER)")
    for file, code, said in (
        (torn, 1, "is damaged"),
        (other, 5, "no archive of Firstline"),
        (tmp_path / "none", 5, "none"),
    ):
        ended = refused("replay", str(file))
        assert (ended.exit_code, said in ended.output) == (code, True), ended.output
