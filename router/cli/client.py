"""The running server as the command line talks to it: one HTTP client, its credentials, its errors as exit codes."""

import asyncio
import getpass
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from router.cli import limits
from router.cli.outcome import CommandError, Exit

UNAVAILABLE = frozenset({502, 503, 504})
"""Statuses after which the same request may be sent again as it is."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the server answered to a request that it did not refuse."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Server:
    """A server at a URL, with a credential."""

    def __init__(self, session: aiohttp.ClientSession, url: str, credential: str = "") -> None:
        self._session = session
        self.url = url
        self._credential = credential

    async def login(self, login: str, password: str) -> None:
        """Use the token that this login gets. Raises CommandError."""
        answer = await self.request("POST", "/api/v1/login", json={"login": login, "password": password})
        self._credential = answer.body["access_token"]

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: bytes | None = None,
        content_type: str = "application/json",
        key: str = "",
        etag: str = "",
        query: Mapping[str, str] | None = None,
        position: int = 0,
        wait_s: int = 0,
    ) -> Answer:
        """One request. `position` waits until the server has come that far, `wait_s` for the outcome of events.

        Raises CommandError: refused (3) with the server's own words, or not reachable (4).
        """
        headers = {"Accept": "application/json", "Content-Type": content_type}
        if self._credential:
            headers["Authorization"] = f"Bearer {self._credential}"
        if key:
            headers["Idempotency-Key"] = key
        if etag:
            headers["If-Match"] = etag
        if position:
            headers["Firstline-Position"] = str(position)
        if wait_s:
            headers["Prefer"] = f"wait={wait_s}"
        body = msgspec.json.encode(json) if json is not None else data
        try:
            async with self._session.request(
                method, self.url + path, data=body, headers=headers, params=query
            ) as response:
                return _checked(response.status, response.headers, await response.read(), self.url)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CommandError(
                Exit.UNREACHABLE,
                f"No server answers at {self.url}{_why(error)}. "
                "Start it with 'firstline serve', or name another with --url or FIRSTLINE_URL.",
            ) from error

    async def outcome(self, answer: Answer) -> Any:
        """The end of a command: of one that was answered 202, its receipt is asked until it is decided."""
        if answer.status != 202:
            return answer.body
        for _ in range(limits.RECEIPT_LOOKS_MAX):
            found = await self.request("GET", answer.headers["Location"])
            if found.body["state"] == "rejected":
                raise _refused(found.body["problem"])
            if found.body["state"] == "accepted":
                return found.body
            await asyncio.sleep(limits.RECEIPT_PAUSE_S)
        raise CommandError(Exit.UNREACHABLE, f"It is kept but not decided yet: see {answer.headers['Location']}.")


def _checked(status: int, headers: Mapping[str, str], data: bytes, url: str) -> Answer:
    body = _decoded(data, headers.get("Content-Type", ""))
    if status < 400:
        return Answer(status=status, body=body, headers=headers)
    problem = body if isinstance(body, dict) else {}
    if status in UNAVAILABLE:
        raise CommandError(
            Exit.UNREACHABLE,
            f"The server at {url} cannot take commands now: {problem.get('detail') or status}. Try again shortly.",
            problem=problem,
        )
    raise _refused({"status": status, **problem})


def _why(error: Exception) -> str:
    """What is known of a failed connection, in brackets; empty when there is nothing to add."""
    if isinstance(error, TimeoutError):
        return f" within {limits.REQUEST_S_MAX:.0f} s"
    cause = getattr(error, "os_error", error)
    if not isinstance(cause, OSError) or not cause.errno:
        return ""
    return f" ({(os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)).lower()})"


def _refused(problem: dict[str, Any]) -> CommandError:
    return CommandError(Exit.REFUSED, f"Refused {told(problem)}", problem=problem)


def told(problem: Mapping[str, Any]) -> str:
    """A problem for a person: its code, what is wrong and where. What says the same twice is said once."""
    detail = str(problem.get("detail") or problem.get("title") or f"HTTP {problem.get('status')}")
    subject = f" ({problem['subject']})" if problem.get("subject") else ""
    parts = problem.get("errors", ())
    if len(parts) == 1 and parts[0]["detail"] == detail:
        subject += f" (at {parts[0]['pointer']})" if parts[0]["pointer"] else ""
        parts = ()
    lines = [f"[{problem.get('code', 'unknown')}]: {detail}{subject}"]
    return "\n  ".join([*lines, *(f"{part['pointer']}: {part['detail']}" for part in parts)])


def _decoded(data: bytes, content_type: str) -> Any:
    if "json" not in content_type:
        return data.decode(errors="replace")
    try:
        return msgspec.json.decode(data) if data else None
    except msgspec.DecodeError:
        return None


@asynccontextmanager
async def connected(url: str, login: str = "") -> AsyncIterator[Server]:
    """The server at `url`. The credential is FIRSTLINE_TOKEN, else FIRSTLINE_KEY, else a login that is asked for.

    Raises CommandError when that is no URL of a server, or nobody can be asked.
    """
    if not url.startswith(("http://", "https://")):
        raise CommandError(Exit.USAGE, f"'{url}' is not the URL of a server. Write it like http://127.0.0.1:8410.")
    timeout = aiohttp.ClientTimeout(total=limits.REQUEST_S_MAX, connect=limits.CONNECT_S_MAX)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        server = Server(session, url.rstrip("/"))
        credential = "" if login else os.environ.get("FIRSTLINE_TOKEN") or os.environ.get("FIRSTLINE_KEY", "")
        if credential:
            server = Server(session, server.url, credential)
        else:
            await server.login(*_asked(login))
        yield server


def _asked(login: str) -> tuple[str, str]:
    """Login and password: the password from FIRSTLINE_PASSWORD, else from the person at the terminal."""
    password = os.environ.get("FIRSTLINE_PASSWORD", "")
    if not (login and password) and not sys.stdin.isatty():
        raise CommandError(
            Exit.USAGE,
            "Who are you? Set FIRSTLINE_TOKEN or FIRSTLINE_KEY, or give --login and FIRSTLINE_PASSWORD. "
            "(The first admin is made while no server runs.)",
        )
    login = login or input("Login: ")
    return login, password or getpass.getpass(f"Password of {login}: ")


async def reachable(url: str) -> bool:
    """Whether a server answers at this URL at all."""
    timeout = aiohttp.ClientTimeout(total=limits.REACHABLE_S_MAX)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url.rstrip('/')}/healthz"):
            return True
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
