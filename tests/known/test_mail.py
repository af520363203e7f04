"""Mail intake: whatever a mailbox, its server or the way to it does, each mail is one item, and the reader goes on
(F64-F87). On a real Dovecot where a server is needed."""

import asyncio
import contextlib
import itertools
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from channels.email import limits
from channels.email.mailbox import ImapMailbox, MailboxRefused
from channels.email.settings import Imap
from channels.email.threads import issue
from queues.entry_point import EntryPoint
from router.core import commands as c
from tests.email.post import HELP, Post, mail
from tests.email.servers import Dovecot
from tests.email.test_imap import off_loop, reader, running
from tests.phone.house import SECRET
from tests.support import eventually, free_port

DAY_S = 86_400
TAX = "tax@desk.example"


class Wire:
    """A line to the mail server. It can be down, or go silent without being closed, as behind a NAT that forgot it."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._to = port
        self._silent: list[asyncio.Event] = []

    def fall_silent(self) -> None:
        """Nothing passes any more on the connections there are; new ones work."""
        for silent in self._silent:
            silent.set()

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there = await asyncio.open_connection("127.0.0.1", self._to)
            silent = asyncio.Event()
            self._silent.append(silent)
            for source, sink in ((reader, there[1]), (there[0], writer)):
                tasks.add(asyncio.create_task(self._carry(source, sink, silent)))

        listener = await asyncio.start_server(connected, "127.0.0.1", self.port)
        try:
            yield
        finally:
            listener.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, silent: asyncio.Event) -> None:
        try:
            while data := await source.read(65_536):
                if not silent.is_set():
                    sink.write(data)
        finally:
            sink.close()


def through(wire: Wire, dovecot: Dovecot, user: str) -> Imap:
    settings = dovecot.settings(user)
    fields = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return Imap(**fields | {"port": wire.port})


# -- the connection -------------------------------------------------------------------------------------------


@pytest.mark.service
@pytest.mark.usefixtures("plain_tracebacks")
async def test_a_server_that_says_bye_in_idle_is_connected_to_again_and_one_connection_stays(
    dovecot: Dovecot, post: Post
) -> None:
    """F64, F84: the mail comes at once, not with the next look a minute later; after many goodbyes there is one
    connection, and none after the end."""
    user = dovecot.new_user()
    async with running(reader(post, ImapMailbox(dovecot.settings(user)), poll_s=60.0)):
        for turn in range(3):
            await dovecot.deliver(user, mail(Subject=f"s{turn}"))
            expected = turn + 1
            await eventually(lambda expected=expected: len(post.items) == expected, 10)  # type: ignore[misc]
            await eventually(lambda: len(dovecot.children("imap")) == 1, 5)
            assert dovecot.signal_imap(signal.SIGTERM)
        await eventually(lambda: len(dovecot.children("imap")) == 1, 5)
    await eventually(lambda: not dovecot.children("imap"), 5)


@pytest.mark.service
@pytest.mark.usefixtures("plain_tracebacks")
async def test_a_line_that_went_silent_is_left_for_a_new_one(dovecot: Dovecot, post: Post) -> None:
    """F86: no side closed anything, and no byte comes any more."""
    user, wire = dovecot.new_user(), Wire(dovecot.imap_port)
    mailbox = ImapMailbox(through(wire, dovecot, user), command_s=0.3)
    async with wire.up(), running(reader(post, mailbox, poll_s=0.3)):
        await dovecot.deliver(user, mail())
        await eventually(lambda: len(post.items) == 1, 5)
        wire.fall_silent()
        await dovecot.deliver(user, mail())
        await eventually(lambda: len(post.items) == 2, 10)


def test_a_dead_connection_is_noticed_within_minutes() -> None:
    """F86: at the bounds that we ship: the next look, the end of IDLE, one command, and the longest pause."""
    at_most = limits.IMAP_POLL_S + limits.IMAP_DONE_S_MAX + limits.IMAP_COMMAND_S_MAX + limits.RECONNECT_S_MAX
    assert at_most < 300
    assert limits.IMAP_POLL_S < 29 * 60, "RFC 2177: an IDLE of 29 minutes may be ended by the server"


class Deaf(ImapMailbox):
    """A connection whose pushes never arrive: they came while another command was under way."""

    async def _pushed(self, client: Any, lost: asyncio.Future[None], seconds: float) -> None:
        await asyncio.wait({lost}, timeout=seconds)


@pytest.mark.service
@pytest.mark.usefixtures("plain_tracebacks")
async def test_a_mail_whose_push_was_lost_comes_with_the_next_look(dovecot: Dovecot, post: Post) -> None:
    """F85."""
    user = dovecot.new_user()
    async with running(reader(post, Deaf(dovecot.settings(user)), poll_s=0.2)):
        await eventually(lambda: dovecot.children("imap"), 5)
        await dovecot.deliver(user, mail())
        await eventually(lambda: len(post.items) == 1, 5)


@pytest.mark.service
@pytest.mark.usefixtures("plain_tracebacks")
async def test_a_mailbox_that_cannot_be_reached_is_an_alarm_and_is_tried_for_ever(dovecot: Dovecot, post: Post) -> None:
    """F73, F87: nothing ends the reader; when the way is open again the mail is there."""
    user, wire = dovecot.new_user(), Wire(dovecot.imap_port)
    await dovecot.deliver(user, mail())
    with capture_logs() as logs:
        async with running(reader(post, ImapMailbox(through(wire, dovecot, user)), reconnect_s=0.001)):
            await eventually(lambda: any(line.get("alarm") for line in logs))
            failures = [line for line in logs if line["event"] == "mailbox_failed"]
            assert [line["alarm"] for line in failures[: limits.RECONNECTS_ALARM]] == [False] * 4 + [True]
            async with wire.up():
                await eventually(lambda: len(post.items) == 1, 10)


NONSENSE = [
    b"",
    b"* BYE too busy\r\n",
    b"\xff\xfe\x00 no greeting at all\r\n",
    b"* OK ready\r\n* 1 FETCH (UID {99999999}\r\n",
    b"* OK ready\r\n" + b"A" * 70_000,
]


@pytest.mark.usefixtures("plain_tracebacks")
@pytest.mark.parametrize("said", NONSENSE, ids=range(len(NONSENSE)))
async def test_a_server_that_answers_nonsense_is_left_and_told_of(post: Post, said: bytes) -> None:
    """F73: never a reader that hangs or ends; after some tries an alarm."""
    connections: list[asyncio.StreamWriter] = []

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        writer.write(said)
        if not said:
            writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = Imap(host="127.0.0.1", port=port, user="u", password="p", tls="none")
    with capture_logs() as logs:
        async with running(reader(post, ImapMailbox(settings, command_s=0.02), reconnect_s=0.001)):
            await eventually(lambda: len(connections) > limits.RECONNECTS_ALARM)
    assert any(line["event"] == "mailbox_failed" and line["alarm"] for line in logs)
    for writer in connections:
        writer.close()
    server.close()


# -- the mailbox ----------------------------------------------------------------------------------------------


@pytest.mark.service
@pytest.mark.usefixtures("plain_tracebacks")
async def test_mail_that_came_days_ago_is_taken(dovecot: Dovecot, post: Post) -> None:
    """F67: what is in the inbox is taken, whenever it came and whatever date it says."""
    user = dovecot.new_user()

    def put() -> None:
        with dovecot.as_person(user) as client:
            for days in (0, 3, 4_000):
                raw = mail(Subject=f"s{days}", Date="Thu, 01 Jan 1970 00:00:00 +0000")
                client.append("INBOX", "", time.time() - days * DAY_S, raw)

    await off_loop(put)
    box = ImapMailbox(dovecot.settings(user))
    await box.connect()
    await reader(post, box).sweep()
    await box.close()
    assert len(post.items) == 3


class Stubborn(ImapMailbox):
    """A server that lets nothing be moved for a while."""

    refusals = 2

    async def done(self, uid: int) -> None:
        if self.refusals:
            self.refusals -= 1
            raise MailboxRefused("the server answered NO")
        await super().done(uid)


@pytest.mark.service
@pytest.mark.usefixtures("plain_tracebacks")
async def test_a_mail_that_cannot_be_moved_is_one_item_and_moved_later(dovecot: Dovecot, post: Post) -> None:
    """F69: also for a reader that has forgotten it."""
    user = dovecot.new_user()
    await dovecot.deliver(user, mail())
    box = Stubborn(dovecot.settings(user))
    await box.connect()
    first = reader(post, box)
    for _ in range(2):
        await first.sweep()
    assert await off_loop(dovecot.count, user) == 1
    await reader(post, box, post.fresh_intake()).sweep()
    await box.close()
    assert await off_loop(dovecot.count, user) == 0
    (item,) = post.items
    assert post.house.state.conversations[item.conversation].seq == 1


class Disturbed(ImapMailbox):
    """A mailbox in which others move and put mail while one is fetched."""

    disturb: Any = None

    async def fetch(self, uid: int) -> bytes | None:
        if self.disturb is not None:
            disturb, self.disturb = self.disturb, None
            await off_loop(disturb)
        return await super().fetch(uid)


@pytest.mark.service
@pytest.mark.usefixtures("plain_tracebacks")
async def test_a_mailbox_that_changes_while_it_is_read_loses_nothing(dovecot: Dovecot, post: Post) -> None:
    """F74: one mail is taken away, another is read by a person, a third one comes in and is read at once."""
    user = dovecot.new_user()
    for number in range(4):
        await off_loop(dovecot.put, user, mail(Subject=f"s{number}", Message_ID=f"<{number}@example.org>"))

    def disturb() -> None:
        with dovecot.as_person(user) as client:
            client.select("INBOX")
            client.store("1", "+FLAGS", "\\Deleted")
            client.store("3", "+FLAGS", "\\Seen")
            client.expunge()
            client.append("INBOX", "\\Seen", "", mail(Subject="new", Message_ID="<new@example.org>"))

    box = Disturbed(dovecot.settings(user))
    await box.connect()
    box.disturb = disturb
    reading = reader(post, box)
    for _ in range(2):
        await reading.sweep()
    await box.close()
    contents = [content for item in post.items for content in await post.content_of(item.conversation)]
    assert sorted(content.subject for content in contents) == ["new", "s1", "s2", "s3"]
    assert await off_loop(dovecot.count, user) == 0


# -- threads --------------------------------------------------------------------------------------------------


def thread(customer: str, name: str) -> list[bytes]:
    """Four mails of a customer, each an answer to the one before."""
    ids = [f"<{name}{number}.{customer}>" for number in range(4)]
    return [
        mail(sender=customer, Subject=name, Message_ID=ids[number], References=" ".join(ids[:number]))
        for number in range(4)
    ]


async def test_mails_in_any_order_are_the_same_threads(post: Post) -> None:
    """F71: a thread of four in eight orders, the wrong way round too, beside another one of the same customer."""
    for turn, order in enumerate([*itertools.permutations(range(4))][1::3]):
        customer = f"c{turn}@example.org"
        one, other = thread(customer, "one"), thread(customer, "other")
        found: dict[str, set[str]] = {"one": set(), "other": set()}
        for number in order:
            found["one"].add((await post.take(one[number])).id)
            found["other"].add((await post.take(other[3 - number])).id)
        assert len(found["one"]) == len(found["other"]) == 1, order
        assert found["one"] != found["other"]


async def two_doors(post: Post) -> None:
    await post.house.put(EntryPoint(id="tax_mail", channel="email", address=TAX, queue="expert"))


async def test_one_mail_to_two_of_our_mailboxes_is_work_for_both_and_each_keeps_its_thread(post: Post) -> None:
    """F70, F76: to help@, cc tax@. The customer's next mail to both goes on in both."""
    await two_doors(post)
    raw = mail(Cc=TAX, Message_ID="<one@example.org>")
    again = mail(Cc=TAX, Message_ID="<two@example.org>", References="<one@example.org>")
    items = []
    for mailbox, rcpt in (("help", HELP), ("tax", TAX)):
        first = await post.take(raw, mailbox, rcpt=rcpt)
        assert (await post.take(again, mailbox, rcpt=rcpt)).id == first.id
        items.append(first)
    assert [item.queue for item in items] == ["help", "expert"]
    assert [post.house.state.conversations[item.conversation].seq for item in items] == [2, 2]


