"""A connection of aiosqlite that can be given up twice.

SQLAlchemy closes the connection of a query that was cancelled, in a task of its own; cancelled again meanwhile, as when
a node stops, it also calls `stop`. aiosqlite then waits for ever for the answer of a thread that has ended already:
the task never ends, and with it neither does `asyncio.run`.
"""

import asyncio
import sqlite3
from typing import Any

import aiosqlite

_ROWS_AT_ONCE = 64  # as `aiosqlite.connect` has it


class Connection(aiosqlite.Connection):
    """Only the first `stop` has an answer to wait for."""

    _stopped = False

    def stop(self) -> asyncio.Future[Any] | None:
        """Let the thread end. None when it was told so before."""
        if self._stopped:
            return None
        self._stopped = True
        return super().stop()


def connection(*where: Any, **how: Any) -> Connection:
    """A connection, to be awaited. Arguments are those of `sqlite3.connect`."""
    made = Connection(lambda: sqlite3.connect(*where, **how), _ROWS_AT_ONCE)
    made._thread.daemon = True  # as SQLAlchemy has it: a query without end does not hold up the end of the process
    return made
