"""Whether a Redis keeps what the settings promise with it. Asked once, at the start, before anything is accepted.

What is answered to a caller rests on this server's own settings, and nobody notices a promise that is not kept until
the power fails. A server that may not be asked is believed, with a warning.
"""

from collections.abc import Awaitable
from typing import Any, Final, Literal, Protocol, TypeAlias

import structlog

from router.runtime.errors import StoreUnfit

log = structlog.stdlib.get_logger()

Durability: TypeAlias = Literal["fsync", "replicated", "everysec"]
"""When an answer counts: on disk, on disk each second and on replicas before it, or on disk each second."""

SYNCS: Final[dict[Durability, tuple[str, ...]]] = {
    "fsync": ("always",),
    "replicated": ("always", "everysec"),
    "everysec": ("always", "everysec"),
}
"""What `appendfsync` may be, the least first that has to be set to make it right."""


class Asked(Protocol):
    """The store, as far as it is asked about itself."""

    def about(self, section: str) -> Awaitable[dict[str, Any]]: ...

    def kept(self, *names: str) -> Awaitable[dict[str, str] | None]: ...


async def check_durability(store: Asked, durability: Durability, replicas: int) -> None:
    """Raises StoreUnfit, with what to change there, and StoreError when nobody answers. `replicas`: how many have to be
    connected (0: none)."""
    kept = await store.kept("appendonly", "appendfsync", "maxmemory-policy")
    if kept is None:
        log.warning("durability_unknown", promised=durability)
    else:
        _check_kept(kept, durability)
    if replicas:
        _check_replicas(await store.about("replication"), replicas)


def unfit(kept: dict[str, str], durability: Durability) -> dict[str, str]:
    """What is set otherwise than the promise needs, and what it has to be."""
    wanted = {"appendonly": ("yes",), "appendfsync": SYNCS[durability], "maxmemory-policy": ("noeviction",)}
    return {name: fit[0] for name, fit in wanted.items() if kept.get(name) not in fit}


def _check_kept(kept: dict[str, str], durability: Durability) -> None:
    """Raises StoreUnfit when these settings of the server keep less than is promised."""
    if wrong := unfit(kept, durability):
        found = ", ".join(f"{name} {kept.get(name)}" for name in wrong)
        needed = " and ".join(f"{name} {value}" for name, value in wrong.items())
        weaker = ' (or promise less: durability = "everysec")' if wrong == {"appendfsync": "always"} else ""
        raise StoreUnfit(
            f'your Redis has {found}, which keeps less than durability = "{durability}" promises: '
            f"set {needed} there{weaker}"
        )


def _check_replicas(told: dict[str, Any], replicas: int) -> None:
    if told.get("role") != "master":
        raise StoreUnfit(f"your Redis is a {told.get('role')}: name the master in redis_url, or its Sentinel")
    states = (replica.get("state") for replica in told.values() if isinstance(replica, dict))
    if (online := sum(state == "online" for state in states)) < replicas:
        raise StoreUnfit(
            f'{online} of {replicas} replicas of your Redis are connected, and durability = "replicated" promises '
            "nothing without them: start them, or lower replicas"
        )
