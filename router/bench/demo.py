"""`firstline demo`: the real server on the sample centre, with customers and agents who play, and a checker.

Everything goes the way it goes in a real house: phone events and webhooks over HTTP, mails over SMTP, chats and
agents over Socket.IO; the server is the same process that `firstline serve` starts. Only the people are programs.
"""

import asyncio
import base64
import secrets
import signal
import sqlite3
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import msgspec
from rich.console import Console
from rich.live import Live

from router.api.passwords import Passwords
from router.bench import limits
from router.bench.checker import Verdict, check
from router.bench.demo_centre import DemoCentre, settings
from router.bench.demo_screen import picture, summary
from router.bench.house import House, free_port
from router.bench.journal import Journal
from router.bench.players.agents import Agent
from router.bench.players.chat import Chatters
from router.bench.players.email import Correspondents, CustomersMailbox
from router.bench.players.phone import Pbx
from router.bench.players.stage import Stage
from router.bench.processes import ChildFailed

PORT = 8410


class Demo:
    """One play, from an empty folder to the checker's verdict."""

    def __init__(self, folder: Path, port: int, console: Console) -> None:
        self.centre = DemoCentre()
        self.password = secrets.token_urlsafe(9)
        self._folder = folder
        self._port = port
        self._console = console
        self._seed = secrets.randbits(32)
        self._said_lines = 0
        self._ended = asyncio.Event()
        self.hurried = False
        self._stack = AsyncExitStack()
        self.agents: list[Agent] = []

    def end(self) -> None:
        """Somebody wants it to end now."""
        self.hurried = True
        self._ended.set()

    async def run(self, seconds: float | None, live: bool) -> Verdict:
        """Play for so long, or until `end`. Raises ChildFailed when the server fails."""
        async with self._stack:
            await self._set_up()
            self._say_where()
            await self._play(seconds, live)
            await self._drain()
        return await asyncio.to_thread(check, [self._folder / "journal.jsonl"], self.house.archive)

    # -- setting up ---------------------------------------------------------------------------------------------

    async def _set_up(self) -> None:
        mailbox = CustomersMailbox()
        mailbox_port = await mailbox.listen()
        self._stack.callback(mailbox.stop)
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        intake_port = free_port()
        mailboxes = self.centre.addresses("email")
        self.house = await House.start(
            self._folder / "data",
            self.centre.accounts,
            port=self._port,
            password_hash=await Passwords().hash(self.password),
            config=settings(secret=secret, intake_port=intake_port, mailbox_port=mailbox_port, mailboxes=mailboxes),
        )
        self._stack.push_async_callback(self.house.stop)
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        journal = self._stack.enter_context(Journal(self._folder / "journal.jsonl"))
        self.stage = Stage(url=self.house.url, key=self.house.key, session=session, journal=journal, seed=self._seed)
        self._stack.push_async_callback(self.stage.stop)
        self._pbx = Pbx(self.stage, self._seed, secret, self.centre.addresses("phone"))
        webhooks = await self._pbx.listen()
        self._stack.push_async_callback(self._pbx.stop)
        self._writers = Correspondents(self.stage, mailbox, intake_port, mailboxes)
        self._chatters = Chatters(self.stage, self.centre.addresses("chat"), self.centre.languages)
        await self.house.apply(self.centre.text(webhooks))
        await self._sign_on()

    async def _sign_on(self) -> None:
        for login, specialist in self.centre.agents.items():
            categories = self.centre.categories(login)
            agent = Agent(self.stage, self._seed, login, specialist=specialist, categories=categories)
            await agent.sign_on(lambda login=login: self.house.token(login))  # type: ignore[misc]
            self.agents.append(agent)
            self._stack.push_async_callback(agent.sign_off)

    def _say_where(self) -> None:
        leaders = ", ".join(account.login for account in self.centre.accounts if account.login.endswith("lead"))
        said = (
            f"Firstline runs at {self.house.url} (API at {self.house.url}/docs).\n"
            f"Log in as admin, {leaders} or any agent, like {self.agents[0].login}.\n"
            f"Password of all: {self.password}\n"
            "Ctrl-C ends it."
        )
        self._said_lines = len(said.splitlines())
        self._console.print(said, markup=False, highlight=False, soft_wrap=True)

    # -- playing ------------------------------------------------------------------------------------------------

    async def _play(self, seconds: float | None, live: bool) -> None:
        """Let customers come for so long, then let what is under way come to its end, and send everybody home."""
        arrivals = (
            (limits.CALLS_PER_S, self._pbx.call),
            (limits.MAILS_PER_S, self._writers.write),
            (limits.CHATS_PER_S, self._chatters.chat),
        )
        for per_s, begin in arrivals:
            self.stage.begin(self.stage.arrivals(per_s, begin))
        loop = asyncio.get_running_loop()
        started = loop.time()
        with Live(console=self._console, auto_refresh=False, transient=True) as screen:
            while not self._over(loop.time() - started, seconds):
                self._look()
                if live:
                    queues = (await self.house.request("GET", "/api/v1/queues"))["rows"]
                    done = (loop.time() - started) / seconds if seconds else None
                    lines = self._console.height - self._said_lines
                    screen.update(picture(self.stage, queues, self.agents, done=done, lines=lines), refresh=True)
                await self._wait(limits.SHOW_S)
        await self.stage.stop()
        for agent in self.agents:
            await agent.sign_off()

    def _over(self, played_s: float, seconds: float | None) -> bool:
        """Whether the play is over; when its time is up, nobody new comes and the rest gets a while to settle."""
        if seconds is not None and played_s >= seconds:
            self.stage.closing.set()
        settled = not self.stage.busy or (seconds is not None and played_s >= seconds + limits.SETTLE_S_MAX)
        return self.hurried or (self.stage.closing.is_set() and settled)

    def _look(self) -> None:
        """Raises what a player raised, and ChildFailed when the server is gone."""
        self.stage.check()
        if not self.house.server.running:
            raise ChildFailed(self.house.server.failure("ended in the middle of the play"))

    async def _wait(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._ended.wait()
        except TimeoutError:
            return

    async def _drain(self) -> None:
        """Wait until the archive is where the log is. Raises ChildFailed when it does not come there."""
        drained = asyncio.get_running_loop().time() + limits.DRAIN_ARCHIVE_S_MAX
        while await asyncio.to_thread(_archive_position, self.house.archive) < await self.house.position():
            if asyncio.get_running_loop().time() > drained:
                raise ChildFailed(self.house.server.failure("did not archive what it has"))
            await asyncio.sleep(limits.LOOK_S)


def _archive_position(archive: Path) -> int:
    connection = sqlite3.connect(f"{archive.absolute().as_uri()}?mode=ro", uri=True)
    try:
        row = connection.execute("SELECT position FROM archive_position").fetchone()
    finally:
        connection.close()
    return int(row[0]) if row else 0


async def _run(seconds: float | None, live: bool, port: int, console: Console) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="firstline-demo-") as folder:
        demo = Demo(Path(folder), port, console)
        main = asyncio.current_task()
        assert main is not None

        def interrupted() -> None:
            """The first time it ends as a play does, the second time at once."""
            if demo.agents and not demo.hurried:
                demo.end()
            else:
                main.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, interrupted)
        return await demo.run(seconds, live)


def run(seconds: float | None = None, as_json: bool = False, port: int = PORT) -> int:
    """Play until Ctrl-C, or for `seconds`; returns the exit code.

    With `as_json` the last line of standard output is the checker's report as one JSON object. 1: something was
    lost, had two agents at once, or does not add up; or the server failed.
    """
    console = Console(stderr=True)
    try:
        verdict = asyncio.run(_run(seconds, not as_json, port, console))
    except ChildFailed as error:
        console.print(str(error), markup=False)
        return 1
    except asyncio.CancelledError:
        console.print("interrupted")
        return 1
    for problem in verdict.problems:
        console.print(problem, markup=False, soft_wrap=True)
    text = msgspec.json.encode(verdict.report).decode() if as_json else summary(verdict.report)
    sys.stdout.write(text + "\n")
    return verdict.exit_code
