"""The nodes: `firstline serve` in two places, on one Redis and one PostgreSQL, each under a supervisor that starts it
again when it ends, as every service has one."""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import aiohttp

from router.api.tokens import KEY_PREFIX, Tokens, key_hash
from router.archive.accounts import SqlAccounts
from router.archive.database import Database
from router.archive.migrate import upgrade
from router.runtime.accounts import Account, ApiKey
from router.runtime.acts import Act
from router.runtime.system import SystemClock
from tests.chaos import centre, limits, mail_server
from tests.chaos.network import ROUTER, Network
from tests.chaos.process import Part, PartFailed, children, listening, until
from tests.chaos.servers import PASSWORD, Dovecot

PORT = 8410

_SETTINGS = f"""
[mailboxes.help]
address = "{centre.MAILBOX}"
imap = {{host = "{ROUTER}", port = {Dovecot.IMAP_PORT}, user = "{Dovecot.USER}", password = "{PASSWORD}", tls = "none"}}
smtp = {{host = "{ROUTER}", port = {mail_server.PORT}, tls = "none"}}
"""


class Node:
    """One node in its place."""

    def __init__(self, place: str, network: Network, folder: Path, logs: Path, environ: dict[str, str]) -> None:
        self.place = place
        self._address = network.address(place)
        self.url = f"http://{self._address}:{PORT}"
        self.ends: list[int] = []
        """Exit codes of lives that nobody ended."""
        mine = {"FIRSTLINE_DATA_DIR": str(folder), "FIRSTLINE_HOST": self._address}
        command = [*network.inside(place), sys.executable, "-m", "router.cli", "serve"]
        self._part = Part(place, command, logs / f"{place}.log", environ | mine)
        self._folder = folder
        self._supervisor: asyncio.Task[None] | None = None
        self._killed = False

    async def start(self) -> None:
        """Start it under supervision."""
        self._folder.mkdir()
        (self._folder / "firstline.toml").write_text(_SETTINGS)
        await self._part.start()
        self._supervisor = asyncio.create_task(self._supervise(), name=self.place)

    async def _supervise(self) -> None:
        while True:
            code = await self._part.ended()
            if not self._killed:
                self.ends.append(code)
            self._killed = False
            await asyncio.sleep(limits.RESTART_S)
            await self._part.start()

    async def kill(self) -> None:
        """kill -9; the supervisor starts it again."""
        self._killed = True
        await self._part.kill()

    async def answers(self) -> bool:
        """Whether it is up."""
        return await listening(self._address, PORT)

    def freeze(self) -> None:
        """SIGSTOP, for it and its children: as a machine that is paused."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for pid in (*children(self._part.pid), self._part.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill_archive(self) -> bool:
        """kill -9 of the archive's process; whether there was one."""
        found = [pid for pid in children(self._part.pid) if b"router.archive" in _command(pid)]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return bool(found)

    async def stop(self) -> None:
        """SIGTERM, for good."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await self._part.stop()

    def tail(self) -> str:
        """How its log ends."""
        return self._part.tail()


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


class Nodes:
    """All nodes, the accounts in their data base, and ways in. `redis_url` and `database_url` are their settings."""

    def __init__(self, network: Network, places: Iterable[str], data: Path, logs: Path) -> None:
        self.key = KEY_PREFIX + secrets.token_hex(24)
        self._secret = secrets.token_urlsafe(48)
        self._network = network
        self._places = list(places)
        self._data = data
        self._logs = logs
        self.all: list[Node] = []

    async def start(self, *, redis_url: str, database_url: str, durability: str) -> None:
        """Make the accounts, start every node, apply the centre. Raises PartFailed."""
        await self._seed(database_url)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")} | {
            "FIRSTLINE_PORT": str(PORT),
            "FIRSTLINE_REDIS_URL": redis_url,
            "FIRSTLINE_DATABASE_URL": database_url,
            "FIRSTLINE_BLOBS_URL": f"file://{self._data / 'blobs'}",
            "FIRSTLINE_SECRET": self._secret,
            "FIRSTLINE_DURABILITY": durability,
            "FIRSTLINE_LOG_FORM": "json",
        }
        for place in self._places:
            node = Node(place, self._network, self._data / place, self._logs, environ)
            self.all.append(node)
            await node.start()
        async with aiohttp.ClientSession() as session:
            for node in self.all:
                await self._ready(session, node)
            await self._apply(session)

    async def _seed(self, database_url: str) -> None:
        await upgrade(database_url)
        database = await Database.open(database_url)
        directory = SqlAccounts(database)
        seeded = Act(by="chaos", command="MakeKey", at_ms=0)
        self._tokens = Tokens(self._secret, directory, SystemClock())
        try:
            for account in centre.accounts():
                await directory.put_account(account, act=seeded)
            await directory.put_key(ApiKey(id="chaos", name="chaos", hash=key_hash(self.key)), act=seeded)
            self._accounts = {account.login: account for account in directory.accounts()}
        finally:
            await database.close()

    async def _ready(self, session: aiohttp.ClientSession, node: Node) -> None:
        async def ready() -> bool:
            try:
                async with session.get(f"{node.url}/readyz") as answer:
                    return answer.ok
            except (aiohttp.ClientError, TimeoutError):
                return False

        try:
            await until(ready, node.place)
        except PartFailed as error:
            raise PartFailed(f"{error}\n{node.tail()}") from None

    async def _apply(self, session: aiohttp.ClientSession) -> None:
        headers = {"Authorization": f"Bearer {self.token('root')}", "Content-Type": "application/yaml"}
        url = f"{self.all[0].url}/api/v1/centre/apply"
        async with session.post(url, data=centre.text().encode(), headers=headers) as answer:
            if not answer.ok:
                raise PartFailed(f"the centre was refused: {await answer.text()}")

    def token(self, login: str) -> str:
        """An access token of this account, as a login would give it."""
        account: Account = self._accounts[login]
        return self._tokens.issue(account).token

    @property
    def urls(self) -> list[str]:
        """Where the nodes answer."""
        return [node.url for node in self.all]

    async def stop(self) -> None:
        """SIGTERM for all."""
        await asyncio.gather(*(node.stop() for node in self.all))
