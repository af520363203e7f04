"""Waiting for what is away: it ends when that is back, when nobody waits any more, and when waiting cannot help."""

import asyncio

import pytest
from structlog.testing import capture_logs

from router.archive.database import Database
from router.archive.errors import DatabaseRefuses, NewerDatabase
from router.archive.history import SqlHistory
from router.archive.patience import patiently
from router.gateway import StoreError
from tests.support import eventually, free_port


class Away:
    """Fails so many times."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left = times
        self._error = error

    async def __call__(self) -> None:
        if self.left:
            self.left -= 1
            raise self._error


async def test_it_tries_until_it_works_and_says_why_it_waits() -> None:
    attempt = Away(2, StoreError("not there"))
    with capture_logs() as logs:
        assert await patiently(attempt, asyncio.Event())
    assert attempt.left == 0
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("history_awaited", "not there")] * 2
    assert logs[1]["again_s"] > logs[0]["again_s"]


async def test_it_ends_at_once_when_it_is_told_to() -> None:
    ended, attempt = asyncio.Event(), Away(1_000, StoreError("not there"))
    waiting = asyncio.create_task(patiently(attempt, ended))
    await eventually(lambda: attempt.left < 998)
    ended.set()
    async with asyncio.timeout(0.1):
        assert not await waiting


async def test_what_waiting_does_not_heal_ends_it() -> None:
    with pytest.raises(NewerDatabase):
        await patiently(Away(1, NewerDatabase("9999")), asyncio.Event())


async def test_a_postgresql_that_is_off_is_waited_for_and_one_that_refuses_is_not(postgresql: str) -> None:
    """Told apart by what PostgreSQL says."""
    for url, error in (
        (f"postgresql://me@127.0.0.1:{free_port()}/none", StoreError),
        (f"postgresql://postgres@/none?host={postgresql}", DatabaseRefuses),
        (f"postgresql://nobody@/postgres?host={postgresql}", DatabaseRefuses),
    ):
        database = await Database.open(url)
        with pytest.raises(error) as raised:
            await _asked(database, waits=error is StoreError)
        assert "database_url" in str(raised.value) or error is StoreError
        await database.close()


async def _asked(database: Database, *, waits: bool) -> None:
    """The position in history; patiently, unless that would wait for ever."""

    async def attempt() -> None:
        await SqlHistory(database).position()

    if waits:
        await attempt()
    else:
        await patiently(attempt, asyncio.Event())
