"""The private server of a node, begun before anything else: it reads its log while the rest of the program is read and
history is looked at. Nothing else is imported here for that reason."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeAlias

from router.runtime.embedded import Embedded, Fsync
from router.settings import Settings

Begun: TypeAlias = Awaitable[Embedded | None]
"""The private server once it answers, None with a Redis of your own. Raises StartError when awaited."""


@asynccontextmanager
async def private_server(settings: Settings) -> AsyncIterator[Begun]:
    """Begin to start it, and end it at last."""
    fsync: Fsync = "everysec" if settings.durability == "everysec" else "always"
    embedded = None
    if not settings.redis_url:
        embedded = Embedded(settings.data_dir / "redis", settings.redis_binary, fsync=fsync)
    starting = asyncio.create_task(_started(embedded), name="private server")
    try:
        yield starting
    finally:
        starting.cancel()
        await asyncio.wait([starting])
        if not starting.cancelled() and starting.exception() is None and embedded is not None:
            await embedded.stop()


async def _started(embedded: Embedded | None) -> Embedded | None:
    if embedded is not None:
        await embedded.start()
    return embedded
