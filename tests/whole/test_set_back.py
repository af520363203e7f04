"""A store that is set back while a node runs: the node ends, and says why."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from tests.support import eventually_true
from tests.whole.nodes import redis_server
from tests.whole.server import Server, offered

pytestmark = [pytest.mark.slow, pytest.mark.service]


def archived(folder: Path) -> int:
    """The event at which history ends."""
    with closing(sqlite3.connect(folder / "archive.db")) as database:
        position: int = database.execute("SELECT position FROM archive_position").fetchone()[0]
    return position


def test_a_node_ends_when_its_redis_is_emptied(tmp_path: Path) -> None:
    """It would accept work in a past that history knows nothing of, and no node would ever start on that."""
    with redis_server(tmp_path) as redis_url:
        folder = tmp_path / "data"
        folder.mkdir()
        node = Server(folder, {"FIRSTLINE_REDIS_URL": redis_url})
        try:
            node.start_new()
            assert node.post("/api/v1/events", offered(1), headers={"Prefer": "wait=5"})[0] == 200
            eventually_true(lambda: archived(folder) > 0, within_s=20)
            with closing(Redis.from_url(redis_url)) as raw:
                raw.flushall()
            eventually_true(lambda: node.process.poll() is not None, within_s=30)
        finally:
            node.kill()
        assert node.process.returncode == 5
        assert "restore both from the same backup" in (folder / "log").read_text()
