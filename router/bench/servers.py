"""The servers that several nodes share, private to one bench: a Redis that syncs each write, and a PostgreSQL.

Both listen on unix sockets in their folders only. PostgreSQL refuses to run as root, so for root it runs as the user
that its package made.
"""

import asyncio
import contextlib
import os
import pwd
import shutil
import tempfile
from asyncio.subprocess import DEVNULL
from pathlib import Path
from typing import Final

import redis.asyncio as redis

from router.bench import limits
from router.bench.processes import Child, ChildFailed
from router.runtime.embedded import find_server
from router.runtime.errors import ServerMissing

POSTGRES: Final = "postgres"


class Redis:
    """A Redis of our own."""

    def __init__(self, process: Child, socket: Path) -> None:
        self._process = process
        self.url = f"unix://{socket}"

    @classmethod
    async def start(cls, folder: Path) -> "Redis":
        """Start it and wait until it answers. Raises ChildFailed, and ServerMissing when there is none here."""
        binary = await asyncio.to_thread(find_server)
        await asyncio.to_thread(folder.mkdir)
        socket = folder / "redis.sock"
        options = {
            "port": "0",
            "unixsocket": str(socket),
            "dir": str(folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        process = await Child.start([str(binary), *words], folder / "log")
        started = cls(process, socket)
        try:
            await started._ready()
        except BaseException:
            await process.stop()
            raise
        return started

    async def _ready(self) -> None:
        client = redis.Redis.from_url(self.url)
        try:
            async with asyncio.timeout(limits.READY_S_MAX):
                while not await _answers(client):
                    if not self._process.running:
                        raise ChildFailed(self._process.failure("ended at its start"))
                    await asyncio.sleep(limits.READY_PAUSE_S)
        finally:
            await client.aclose()

    async def stop(self) -> None:
        """End it."""
        await self._process.stop()


async def _answers(client: redis.Redis) -> bool:
    try:
        return bool(await client.ping())
    except redis.RedisError:
        return False


class Postgres:
    """A PostgreSQL cluster of our own."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self.url = f"postgresql://{POSTGRES}@/{POSTGRES}?host={folder}"

    @classmethod
    async def start(cls) -> "Postgres":
        """Make a cluster and start it. Raises ChildFailed, and ServerMissing when there is none here."""
        started = cls(_programs(), await asyncio.to_thread(_their_folder))
        try:
            await started._run("initdb", "-D", started._data, "-A", "trust", "-U", POSTGRES, "--locale=C.UTF-8")
            await started._run(
                "pg_ctl", "-D", started._data, "-w", "-l", f"{started._folder}/log", "-o", started._options, "start"
            )
        except BaseException:
            await started.stop()
            raise
        return started

    @property
    def _data(self) -> str:
        return f"{self._folder}/data"

    @property
    def _options(self) -> str:
        return f"-c listen_addresses='' -k {self._folder}"

    async def _run(self, program: str, *arguments: str) -> None:
        as_owner = ["runuser", "-u", POSTGRES, "--"] if os.geteuid() == 0 else []
        with await asyncio.to_thread(tempfile.TemporaryFile) as said:  # a pipe would stay open as long as the server
            process = await asyncio.create_subprocess_exec(
                *as_owner, str(self._programs / program), *arguments, stdout=DEVNULL, stderr=said, cwd="/"
            )
            if code := await process.wait():
                said.seek(0)
                raise ChildFailed(f"{program} ended with {code}: {said.read().decode(errors='replace').strip()}")

    async def stop(self) -> None:
        """End it, if it came up, and remove its folder."""
        with contextlib.suppress(ChildFailed):
            await self._run("pg_ctl", "-D", self._data, "-m", "immediate", "stop")
        await asyncio.to_thread(shutil.rmtree, self._folder)


def _programs() -> Path:
    """Where initdb and pg_ctl are: on the path, or where Debian keeps each version's."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        return folder
    raise ServerMissing("there is no PostgreSQL to start, which several nodes need: install the package postgresql")


def _their_folder() -> Path:
    """A new folder of the user as whom PostgreSQL runs: within one of ours it could not get there."""
    folder = Path(tempfile.mkdtemp(prefix="firstline-postgres-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam(POSTGRES).pw_uid, -1)
    return folder
