"""Mail by SMTP: 250 means durable, and whatever else is said leaves the mail with its sender."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiosmtplib
import pytest

from channels.email import smtp_intake
from channels.email.imap import ImapReader
from channels.email.intake import MailIntake
from channels.email.mailbox import ImapMailbox
from channels.email.smtp_intake import SmtpIntake
from channels.email.worker import Parser
from queues.entry_point import EntryPoint
from router.gateway import Full, Receipt, StoreError
from tests.email.post import CUSTOMER, HELP, Post, mail
from tests.email.servers import Dovecot, opensmtpd
from tests.support import eventually


async def listening(intake: Any, **options: Any) -> SmtpIntake:
    server = SmtpIntake(intake, port=0, **options)
    await server.start()
    return server


@pytest.fixture
async def server(post: Post) -> AsyncIterator[SmtpIntake]:
    server = await listening(post.intake)
    yield server
    await stopped(server)


async def stopped(server: SmtpIntake) -> None:
    sessions = list(server._sessions)
    server.stop()
    await asyncio.gather(*(s._handler_coroutine for s in sessions if s._handler_coroutine), return_exceptions=True)


async def send(server: SmtpIntake, raw: bytes, *rcpts: str, sender: str = CUSTOMER) -> str:
    """The server's answer to the mail."""
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=server.port)
    await client.connect()
    try:
        _, answer = await client.sendmail(sender, list(rcpts) or [HELP], raw)
        return answer
    finally:
        client.close()


async def test_a_mail_by_smtp_is_an_item_before_250(post: Post, server: SmtpIntake) -> None:
    assert "taken" in await send(server, mail())
    assert [item.entry_point for item in post.items] == ["mailbox"]


async def test_a_mail_sent_again_because_the_250_was_lost_has_one_effect(post: Post, server: SmtpIntake) -> None:
    raw = mail()
    await send(server, raw)
    await send(server, raw)
    assert len(post.items) == 1


async def test_each_recipient_of_ours_gets_their_own(post: Post, server: SmtpIntake) -> None:
    await post.house.put(EntryPoint(id="tax_mail", channel="email", address="tax@desk.example", queue="help"))
    await send(server, mail(), HELP, "tax@desk.example", "help+again@desk.example")
    assert sorted(item.entry_point for item in post.items) == ["mailbox", "tax_mail"]


async def test_a_bounce_has_no_sender_and_is_taken(post: Post, server: SmtpIntake) -> None:
    """MAIL FROM:<> (RFC 5321 section 4.5.5); its empty sender is what tells that a program wrote it."""
    await send(server, mail(sender="Daemon <daemon@mx.example.org>"), sender="")
    (content,) = await post.content_of(post.items[0].conversation)
    raw = await post.house.domain.blob(content.raw)
    assert (raw or b"").startswith(b"Return-Path: <>\r\n")


async def test_mail_for_others_is_refused(post: Post, server: SmtpIntake) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await send(server, mail(), "someone@elsewhere.example")
    assert refused.value.recipients[0].code == 550
    assert not post.items


async def test_a_mail_over_the_hard_limit_is_552(post: Post) -> None:
    server = await listening(post.intake, bytes_max=100_000)
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await send(server, mail() + b"x" * 76 * 2_000)
    assert refused.value.code == 552
    await stopped(server)
    assert not post.items


async def test_lines_longer_than_the_rfc_allows_are_taken(post: Post, server: SmtpIntake) -> None:
    await send(server, mail() + b"y" * 50_000 + b"\r\n")
    assert len(post.items) == 1


@pytest.mark.parametrize(
    ("error", "code"), [(StoreError("away"), 451), (Full("no room"), 452), (KeyError("a defect"), 451)]
)
@pytest.mark.usefixtures("plain_tracebacks")
async def test_what_cannot_be_kept_now_is_to_be_sent_again(post: Post, error: Exception, code: int) -> None:
    """The sender keeps the mail and tries again; a defect of ours is no reason to lose it either."""
    server = await listening(Failing(post.intake, error))
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(server, mail())
    assert refused.value.code == code
    await send(server, mail())
    await stopped(server)
    assert len(post.items) == 1


async def test_a_connection_too_many_is_told_to_come_later_and_the_next_is_served(
    post: Post, server: SmtpIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mails that come in at once are in memory at once: no more than there is room for."""
    monkeypatch.setattr(smtp_intake, "SMTP_SESSIONS_MAX", 1)
    first = aiosmtplib.SMTP(hostname="127.0.0.1", port=server.port)
    await first.connect()
    with pytest.raises(aiosmtplib.SMTPConnectResponseError) as refused:
        await send(server, mail())
    assert refused.value.code == 421
    assert len(post.items) == 0
    await first.quit()
    await eventually(lambda: all(session.transport is None for session in server._sessions))
    await send(server, mail())
    assert len(post.items) == 1


async def test_it_listens_to_this_machine_only_and_says_when_the_port_is_taken(post: Post, server: SmtpIntake) -> None:
    with pytest.raises(ValueError, match="loopback"):
        SmtpIntake(post.intake, host="0.0.0.0", port=0)
    with pytest.raises(OSError, match="address already in use"):
        await SmtpIntake(post.intake, port=server.port).start()


@pytest.mark.service
async def test_the_whole_way_through_real_servers(post: Post, dovecot: Dovecot, parser: Parser) -> None:
    """SMTP to OpenSMTPD, LMTP to Dovecot, IMAP to us, the parser's process: an item."""
    post.parser = parser
    user = dovecot.new_user()
    with opensmtpd(dovecot.lmtp_port) as port:
        await aiosmtplib.send(
            mail(), sender=CUSTOMER, recipients=[f"{user}@test.invalid"], hostname="127.0.0.1", port=port
        )
        mailbox = ImapMailbox(dovecot.settings(user))
        task = asyncio.create_task(ImapReader(post.fresh_intake(), mailbox, name="help", rcpt=HELP).run())
        await eventually(lambda: post.items, 15)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (await post.content_of(post.items[0].conversation))[0].address == CUSTOMER


class Failing:
    """An intake that fails once."""

    def __init__(self, intake: MailIntake, error: Exception) -> None:
        self._intake = intake
        self._errors = [error]
        self.entry_point = intake.entry_point

    async def take(self, mailbox: str, raw: bytes, *, rcpt: str) -> Receipt:
        if self._errors:
            raise self._errors.pop()
        return await self._intake.take(mailbox, raw, rcpt=rcpt)
