"""Redis with a replica and three Sentinels, each Redis with its Sentinel in a place of its own.

Every write is fsynced before it is answered, so that a restart loses nothing; that a failover loses nothing is for
the server to see to (`durability = "replicated"`). A Redis that was killed comes back as a replica.
"""

import contextlib
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tests.chaos import limits
from tests.chaos.disk import Disk
from tests.chaos.network import ROUTER, Network
from tests.chaos.process import Part, until

SERVICE = "firstline"
PORT = 6379
SENTINEL_PORT = 26379
QUORUM = 2

_REDIS = """
bind {address}
bind-source-addr {address}
protected-mode no
port {port}
dir {folder}
appendonly yes
appendfsync always
save ""
repl-diskless-sync-delay 0
repl-timeout {timeout}
repl-ping-replica-period 1
replica-announce-ip {address}
"""

_SENTINEL = """
bind {address}
protected-mode no
port {port}
dir {folder}
sentinel announce-ip {address}
sentinel monitor {service} {master} {redis_port} {quorum}
sentinel down-after-milliseconds {service} {down}
sentinel failover-timeout {service} {failover}
"""


class RedisPair:
    """The two, by their places' names."""

    def __init__(self, network: Network, places: tuple[str, str], folder: Path) -> None:
        self.places = places
        self.disks = {place: Disk(folder / place) for place in places}
        self._network = network
        self._folder = folder
        self._redis: dict[str, Part] = {}
        self._clients: dict[str, Redis] = {}
        self._sentinels: list[Redis] = []
        """The last is the router's, which nothing cuts off."""

    @property
    def url(self) -> str:
        """The settings' `redis_url`."""
        sentinels = (*map(self._network.address, self.places), ROUTER)
        return f"sentinel://{','.join(f'{address}:{SENTINEL_PORT}' for address in sentinels)}/{SERVICE}"

    # -- life -----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start all five, and wait until everybody knows everybody. Raises PartFailed."""
        first, second = self.places
        for place in self.places:
            await self.disks[place].mount()
            address = self._network.address(place)
            self._redis[place] = await self._part(place, "redis-server", _REDIS, address, "")
            self._clients[place] = _client(address, PORT)
        await self._redis[first].start()
        await self._redis[second].start("--replicaof", self._network.address(first), str(PORT))
        for place in (*self.places, ""):
            address = self._network.address(place) if place else ROUTER
            sentinel = await self._part(place, "redis-server", _SENTINEL, address, "sentinel")
            await sentinel.start("--sentinel")
            self._sentinels.append(_client(address, SENTINEL_PORT))
        await until(self._mended, "Redis, its replica and three Sentinels")

    async def _part(self, place: str, program: str, conf: str, address: str, kind: str) -> Part:
        name = f"{kind or 'redis'}-{place or 'router'}"
        folder = self._folder / f"{name}-home" if kind else self.disks[place].folder
        folder.mkdir(exist_ok=True)
        file = self._folder / f"{name}.conf"
        file.write_text(
            conf.format(
                address=address,
                folder=folder,
                port=SENTINEL_PORT if kind else PORT,
                redis_port=PORT,
                master=self._network.address(self.places[0]),
                service=SERVICE,
                quorum=QUORUM,
                timeout=limits.REPLICATION_TIMEOUT_S,
                down=limits.DOWN_AFTER_MS,
                failover=limits.FAILOVER_TIMEOUT_MS,
            )
        )
        inside = self._network.inside(place) if place else []
        return Part(name, [*inside, program, str(file)], self._folder / f"{name}.log")

    async def close(self) -> None:
        """Hang up."""
        for client in (*self._clients.values(), *self._sentinels):
            await client.aclose()

    # -- who is what ----------------------------------------------------------------------------------------

    async def master(self) -> str:
        """The place of the master, as the router's Sentinel sees it."""
        [address, _] = await _asked(self._sentinels[-1], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(place for place in self.places if self._network.address(place) == address)

    def other(self, place: str) -> str:
        """The place of the other Redis."""
        return self.places[1 - self.places.index(place)]

    def client(self, place: str) -> Redis:
        """A client of one of them."""
        return self._clients[place]

    async def failed_over(self, before: str) -> None:
        """Wait until another one than `before` is the master."""

        async def moved() -> bool:
            return await self.master() != before

        await until(moved, "a failover", limits.MEND_S_MAX)

    async def _in_step(self) -> bool:
        """Whether there is one master, which has a replica that follows it and has everything."""
        roles = {place: await self._role(place) for place in self.places}
        masters = [place for place, role in roles.items() if role and role[0] == "master"]
        if len(masters) != 1 or len(self._clients) != len(roles):
            return False
        of, role = roles[masters[0]], roles[self.other(masters[0])]
        return bool(of and role and role[0] == "slave" and role[3] == "connected" and of[2])

    async def _role(self, place: str) -> list[Any] | None:
        try:
            role: list[Any] = await _asked(self._clients[place], "ROLE")
        except (RedisError, OSError, TimeoutError):
            return None
        return role

    async def _agreed(self) -> str:
        """The place of the master, if every Sentinel names it, knows the others, and sees nothing wrong with it."""
        named = set()
        for sentinel in self._sentinels:
            try:
                seen = await _asked(sentinel, "SENTINEL", "MASTER", SERVICE)
            except (RedisError, OSError):
                return ""
            if seen["flags"] != "master" or int(seen["num-slaves"]) < 1 or int(seen["num-other-sentinels"]) < QUORUM:
                return ""
            named.add(seen["ip"])
        return next((place for place in self.places if {self._network.address(place)} == named), "")

    # -- faults ---------------------------------------------------------------------------------------------

    async def failover(self) -> None:
        """An orderly failover, as an operator asks for it."""
        before = await self.master()
        await _asked(self._sentinels[-1], "SENTINEL", "FAILOVER", SERVICE)
        await self.failed_over(before)

    async def kill(self, place: str) -> None:
        """kill -9."""
        await self._redis[place].kill()

    async def revive(self, place: str) -> None:
        """Start it as it was."""
        await self._redis[place].start()

    def running(self, place: str) -> bool:
        """Whether this Redis has not ended."""
        return self._redis[place].running

    async def mend(self) -> None:
        """Start again, as a replica, whoever is dead, make one of who was deposed, and wait until both are in step.

        Sentinels do the second by themselves, after some ten seconds in which there is no replica. Raises PartFailed.
        """
        await until(self._mended, "Redis and its replica in step", limits.MEND_S_MAX)

    async def _mended(self) -> bool:
        """Do what can be done now; whether nothing is left to do. While Sentinels do not agree, nothing can: one of
        them may be making another master."""
        master = await self._agreed()
        if not master:
            return False
        other, address = self.other(master), self._network.address(master)
        if not self.running(other):
            await self._redis[other].start("--replicaof", address, str(PORT))
        elif (role := await self._role(other)) and role[0] == "master":
            with contextlib.suppress(RedisError, OSError):
                await _asked(self._clients[other], "REPLICAOF", address, str(PORT))
        return await self._in_step()


async def _asked(client: Redis, *command: str) -> Any:
    return await client.execute_command(*command)  # type: ignore[no-untyped-call]


def _client(host: str, port: int) -> Redis:
    return Redis(
        host=host,
        port=port,
        socket_timeout=1,
        socket_connect_timeout=1,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
    )
