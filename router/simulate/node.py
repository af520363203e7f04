"""A node of a world: the real services in one process that is killed, stopped and started again under its name.

The wiring is that of `router.node`, less the sockets: what reaches outside is a port of this world.
"""

import asyncio
import hashlib
from typing import Any, cast

from channels.email.imap import ImapReader
from channels.email.intake import MailIntake
from channels.email.outbound import Outbound
from channels.email.parse import Parsed, parse
from channels.email.settings import MailboxSettings, Smtp
from channels.intake import EventIntake
from channels.webhook.worker import Worker
from queues.calendar import Calendar
from queues.hours import Hours
from router.core import commands as c
from router.gateway import Applied, Outcome, StoreError
from router.runtime.blobs import Blobs
from router.runtime.calendar import calendar
from router.runtime.duties import Duties, Duty, Member
from router.runtime.openings import Openings
from router.runtime.store import Store
from router.runtime.together import together
from router.simulate import limits
from router.simulate.archive import Archivist
from router.simulate.border import FaultyStore
from router.simulate.house import SECRET, House
from router.simulate.integrator import ENDPOINT, Receiver
from router.simulate.loop import Process, SimClock
from router.simulate.mail_server import DESK, MailServer
from router.simulate.parts import Parts

BOX = MailboxSettings(name="desk", address=DESK, smtp=Smtp(host="mail.example"))
MEMBER = Member(roles=("mail", "gateway", "archive"), shape=0, version="", secret="", history="postgresql")


