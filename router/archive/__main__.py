"""`python -m router.archive`: the archive's process. It is started by its node, never by hand (see `process`)."""

import asyncio
import os
import signal
import sys

import msgspec
import structlog

from router import logs
from router.archive import limits
from router.archive.process import Where, archive
from router.gateway import StoreError
from router.runtime.errors import StartError

log = structlog.stdlib.get_logger()


async def _main(where: Where) -> None:
    """Archive until the node closes our standard input, as it also does by dying."""
    ended = asyncio.Event()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    watch = asyncio.create_task(reader.read(), name="standard input")
    watch.add_done_callback(lambda _: ended.set())
    await archive(where, ended)


def main() -> int:
    """Exit 1 when it cannot go on; the log says why. The node decides when to end: signals of a terminal do not."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(limits.NICE)
    where = msgspec.json.decode(sys.stdin.buffer.readline(), type=Where)
    logs.configure(where.log_level, where.log_form)
    try:
        asyncio.run(_main(where))
    except (StartError, StoreError) as error:
        log.error("archive_ended", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