async def test_an_answer_to_all_of_us_joins_the_thread_of_the_mail_that_it_answers(post: Post) -> None:
    """F76: the agent of help@ answered; the customer puts tax@ beside it. Nobody gets a thread of their own for it."""
    await two_doors(post)
    item = await post.take(mail())
    await post.with_agent(item)
    ours = issue(SECRET, await post.reply(item), "desk.example")
    answer = mail("Thanks", Cc=TAX, In_Reply_To=ours)
    joined = [await post.take(answer), await post.take(answer, "tax", rcpt=TAX)]
    assert {one.id for one in joined} == {item.id}


async def test_a_mail_of_ours_to_ourselves_wakes_nobody(post: Post) -> None:
    """F76, F79: from one of our own addresses to another. It joins what it answers, and is nobody's turn."""
    await two_doors(post)
    item = await post.take(mail())
    agent = await post.with_agent(item)
    ours = issue(SECRET, await post.reply(item), "desk.example")
    await post.house.do(c.SetPending(item=item.id, agent=agent, reason="customer"))
    for sender in (TAX, "Help+tickets@Desk.Example"):
        joined = await post.take(mail(sender=sender, In_Reply_To=ours))
        assert (joined.id, joined.state, joined.customer) == (item.id, "pending", item.customer)
