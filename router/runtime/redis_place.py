"""Where the Redis is that a domain lives on, when that may change: the master that Sentinels name, or the node of a
cluster that has the domain's slot.

A connection asks each time it is made, and makes sure that who answers is a master. An established connection to a
master that was deposed goes on to answer, so somebody has to ask now and then (`RedisStore.watch`).
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeAlias, cast
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from redis import exceptions as redis_errors
from redis.asyncio import Redis
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.crc import key_slot

from router.runtime import limits

Address: TypeAlias = tuple[str, int]

SCHEMES: Final = ("sentinel", "cluster")
"""URL schemes of a Redis that has no fixed place."""

_ASKING: Final[dict[str, Any]] = {
    "socket_timeout": limits.PLACE_ANSWER_S,
    "socket_connect_timeout": limits.PLACE_ANSWER_S,
    "retry": Retry(NoBackoff(), 0),
    "protocol": 2,
    "driver_info": None,
}


class Place(Protocol):
    """Says where the master is now."""

    async def find(self) -> Address:
        """Host and port. Raises what the client raises when nobody knows."""
        ...

    async def close(self) -> None: ...


class SentinelPlace:
    """The master of a service, as its Sentinels name it."""

    def __init__(self, sentinels: Sequence[Address], service: str, password: str | None) -> None:
        """`password` is that of the Sentinels themselves."""
        self._service = service
        asking = {**_ASKING, "password": password}
        self._sentinels = cast(Any, Sentinel)(list(sentinels), sentinel_kwargs=asking)

    async def find(self) -> Address:
        """What the first Sentinel says that knows a master which is not down."""
        try:
            host, port = await self._sentinels.discover_master(self._service)
        except MasterNotFoundError as error:
            raise redis_errors.ConnectionError(f"no Sentinel names a master of {self._service}") from error
        return str(host), int(port)

    async def close(self) -> None:
        """End the connections to the Sentinels."""
        for sentinel in self._sentinels.sentinels:
            await sentinel.aclose()


class ClusterPlace:
    """The node of a cluster that has a domain's one slot: all its keys share the tag `{domain}`."""

    def __init__(self, seeds: Sequence[Address], domain: str, **secrets: Any) -> None:
        self._slot = key_slot(f"{{{domain}}}".encode())
        self._seeds = [Redis(host=host, port=port, **secrets, **_ASKING) for host, port in seeds]

    async def find(self) -> Address:
        """The primary of the slot, as the first seed knows it that answers."""
        problem: Exception = redis_errors.ConnectionError("no seed of the cluster is named")
        for seed in self._seeds:
            try:
                slots = await cast(Any, seed).execute_command("CLUSTER SLOTS")
            except (redis_errors.RedisError, OSError) as error:
                problem = error
                continue
            for first, last, primary, *_ in slots:
                if first <= self._slot <= last:
                    return primary[0].decode(), int(primary[1])
            problem = redis_errors.ConnectionError(f"no node of the cluster has slot {self._slot}")
        raise problem

    async def close(self) -> None:
        """End the connections to the seeds."""
        for seed in self._seeds:
            await seed.aclose()


class Found(Connection):
    """A connection to wherever the place says, at the moment it is made."""

    def __init__(self, *, place: Place, **settings: Any) -> None:
        super().__init__(**settings)
        self._place = place

    async def _connect(self) -> None:
        self.host, self.port = await self._place.find()
        await cast(Any, super())._connect()

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Greet, and leave at once when this is not a master (any more, or yet)."""
        await super().on_connect_check_health(check_health)
        await self.send_command("ROLE")
        role = (await self.read_response())[0]
        if role != b"master":
            raise redis_errors.ConnectionError(f"{self.host}:{self.port} is not the master")


def place_of(url: str, domain: str) -> tuple[Place, dict[str, Any]] | None:
    """The place that a URL names, and what its connections need to be let in; None for a URL of a fixed place.

    `sentinel://[user:password@]host[:port],…/service[?sentinel_password=…]` or `cluster://[user:password@]host[:port],…`.
    Raises ValueError with what to write instead.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        return None
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    secrets = {"username": unquote(user) or None, "password": unquote(password) or None}
    if parts.scheme == "cluster":
        return ClusterPlace(_addresses(hosts, limits.REDIS_PORT), domain, **secrets), secrets
    return _sentinel(parts, _addresses(hosts, limits.SENTINEL_PORT)), secrets


def _sentinel(parts: SplitResult, addresses: list[Address]) -> SentinelPlace:
    service = parts.path.strip("/")
    if not service:
        raise ValueError("it does not name the service. Write sentinel://host:26379,host:26379/mymaster.")
    return SentinelPlace(addresses, service, parse_qs(parts.query).get("sentinel_password", [None])[0])


def _addresses(hosts: str, port: int) -> list[Address]:
    found = []
    for one in hosts.split(","):
        parts = urlsplit(f"//{one}")
        if not parts.hostname:
            raise ValueError("it names no host. Write host:port, several with commas between them.")
        found.append((parts.hostname, parts.port or port))
    return found


async def moved(place: Place, known: Address | None) -> Address | None:
    """Where the master is now; None while nobody can say."""
    try:
        async with asyncio.timeout(limits.CALL_TIMEOUT_S):
            return await place.find()
    except (redis_errors.RedisError, OSError):
        return known
