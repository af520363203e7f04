"""Redis or Valkey: the private server's program, or yours with the settings that our promises stand on."""

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError, ResponseError

from router.cli import limits
from router.cli.doctor.finding import Finding
from router.runtime.durability import unfit
from router.runtime.embedded import find_server
from router.runtime.errors import ServerMissing
from router.runtime.redis_store import clients
from router.settings import Settings

_VERSION = re.compile(r"v=(\d+)\.(\d+)\.(\d+)")
_LEAST = ".".join(map(str, limits.REDIS_MIN))


async def look(settings: Settings, *, offline: bool) -> AsyncIterator[Finding]:
    """Yours when `redis_url` names one, else the one that the node would start."""
    if not settings.redis_url:
        yield await asyncio.to_thread(_private, settings)
        return
    if offline:
        return
    try:
        writes, reads, place = clients(settings.redis_url, settings.domain)
    except ValueError as error:
        mend = "Correct redis_url"
        yield Finding(check="redis", verdict="bad", what=str(error).rstrip("."), mend=mend)
        return
    try:
        async with asyncio.timeout(limits.CONNECT_S_MAX):
            found = await _yours(writes, settings)
    except (RedisError, OSError) as error:
        mend = "Start it, or correct redis_url"
        said = str(error).rstrip(".") or type(error).__name__
        found = [Finding(check="redis", verdict="bad", what=f"yours cannot be asked ({said})", mend=mend)]
    finally:
        await writes.aclose(close_connection_pool=True)
        await reads.aclose(close_connection_pool=True)
        if place is not None:
            await place.close()
    for finding in found:
        yield finding


async def _yours(client: Any, settings: Settings) -> list[Finding]:
    info = await client.info()
    asked = time.time()
    seconds, micros = await client.time()
    found = [_version_of(info), *_apart(seconds + micros / 1e6 - asked)]
    if settings.durability == "replicated" and info.get("connected_slaves", 0) < settings.replicas:
        what = f"{info.get('connected_slaves', 0)} of {settings.replicas} replicas are connected"
        mend = "Start them, or lower replicas: until then nothing is taken"
        found.append(Finding(check="redis_replicas", verdict="bad", what=what, mend=mend))
    try:
        told = [await client.config_get(name) for name in ("appendonly", "appendfsync", "maxmemory-policy")]
    except ResponseError:
        what = "its persistence may not be asked about"
        mend = "See yourself that it has appendonly yes, appendfsync always and maxmemory-policy noeviction"
        return [*found, Finding(check="redis_persistence", verdict="warning", what=what, mend=mend)]
    kept = {name: value for part in told for name, value in part.items()}
    return [*found, *_persistence(kept, settings)]


def _version_of(info: dict[str, Any]) -> Finding:
    name = "valkey" if "valkey_version" in info else "redis"
    said = str(info.get("valkey_version") or info.get("redis_version", "0"))
    if tuple(map(int, re.findall(r"\d+", said)[:2])) >= limits.REDIS_MIN:
        return Finding(check="redis", verdict="good", what=f"yours, {name} {said}")
    return Finding(check="redis", verdict="bad", what=f"yours is {name} {said}", mend=f"It takes {_LEAST} or newer")


def _apart(seconds: float) -> Iterator[Finding]:
    if abs(seconds) > limits.CLOCK_APART_S_MAX:
        what = f"that of Redis is {seconds:+.0f} s from ours"
        yield Finding(check="clock", verdict="warning", what=what, mend="Have both kept right by a time server")


def _persistence(kept: dict[str, str], settings: Settings) -> Iterator[Finding]:
    """Redis is the truth: what it forgets, nobody knows."""
    wrong = unfit(kept, settings.durability)
    if not wrong:
        yield Finding(check="redis_persistence", verdict="good", what=f"appendfsync {kept['appendfsync']}")
    for name, value in wrong.items():
        what = f"{name} is {kept.get(name)}: what was answered may be forgotten"
        yield Finding(check="redis_persistence", verdict="bad", what=what, mend=f"Set {name} {value} in its settings")


def _private(settings: Settings) -> Finding:
    try:
        binary = find_server(settings.redis_binary)
    except ServerMissing as error:
        return Finding(check="redis", verdict="bad", what=str(error))
    version = _version(binary)
    said = ".".join(map(str, version)) or "no server"
    if version < limits.REDIS_MIN:
        mend = f"Name one of {_LEAST} or newer in redis_binary"
        return Finding(check="redis", verdict="bad", what=f"{binary} is {said}", mend=mend)
    return Finding(check="redis", verdict="good", what=f"private, {binary.name} {said}")


def _version(binary: Path) -> tuple[int, ...]:
    try:
        said = subprocess.run(  # noqa: S603 - the operator's own server binary
            [binary, "--version"], capture_output=True, text=True, timeout=limits.BINARY_WAIT_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = _VERSION.search(said)
    return tuple(map(int, found.groups())) if found else ()
