"""A real server on a folder of its own: seeded with accounts, started as an operator would, given a centre.

Accounts and the first key are written before the start, through the same code that the command line uses; from
then on everything goes over HTTP and sockets like anybody else's requests.
"""

import asyncio
import secrets
import socket
import sys
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from router.api.tokens import KEY_PREFIX, Tokens, key_hash
from router.archive.accounts import SqlAccounts
from router.archive.database import Database
from router.archive.migrate import upgrade
from router.archive.schema import accounts as accounts_table
from router.bench import limits
from router.bench.processes import Child, ChildFailed
from router.runtime.accounts import Account, ApiKey, Grant
from router.runtime.acts import Act
from router.runtime.system import SystemClock
from router.settings import FILE_NAME

HOST = "127.0.0.1"
ADMIN = Account(login="admin", grants=(Grant(role="admin"),))
_SEEDED = Act(by="bench", command="MakeKey", at_ms=0)


class House:
    """The running server. `key` is an integrator's API key, `token` makes access tokens of its accounts."""

    def __init__(self, folder: Path, secret: str, shared: dict[str, str]) -> None:
        self.url = ""
        self.key = KEY_PREFIX + secrets.token_hex(24)
        self.archive = folder / "archive.db"
        self._folder = folder
        self._environment = {
            "FIRSTLINE_SECRET": secret,
            "FIRSTLINE_HOST": HOST,
            "FIRSTLINE_LOG_LEVEL": "warning",
        } | shared
        self._accounts: dict[str, Account] = {}
        self._server: Child | None = None

    @classmethod
    async def start(
        cls, folder: Path, people: Sequence[Account], *, port: int = 0, password_hash: str = "", config: str = ""
    ) -> "House":
        """Seed and start. `config` is the text of its firstline.toml. Raises ChildFailed."""
        house = await cls.seeded(folder, people, password_hash=password_hash, config=config)
        await house.open(port if is_free(port) else 0)
        return house

    @classmethod
    async def seeded(
        cls,
        folder: Path,
        people: Sequence[Account],
        *,
        password_hash: str = "",
        config: str = "",
        shared: dict[str, str] | None = None,
    ) -> "House":
        """Seed; `open` starts it. `shared` are settings (environment variables) that all nodes of a domain have."""
        house = cls(folder, secrets.token_urlsafe(48), shared or {})
        await house._furnish(config)
        await house._seed([ADMIN, *people], password_hash)
        return house

    async def beside(self, folder: Path) -> "House":
        """Another node of the same domain, on a folder of its own; `open` starts it."""
        other = copy(self)
        other._folder = folder
        other._server = None
        await other._furnish("")
        return other

    async def _furnish(self, config: str) -> None:
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        await asyncio.to_thread((self._folder / FILE_NAME).write_text, config, "utf-8")

    async def open(self, port: int = 0) -> None:
        """Start the server, also anew after it was killed, and wait until it is ready. Raises ChildFailed."""
        try:
            await self._serve(port)
        except BaseException:
            await self.stop()
            raise

    async def _serve(self, port: int) -> None:
        """Start the server and wait until it is ready. It says itself where it answers, so that nobody else's server
        is taken for ours."""
        server = self._server = await Child.start(
            [sys.executable, "-m", "router.cli", "serve", "--data-dir", str(self._folder), "--port", str(port)],
            self._folder / "firstline.log",
            environment=self._environment,
            piped=True,
        )
        try:
            self.url = (await server.line(limits.READY_S_MAX)).decode().split()[-1]
        except ChildFailed:
            if port == 0:
                raise
            await self._serve(0)  # somebody else was faster to take the port
            return
        await self._ready()

    async def _seed(self, people: Sequence[Account], password_hash: str) -> None:
        url = self._environment.get("FIRSTLINE_DATABASE_URL", f"sqlite:///{self.archive}")
        await upgrade(url)
        database = await Database.open(url)
        directory = SqlAccounts(database)
        self._tokens = Tokens(self._environment["FIRSTLINE_SECRET"], directory, SystemClock())
        rows = [msgspec.to_builtins(account) | {"password_hash": password_hash or None} for account in people]
        try:
            async with database.writing() as connection:
                await database.upsert(connection, accounts_table, rows)
            await directory.put_key(ApiKey(id="bench", name="bench", hash=key_hash(self.key)), act=_SEEDED)
        finally:
            await database.close()
        self._accounts = {account.login: account for account in people}

    async def _ready(self) -> None:
        assert self._server is not None
        async with aiohttp.ClientSession() as session:
            until = asyncio.get_running_loop().time() + limits.READY_S_MAX
            while not await _answers(session, f"{self.url}/readyz"):
                if not self._server.running:
                    raise ChildFailed(self._server.failure("ended at its start"))
                if asyncio.get_running_loop().time() > until:
                    raise ChildFailed(self._server.failure("was not ready in time"))
                await asyncio.sleep(limits.READY_PAUSE_S)

    @property
    def environment(self) -> dict[str, str]:
        """The settings of its node, as environment variables."""
        return dict(self._environment)

    @property
    def server(self) -> Child:
        """The server's process."""
        assert self._server is not None
        return self._server

    def token(self, login: str) -> str:
        """An access token of this account, as a login would give it (a thousand logins would take a minute)."""
        return self._tokens.issue(self._accounts[login]).token

    async def apply(self, centre: str) -> None:
        """Apply a centre file. Raises ChildFailed when the server refuses it."""
        await self.request("POST", "/api/v1/centre/apply", centre.encode(), "application/yaml")

    async def position(self) -> int:
        """Where the log is."""
        headers, _ = await self._send("GET", "/api/v1/centre", b"", "application/json")
        return int(headers["Firstline-Position"])

    async def request(self, method: str, path: str, body: bytes = b"", media: str = "application/json") -> Any:
        """One request as admin; the decoded answer. Raises ChildFailed for a refusal."""
        return msgspec.json.decode((await self._send(method, path, body, media))[1])

    async def text(self, path: str) -> str:
        """One page that is no JSON, read with the API key."""
        headers = {"Authorization": f"Bearer {self.key}"}
        async with aiohttp.ClientSession() as session, session.get(self.url + path, headers=headers) as answer:
            return await answer.text()

    async def _send(self, method: str, path: str, body: bytes, media: str) -> tuple[Mapping[str, str], bytes]:
        headers = {"Authorization": f"Bearer {self.token('admin')}", "Content-Type": media}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, data=body or None, headers=headers) as answer,
        ):
            data = await answer.read()
            if not answer.ok:
                raise ChildFailed(
                    f"{method} {path}: {answer.status} {data.decode(errors='replace')[: limits.REFUSED_CHARS_MAX]}"
                )
            return answer.headers, data

    async def stop(self) -> None:
        """Stop the server. Safe to call twice."""
        if self._server is not None:
            await self._server.stop()


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.ok
    except aiohttp.ClientError:
        return False


def is_free(port: int) -> bool:
    """Whether nobody listens on this TCP port of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A TCP port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
