"""The writer of a domain: whoever holds the lease decides; everybody else stands by.

The lease only keeps two writers from working for nothing. What keeps them from harm is the epoch, which the store
checks in the same step as it writes: a writer that was asleep wakes up fenced, drops everything and stands by again.
"""

import asyncio

import structlog

from router.gateway import Clock, Fenced, StoreError
from router.runtime import limits, metrics
from router.runtime.batch import Crash
from router.runtime.follower import Follower
from router.runtime.gateway_watch import GatewayWatch, Lose
from router.runtime.store import Lease, Store
from router.runtime.tenure import Decided, Tenure
from router.runtime.together import together

log = structlog.stdlib.get_logger()


class Writer:
    """Stands by for the lease, and decides while it has it."""

    def __init__(
        self, store: Store, clock: Clock, owner: str, *, follower: Follower, decided: Decided, lose: Lose
    ) -> None:
        """`owner` is an id of this process alone; `follower` is this process's, whose records are taken over if they
        are the newest; `lose` submits that a gateway died."""
        self._store = store
        self._clock = clock
        self._owner = owner
        self._follower = follower
        self._decided = decided
        self._lose = lose
        self._pause = limits.BACK_OFF_S
        self.decides = False
        """Whether this writer has the lease, as far as it knows."""

    async def run(self) -> None:
        """Until cancelled; gives the lease back then. Raises what nobody expected: that is a defect of ours."""
        while True:
            try:
                lease = await self._store.acquire(self._owner, limits.LEASE_MS)
                if lease is None:
                    await asyncio.sleep(limits.LEASE_RETRY_S)
                    continue
                await self._serve(lease)
            except StoreError as error:
                log.warning("lease_not_acquired", error=str(error))
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, limits.BACK_OFF_S_MAX)

    async def _serve(self, lease: Lease) -> None:
        """One tenure. It ends by itself only when something went wrong."""
        log.info("lease_acquired", epoch=lease.epoch)
        self._decides(True)
        try:
            await together(self._renew(lease), self._decide(lease))
        except (Fenced, StoreError, Crash) as error:
            metrics.LEASES_LOST.inc()
            log.warning("lease_lost", epoch=lease.epoch, reason=str(error))
        except asyncio.CancelledError:
            await self._release(lease)
            raise
        finally:
            self._decides(False)

    def _decides(self, decides: bool) -> None:
        self.decides = decides
        metrics.WRITER.set(decides)

    async def _decide(self, lease: Lease) -> None:
        tenure = Tenure(self._store, self._clock, lease, self._decided)
        await tenure.load(self._follower)
        self._pause = limits.BACK_OFF_S
        watch = GatewayWatch(self._store, self._clock, tenure.state, self._lose)
        await together(watch.run(), tenure.run())

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(limits.LEASE_RENEW_S)
            if not await self._store.renew(lease, limits.LEASE_MS):
                raise Fenced("the lease is no longer ours")

    async def _release(self, lease: Lease) -> None:
        try:
            await self._store.release(lease)
            log.info("lease_released", epoch=lease.epoch)
        except StoreError as error:
            log.warning("lease_not_released", epoch=lease.epoch, error=str(error))
