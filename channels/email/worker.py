"""The parser's process: one mail in, one `Parsed` out, over its own stdin and stdout; it ends when stdin does.

Not a process pool of the standard library: its workers outlive a parent that was killed, and one of them cannot be
stopped. Here a mail that costs too much time or memory takes this process with it, and nothing else.
"""

import asyncio
import resource
import struct
import sys
from typing import BinaryIO

import msgspec
import structlog

from channels.email.limits import PARSE_MEMORY_BYTES_MAX, PARSE_S_MAX, PARSES_BEFORE_FRESH, SPAWN_S_MAX
from channels.email.parse import Parsed, parse, parse_headers

_log = structlog.get_logger("email.parse")
_LENGTH = struct.Struct(">I")
_decode = msgspec.msgpack.Decoder(Parsed).decode
_encode = msgspec.msgpack.Encoder().encode


class Parser:
    """Parses in a process of its own, one mail at a time. Never raises for what a mail holds."""

    def __init__(self, seconds_max: float = PARSE_S_MAX) -> None:
        self._seconds_max = seconds_max
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._parsed = 0

    async def parse(self, raw: bytes) -> Parsed:
        """What the mail says; only its headers, and problem `unparsable`, if it took too long or too much."""
        async with self._turn:
            process = await self._running()
            try:
                async with asyncio.timeout(self._seconds_max):
                    return await _ask(process, raw)
            except (TimeoutError, OSError, EOFError, msgspec.DecodeError) as error:
                _log.warning("mail_given_up", size=len(raw), reason=type(error).__name__)
                await self._stop()
                return parse_headers(raw, problem="unparsable")
            except asyncio.CancelledError:
                await self._stop()
                raise

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._stop()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._parsed >= PARSES_BEFORE_FRESH:
            await self._stop()
        self._parsed += 1
        if self._process is None or self._process.returncode is not None:
            self._process = await _spawn()
            self._parsed = 0
        return self._process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()
        transport = getattr(process, "_transport", None)  # its pipes stay open until collected otherwise
        if transport is not None:
            transport.close()


async def _spawn() -> asyncio.subprocess.Process:
    """A parser that has said that it is ready. Raises OSError or TimeoutError when none can be started."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"import sys; sys.path[:] = {sys.path!r}; from channels.email.worker import main; main()",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    async with asyncio.timeout(SPAWN_S_MAX):
        await process.stdout.readexactly(1)
    return process


async def _ask(process: asyncio.subprocess.Process, raw: bytes) -> Parsed:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(_LENGTH.pack(len(raw)))
    process.stdin.write(raw)
    await process.stdin.drain()
    (size,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
    return _decode(await process.stdout.readexactly(size))


def main() -> None:
    """The process: limits first, then mail after mail until there is nobody to ask."""
    seconds = int(PARSE_S_MAX * PARSES_BEFORE_FRESH)
    resource.setrlimit(resource.RLIMIT_AS, (PARSE_MEMORY_BYTES_MAX, PARSE_MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(asked: BinaryIO, answered: BinaryIO) -> None:
    """Answer each length-prefixed mail with a length-prefixed `Parsed`."""
    answered.write(b"!")
    answered.flush()
    while len(head := asked.read(_LENGTH.size)) == _LENGTH.size:
        (size,) = _LENGTH.unpack(head)
        found = _encode(parse(asked.read(size)))
        answered.write(_LENGTH.pack(len(found)) + found)
        answered.flush()
