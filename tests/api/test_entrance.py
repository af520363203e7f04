"""The line at the way in for sockets: whoever goes gives their turn to the next one."""

import asyncio

import pytest

from router.api import limits
from router.api.entrance import Entrance


async def test_who_goes_when_it_is_their_turn_gives_it_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HANDSHAKES_AT_ONCE_MAX", 1)
    entrance = Entrance(lambda: 0)
    inside = await entrance.turn()
    first, second = (asyncio.create_task(entrance.turn()) for _ in range(2))
    await asyncio.sleep(0)
    inside.over()
    first.cancel()
    async with asyncio.timeout(5):
        (await second).over()
    assert first.cancelled()
