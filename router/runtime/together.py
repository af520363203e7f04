"""Tasks that live and die together: what ends one of them ends all.

Not a task group, for two reasons. On Python 3.11 one whose child fails leaves its parent marked as cancelled, so that
the writer could no longer tell whether it is to stop or to begin anew. And it ends its children in the order of a set,
which differs from run to run: a seed of the fault simulator would no longer have one history.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*jobs: Coroutine[Any, Any, None]) -> None:
    """Run all of them until the first one ends, then end the others. Raises what the first one raised."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()
