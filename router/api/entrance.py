"""The way in for sockets: so many handshakes at once, that those who are in are not held up; the others stand in line.

After an outage thousands come back in the same seconds, and taken as they come they would hold up every push until the
last one is in. Who finds the line full is told when to come again; a page cannot read that, but its own pauses are as
long, and spread by chance (`web/src/shared/line.ts`).
"""

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import web

from router.api import limits
from router.api.problems import Problem, again


class Handshake:
    """One that was let in. It has a place until it is `over`, or took too long: the network may be slow, or a trick."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._late = asyncio.get_running_loop().call_later(limits.HANDSHAKE_S, self.over)
        self._is_over = False

    def over(self) -> None:
        """The client is in, or gone. Says so once."""
        if not self._is_over:
            self._is_over = True
            self._late.cancel()
            self._leave()


class Entrance:
    """The line. `inside` counts the sockets that are in."""

    def __init__(self, inside: Callable[[], int]) -> None:
        self._inside = inside
        self._under_way = 0
        self._line: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> Handshake:
        """Wait for one's turn. Raises Problem `house_full` when the line or the house is."""
        if len(self._line) >= limits.LINE_MAX or self._inside() >= limits.SOCKETS_MAX:
            said = "Too many are connecting. Come back in a while."
            raise Problem("house_full", said, headers=again(limits.LINE_AGAIN_S))
        if self._under_way >= limits.HANDSHAKES_AT_ONCE_MAX:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._line.append(mine)
            try:
                await mine
            except asyncio.CancelledError:
                if not mine.cancelled():
                    self._call()  # it was this one's turn, in the moment in which the client went
                raise
        self._under_way += 1
        return Handshake(self._left)

    def _left(self) -> None:
        self._under_way -= 1
        self._call()

    def _call(self) -> None:
        """It is the turn of the first one who still waits."""
        while self._line:
            first = self._line.popleft()
            if not first.done():
                first.set_result(None)
                return


ENTRANCE: web.AppKey[Entrance] = web.AppKey("entrance", Entrance)
HANDSHAKE = web.RequestKey("handshake", Handshake)
