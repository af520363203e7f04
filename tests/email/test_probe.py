"""Trying out mailboxes and mail servers: each thing that people get wrong has its own word, and says what to do."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from channels.email.probe import Code, Trouble, send_test_mail, try_imap, try_smtp
from channels.email.settings import Imap, Smtp
from tests.email.post import CUSTOMER, HELP, mail
from tests.email.relay import Relay, listening
from tests.email.servers import Dovecot, make_certificate
from tests.support import free_port


class Strict(Relay):
    """A relay that sends for one address only, and only for who logged in."""

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address != HELP:
            return "553 5.7.1 not yours"
        envelope.mail_from = address
        return "250 ok"


def authenticated(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
) -> AuthResult:
    return AuthResult(success=login == LoginPassword(b"help", b"sesam"), handled=False)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path / "tls.pem")


@pytest.fixture
async def relay(certificate: Path) -> AsyncIterator[Relay]:
    """A mail server with STARTTLS and log-ins."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with listening(Strict(), tls=context, authenticator=authenticated) as relay:
        yield relay


def smtp(relay: Relay, certificate: Path) -> Smtp:
    """What is right for it."""
    return Smtp(host="127.0.0.1", port=relay.port, user="help", password="sesam", ca_file=str(certificate))


async def trouble(trying: Awaitable[object]) -> Code:
    with pytest.raises(Trouble) as raised:
        await trying
    return raised.value.code


async def test_a_mail_server_that_works_gets_no_mail_until_one_is_asked_for(relay: Relay, certificate: Path) -> None:
    settings = smtp(relay, certificate)
    await try_smtp(settings, HELP)
    assert relay.mails == []
    assert (await send_test_mail(settings, HELP, CUSTOMER)).result == "sent"
    assert relay.envelopes == [(HELP, [CUSTOMER])]


async def test_what_is_wrong_with_a_mail_server_is_told_apart(relay: Relay, certificate: Path) -> None:
    right = smtp(relay, certificate)
    wrong: dict[Code, Smtp] = {
        "login_refused": msgspec.structs.replace(right, password="guess"),
        "certificate": msgspec.structs.replace(right, ca_file=""),
        "ca_file": msgspec.structs.replace(right, ca_file=str(certificate.with_name("none.pem"))),
        "port_closed": msgspec.structs.replace(right, port=free_port()),
        "host_unknown": msgspec.structs.replace(right, host="no-such-host.invalid"),
        "tls": msgspec.structs.replace(right, tls="implicit"),
    }
    assert {code: await trouble(try_smtp(settings, HELP)) for code, settings in wrong.items()} == {
        code: code for code in wrong
    }
    assert await trouble(try_smtp(right, CUSTOMER)) == "sender_refused"
    assert await trouble(try_smtp(msgspec.structs.replace(right, host="a..b"), HELP)) == "host_unknown"


async def test_a_mail_server_without_starttls_or_log_ins_says_so() -> None:
    async with listening(Relay()) as plain:
        settings = Smtp(host="127.0.0.1", port=plain.port, tls="none")
        await try_smtp(settings, HELP)
        assert await trouble(try_smtp(msgspec.structs.replace(settings, tls="starttls"), HELP)) == "tls"
        with_user = msgspec.structs.replace(settings, user="help", password="sesam")
        assert await trouble(try_smtp(with_user, HELP)) == "login_refused"


@pytest.mark.service
async def test_a_mailbox_that_works_says_what_waits_and_moves_nothing(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    dovecot.put(user, mail())
    found = await try_imap(dovecot.settings_tls(user))
    assert (found.waiting, found.pushes) == (1, True)
    assert dovecot.count(user) == 1


@pytest.mark.service
async def test_what_is_wrong_with_a_mailbox_is_told_apart(dovecot: Dovecot) -> None:
    right = dovecot.settings_tls(dovecot.new_user())
    wrong: dict[Code, Imap] = {
        "login_refused": msgspec.structs.replace(right, password="guess"),
        "certificate": msgspec.structs.replace(right, ca_file=""),
        "tls": msgspec.structs.replace(right, port=dovecot.imap_port),
        "inbox": msgspec.structs.replace(right, inbox="Elsewhere"),
    }
    assert {code: await trouble(try_imap(settings)) for code, settings in wrong.items()} == {
        code: code for code in wrong
    }


@pytest.mark.service
async def test_a_certificate_of_another_name_is_not_trusted(dovecot: Dovecot) -> None:
    elsewhere = msgspec.structs.replace(dovecot.settings_tls(dovecot.new_user()), host="localhost")
    with pytest.raises(Trouble, match="localhost is not trusted here"):
        await try_imap(elsewhere)


async def test_a_server_that_hangs_up_is_no_mystery() -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        settings = Smtp(host="127.0.0.1", port=server.sockets[0].getsockname()[1], tls="none")
        assert await trouble(try_smtp(settings, HELP)) == "mail_server"
