"""The port of the settings; and a server that runs there: whether it is well, and of which version it is."""

import errno
import socket
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any

import aiohttp
import msgspec

from router.cli import limits
from router.cli.doctor.finding import Finding
from router.cli.options import url_of_settings
from router.settings import Settings


async def look(settings: Settings) -> AsyncIterator[Finding]:
    """The port, and whoever has it."""
    where = f"{settings.host}:{settings.port}"
    try:
        socket.create_server((settings.host, settings.port)).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            what = f"{where} cannot be listened on ({error.strerror})"
            yield Finding(check="port", verdict="bad", what=what, mend="Set host to an address of this machine")
            return
    else:
        yield Finding(check="port", verdict="good", what=f"{where} is free: no server runs there")
        return
    async for finding in _who(where, url_of_settings(settings)):
        yield finding


async def _who(where: str, url: str) -> AsyncIterator[Finding]:
    timeout = aiohttp.ClientTimeout(total=limits.REACHABLE_S_MAX)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            ready, _ = await _asked(session, f"{url}/readyz")
            _, described = await _asked(session, f"{url}/openapi.json")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        mend = "Stop what has it ('ss -ltnp' shows it), or choose another with --port"
        yield Finding(check="port", verdict="bad", what=f"{where} is taken, and not by Firstline", mend=mend)
        return
    for finding in _judged(url, ready, described):
        yield finding


def _judged(url: str, ready: int, described: Any) -> list[Finding]:
    theirs, ours = described.get("info", {}).get("version", ""), version("firstline")
    found = []
    if ready == 200:
        found.append(Finding(check="server", verdict="good", what=f"{theirs} answers at {url} and is ready"))
    else:
        mend = (
            "Look at its log: the store does not answer, disk or store are nearly full, history is behind, or it stops"
        )
        found.append(Finding(check="server", verdict="bad", what=f"{url} runs and is not ready", mend=mend))
    if theirs != ours:
        what = f"the server that runs is {theirs}, {ours} is installed"
        found.append(Finding(check="version", verdict="warning", what=what, mend="Restart it when it suits"))
    return found


async def _asked(session: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    """Status and JSON. Raises ValueError for anything else."""
    async with session.get(url) as answer:
        return answer.status, msgspec.json.decode(await answer.read(), type=dict[str, Any])
