"""A part of the house as a real process: started, killed, stopped, and started again on the same folder."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from tests.chaos import limits


class PartFailed(Exception):
    """A part did not come up, or not back: the round says nothing about the product."""


class Part:
    """One process, with its log. `address_ready` is asked after each start, until it says yes."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.command = list(command)
        self._log = log
        self._environ = environ
        self._process: Process | None = None

    async def start(self, *more: str) -> None:
        """Start it, with further arguments of this one life."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                *more,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environ,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.returncode is None

    async def ended(self) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it is there to get it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def kill(self) -> None:
        """kill -9."""
        self.send(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> None:
        """SIGTERM, and what is left after a while is killed."""
        if not self.running:
            return
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(limits.READY_S_MAX):
                await self.ended()
        except TimeoutError:
            await self.kill()

    def tail(self) -> str:
        """How its log ends."""
        return self._log.read_text(errors="replace")[-2_000:]


async def until(condition: Callable[[], Awaitable[bool]], what: str, within_s: float = limits.READY_S_MAX) -> None:
    """Return once the condition holds. Raises PartFailed, naming what did not come, after `within_s`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not await condition():
        if loop.time() > end:
            raise PartFailed(f"{what}: not within {within_s:.0f} s")
        await asyncio.sleep(limits.LOOK_S)


async def listening(host: str, port: int) -> bool:
    """Whether somebody answers there."""
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


def children(pid: int, name: str = "") -> list[int]:
    """The child processes of a process, or those of one program's name."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            if fields["PPid"] == str(pid) and fields["State"][0] != "Z" and name in ("", fields["Name"]):
                found.append(int(status.parent.name))
    return found
