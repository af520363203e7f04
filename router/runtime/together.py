"""Tasks that live and die together, where a task group will not do.

On Python 3.11 a task group whose child fails leaves its parent marked as cancelled, so the parent could no longer tell
whether it is to stop or to begin anew. The writer has to.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*jobs: Coroutine[Any, Any, None]) -> None:
    """Run all of them until the first one ends, then end the others. Raises what the first one raised."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
