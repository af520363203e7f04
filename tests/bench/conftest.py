"""A small run as the players and the archive would have left it, for the checker to judge and the tests to spoil."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import create_engine

from router.archive.schema import metadata
from router.bench.checker import Verdict, check
from router.bench.journal import Acted, Journal, Line, Promised, Pushed, Sent
from router.wire.codec import digest

MS = 1_000_000

DEFAULTS = {"TEXT": "", "VARCHAR(255)": "", "BIGINT": 0, "BOOLEAN": 0, "JSON": "{}"}


@dataclass
class Run:
    """What was played (`lines`), the log (`events`, one entry each) and the archive's rows (`sql`)."""

    folder: Path
    sql: sqlite3.Connection
    lines: list[Line] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def insert(self, table: str, **values: Any) -> None:
        """A row; columns that matter nothing to the checker are filled in."""
        columns = self.sql.execute(f"PRAGMA table_info({table})").fetchall()
        row = {name: DEFAULTS.get(kind, "") for _, name, kind, notnull, *_ in columns if notnull} | values
        names = ", ".join(f'"{name}"' for name in row)
        self.sql.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def judge(self, key: str = "") -> Verdict:
        """Write it all down and have it checked."""
        before = ""
        for position, event in enumerate(self.events, 1):
            handled = [{"command": position, "key": f"key-{position}"}]
            entry = {"first": position, "last": position, "before": before, "handled": handled, "events": [event]}
            data = msgspec.msgpack.encode(entry)
            before = digest(before, data)
            self.insert("entries", first=position, last=position, digest=before, data=data)
        self.sql.commit()
        with Journal(self.folder / "journal.jsonl") as journal:
            for line in self.lines:
                journal.note(line)
        return check([self.folder / "journal.jsonl"], self.folder / "archive.db")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """One call (closed), one mail (waiting), one chat (escalated). Nothing is wrong."""
    archive = tmp_path / "archive.db"
    engine = create_engine(f"sqlite:///{archive}")
    metadata.create_all(engine)
    engine.dispose()
    sql = sqlite3.connect(archive)
    run = Run(tmp_path, sql)
    _play_call(run)
    _play_mail(run)
    _play_chat(run)
    yield run
    sql.close()


def _play_call(run: Run) -> None:
    run.lines += [
        Sent(at_ns=1 * MS, channel="phone", mark="call-1"),
        Promised(at_ns=2 * MS, channel="phone", mark="call-1", receipt="a2V5LTE"),
        Pushed(at_ns=5 * MS, agent="ann", item="item-1", reservation="r1"),
        Acted(at_ns=6 * MS, agent="ann", item="item-1", action="accept", reservation="r1"),
        Acted(at_ns=9 * MS, agent="ann", item="item-1", action="complete"),
    ]
    run.events += [
        {"type": "ItemOpened", "item": "item-1", "channel": "phone", "call": "call-1"},
        {"type": "ReservationMade", "item": "item-1", "agent": "ann", "reservation": "r1"},
        {"type": "ReservationAccepted", "item": "item-1", "agent": "ann", "reservation": "r1"},
        {"type": "ItemClosed", "item": "item-1", "agent": "ann"},
    ]
    run.insert("items", id="item-1", channel="phone", outcome="completed", closed_at_ms=9)
    run.insert("legs", position=2, item="item-1", agent="ann", reserved_at_ms=5, accepted_at_ms=6, ended_at_ms=9)


def _play_mail(run: Run) -> None:
    run.lines += [
        Sent(at_ns=10 * MS, channel="email", mark="<1@customers.example>"),
        Promised(at_ns=12 * MS, channel="email", mark="<1@customers.example>"),
    ]
    run.events.append({"type": "ItemOpened", "item": "item-2", "channel": "email"})
    run.insert("items", id="item-2", channel="email")
    run.insert("contents", id="text-2", data=b'{"text":"Hello","message_id":"<1@customers.example>"}')
    run.insert("messages", position=10, item="item-2", side="customer", content="text-2", seq=1)


def _play_chat(run: Run) -> None:
    run.lines += [
        Sent(at_ns=20 * MS, channel="chat", mark="chat-ab-1"),
        Promised(at_ns=21 * MS, channel="chat", mark="chat-ab-1"),
        Pushed(at_ns=27 * MS, agent="bob", item="item-3", reservation="r2"),
        Acted(at_ns=28 * MS, agent="bob", item="item-3", action="accept", reservation="r2"),
        Acted(at_ns=30 * MS, agent="bob", item="item-3", action="escalate"),
        Pushed(at_ns=32 * MS, agent="cleo", item="item-3", reservation="r3"),
    ]
    run.events += [
        {"type": "ItemOpened", "item": "item-3", "channel": "chat"},
        {"type": "ReservationMade", "item": "item-3", "agent": "bob", "reservation": "r2"},
        {"type": "ReservationAccepted", "item": "item-3", "agent": "bob", "reservation": "r2"},
        {"type": "ItemEscalated", "item": "item-3", "agent": "bob"},
        {"type": "ItemQueued", "item": "item-3"},
        {"type": "ReservationMade", "item": "item-3", "agent": "cleo", "reservation": "r3"},
    ]
    run.insert("items", id="item-3", channel="chat")
    run.insert("contents", id="text-3", data=b'{"text":"Are you there? [chat-ab-1]"}')
    run.insert("messages", position=20, item="item-3", side="customer", content="text-3", seq=2)
    run.insert("legs", position=21, item="item-3", agent="bob", reserved_at_ms=27, accepted_at_ms=28, ended_at_ms=30)
    run.insert("legs", position=25, item="item-3", agent="cleo", reserved_at_ms=30)
