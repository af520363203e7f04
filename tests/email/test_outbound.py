"""Replies on their way out: each ends sent, failed or unknown, and unknown is never sent again unasked."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from channels.email.outbound import Outbound
from channels.email.sender import Sender
from channels.email.settings import MailboxSettings, Smtp
from channels.email.threads import issued, sent_key
from router.core import commands as c
from router.gateway import Attachment, Clock
from router.runtime.system import SystemClock
from tests.email.post import CUSTOMER, HELP, Post, mail
from tests.email.relay import Relay, listening
from tests.email.servers import make_certificate
from tests.phone.house import SECRET
from tests.support import eventually, free_port


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with listening(Relay()) as relay:
        yield relay


def outbound(post: Post, port: int, *, data_s: float = 5.0, clock: Clock | None = None, **options: Any) -> Outbound:
    smtp = Smtp(host="127.0.0.1", port=port, tls="none")
    box = MailboxSettings(name="help", address=HELP, title="Helpdesk Médiathèque", smtp=smtp)
    return Outbound(
        post.house.domain,
        post.house.history,
        clock or post.house.clock,
        [box],
        secret=SECRET,
        node="n1",
        retry_s=0.01,
        senders={"help": Sender(smtp, data_s=data_s)},
        **options,
    )


@contextlib.asynccontextmanager
async def working(worker: Outbound) -> AsyncIterator[asyncio.Task[Any]]:
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def active(post: Post, **headers: str) -> Any:
    item = await post.take(mail(**headers))
    await post.with_agent(item)
    return item


async def test_a_reply_is_one_thread_in_the_customers_mail_program(post: Post, relay: Relay) -> None:
    """In-Reply-To and References name the mail answered; the subject is an answer's and holds what the conversation
    is called, as the last line of the text does; the address is the door's."""
    item = await active(post, Message_ID="<one@example.org>", References="<zero@example.org>", Subject="Mon dossier é")
    async with working(outbound(post, relay.port)):
        delivery = await post.reply(item, "Voilà.")
        assert (await post.ended(delivery)).state == "sent"
    message = read(relay.mails[0])
    assert message["In-Reply-To"] == "<one@example.org>"
    assert message["References"].split() == ["<zero@example.org>", "<one@example.org>"]
    reference = post.house.state.conversations[item.conversation].reference
    assert message["Subject"] == f"Re: Mon dossier é [{reference}]"
    assert (message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec) == (HELP, CUSTOMER)
    assert message["From"].addresses[0].display_name == "Helpdesk Médiathèque"
    assert message.get_content().splitlines() == ["Voilà.", "", f"Ref. {reference}"]
    assert issued(SECRET, message["Message-ID"]) == delivery
    assert relay.envelopes == [(HELP, [CUSTOMER])]


async def test_the_customers_answer_to_it_comes_back_to_the_item(post: Post, relay: Relay) -> None:
    item = await active(post)
    async with working(outbound(post, relay.port)):
        await post.ended(await post.reply(item))
    ours = read(relay.mails[0])["Message-ID"]
    assert (await post.take(mail("Merci", In_Reply_To=ours, Subject="whatever"))).id == item.id
    delivery = next(iter(post.house.state.deliveries))
    assert post.house.state.threads[sent_key(SECRET, delivery)] == item.conversation


async def test_a_second_reply_answers_the_customers_newest_mail(post: Post, relay: Relay) -> None:
    item = await active(post, Message_ID="<one@example.org>")
    await post.take(mail(Message_ID="<two@example.org>", References="<one@example.org>"))
    await post.house.archive()
    async with working(outbound(post, relay.port)):
        await post.ended(await post.reply(item))
    assert read(relay.mails[0])["In-Reply-To"] == "<two@example.org>"


async def test_html_and_files_go_out_with_the_text(post: Post, relay: Relay) -> None:
    item = await active(post)
    blob = await post.house.domain.put_blob(b"%PDF")
    files = (Attachment(name="été.pdf", type="application/pdf", size=4, blob=blob),)
    async with working(outbound(post, relay.port)):
        await post.ended(await post.reply(item, "text", html="<b>text</b><script>x</script>", attachments=files))
    message = read(relay.mails[0])
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("été.pdf", b"%PDF")
    html = message.get_body(("html",))
    assert html is not None
    reference = post.house.state.conversations[item.conversation].reference
    assert html.get_content().strip() == f"<b>text</b><p>Ref. {reference}</p>"


@pytest.mark.parametrize("stage", ["rcpt_answers", "data_answers"])
async def test_refused_for_good_is_failed(post: Post, relay: Relay, stage: str) -> None:
    getattr(relay, stage).append("550 5.1.1 no such user")
    item = await active(post)
    async with working(outbound(post, relay.port)):
        ended = await post.ended(await post.reply(item))
    assert (ended.state, ended.code, ended.attempt, relay.mails) == ("failed", "550", 1, [])


@pytest.mark.parametrize("stage", ["rcpt_answers", "data_answers"])
async def test_refused_for_now_is_tried_again(post: Post, relay: Relay, stage: str) -> None:
    getattr(relay, stage).extend(["451 4.7.1 greylisted"] * 2)
    item = await active(post)
    async with working(outbound(post, relay.port)):
        ended = await post.ended(await post.reply(item))
    assert (ended.state, ended.attempt, len(relay.mails)) == ("sent", 3, 1)


