"""What a node takes in, and what not: new work is refused while it could not be kept; work in the house goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, TypeAlias

import structlog

from router.archive import limits
from router.archive.history import SqlHistory
from router.core.commands import AskCallback, Command, OfferCall, ReceiveMessage
from router.gateway import Full, Receipt, StoreError
from router.runtime import metrics
from router.runtime.domain import Domain

log = structlog.stdlib.get_logger()

Guard: TypeAlias = Callable[[], str]
"""Why nothing new may come in now; empty when it may."""

LOOK_S = 1.0  # the archive would need minutes to fall too far behind


class Watch(Protocol):
    """Looks after something that may run out, while the node serves."""

    async def run(self) -> None: ...


class AdmittingDomain(Domain):
    """Takes new work in only while every guard lets it."""

    guards: tuple[Guard, ...] = ()

    def full(self) -> str:
        """Why nothing new is taken in now; empty when it is."""
        return next((why for guard in self.guards if (why := guard())), "")

    async def submit(self, command: Command, **how: Any) -> Receipt:
        """Raises Full for an arrival that could not be kept."""
        if isinstance(command, OfferCall | ReceiveMessage | AskCallback) and (why := self.full()):
            raise Full(f"nothing new is taken in now: {why}")
        return await super().submit(command, **how)


class Pasts:
    """Looks whether the log still goes on from where history ends. A Redis that was emptied or set back while nodes run
    would begin another past, and whatever is accepted in that is lost with it."""

    def __init__(self, check: Callable[[], Awaitable[None]]) -> None:
        """`check` raises OtherHistory."""
        self._check = check

    async def run(self) -> None:
        """Look until cancelled. Raises OtherHistory: no node begins on such a log either. Who is away says nothing."""
        while True:
            await asyncio.sleep(LOOK_S)
            with suppress(StoreError):
                await self._check()


class Backlog:
    """How far history is behind the log, looked up now and then: its process says so in the data base only."""

    def __init__(self, domain: Domain, history: SqlHistory) -> None:
        self._domain = domain
        self._history = history
        self._archived = 0
        self._away = False

    def too_long(self) -> str:
        """Why nothing new may come in: what is not archived yet would soon fill the store."""
        behind = self._domain.position - self._archived
        return f"the archive is {behind} events behind" if behind > limits.LAG_EVENTS_MAX else ""

    async def run(self) -> None:
        """Look until cancelled. While the data base is away, what was seen last counts."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Note how far history is, and whether it can be asked at all."""
        try:
            self._archived = await self._history.position()
        except StoreError as error:
            if not self._away:
                log.error("history_away", reason=str(error))
            self._away = True
        else:
            if self._away:
                log.warning("history_back", behind=self._domain.position - self._archived)
            self._away = False
        metrics.HISTORY_UP.set(not self._away)
        metrics.HISTORY_BEHIND.set(self._domain.position - self._archived)
        metrics.refusing("archive_behind", bool(self.too_long()))
