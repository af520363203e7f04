"""What a node takes in, and what not: new work is refused while it could not be kept; work in the house goes on."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import structlog

from router.archive import limits
from router.archive.history import SqlHistory
from router.core.commands import Command, OfferCall, ReceiveMessage
from router.gateway import Receipt, StoreError
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
        """Raises StoreError for an arrival that could not be kept."""
        if isinstance(command, OfferCall | ReceiveMessage) and (why := self.full()):
            raise StoreError(f"nothing new is taken in now: {why}")
        return await super().submit(command, **how)


class Backlog:
    """How far history is behind the log, looked up now and then: its process says so in the data base only."""

    def __init__(self, domain: Domain, history: SqlHistory) -> None:
        self._domain = domain
        self._history = history
        self._archived = 0

    def too_long(self) -> str:
        """Why nothing new may come in: what is not archived yet would soon fill the store."""
        behind = self._domain.position - self._archived
        return f"the archive is {behind} events behind" if behind > limits.LAG_EVENTS_MAX else ""

    async def run(self) -> None:
        """Look until cancelled. While the data base is away, what was seen last counts."""
        while True:
            try:
                self._archived = await self._history.position()
            except StoreError as error:
                log.warning("backlog_unknown", reason=str(error))
            await asyncio.sleep(LOOK_S)