async def test_a_mail_server_that_is_away_is_tried_again(post: Post) -> None:
    relay = Relay()
    relay.port = free_port()
    item = await active(post)
    async with working(outbound(post, relay.port)):
        delivery = await post.reply(item)
        await eventually(lambda: post.house.state.deliveries[delivery].code == "not_connected")
        async with listening(relay):
            assert (await post.ended(delivery)).state == "sent"
    assert len(relay.mails) == 1


async def test_dropped_after_the_mail_is_unknown_and_not_sent_again(post: Post, relay: Relay) -> None:
    """The server has the mail; sending again would be a second one."""
    relay.hang_up = True
    item = await active(post)
    worker = outbound(post, relay.port)
    async with working(worker):
        ended = await post.ended(await post.reply(item))
        await eventually(lambda: not worker._tasks)
    assert (ended.state, ended.code, len(relay.mails)) == ("unknown", "connection_lost", 1)
    async with working(outbound(post, relay.port)):
        relay.hang_up = False
        await post.ended(await post.reply(item, "another"))
    assert len(relay.mails) == 2


async def test_an_answer_that_comes_too_late_is_unknown(post: Post, relay: Relay) -> None:
    relay.go_on.clear()
    item = await active(post)
    async with working(outbound(post, relay.port, data_s=0.2)):
        ended = await post.ended(await post.reply(item))
    assert (ended.state, ended.code, len(relay.mails)) == ("unknown", "no_answer", 1)


async def test_a_person_may_have_an_unknown_one_sent_again(post: Post, relay: Relay) -> None:
    """Under the same Message-ID, so that mail programs see that it is the same."""
    relay.hang_up = True
    item = await active(post)
    async with working(outbound(post, relay.port)):
        delivery = await post.reply(item)
        assert (await post.ended(delivery)).state == "unknown"
        relay.hang_up = False
        await post.house.do(c.RetryDelivery(delivery=delivery, agent="ann"))
        ended = await post.ended(delivery, "sent")
    assert (ended.attempt, len(relay.mails)) == (2, 2)
    assert len({read(raw)["Message-ID"] for raw in relay.mails}) == 1


async def test_a_worker_killed_while_sending_leaves_unknown(post: Post, relay: Relay) -> None:
    """Between StartDelivery and EndDelivery nobody knows how far the mail got: the next life says so."""
    relay.go_on.clear()
    item = await active(post)
    worker = outbound(post, relay.port)
    async with working(worker) as task:
        delivery = await post.reply(item)
        await relay.arrived.wait()
        for each in (*worker._tasks, task):
            each.cancel()
    assert post.house.state.deliveries[delivery].state == "sending"
    relay.go_on.set()
    async with working(outbound(post, relay.port)):
        ended = await post.ended(delivery)
    assert (ended.state, ended.code, len(relay.mails)) == ("unknown", "interrupted", 1)
    assert sent_key(SECRET, delivery) in post.house.state.threads


async def test_a_graceful_stop_lets_the_mail_under_way_end(post: Post, relay: Relay) -> None:
    relay.go_on.clear()
    item = await active(post)
    async with working(outbound(post, relay.port)) as task:
        delivery = await post.reply(item)
        await relay.arrived.wait()
        task.cancel()
        relay.go_on.set()
        await asyncio.gather(task, return_exceptions=True)
    assert post.house.state.deliveries[delivery].state == "sent"


async def test_an_attempt_that_another_node_makes_is_left_alone(post: Post, relay: Relay) -> None:
    """An entry let lie goes to another node; that must not call unknown what is being sent."""
    item = await active(post)
    delivery = await post.reply(item)
    await post.house.do(c.StartDelivery(delivery=delivery, attempt=1))
    worker = outbound(post, relay.port)
    async with working(worker):
        await eventually(lambda: worker._tasks)
        await post.house.do(c.EndDelivery(delivery=delivery, attempt=1, result="sent"))
        await eventually(lambda: not worker._tasks)
    assert (post.house.state.deliveries[delivery].state, relay.mails) == ("sent", [])


class Behind(SystemClock):
    """The clock of a node that is ten minutes behind the one that decides."""

    def now_ms(self) -> int:
        return super().now_ms() - 600_000


async def test_an_attempt_of_a_dead_node_ends_in_time_where_the_clock_is_behind(
    post: Post, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds, and not those by which the clocks differ beside."""
    monkeypatch.setattr("channels.email.outbound.ABANDONED_S", 0.1)
    item = await active(post)
    delivery = await post.reply(item)
    await post.house.do(c.StartDelivery(delivery=delivery, attempt=1))
    async with working(outbound(post, relay.port, clock=Behind())):
        ended = await post.ended(delivery)
    assert (ended.state, ended.code, relay.mails) == ("unknown", "interrupted", [])


@pytest.mark.parametrize(("trusted", "result"), [(True, "sent"), (False, "retry")])
async def test_starttls_only_with_a_certificate_that_is_trusted(tmp_path: Path, trusted: bool, result: str) -> None:
    certificate = make_certificate(tmp_path / "tls.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with listening(Relay(), context) as relay:
        smtp = Smtp(host="127.0.0.1", port=relay.port, tls="starttls", ca_file=str(certificate) if trusted else "")
        ending = await Sender(smtp).send(HELP, CUSTOMER, mail())
    assert (ending.result, len(relay.mails)) == (result, int(trusted))


async def test_a_customer_without_an_address_is_failed_not_stuck(post: Post, relay: Relay) -> None:
    item = await post.take(b"Subject: who am I\r\n\r\nx\r\n")
    await post.with_agent(item)
    async with working(outbound(post, relay.port)):
        ended = await post.ended(await post.reply(item))
    assert (ended.state, ended.code) == ("failed", "no_address")
