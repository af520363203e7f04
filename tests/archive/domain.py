"""A domain to archive: the small centre of the core tests, whose events are committed to a store in memory."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select

from router.archive import schema
from router.archive.archiver import Archiver
from router.archive.database import Database
from router.core import commands as c
from router.core import events as e
from router.core.state import State
from router.gateway import Receipt
from router.runtime.memory import MemoryStore
from router.runtime.memory import World as MemoryWorld
from router.runtime.store import Commit
from router.runtime.system import SystemClock
from router.wire import codec
from router.wire.codec import Entry, Handled
from tests.core.world import World


class Domain:
    """Does commands as a writer would, and is the gateway that takes them."""

    def __init__(self) -> None:
        self.memory = MemoryWorld(SystemClock())
        self.store = MemoryStore(self.memory)
        self.core = World()
        self.events: list[e.Event] = []
        self.submitted: list[c.Command] = []
        self._told = 0

    @property
    def position(self) -> int:
        """The last committed event position."""
        return self.memory.position

    async def commit(self, events: Sequence[e.Event] | None = None, *, kind: str = "", by: str = "") -> None:
        """Commit these events (or what the core has done since) as one entry."""
        if events is None:
            events = self.core.log[self._told :]
            self._told = len(self.core.log)
        if not events:
            return
        self.events += events
        before, position = self.memory.digest, self.position
        handled = (Handled(command=1, by=by, kind=kind, events=len(events), correlation="cor"),) if kind else ()
        entry = Entry(
            first=position + 1,
            last=position + len(events),
            epoch=0,
            before=before,
            at=events[-1].at,
            events=tuple(events),
            handled=handled,
        )
        data = codec.encode(entry)
        await self.store.commit(
            Commit(
                epoch=0,
                expected=position,
                last=entry.last,
                before=before,
                digest=codec.digest(before, data),
                data=data,
                command=0,
                at=entry.at,
            )
        )

    async def do(
        self, command: c.Command, *, by: str = "", after: int = 1, contents: Mapping[str, bytes] | None = None
    ) -> list[e.Event]:
        """Do a command and commit its events."""
        self.memory.contents.update(contents or {})
        events = self.core.do(command, after=after)
        await self.commit(kind=type(command).__name__, by=by)
        return events

    async def submit(self, command: c.Command, **_: Any) -> Receipt:
        """Take a command as the gateway does, and do it at once."""
        self.submitted.append(command)
        await self.do(command)
        return Receipt(key="", command=0)

    def archiver(self, database: Database, **options: Any) -> Archiver:
        """An archiver of this domain that does not linger."""
        return Archiver(database, options.pop("store", self.store), options.pop("gateway", self), linger_s=0, **options)  # type: ignore[arg-type]

    async def archive(self, database: Database, **options: Any) -> Archiver:
        """Archive everything there is, with an archiver of its own."""
        archiver = self.archiver(database, **options)
        await archiver.start()
        while archiver.lag(self.position):
            await archiver.step()
        return archiver


@asynccontextmanager
async def archiving(archiver: Archiver) -> AsyncIterator[None]:
    """While inside, the archiver runs as it does in a node."""
    task = asyncio.create_task(archiver.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task.exception()


async def committed_in_parts(domain: Domain, events: Sequence[e.Event], seed: int = 0) -> None:
    """Commit events in entries of random sizes."""
    rest, chance = list(events), random.Random(seed)
    while rest:
        size = chance.randint(1, 40)
        await domain.commit(rest[:size])
        rest = rest[size:]


async def dump(database: Database, *names: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of these tables (all that the archiver writes, if none is named), each table in one order."""
    tables = [schema.metadata.tables[name] for name in names] or schema.metadata.sorted_tables
    async with database.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in await connection.execute(select(table))), key=repr)
            for table in tables
            if table.name != "archive_position"
        }


async def rows(database: Database, name: str) -> list[dict[str, Any]]:
    """The rows of one table by primary key."""
    table = schema.metadata.tables[name]
    async with database.reading() as connection:
        found = await connection.execute(select(table).order_by(*table.primary_key))
        return [dict(row._mapping) for row in found]


def status(state: State, agent: str) -> tuple[str, str, str]:
    """What an agent says and does."""
    presence = state.presences[agent]
    return presence.state, presence.reason, state.activity(agent)
