"""What nodes tell each other beside the log: short-lived things that may be lost and are never kept.

Nothing may depend on it: it goes through Redis' publish and subscribe, which forgets whom it does not reach. Telling
never waits; what does not get through in time is dropped, the oldest first.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import structlog
from redis import exceptions as redis_errors

from router.runtime import limits
from router.runtime.redis_store import Clients
from router.runtime.together import together

log = structlog.stdlib.get_logger()

Hear: TypeAlias = Callable[[bytes], None]
"""Is told what another node said; quickly, and whatever that is: it may raise ValueError for what it cannot read."""


class Peers(Protocol):
    """The other nodes of the domain."""

    def tell(self, topic: str, said: bytes) -> None:
        """Tell all others, sometime soon or never."""
        ...

    def hear(self, topic: str, heard: Hear) -> None:
        """Call `heard` with what others tell about this topic (a word)."""
        ...

    async def run(self) -> None:
        """Tell and hear until cancelled."""
        ...


class NoPeers:
    """A node that is alone."""

    def tell(self, topic: str, said: bytes) -> None:
        """Nobody is there."""

    def hear(self, topic: str, heard: Hear) -> None:
        """Nobody will say anything."""

    async def run(self) -> None:
        """Be alone until cancelled."""
        await asyncio.Event().wait()


class RedisPeers:
    """The other nodes, through a channel of the domain in Redis."""

    def __init__(self, clients: Clients, domain: str, name: str) -> None:
        """`name` tells this node from the others: it does not hear itself. The clients are closed by `run`."""
        self._clients = clients
        self._channel = f"{{{domain}}}:peers"
        self._name = name.encode()
        self._heard: defaultdict[bytes, list[Hear]] = defaultdict(list)
        self._unsaid: deque[bytes] = deque(maxlen=limits.PEERS_UNSAID_MAX)
        self._wake = asyncio.Event()

    def tell(self, topic: str, said: bytes) -> None:
        """See `Peers`."""
        if len(said) <= limits.PEERS_BYTES_MAX:
            self._unsaid.append(b" ".join((self._name, topic.encode(), said)))
            self._wake.set()

    def hear(self, topic: str, heard: Hear) -> None:
        """See `Peers`."""
        self._heard[topic.encode()].append(heard)

    async def run(self) -> None:
        """See `Peers`. While Redis is away it tries again and again."""
        try:
            await together(self._again(self._tell), self._again(self._listen))
        finally:
            for client in (self._clients.reads, self._clients.writes):
                await client.aclose(close_connection_pool=True)
            if self._clients.place is not None:
                await self._clients.place.close()

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except (redis_errors.RedisError, OSError) as error:
                log.warning("peers_not_reached", error=str(error) or type(error).__name__)
                await asyncio.sleep(limits.BACK_OFF_S_MAX)

    async def _tell(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            pipe = self._clients.writes.pipeline(transaction=False)
            while self._unsaid:
                pipe.publish(self._channel, self._unsaid.popleft())
            async with asyncio.timeout(limits.CALL_TIMEOUT_S):
                await pipe.execute()

    async def _listen(self) -> None:
        async with self._clients.reads.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(self._channel)
            while True:
                message = await channel.get_message(timeout=limits.READ_WAIT_S_MAX)
                if message is not None:
                    self._hear(message["data"])

    def _hear(self, message: bytes) -> None:
        name, _, rest = message.partition(b" ")
        topic, _, said = rest.partition(b" ")
        if name == self._name or len(said) > limits.PEERS_BYTES_MAX:
            return
        for heard in self._heard.get(topic, ()):
            try:
                heard(said)
            except ValueError:
                log.warning("peer_not_understood", topic=topic.decode(errors="replace"))
