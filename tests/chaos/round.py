"""One round: the house is built, works, is broken and mended, comes to rest, and is judged."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import msgspec

from tests.chaos import centre, journal, limits
from tests.chaos.agents import Agent
from tests.chaos.callers import Callers
from tests.chaos.checker import Verdict, judge
from tests.chaos.disk import Disk
from tests.chaos.evidence import Evidence, archived_to, gather
from tests.chaos.faults import TRAFFIC, Faults, House
from tests.chaos.mail_server import MailServer
from tests.chaos.network import Network
from tests.chaos.nodes import Nodes
from tests.chaos.process import PartFailed, until
from tests.chaos.redis_pair import PORT, RedisPair
from tests.chaos.servers import Dovecot, PostgreSQL
from tests.chaos.stage import Stage
from tests.chaos.visitors import Visitors
from tests.chaos.writers import Writers

NODES = ("node-a", "node-b")
REDIS = ("redis-1", "redis-2")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of `--json`. `settled_s`: from the mending of the last fault until calls, mails and agents' work
    went through again. `node_ends`: lives of nodes that ended without our doing."""

    acknowledged: int
    lost: int
    doubled: int
    two_agents: int
    over_capacity: int
    out_of_order: int
    faults: dict[str, int]
    settled_s: float
    node_ends: int
    seed: int


