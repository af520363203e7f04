"""What several nodes know, on a Redis and a PostgreSQL of an operator's own, is one backup like any other."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from router.archive.database import plain_engine
from tests.archive.conftest import _create, postgresql  # noqa: F401 - the second is a fixture
from tests.backup.test_backup import DOORS, call, firstline, more_calls, refused, replayed
from tests.support import eventually_true
from tests.whole.nodes import Nodes, redis_server
from tests.whole.server import CENTRE, Server

pytestmark = [pytest.mark.slow, pytest.mark.service]

LONG = "word " * 20_000
"""A text that lies in a blob."""


@dataclass(frozen=True)
class Old:
    """The nodes that died: what they had said before the backup began, and the backup."""

    file: Path
    position: int
    digest: str
    key: str
    calls: dict[int, str]
    mail: str


@pytest.fixture(scope="module")
def database_urls(postgresql: str) -> tuple[str, str]:  # noqa: F811
    """Two empty data bases."""
    return _create(postgresql, "before"), _create(postgresql, "after")


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, redis_url: str, database_urls: tuple[str, str]) -> Iterator[Old]:
    """Two nodes with calls that wait and a long mail, backed up from a third place amid more calls on both; killed."""
    folder, file = tmp_path_factory.mktemp("old"), tmp_path_factory.mktemp("kept") / "backup.tar.gz"
    nodes = Nodes(folder, redis_url, database_urls[0])
    one, two, aside = nodes.node("one"), nodes.node("two"), nodes.node("aside")
    try:
        one.start_new(CENTRE + DOORS[1:])
        two.start()
        two.key = one.key
        calls = {number: call((one, two)[number % 2], number) for number in range(30)}
        mail = _mailed(two)
        with more_calls(one, 1_000), more_calls(two, 2_000):
            facts = json.loads(firstline(aside, "backup", str(file), "--json"))
        eventually_true(lambda: _archived(database_urls[0]) >= facts["position"])
        digest = replayed(aside, facts["position"])
    finally:
        for node in (one, two):
            if node.started:
                node.kill()
    yield Old(file, facts["position"], digest, one.key, calls, mail)


def _mailed(node: Server) -> str:
    """The conversation of a mail that is too long for the log."""
    data = {"to": "help@desk.example", "from": "c@home.example", "subject": "Hello", "text": LONG}
    event = {"specversion": "1.0", "source": "/forms", "id": "m", "type": "mail.received", "data": data}
    status, answer = node.post("/api/v1/events", event, headers={"Prefer": "wait=5"})
    assert status == 200, answer
    return str(node.get(f"/api/v1/items/{answer['item']}")[1]["conversation"])


def _archived(url: str) -> int:
    engine = plain_engine(url)
    with engine.connect() as connection:
        position = connection.execute(text("SELECT position FROM archive_position")).scalar_one()
    engine.dispose()
    return int(position)


def _goes_on(old: Old, new: Server, database_url: str) -> None:
    """All that was acknowledged before the backup is known, once each, and more can come."""
    new.key = old.key
    new.start()
    try:
        assert {number: call(new, number) for number in old.calls} == old.calls, "told again, each call is known"
        rows: list[dict[str, Any]] = new.get(f"/api/v1/conversations/{old.mail}/messages")[1]["rows"]
        assert [row["text"].strip() for row in rows] == [LONG.strip()]
        assert call(new, 9_999) not in old.calls.values()
        eventually_true(lambda: _archived(database_url) >= old.position)
    finally:
        assert new.stop() == 0
    assert replayed(new, old.position) == old.digest


def test_it_is_restored_into_one_node_that_has_everything_in_its_folder(old: Old, tmp_path: Path) -> None:
    new = Server(tmp_path / "new")
    said = json.loads(firstline(new, "restore", str(old.file), "--json"))
    assert said == {"data": str(new.folder), "position": old.position, "unknown": 0}
    _goes_on(old, new, f"sqlite:///{new.folder}/archive.db")


def test_it_is_restored_into_a_redis_and_a_postgresql_that_are_empty(
    old: Old, tmp_path: Path, redis_url: str, database_urls: tuple[str, str]
) -> None:
    """And only there: what is in use is left alone, and named."""
    places = {
        "FIRSTLINE_REDIS_URL": f"{redis_url}?db=1",
        "FIRSTLINE_DATABASE_URL": database_urls[1],
        "FIRSTLINE_BLOBS_URL": f"file://{tmp_path}/blobs",
    }
    for name, taken, problem in (
        ("FIRSTLINE_REDIS_URL", redis_url, "has a domain main already"),
        ("FIRSTLINE_DATABASE_URL", database_urls[0], "is not empty"),
        ("FIRSTLINE_SECRET", "x" * 40, "is not that of the backup"),
    ):
        ended = refused("restore", str(old.file), "--data", str(tmp_path / "no"), env=places | {name: taken})
        assert ended.exit_code == 5 and problem in ended.stderr, ended.stderr
        assert not (tmp_path / "no").exists() or not list((tmp_path / "no").iterdir())
    new = Server(tmp_path / "new", places)
    said = json.loads(firstline(new, "restore", str(old.file), "--json"))
    assert said["position"] == old.position
    assert sorted(path.name for path in new.folder.iterdir()) == ["node", "secret"]
    _goes_on(old, new, database_urls[1])
