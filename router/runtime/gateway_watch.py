"""Watches over the gateways that agents are connected to: a dead one's clients are lost, by a command like any other.

Heartbeats never enter the log. Their time-outs follow the wall clock of the store, so silence alone proves nothing:
it must last for a grace period of our own monotonic clock, which begins anew with every tenure.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog

from router.core.state import State
from router.gateway import Clock, StoreError
from router.runtime import limits
from router.runtime.store import Store

log = structlog.stdlib.get_logger()

Lose: TypeAlias = Callable[[str], Awaitable[object]]
"""Submits that this gateway died."""


class GatewayWatch:
    """Of one tenure of the writer."""

    def __init__(self, store: Store, clock: Clock, state: State, lose: Lose) -> None:
        self._store = store
        self._clock = clock
        self._state = state
        self._lose = lose
        self._silent_since: dict[str, int] = {}

    async def run(self) -> None:
        """Look every `GATEWAY_BEAT_S`, until cancelled. Raises StoreError."""
        while True:
            await asyncio.sleep(limits.GATEWAY_BEAT_S)
            await self.look()

    async def look(self) -> None:
        """Note who is silent, and report who has been for too long."""
        named = {gateway: None for presence in self._state.presences.values() for gateway in presence.clients.values()}
        alive = await self._store.beating(list(named))
        now = self._clock.monotonic_ms()
        silent = [gateway for gateway, beats in zip(named, alive, strict=True) if not beats]
        self._silent_since = {gateway: self._silent_since.get(gateway, now) for gateway in silent}
        for gateway, since in self._silent_since.items():
            if now - since >= limits.GATEWAY_GRACE_MS:
                self._silent_since[gateway] = now
                log.warning("gateway_lost", gateway=gateway, silent_ms=now - since)
                try:
                    await self._lose(gateway)
                except StoreError as error:
                    log.warning("gateway_loss_not_submitted", gateway=gateway, error=str(error))
