"""The archive as a process of its own, beside its node: writing history took a fifth of the time of the loop that
pushes (seen in a profile at 500 calls a second), and every push waited behind it.

The node starts it, tells it on its standard input where everything is, and closes that to let it end; so it also
ends when the node dies. Whatever it was doing then is done again by the next one: it may be killed at any instant.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import msgspec
import structlog

from router.archive import limits
from router.archive.archiver import Archiver
from router.archive.database import Database
from router.archive.patience import patiently
from router.core.commands import Command
from router.logs import Form
from router.runtime.errors import StartError
from router.runtime.redis_store import connect
from router.runtime.store import Put, Store
from router.wire.codec import Submission, encode, fingerprint

log = structlog.stdlib.get_logger()


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive's process is told: the store, the domain in it, and the data base.

    `settles`: whether what is new in the store may still be lost for a moment.
    """

    store_url: str
    domain: str
    replicas: int
    settles: bool
    database_url: str
    log_level: str
    log_form: Form


class ArchiveEnded(StartError):
    """The archive's process ended by itself; its log says why."""


class ArchiveProcess:
    """The node's side. `await run()` starts it, watches over it, and ends it when cancelled."""

    def __init__(self, where: Where) -> None:
        self._where = where

    async def run(self) -> None:
        """Until cancelled; one that was killed is followed by another. Raises ArchiveEnded when it ends by itself."""
        while True:
            process = await self._spawn()
            try:
                code = await process.wait()
            finally:
                await _end(process)
            if code >= 0:
                raise ArchiveEnded(f"the archive ended by itself (exit code {code}): the log says why")
            log.error("archive_process_killed", pid=process.pid, signal=-code)
            await asyncio.sleep(limits.RETRY_FIRST_S)

    async def _spawn(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "router.compiled", "router.archive", stdin=PIPE, start_new_session=True
        )
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(self._where) + b"\n")
        await process.stdin.drain()
        log.info("archive_process_started", pid=process.pid)
        return process


async def _end(process: Process) -> None:
    """Let it finish what it writes, for a bounded time."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(limits.STOP_S_MAX):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


class _Line:
    """Submits commands straight into the store: the archive's own are few, and it needs no state of the domain."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def submit(self, command: Command, *, key: str, by: str) -> None:
        """Make the command durable. Raises StoreError."""
        data = encode(Submission(command=command, key=key, by=by))
        await self._store.submit([Put(key=key, fingerprint=fingerprint(command), data=data)])


async def archive(where: Where, ended: asyncio.Event) -> None:
    """The process's side: archive until told to end, and then what was committed by then.

    While the data base or the store is away it waits. Raises StartError, and StoreError when either is away at the end.
    """
    database = await Database.open(where.database_url)
    store = connect(where.store_url, where.domain, replicas=where.replicas)
    try:
        settle_s = limits.SETTLE_S if where.settles else 0.0
        archiver = Archiver(database, store, _Line(store), settle_s=settle_s, rest_s=limits.REST_S)
        if await patiently(archiver.start, ended):
            await archiver.run(ended)
    finally:
        await store.close()
        await database.close()
