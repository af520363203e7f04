"""Child processes of the bench and the demo: each in a group of its own, so that a stop leaves no orphan.

CPU times come from /proc and count a process with all its descendants, the embedded Valkey among them.
"""

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from router.bench import limits

_PR_SET_PDEATHSIG = 1
_MICROSECONDS_PER_TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")


class ChildFailed(Exception):
    """A child ended, or said nothing, when it should have been at work."""


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One process, its group and its log file."""

    def __init__(self, process: Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, arguments: Sequence[str], log: Path, *, environment: Mapping[str, str] | None = None, piped: bool = False
    ) -> "Child":
        """Start a program; its standard error (and output, unless `piped`) goes to `log`."""
        sink: IO[bytes] = await asyncio.to_thread(log.open, "ab")
        with sink:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=PIPE if piped else asyncio.subprocess.DEVNULL,
                stdout=PIPE if piped else sink,
                stderr=sink,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
                limit=limits.LINE_BYTES_MAX,
            )
        return cls(process, log)

    @property
    def pid(self) -> int:
        """The process id; its group has the same."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def line(self, wait_s: float) -> bytes:
        """The next line of its standard output. Raises ChildFailed when there is none in time."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(wait_s):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise ChildFailed(self.failure("said nothing in time")) from None
        if not line:
            raise ChildFailed(self.failure("ended early"))
        return line

    async def tell(self, line: bytes) -> None:
        """Write one line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        await self._process.stdin.drain()

    def failure(self, what: str) -> str:
        """What went wrong, with the end of its log."""
        lines = self._log.read_text(errors="replace").splitlines()[-limits.LOG_TAIL_LINES :]
        return "\n".join([f"process {self.pid} {what} (exit code {self._process.returncode}); its log ends:", *lines])

    async def cpu_us(self) -> float:
        """CPU time that it and its living descendants have used, in microseconds."""
        return await asyncio.to_thread(lambda: sum(_cpu_us(pid) for pid in _family(self.pid)))

    def rss_mib(self) -> float:
        """What this one process has in memory now (VmRSS), in MiB. Raises OSError when it is gone."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    async def kill(self) -> None:
        """End this one process as `kill -9` does: what it has started itself is left to notice."""
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, then end what is left of its group. Safe to call twice."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self.running:
            self._process.terminate()
            try:
                async with asyncio.timeout(limits.STOP_S_MAX):
                    await self._process.wait()
            except TimeoutError:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        await self._process.wait()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (man proc, field 3), or none when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text[text.rindex(")") + 2 :].split()


def _cpu_us(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) * _MICROSECONDS_PER_TICK if fields else 0.0


def _family(root: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = _stat(int(entry))
            if fields:
                parents.setdefault(int(fields[1]), []).append(int(entry))
    found = [root]
    while found:
        pid = found.pop()
        yield pid
        found.extend(parents.get(pid, ()))
