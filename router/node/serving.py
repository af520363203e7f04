"""Runs a node until it is told to stop: the faces, the channels, and its share of the domain's duties."""

import asyncio
import fcntl
import gc
import hashlib
import os
import random
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, Final, TypeAlias

import structlog
from sqlalchemy import make_url

from channels.email.imap import ImapReader
from channels.email.intake import MailIntake
from channels.email.mailbox import ImapMailbox
from channels.email.outbound import Outbound
from channels.email.settings import MailboxSettings, mailboxes
from channels.email.smtp_intake import SmtpIntake
from channels.email.worker import Parser
from channels.intake import EventIntake
from channels.language import Langid
from channels.webhook.sender import WebhookSender
from router.archive.migrate import upgrade
from router.archive.patience import patiently
from router.archive.process import ArchiveProcess, Where
from router.compiled import core
from router.node.faces import Faces
from router.node.insight import Knowledge
from router.node.private import Begun
from router.node.running import Running, replicas_of, running, settles
from router.runtime.duties import Duties, Duty, Member
from router.runtime.errors import FolderInUse, StartError
from router.runtime.openings import Openings
from router.settings import Settings, SettingsError, own_blobs
from router.wire.codec import SHAPE

log = structlog.stdlib.get_logger()

Job: TypeAlias = tuple[str, Coroutine[Any, Any, None]]

GC_THRESHOLD: Final = (
    5_000  # new containers before a collection: a pause of 0.1 ms each, against 2.4 at ten times as many (measured)
)


class PortTaken(StartError):
    """The mail intake cannot listen."""


