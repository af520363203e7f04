"""What takes its course beside everything else, and is asked now and then whether it went well."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeAlias

Story: TypeAlias = Coroutine[Any, Any, None]


class Stories:
    """The stories that are under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, story: Story) -> None:
        """Let something take its course. What it raises ends the play: see `check`."""
        task = asyncio.create_task(story)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            self._tasks.discard(task)

    def check(self) -> None:
        """Raises what a story raised."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    @property
    def busy(self) -> int:
        """How many stories are under way."""
        return len(self._tasks)
