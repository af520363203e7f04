"""Duties: work that one node does for all of a domain's nodes (a mailbox, an outbox, the archive), held by a lease.

Each node says that it is there, hears who else is, and takes its fair share. What a dead node held is free after
`limits.DUTY_MS`. A lease that runs by the store's clock keeps nodes from doing the same work twice; it is not what
makes that harmless: every duty can be done by two nodes at once (natural keys, idempotency keys, one transaction).
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
import structlog

from router.gateway import StoreError
from router.runtime import limits, metrics
from router.runtime.errors import NodesDisagree
from router.runtime.store import Store

log = structlog.stdlib.get_logger()

_TWIN: Final = (
    "has this one's name, and both would send the same mails: a data folder is one node's own. "
    "In a copied one, delete the file 'node'"
)

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Begins the work of a duty; it lasts until it is cancelled."""


class Duty(NamedTuple):
    """One duty: its name in the domain, the role of the nodes that may have it, and the work."""

    name: str
    role: str
    work: Work


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself. It listens on `port` of the machine `host`. `secret` is a fingerprint; `history` the
    kind of its data base; `own_blobs`: whether it keeps them in its own data folder; `duties` what it does for all
    just now, "writer" too when it decides."""

    roles: tuple[str, ...]
    shape: int
    version: str
    secret: str
    history: str
    host: str = ""
    port: int = 0
    own_blobs: bool = False
    duties: tuple[str, ...] = ()


class Duties:
    """The duties of one node. `await join()`, then `run()`."""

    def __init__(
        self,
        store: Store,
        *,
        node: str,
        life: str,
        member: Member,
        duties: Sequence[Duty],
        decides: Callable[[], bool],
    ) -> None:
        """`life` is an id of this process alone, `node` that of all its lives. `duties` are all of the domain: this
        node takes part in those of its roles. `decides`: whether its writer has the lease, held in another way."""
        self._store = store
        self._node = node
        self._life = life
        self._named = False
        self._member = member
        self._decides = decides
        self._duties = [duty for duty in duties if duty.role in member.roles]
        self._working: dict[str, asyncio.Task[None]] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._heard_at = 0.0
        self._decided_at = 0.0
        self.there: Mapping[str, Member] = {}
        """Every node that is there, by name, as last heard."""

    def undecided(self) -> bool:
        """Whether no node has decided anything for longer than a takeover takes."""
        return asyncio.get_running_loop().time() - self._decided_at > limits.UNDECIDED_S

    async def join(self) -> None:
        """Say that we are there. Raises NodesDisagree when we cannot be one system with who is there already.

        Waits for the end of a life of this node that was killed a moment ago.
        """
        until = asyncio.get_running_loop().time() + limits.NAME_WAIT_S
        while not await self._has_name():
            if asyncio.get_running_loop().time() > until:
                raise NodesDisagree(_TWIN)
            await asyncio.sleep(limits.DUTY_LOOK_S)
        await self._attend()
        others = [member for name, member in self.there.items() if name != self._node]
        if any(other.secret != self._member.secret for other in others):
            raise NodesDisagree("has another secret: give all nodes of a domain the same one (setting secret)")
        if others and "sqlite" in (self._member.history, *(other.history for other in others)):
            raise NodesDisagree(
                "keeps history elsewhere, for SQLite is one node's own: give all nodes the same PostgreSQL "
                "(setting database_url)"
            )
        if others and any(member.own_blobs for member in (self._member, *others)):
            raise NodesDisagree(
                "keeps raw mails and attachments elsewhere, for a data folder is one node's own: give all nodes the "
                "same place outside of it (setting blobs_url)"
            )

    async def run(self) -> None:
        """Keep, take and give up duties until cancelled; then give them all back. Raises what a work raises, and
        NodesDisagree when another node has taken this one's name, while it was asleep, say."""
        try:
            while True:
                await self._look()
                await self._pause()
        finally:
            await self._leave()

    async def _look(self) -> None:
        try:
            if not await self._has_name():
                return
            await self._attend()
            await self._keep()
            for role in dict.fromkeys(duty.role for duty in self._duties):
                await self._share([duty for duty in self._duties if duty.role == role])
        except StoreError as error:
            silent_s = asyncio.get_running_loop().time() - self._heard_at
            log.warning("duties_unknown", reason=str(error), silent_s=round(silent_s, 1))
            if silent_s > limits.DUTY_MS / 1000:
                self._stop(list(self._working), "silence")

    async def _pause(self) -> None:
        """Until the next look, or until a work ends, which it never may by itself."""
        working = list(self._working.values())
        if not working:
            await asyncio.sleep(limits.DUTY_LOOK_S)
            return
        ended, _ = await asyncio.wait(working, timeout=limits.DUTY_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
            raise RuntimeError(f"the duty {task.get_name()} ended by itself")

    async def _has_name(self) -> bool:
        """Whether the name is this life's. Two nodes of one name would take each other's duties, and each other's mails
        on their way, for their own. Raises NodesDisagree when it no longer is."""
        had, self._named = self._named, await self._store.hold(f"node:{self._node}", self._life, limits.DUTY_MS)
        if had and not self._named:
            raise NodesDisagree(_TWIN)
        return self._named

    async def _attend(self) -> None:
        duties = (*(["writer"] if self._decides() else []), *sorted(self._working))
        about = msgspec.json.encode(msgspec.structs.replace(self._member, duties=duties))
        told = await self._store.attend(self._node, about, limits.DUTY_MS)
        self.there = {name: msgspec.json.decode(about, type=Member) for name, about in told.items()}
        self._heard_at = asyncio.get_running_loop().time()
        if await self._store.led():
            self._decided_at = self._heard_at
        metrics.NODES.set(len(self.there))

    async def _keep(self) -> None:
        """Keep what is ours; end the work of what is not any more, after a pause of this process, say."""
        for name in [*self._working, *self._leaving]:
            if not await self._store.hold(name, self._node, limits.DUTY_MS):
                self._stop([name], "lost")
        metrics.DUTIES.set(len(self._working))

    async def _share(self, duties: Sequence[Duty]) -> None:
        """Take free duties up to our fair share, or give one up that is beyond it."""
        nodes = sum(duties[0].role in member.roles for member in self.there.values())
        share = math.ceil(len(duties) / max(nodes, 1))
        mine = [duty.name for duty in duties if duty.name in self._working]
        if len(mine) > share:
            self._stop(mine[-1:], "share")
        for duty in duties:
            if len(mine) >= share:
                return
            free = duty.name not in self._working and duty.name not in self._leaving
            if free and await self._store.hold(duty.name, self._node, limits.DUTY_MS):
                log.info("duty_taken", duty=duty.name)
                self._working[duty.name] = asyncio.create_task(duty.work(), name=duty.name)
                mine.append(duty.name)

    def _stop(self, names: Sequence[str], reason: str) -> None:
        """Begin to end these works: a mail on its way out may take a moment, in which the duty is kept."""
        for name in names:
            if (task := self._working.pop(name, None)) is not None:
                log.info("duty_given_up", duty=name, reason=reason)
                self._leaving[name] = asyncio.create_task(self._end(name, task), name=f"end of {name}")

    async def _end(self, name: str, task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait([task])
        try:
            await self._store.let_go(name, self._node)
        except StoreError as error:
            log.warning("duty_not_given_back", duty=name, error=str(error))
        del self._leaving[name]

    async def _leave(self) -> None:
        self._stop(list(self._working), "stop")
        if self._leaving:
            await asyncio.wait(list(self._leaving.values()))
        try:
            if self._named:
                await self._store.attend(self._node, b"", 0)
                await self._store.let_go(f"node:{self._node}", self._life)
        except StoreError as error:
            log.warning("leave_not_told", error=str(error))