async def serve(settings: Settings, begun: Begun, ready: Callable[[str], None]) -> None:
    """Run a node with its faces until SIGTERM or SIGINT, then stop it in the order that loses nobody anything.

    `begun` is its private server; `ready` is told the URL as soon as it answers.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    boxes = _mailboxes(settings)
    with _alone(settings):
        if not await patiently(lambda: upgrade(settings.database_url), stopping):
            return
        async with running(settings, begun) as node:
            await _serve(node, boxes, stopping, ready)
    log.info("node_stopped", node=node.name)


async def _serve(
    node: Running, boxes: list[MailboxSettings], stopping: asyncio.Event, ready: Callable[[str], None]
) -> None:
    parser = Parser()
    insight = Knowledge(node.clock, node.customers, Langid())
    mail = MailIntake(node.gateway, node.history, parser, secret=node.secret, insight=insight)
    intake = _smtp_intake(node.settings, mail)
    duties = Duties(
        node.store,
        node=node.name,
        life=node.gateway.gateway_id,
        member=_member(node),
        duties=_duties(node, mail, boxes),
        decides=lambda: node.gateway.decides,
    )
    await duties.join()
    events = EventIntake(node.gateway, node.history, secret=node.secret, mail=mail, insight=insight)
    faces = Faces(node, events, duties, stopping, insight)
    async with asyncio.TaskGroup() as tasks:
        work = [tasks.create_task(_lasting(*job), name=job[0]) for job in _jobs(node, duties)]
        await _listen(intake)
        await faces.open()
        _settle_memory()
        ready(faces.url)
        log.info("node_started", node=node.name, url=faces.url, smtp_port=intake.port if intake else None, core=core())
        await stopping.wait()
        log.info("node_stopping", node=node.name)
        if intake is not None:
            intake.stop()
        await faces.close()
        for task in work:
            task.cancel()
    await parser.close()


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Keep a second node off this data folder: both would have one name. Raises FolderInUse."""
    handle = os.open(settings.data_dir / "serving", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise FolderInUse(settings.data_dir) from error
    finally:
        os.close(handle)


def _member(node: Running) -> Member:
    """What this node says of itself to the others."""
    return Member(
        roles=node.settings.roles,
        shape=SHAPE,
        version=version("firstline"),
        secret=hashlib.blake2b(b"node", key=node.secret[:64], digest_size=8).hexdigest(),
        history=make_url(node.settings.database_url).get_backend_name(),
        host=socket.gethostname(),
        port=node.settings.port,
        own_blobs=node.settings.blobs_url == own_blobs(node.settings.data_dir),
    )


def _duties(node: Running, mail: MailIntake, boxes: list[MailboxSettings]) -> list[Duty]:
    """What one node does for all, by role."""
    webhooks = WebhookSender(
        node.gateway,
        node.clock,
        secret_of=node.settings.webhooks.secrets.get,
        chance=random.random,
        private_targets=node.settings.webhooks.private_targets,
    )
    return [
        *[Duty(f"imap:{box.name}", "mail", _reading(mail, box)) for box in boxes if box.imap is not None],
        Duty("outbox:email", "mail", _sending(node, boxes)),
        Duty("outbox:webhook", "gateway", webhooks.run),
        Duty("openings", "gateway", Openings(node.gateway, node.clock).run),
        Duty("archive", "archive", ArchiveProcess(_where(node)).run),
    ]


def _reading(mail: MailIntake, box: MailboxSettings) -> Callable[[], Coroutine[Any, Any, None]]:
    assert box.imap is not None
    imap = box.imap
    return lambda: ImapReader(mail, ImapMailbox(imap), name=box.name, rcpt=box.address).run()


def _sending(node: Running, boxes: list[MailboxSettings]) -> Callable[[], Coroutine[Any, Any, None]]:
    return lambda: Outbound(node.gateway, node.history, node.clock, boxes, secret=node.secret, node=node.name).run()


def _jobs(node: Running, duties: Duties) -> list[Job]:
    """Everything that runs beside the domain on every node, by name."""
    jobs: list[Job] = [
        ("domain", node.gateway.wait()),
        ("store", node.store.watch()),
        ("duties", duties.run()),
        ("naturals", node.naturals.run()),
        ("peers", node.peers.run()),
        ("accounts", node.accounts.run()),
        ("customers", node.customers.run()),
        *[(name, watch.run()) for name, watch in node.watches.items()],
    ]
    return [*jobs, ("embedded", node.embedded.run())] if node.embedded is not None else jobs


async def _lasting(name: str, job: Coroutine[Any, Any, None]) -> None:
    """A job that must not end by itself: the node ends with it."""
    await job
    raise RuntimeError(f"the job {name} ended by itself")


async def _listen(intake: SmtpIntake | None) -> None:
    """Let the mail intake listen. Raises PortTaken."""
    if intake is None:
        return
    try:
        await intake.start()
    except OSError as error:
        raise PortTaken(
            f"the mail intake cannot listen on port {intake.port} ({error.strerror or error}): "
            "stop what listens there, or set another smtp_intake.port"
        ) from error


def _where(node: Running) -> Where:
    """What the archive's process has to know."""
    settings = node.settings
    return Where(
        store_url=node.store_url,
        domain=settings.domain,
        replicas=replicas_of(settings),
        settles=settles(settings),
        database_url=settings.database_url,
        log_level=settings.log.level,
        log_form=settings.log.form,
    )


def _settle_memory() -> None:
    """What was loaded at start lives as long as the process: keep it out of every collection, and collect less often.

    Records are trees without cycles; reference counts free them. A full collection would stop the loop for longer
    than a push takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 100)


def _mailboxes(settings: Settings) -> list[MailboxSettings]:
    """The mailboxes of the settings. Raises SettingsError."""
    try:
        return mailboxes(settings.mailboxes)
    except ValueError as error:
        raise SettingsError([str(error)]) from error


def _smtp_intake(settings: Settings, mail: MailIntake) -> SmtpIntake | None:
    """The built-in mail intake, if it is on. Raises SettingsError."""
    if not settings.smtp_intake.on or "mail" not in settings.roles:
        return None
    try:
        return SmtpIntake(mail, host=settings.smtp_intake.host, port=settings.smtp_intake.port)
    except ValueError as error:
        raise SettingsError([str(error)]) from error
