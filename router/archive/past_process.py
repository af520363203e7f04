"""The node's side of the time machine: its process is started by a question, and ends when nobody asks on.

It is never a thread: a fold would share the interpreter's lock with the loop that pushes. One question is answered at a
time; few wait for their turn, the rest is told to come again. The process may be killed at any instant.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import msgspec
import structlog

from router.archive import limits
from router.archive.past import LENGTH, Answered, Failed, Where
from router.gateway import StoreError
from router.runtime.past import PastAsked, PastBusy, PastTold

log = structlog.stdlib.get_logger()

_decode = msgspec.msgpack.Decoder(Answered | Failed).decode


class PastProcess:
    """Implements `router.runtime.past.Past`. `await close()` at the end."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """The process id, while there is a process."""
        return self._process.pid if self._process is not None else None

    async def ask(self, asked: PastAsked) -> PastTold:
        """The answer, however long the fold takes within a bound. Raises PastBusy and StoreError."""
        if self._waiting >= limits.PAST_WAITING_MAX:
            raise PastBusy("others ask about the past just now")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._answer(asked)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()
        transport = getattr(process, "_transport", None)  # its pipes stay open until collected otherwise
        if transport is not None:
            transport.close()

    async def _answer(self, asked: PastAsked) -> PastTold:
        try:
            async with asyncio.timeout(limits.PAST_S_MAX):
                answer = await self._exchange(await self._running(), asked)
        except TimeoutError as error:
            await self.close()
            log.warning("past_given_up", what=asked.what, position=asked.position, at_ms=asked.at_ms)
            raise PastBusy("folding the past took too long") from error
        except (OSError, EOFError, msgspec.DecodeError) as error:
            await self.close()
            raise StoreError(f"the process of the past ended ({type(error).__name__})") from error
        except asyncio.CancelledError:
            await self.close()
            raise
        if isinstance(answer, Failed):
            log.error("past_unknown", reason=answer.reason)
            raise StoreError(answer.reason)
        return answer.told

    async def _running(self) -> Process:
        if self._process is not None and self._process.returncode is not None:
            await self.close()
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-c",
                "from router.compiled import use; use(); from router.archive.past import main; main()",
                stdin=PIPE,
                stdout=PIPE,
                start_new_session=True,
            )
            _put(self._process, self._where)
            log.info("past_process_started", pid=self._process.pid)
        return self._process

    async def _exchange(self, process: Process, asked: PastAsked) -> Answered | Failed:
        assert process.stdout is not None
        _put(process, asked)
        (size,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        answer: Answered | Failed = _decode(await process.stdout.readexactly(size))
        return answer


def _put(process: Process, line: msgspec.Struct) -> None:
    """A line on its standard input; a process that ended is noticed when its answer is read."""
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(line) + b"\n")
