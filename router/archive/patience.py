"""Waiting for a data base or a store that is away, where giving up would only mean to be started again.

What is away comes back by itself; what is set up wrongly does not, and ends the wait.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from router.archive import limits
from router.archive.errors import DatabaseRefuses, Refused
from router.gateway import StoreError

log = structlog.stdlib.get_logger()


async def patiently(attempt: Callable[[], Awaitable[None]], ended: asyncio.Event) -> bool:
    """Try until it works, with growing pauses, and say in the log why it waits. False when `ended` came first.

    Raises DatabaseRefuses, and whatever the attempt raises that is no StoreError: none of it heals by waiting.
    """
    pause = limits.RETRY_FIRST_S
    while not ended.is_set():
        try:
            await attempt()
        except Refused as error:
            raise DatabaseRefuses(str(error)) from error
        except StoreError as error:
            log.warning("history_awaited", reason=str(error), again_s=pause)
        else:
            return True
        try:
            async with asyncio.timeout(pause):
                await ended.wait()
        except TimeoutError:
            pause = min(2 * pause, limits.RETRY_MAX_S)
    return False
