"""What breaks under a node and comes back: refused honestly meanwhile, nothing lost, nothing doubled, nobody needed."""

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from tests.disks import empty, fill, small_disk
from tests.support import eventually_true
from tests.whole.postgres import Postgres
from tests.whole.server import Server, offered

pytestmark = [pytest.mark.slow, pytest.mark.service]

WAIT = {"Prefer": "wait=5"}
DISK_MIB = 96


class Pbx:
    """A telephone system that tells of calls without a pause, each again until it is acknowledged, and reads a list."""

    def __init__(self, server: Server, first: int) -> None:
        self._server = server
        self._next = first
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.items: dict[int, str] = {}
        self.statuses: Counter[int] = Counter()
        self.read: Counter[int] = Counter()

    def __enter__(self) -> "Pbx":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            status, answer = self._server.post("/api/v1/events", offered(self._next), headers=WAIT)
            self.statuses[status] += 1
            if status == 200:
                self.items[self._next] = answer["item"]
                self._next += 1
            self.read[self._server.request("GET", "/api/v1/history/items?limit=5", None, key=self._server.token)[0]] += 1


def logged(server: Server, event: str) -> list[dict[str, Any]]:
    """What the node and its archive said under this name."""
    lines = (server.folder / "log").read_text().splitlines()
    said = (json.loads(line) for line in lines if line.startswith("{"))
    return [entry for entry in said if entry["event"] == event]


def metric(server: Server, name: str) -> float:
    """A figure of /metrics by name and labels; 0 where there is none."""
    told = server.text("/metrics")
    return next((float(line.split()[-1]) for line in told.splitlines() if line.startswith(f"{name} ")), 0.0)