class Node:
    """One life of a node, from its start to its end."""

    def __init__(self, name: str, house: House, parts: Parts, mail: MailServer, skew_ms: int) -> None:
        self.name = name
        self.process = Process(name)
        self.clock = SimClock(house.loop, skew_ms)
        self._house = house
        self._parts = parts
        self._mail = mail
        self._stopping = asyncio.Event()
        self._sessions: list[Session] = []
        store = cast(Store, FaultyStore(house, self.process, parts.store(house.store)))
        self._store = store
        self._history = parts.history(house.archive, lambda: house.is_away("archive"))
        blobs = cast(Blobs, SimBlobs(house.blobs))
        self.domain = parts.domain(store, self.clock, house.ids, blobs, node=name, elsewhere=self._history.contents)
        self.domain.listen(self._show)
        self.letters = MailIntake(self.domain, self._history, Inline(), secret=SECRET)
        self.events = EventIntake(self.domain, self._history, secret=SECRET, mail=self.letters)

    async def live(self) -> None:
        """Start and work until stopped or killed. What ends it otherwise is a defect."""
        job = self.process.start(self._work())
        ended = asyncio.ensure_future(self.process.ended.wait())
        await asyncio.wait([job, ended], return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        self._house.up.pop(self.name, None)
        if job.done() and not self._house.over:
            if (error := job.exception()) is not None:
                self._house.ledger.wrong("steady", f"{self.name} died of {error!r}")
            self.process.kill()

    def end(self) -> None:
        """Tell the process to stop."""
        self._stopping.set()

    async def _work(self) -> None:
        while True:
            try:
                await self.domain.start()
                break
            except StoreError:
                await asyncio.sleep(limits.START_PAUSE_S)
        self._house.up[self.name] = self
        stopping = asyncio.create_task(self._stopping.wait())
        jobs = asyncio.create_task(together(self.domain.wait(), self._duties().run()))
        await asyncio.wait([jobs, stopping], return_when=asyncio.FIRST_COMPLETED)
        self._house.up.pop(self.name, None)
        if jobs.done():
            jobs.result()
        for session in self._sessions:
            session.gone.set()
        jobs.cancel()
        await asyncio.gather(jobs, return_exceptions=True)
        await self.domain.stop()

    def _duties(self) -> Duties:
        """What the nodes of this world share out among them."""
        house, process = self._house, self.process
        duties = [
            Duty("imap:desk", "mail", lambda: self._reader().run()),
            Duty("outbox:email", "mail", lambda: self._outbound().run()),
            Duty("openings", "gateway", Openings(self.domain, self.clock, inline).run),
            Duty("archive", "archive", Archivist(house.archive, self._store, self.domain, self._archive_away).run),
        ]
        if house.cast.webhooks:
            receiver = self._parts.receiver(house, process)
            duties.append(Duty("outbox:webhook", "gateway", lambda: self._worker(receiver).run()))
        return Duties(
            self._store,
            node=self.name,
            life=self.domain.gateway_id,
            member=MEMBER,
            duties=duties,
            decides=lambda: self.domain.decides,
        )

    def _reader(self) -> ImapReader:
        mailbox = self._parts.mailbox(self._house, self._mail, self.process)
        return ImapReader(
            self.letters, mailbox, name=BOX.name, rcpt=DESK, poll_s=limits.MAIL_POLL_S, reconnect_s=limits.RETRY_S
        )

    def _outbound(self) -> Outbound:
        sender = self._parts.sender(self._house, self._mail, self.process)
        return Outbound(
            self.domain,
            self._history,
            self.clock,
            [BOX],
            secret=SECRET,
            node=self.name,
            retry_s=limits.MAIL_RETRY_S,
            senders=cast(Any, {BOX.name: sender}),
        )

    def _worker(self, receiver: Receiver) -> Worker:
        return Worker(
            self.domain.outbox("webhook", f"endpoint:{ENDPOINT}"),
            current=lambda: self.domain.state.endpoints.get(ENDPOINT),
            since=0,
            post=receiver.post,
            gone=receiver.gone,
            chance=self._house.chance.random,
            retry_s=limits.WEBHOOK_RETRY_S,
        )

    def _archive_away(self) -> bool:
        return self._house.is_away("archive")

    def _show(self, applied: Applied, state: Any) -> None:
        """Note what this node shows from now on."""
        self._house.ledger.shown.setdefault(applied.position, {})[applied.data] = None

    # -- agents' clients ------------------------------------------------------------------------------------

    def open_session(self, agent: str, client: str) -> "Session":
        """A client of an agent connects here."""
        session = Session(self, agent, client)
        self._sessions.append(session)
        self.process.start(session.report())
        return session


class Session:
    """An open connection of an agent's client. `gone` is set when it breaks, or when the core will not have it."""

    def __init__(self, node: Node, agent: str, client: str) -> None:
        self.node = node
        self.client = client
        self.gone = asyncio.Event()
        self._agent = agent

    async def report(self) -> None:
        """Tell the core that the client is there, and once it is gone that it is gone: as `router.api.sockets` does."""
        domain = self.node.domain
        command = c.ConnectClient(agent=self._agent, client=self.client, gateway=domain.gateway_id)
        outcome = await self._insist(command, f"connect:{self.client}", until_gone=True)
        if outcome is not None and outcome.rejection:
            self.gone.set()
        await self.gone.wait()
        await self._insist(c.LoseClient(agent=self._agent, client=self.client), f"lose:{self.client}")

    async def _insist(self, command: c.Command, key: str, *, until_gone: bool = False) -> Outcome | None:
        domain = self.node.domain
        while not (until_gone and self.gone.is_set()):
            try:
                outcome = await domain.outcome(await domain.submit(command, key=key))
                if outcome is not None:
                    return outcome
            except StoreError:
                await asyncio.sleep(limits.RETRY_S)
        return None


async def inline(hours: Hours, now_ms: int, days: int) -> Calendar:
    """A calendar made where it is asked for: no thread of its own lives in a world."""
    return calendar(hours, now_ms, days)


class Inline:
    """Parses where it is called: no process of its own lives in a world."""

    async def parse(self, raw: bytes) -> Parsed:
        """See `MailParser`."""
        return parse(raw)


class SimBlobs:
    """Large contents in memory, for all nodes."""

    def __init__(self, kept: dict[str, bytes]) -> None:
        self._kept = kept

    async def put(self, data: bytes) -> str:
        """See `Blobs`."""
        id = hashlib.sha256(data).hexdigest()
        self._kept[id] = data
        return id

    async def get(self, id: str) -> bytes | None:
        """See `Blobs`."""
        return self._kept.get(id)
