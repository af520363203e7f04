"""One consumer of one outbox. Reading is not handling: what was read and never acknowledged comes again.

After a start, and after a read that was cancelled or failed (the store may have handed something out that never
arrived), its own pending entries come first; from time to time so do those of a consumer that died.
"""

import asyncio
from collections.abc import Sequence

from router.gateway import OutboxEntry, StoreError
from router.runtime import limits
from router.runtime.store import Store


class StoreOutbox:
    """The `Outbox` port over the store."""

    def __init__(self, store: Store, channel: str, group: str, consumer: str) -> None:
        """Who reads on under the same `consumer` gets first what its last reader had in hand."""
        self._store = store
        self._channel = channel
        self._group = group
        self._consumer = consumer
        self._made = False
        self._behind = True
        self._claim_at = 0.0
        self._out: set[str] = set()

    async def read(self, count: int, wait_s: float) -> Sequence[OutboxEntry]:
        """The next entries, at most `count`, waiting up to `wait_s` for the first. Raises StoreError."""
        if not self._made:
            await self._store.outbox_group(self._channel, self._group)
            self._made = True
        now = asyncio.get_running_loop().time()
        if self._behind or now >= self._claim_at:
            found = await self._pending(count)
            if found:
                return found
            self._behind = False
            self._claim_at = now + limits.OUTBOX_CLAIM_S
        self._behind = True
        found = await self._ask(count, wait_s, own=False)
        self._behind = False
        return found

    async def done(self, ids: Sequence[str]) -> None:
        """These were dealt with and never come again. Raises StoreError: they may come again."""
        await self._store.outbox_done(self._channel, self._group, ids)
        self._out.difference_update(ids)

    async def drop(self) -> None:
        """End the whole group: nobody reads on, and nothing is kept for it any more. Raises StoreError."""
        await self._store.outbox_drop(self._channel, self._group)
        self._made = False

    async def _pending(self, count: int) -> list[OutboxEntry]:
        """Entries of ours that the caller does not have in hand."""
        return await self._ask(count + len(self._out), 0, own=True)

    async def _ask(self, count: int, wait_s: float, *, own: bool) -> list[OutboxEntry]:
        try:
            read = await self._store.outbox_read(self._channel, self._group, self._consumer, count, wait_s, own=own)
        except StoreError:
            self._made = False  # a failover may have lost the group
            raise
        found = [entry for entry in read if entry.id not in self._out]
        self._out.update(entry.id for entry in found)
        return found