class Round:
    """Build it, `await play()`, read `report` and `problems`. `show` is called now and then while it plays."""

    def __init__(
        self, folder: Path, *, seconds: float, seed: int, kinds: tuple[str, ...], durability: str = "replicated"
    ) -> None:
        self.problems: list[str] = []
        self.seconds = seconds
        self.rates = [0] * limits.SLOTS
        self._folder = folder
        self._seed = seed
        self._kinds = kinds
        self._durability = durability
        self._network = Network([*NODES, *REDIS])
        self._data = Disk(folder / "data")
        self._redis = RedisPair(self._network, REDIS, folder)
        self._postgresql = PostgreSQL(folder / "postgresql")
        self._dovecot = Dovecot(folder / "dovecot")
        self._nodes = Nodes(self._network, NODES, folder / "data", folder)
        self._journal = journal.Journal(folder / "journal.jsonl")
        self._mail_server = MailServer(self._journal)

    async def play(self, show: Callable[["Round"], None]) -> Report:
        """From an empty folder to the verdict. Raises PartFailed when a part that is not ours fails."""
        async with AsyncExitStack() as stack:
            await self._build(stack)
            await self._people(stack)
            await self._break(show)
            settled_s = await self._settle()
            await self._rest()
            await self._send_home()
            verdict = await self._judge()
        return self._report(verdict, settled_s)

    # -- building -------------------------------------------------------------------------------------------

    async def _build(self, stack: AsyncExitStack) -> None:
        await self._network.build()
        await self._data.mount()
        await asyncio.gather(self._redis.start(), self._postgresql.start(), self._dovecot.start())
        stack.push_async_callback(self._redis.close)
        await self._mail_server.listen()
        stack.callback(self._mail_server.close)
        await self._nodes.start(
            redis_url=self._redis.url, database_url=self._postgresql.dsn, durability=self._durability
        )
        stack.push_async_callback(self._nodes.stop)

    async def _people(self, stack: AsyncExitStack) -> None:
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        self.stage = Stage(
            urls=self._nodes.urls, key=self._nodes.key, session=session, journal=self._journal, seed=self._seed
        )
        stack.push_async_callback(self.stage.stop)
        repeats, disorder = (kind in self._kinds for kind in TRAFFIC)
        self._callers = Callers(self.stage, repeats=repeats, disorder=disorder)
        self._writers = Writers(self.stage, self._dovecot)
        self._visitors = Visitors(self.stage)
        self._agents = [
            Agent(self.stage, login, lambda login=login: self._nodes.token(login))  # type: ignore[misc]
            for login in centre.TEAMS
        ]
        stack.push_async_callback(self._send_home)
        self.at_work = [asyncio.create_task(agent.run()) for agent in self._agents]
        for per_s, story in (
            (limits.CALLS_PER_S, self._callers.call),
            (limits.MAILS_PER_S, self._writers.write),
            (limits.CHATS_PER_S, self._visitors.chat),
        ):
            self.stage.begin(self.stage.arrivals(per_s, story))
        await until(self._flows(), "the first call, mail and answer")

    # -- breaking -------------------------------------------------------------------------------------------

    async def _break(self, show: Callable[["Round"], None]) -> None:
        self.faults = Faults(
            House(
                network=self._network,
                nodes=self._nodes.all,
                redis=self._redis,
                postgresql=self._postgresql,
                dovecot=self._dovecot,
                mail_server=self._mail_server,
                data=self._data,
                agents=self._agents,
                visitors=self._visitors,
            ),
            self._seed,
            self._kinds,
        )
        before = self._journal.acknowledged
        breaking = asyncio.create_task(self.faults.run(self.seconds))
        while not breaking.done():
            await asyncio.wait({breaking}, timeout=limits.SHOW_S)
            self._look()
            self.rates[self.slot(self.faults.now)] += self._journal.acknowledged - before
            before = self._journal.acknowledged
            show(self)
        await breaking

    def slot(self, at_s: float) -> int:
        """The column of the timeline in which an instant lies."""
        return min(int(at_s / self.seconds * limits.SLOTS), limits.SLOTS - 1)

    def _look(self) -> None:
        """Raises what a player raised."""
        self.stage.check()
        for agent in self.at_work:
            if agent.done():
                agent.result()

    # -- the end --------------------------------------------------------------------------------------------

    def _flows(self) -> Callable[[], Awaitable[bool]]:
        """A condition: since now an event was taken, a mail left the inbox, and an agent's acceptance went through."""
        counts = dict(self.stage.counts)
        processed = self._dovecot.count("Processed")

        async def flowing() -> bool:
            self._look()
            now = self.stage.counts
            work = all(now[what] > counts.get(what, 0) for what in ("events", "accept"))
            return work and self._dovecot.count("Processed") > processed

        return flowing

    async def _settle(self) -> float:
        """How long it takes until everything flows again."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.stage.begin(self._writers.write())
        try:
            await until(self._flows(), "work that flows again", limits.PROBE_S_MAX)
        except PartFailed as error:
            self.problems.append(str(error))
        settled_s = loop.time() - began
        if settled_s > limits.SETTLE_S_MAX:
            self.problems.append(f"work flowed again only after {settled_s:.1f} s, not within {limits.SETTLE_S_MAX} s")
        return settled_s

    async def _rest(self) -> None:
        """Nobody new comes; what is under way comes to its end."""
        self.stage.closing.set()

        async def at_rest() -> bool:
            self._look()
            held = any(agent.items for agent in self._agents)
            return not (self.stage.busy or held or self._dovecot.count("INBOX"))

        try:
            await until(at_rest, "an empty house", limits.QUIET_S_MAX)
        except PartFailed:
            left = sum(len(agent.items) for agent in self._agents)
            self.stage.counts["left with agents"] = left

    async def _send_home(self) -> None:
        """Nobody works any more."""
        for agent in self.at_work:
            agent.cancel()
        await asyncio.gather(*self.at_work, return_exceptions=True)

    async def _judge(self) -> Verdict:
        self._journal.close()
        redis = self._redis.client(await self._redis.master())
        position = int(await redis.hget("{main}:meta", "position") or 0)

        async def archived() -> bool:
            return await asyncio.to_thread(archived_to, self._postgresql.dsn) >= position

        try:
            await until(archived, "the archive at the end of the log", limits.ARCHIVE_S_MAX)
        except PartFailed as error:
            self.problems.append(str(error))
        lines = journal.read(self._journal.path)
        host = self._network.address(await self._redis.master())
        evidence: Evidence = await asyncio.to_thread(
            gather, host, PORT, self._postgresql.dsn, journal=lines, position=position
        )
        evidence.keep(self._folder / "evidence.msgpack")
        return judge(lines, evidence, centre.ROOMS, centre.TOTAL)

    def _report(self, verdict: Verdict, settled_s: float) -> Report:
        self.problems += [f"{kind}: {sentence}" for kind, sentence in verdict.findings]
        counts = self.faults.counts
        counts["events_repeated"], counts["events_disordered"] = self._callers.repeated, self._callers.disordered
        self.problems += [f"{kind} was asked for and did not happen" for kind in self._kinds if not counts[kind]]
        if not self._journal.acknowledged:
            self.problems.append("nothing was acknowledged")
        return Report(
            acknowledged=self._journal.acknowledged,
            **verdict.counts,
            faults={kind: counts[kind] for kind in self._kinds},
            settled_s=round(settled_s, 1),
            node_ends=sum(len(node.ends) for node in self._nodes.all),
            seed=self._seed,
        )
