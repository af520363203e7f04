"""Outgoing webhooks: one worker for each endpoint of the centre, started and stopped as they come and go.

Each endpoint is a consumer group of the `webhook` outbox, so none holds up another. A new endpoint hears what
happens from then on. An endpoint that answers 410 is disabled in the centre, where a supervisor sees it.
"""

import asyncio
import functools
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog

from channels.webhook import limits
from channels.webhook.attempt import Poster
from channels.webhook.guard import Guard
from channels.webhook.worker import Worker
from queues.endpoint import Endpoint
from router.core.commands import ApplyCentre, Change
from router.core.state import State
from router.gateway import Applied, Clock, Gateway, KeyConflict, Outbox, StoreError

CHANNEL: Final = "webhook"
NOBODY: Final = ""
"""The name of the worker that acknowledges everything and sends nothing."""

log = structlog.get_logger(__name__)


class WebhookSender:
    """Runs the workers. `private_targets` are networks (CIDR) that may be reached although they are private;
    `chance` gives numbers from 0 to 1; `retry_s` are the waits before the second attempt and the later ones."""

    def __init__(
        self,
        gateway: Gateway,
        clock: Clock,
        *,
        secret_of: Callable[[str], str | None],
        chance: Callable[[], float],
        private_targets: Sequence[str] = (),
        retry_s: Sequence[float] = limits.RETRY_S,
    ) -> None:
        self._gateway = gateway
        self._chance = chance
        self._retry_s = retry_s
        self._new_poster = functools.partial(Poster, clock, Guard(private_targets), secret_of)
        self._since: dict[str, int] = {}
        self._known = self._enabled()
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        gateway.listen(self._follow)

    async def run(self) -> None:
        """Deliver until cancelled. May be run again: it is a duty, which comes and goes."""
        self._changed.set()
        poster = self._new_poster()
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await self._changed.wait()
                    self._changed.clear()
                    await self._stop_unwanted()
                    await self._end_groups()
                    for endpoint in self._wanted() - self._workers.keys():
                        worker = self._worker(endpoint, poster)
                        self._workers[endpoint] = tasks.create_task(worker.run(), name=f"webhook {endpoint}")
        finally:
            self._workers.clear()
            await poster.close()

    def _wanted(self) -> set[str]:
        """The endpoints to serve. Without any, `NOBODY` reads the outbox: what nobody asked for must not pile up."""
        return self._enabled() or {NOBODY}

    def _enabled(self) -> set[str]:
        return {endpoint.id for endpoint in self._gateway.state.endpoints.values() if not endpoint.disabled}

    async def _stop_unwanted(self) -> None:
        for endpoint in self._workers.keys() - self._wanted():
            task = self._workers.pop(endpoint)
            task.cancel()
            await asyncio.wait([task])

    async def _end_groups(self) -> None:
        """End the groups of endpoints that are gone, also of those that went while no node did this duty: what they
        have not dealt with would be kept for ever. When the store fails, look again."""
        try:
            for group in await self._gateway.outbox_groups(CHANNEL):
                if group not in map(_group, self._wanted()):
                    await self._gateway.outbox(CHANNEL, group).drop()
        except StoreError as error:
            log.warning("webhook_groups_left", reason=str(error))
            await asyncio.sleep(limits.STORE_PAUSE_S)
            self._changed.set()

    def _worker(self, endpoint: str, poster: Poster) -> Worker:
        return Worker(
            self._outbox(endpoint),
            current=lambda: self._gateway.state.endpoints.get(endpoint),
            since=self._since.pop(endpoint, 0),
            post=poster.post,
            gone=self._disable,
            chance=self._chance,
            retry_s=self._retry_s,
        )

    def _outbox(self, endpoint: str) -> Outbox:
        return self._gateway.outbox(CHANNEL, _group(endpoint))

    def _follow(self, applied: Applied, state: State) -> None:
        """Note where an endpoint that was not there, or not enabled, begins to hear."""
        if not any(kind == "endpoint" for kind, _ in applied.touched):
            return
        enabled = self._enabled()
        self._since |= dict.fromkeys(enabled - self._known, applied.position)
        self._known = enabled
        self._changed.set()

    async def _disable(self, endpoint: Endpoint) -> None:
        """The receiver wants no more: say so in the centre, unless it was edited meanwhile."""
        log.warning("webhook_endpoint_gone", endpoint=endpoint.id)
        record = msgspec.structs.replace(endpoint, disabled=True)
        change = Change(kind="endpoint", id=endpoint.id, record=record, seen=endpoint.revision)
        try:
            key = f"webhook-gone:{endpoint.id}:{endpoint.revision}"
            receipt = await self._gateway.submit(ApplyCentre(changes=(change,)), key=key, by="webhooks")
            await self._gateway.outcome(receipt, limits.DISABLE_WAIT_S)
        except (StoreError, KeyConflict):
            log.warning("webhook_disable_failed", endpoint=endpoint.id)


def _group(endpoint: str) -> str:
    return f"endpoint:{endpoint}"
