"""What the server left behind, as plain bytes and rows: the log out of Redis, the archive by SQL.

Nothing of the product reads it: the driver of PostgreSQL, the client of Redis, and msgpack without our types. It can
be kept in a file and judged again.
"""

import base64
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import psycopg
from redis import Redis

from tests.chaos.journal import Line, Taken
from tests.chaos.marks import marks_of

DOMAIN = "{main}:"
"""How all keys of the domain begin."""

Rows: TypeAlias = list[tuple[Any, ...]]


class Evidence(msgspec.Struct, kw_only=True):
    """`archived` and `logged` are entries: (last position, digest, bytes). `position` is where the log was when all
    acknowledgements had been given. `outcomes` are the keys of commands whose
    outcome Redis has. `messages` are (position, conversation, seq, side, item, delivery, marks); `items` (id, call);
    `deliveries` (id, state)."""

    archived: list[tuple[int, str, bytes]]
    logged: list[tuple[int, str, bytes]]
    position: int
    outcomes: list[str]
    items: list[tuple[str, str]]
    messages: list[tuple[int, str, int, str, str, str, list[str]]]
    deliveries: list[tuple[str, str]]

    @property
    def archive_end(self) -> int:
        """The position up to which the archive has everything."""
        return max((last for last, _, _ in self.archived), default=0)

    def keep(self, path: Path) -> None:
        """Write it to a file."""
        path.write_bytes(msgspec.msgpack.encode(self))

    @classmethod
    def read(cls, path: Path) -> "Evidence":
        """Read it back."""
        return msgspec.msgpack.decode(path.read_bytes(), type=cls)


def gather(redis_host: str, redis_port: int, dsn: str, *, journal: list[Line], position: int) -> Evidence:
    """Read everything, once the archive is at `position`."""
    keys = [key_of(line.receipt) for line in journal if isinstance(line, Taken)]
    with Redis(host=redis_host, port=redis_port) as redis:
        stream: Any = redis.xrange(f"{DOMAIN}events")
        pipe = redis.pipeline(transaction=False)
        for key in keys:
            pipe.exists(f"{DOMAIN}outcome:{key}")
        known = pipe.execute()
    with psycopg.connect(dsn) as database:
        database.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        archived: Rows = database.execute("SELECT last, digest, data FROM entries ORDER BY last").fetchall()
        items: Rows = database.execute("SELECT id, call FROM items").fetchall()
        messages: Rows = database.execute(
            "SELECT position, conversation, seq, side, item, delivery, contents.data FROM messages"
            " LEFT JOIN contents ON contents.id = messages.content ORDER BY position"
        ).fetchall()
        deliveries: Rows = database.execute("SELECT id, state FROM deliveries").fetchall()
    return Evidence(
        archived=[(last, digest, data) for last, digest, data in archived],
        logged=[(int(id.partition(b"-")[0]), fields[b"h"].decode(), fields[b"d"]) for id, fields in stream],
        position=position,
        outcomes=[key for key, there in zip(keys, known, strict=True) if there],
        items=[(id, call) for id, call in items],
        messages=[(*row, _marks(data)) for *row, data in messages],
        deliveries=[(id, state) for id, state in deliveries],
    )


def archived_to(dsn: str) -> int:
    """The position up to which the archive has the log."""
    with psycopg.connect(dsn) as database:
        row = database.execute("SELECT position FROM archive_position").fetchone()
    return int(row[0]) if row else 0


def key_of(receipt: str) -> str:
    """The key that a receipt names (as the API's documentation describes it)."""
    return base64.urlsafe_b64decode(receipt + "=" * (-len(receipt) % 4)).decode()


def _marks(data: bytes | None) -> list[str]:
    """By what a player knows a message: the Message-ID of a mail, and the marks in its text."""
    if data is None:
        return []
    content = msgspec.json.decode(data)
    id = content.get("message_id", "")
    return [*([id] if id else []), *marks_of(content.get("text", ""))]
