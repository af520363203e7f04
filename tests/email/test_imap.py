"""Reading a mailbox on a real Dovecot: nothing is lost, nothing counts twice, and the reader always comes back."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop

from channels.email.imap import ImapReader
from channels.email.intake import MailIntake
from channels.email.mailbox import ImapMailbox, MailboxError, quoted
from channels.email.settings import Imap
from router.gateway import Receipt, StoreError
from tests.email.post import HELP, Post, mail
from tests.email.servers import Dovecot
from tests.support import eventually

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("plain_tracebacks")]


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    return dovecot.new_user()


@pytest.fixture
async def box(dovecot: Dovecot, user: str) -> AsyncIterator[ImapMailbox]:
    """A connected mailbox."""
    mailbox = ImapMailbox(dovecot.settings(user))
    await mailbox.connect()
    yield mailbox
    await mailbox.close()


def reader(post: Post, mailbox: ImapMailbox, intake: Any = None, **options: Any) -> ImapReader:
    return ImapReader(intake or post.intake, mailbox, name="help", rcpt=HELP, **{"reconnect_s": 0.05, **options})


@contextlib.asynccontextmanager
async def running(reader: ImapReader) -> AsyncIterator[None]:
    task = asyncio.create_task(reader.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def off_loop(function: Callable[..., Any], *arguments: Any) -> Any:
    """The tests' own IMAP client blocks."""
    return await asyncio.to_thread(function, *arguments)


# -- the mailbox ----------------------------------------------------------------------------------------------


async def test_a_mail_comes_back_byte_by_byte(dovecot: Dovecot, user: str, box: ImapMailbox) -> None:
    """Also one that looks like IMAP, and one of several megabytes."""
    odd = b'Subject: * urgent * please\r\n\r\n* 1 FETCH (UID 1)\r\nA1 OK done\r\n{12}\r\n"()\r\n'
    large = b"Subject: large\r\n\r\n" + b"line of text\r\n" * 300_000
    for raw in (odd, large):
        await off_loop(dovecot.put, user, raw)
    first, second = await box.waiting()
    assert await box.fetch(first) == odd
    assert await box.fetch(second) == large
    assert await box.sizes([first, second]) == {first: len(odd), second: len(large)}
    assert await box.fetch_head(first) == b"Subject: * urgent * please\r\n\r\n"


async def test_a_mail_that_is_gone_is_no_error(dovecot: Dovecot, user: str, box: ImapMailbox) -> None:
    assert await box.waiting() == []
    assert await box.fetch(7) is None
    assert await box.sizes([7, 8]) == {}
    await box.done(7)


async def test_handled_mails_are_in_their_folders_unread_ones_included(
    dovecot: Dovecot, user: str, box: ImapMailbox
) -> None:
    for subject in ("a", "b", "c"):
        await off_loop(dovecot.put, user, mail(Subject=subject))
    first, second, third = await box.waiting()
    await box.done(first)
    await box.failed(second)
    assert await box.waiting() == [third]
    assert await off_loop(dovecot.count, user, "Processed") == 1
    assert await off_loop(dovecot.count, user, "Failed") == 1


async def test_folder_names_are_quoted_and_encoded(dovecot: Dovecot, user: str) -> None:
    """The library would make a folder `Ma` of `Ma Boîte`."""
    settings = dovecot.settings(user)
    mailbox = ImapMailbox(
        Imap(**{f: getattr(settings, f) for f in settings.__struct_fields__} | {"processed": 'Ma Boîte "1" & co'})
    )
    await mailbox.connect()
    await off_loop(dovecot.put, user, mail())
    (uid,) = await mailbox.waiting()
    await mailbox.done(uid)
    assert await mailbox.waiting() == []
    assert quoted("Boîte & co") == '"Bo&AO4-te &- co"'
    await mailbox.close()


async def test_a_wrong_password_is_an_error(dovecot: Dovecot, user: str) -> None:
    """The library returns NO and raises nothing."""
    mailbox = ImapMailbox(Imap(host="127.0.0.1", port=dovecot.imap_port, user=user, password="no", tls="none"))
    with pytest.raises(MailboxError):
        await mailbox.connect()
    await mailbox.close()


async def test_over_tls_only_with_a_certificate_that_is_trusted(dovecot: Dovecot, user: str) -> None:
    await off_loop(dovecot.put, user, mail())
    mailbox = ImapMailbox(dovecot.settings_tls(user))
    await mailbox.connect()
    assert len(await mailbox.waiting()) == 1
    await mailbox.close()
    wary = ImapMailbox(dovecot.settings_tls(user, "/etc/ssl/certs/ca-certificates.crt"))
    with pytest.raises(MailboxError):
        await wary.connect()
    await wary.close()


async def test_a_lost_tls_connection_is_noticed_in_idle(dovecot: Dovecot, user: str, post: Post) -> None:
    """The library's own TLS class would throw the news away."""
    async with running(reader(post, ImapMailbox(dovecot.settings_tls(user)), poll_s=60.0)):
        await dovecot.deliver(user, mail())
        await eventually(lambda: off_loop(dovecot.count, user, "Processed"), 5)
        assert dovecot.signal_imap(signal.SIGKILL)
        await dovecot.deliver(user, mail())
        await eventually(lambda: len(post.items) == 2, 10)


async def test_more_mails_than_one_answer_holds(dovecot: Dovecot, user: str, post: Post, box: ImapMailbox) -> None:
    """1,500 UIDs in one FETCH end the library's recursion; the reader asks for 200 at a time."""
    folder = dovecot.base / "mail" / user / "Maildir" / "new"
    await off_loop(fill, folder, 1_000)
    uids = await box.waiting()
    assert len(uids) == 1_000
    assert len(await box.sizes(uids[:200])) == 200


def fill(folder: Any, count: int) -> None:
    for number in range(count):
        (folder / f"{number}.x").write_bytes(b"Subject: x\n\nx\n")


# -- the reader -----------------------------------------------------------------------------------------------


async def test_a_new_mail_is_an_item_within_seconds_and_leaves_the_inbox(
    dovecot: Dovecot, user: str, post: Post
) -> None:
    """By IDLE: the poll would take a minute."""
    async with running(reader(post, ImapMailbox(dovecot.settings(user)))):
        await eventually(lambda: dovecot.children("imap"), 5)
        await dovecot.deliver(user, mail())
        await eventually(lambda: post.items, 5)
        await eventually(lambda: off_loop(dovecot.count, user, "Processed"), 5)
    assert await off_loop(dovecot.count, user) == 0


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_server_that_dies_or_freezes_in_idle_is_left(
    dovecot: Dovecot, user: str, post: Post, fault: signal.Signals
) -> None:
    """The library notices neither: its wait goes on for ever."""
    mailbox = ImapMailbox(dovecot.settings(user), command_s=0.5)
    async with running(reader(post, mailbox, poll_s=1.0 if fault == signal.SIGSTOP else 60.0)):
        await dovecot.deliver(user, mail())
        await eventually(lambda: off_loop(dovecot.count, user, "Processed"), 5)
        stopped = dovecot.children("imap")
        assert dovecot.signal_imap(fault)
        await dovecot.deliver(user, mail())
        await eventually(lambda: len(post.items) == 2, 10)
    if fault == signal.SIGSTOP:
        await off_loop(dovecot.end, stopped)


async def test_died_between_receipt_and_move_is_one_item(dovecot: Dovecot, user: str, post: Post) -> None:
    """The mail is still in the inbox; the next life knows it and only moves it."""
    await dovecot.deliver(user, mail())
    dying = DyingBeforeMove(dovecot.settings(user))
    await dying.connect()
    with pytest.raises(Died):
        await reader(post, dying).sweep()
    await dying.close()
    (item,) = await eventually(lambda: post.items)
    async with running(reader(post, ImapMailbox(dovecot.settings(user)), post.fresh_intake())):
        await eventually(lambda: off_loop(dovecot.count, user, "Processed"), 5)
    assert post.items == [item]
    assert post.house.state.conversations[item.conversation].seq == 1


async def test_a_renumbered_mailbox_is_no_new_mail(dovecot: Dovecot, user: str, post: Post) -> None:
    """UIDVALIDITY changes: what was taken and not moved yet is known by its bytes."""
    await dovecot.deliver(user, mail())
    dying = DyingBeforeMove(dovecot.settings(user))
    before = await dying.connect()
    with pytest.raises(Died):
        await reader(post, dying).sweep()
    await dying.close()
    await off_loop(dovecot.renumber, user)
    again = ImapMailbox(dovecot.settings(user))
    assert await again.connect() != before
    await reader(post, again, post.fresh_intake()).sweep()
    await again.close()
    await eventually(lambda: len(post.items) == 1)
    assert await off_loop(dovecot.count, user) == 0


async def test_two_readers_of_one_mailbox_make_one_item_of_each_mail(dovecot: Dovecot, user: str, post: Post) -> None:
    for number in range(5):
        await off_loop(dovecot.put, user, mail(Subject=f"s{number}"))
    boxes = [ImapMailbox(dovecot.settings(user)) for _ in range(2)]
    for box in boxes:
        await box.connect()
    await asyncio.gather(*(reader(post, box, post.fresh_intake()).sweep() for box in boxes))
    for box in boxes:
        await box.close()
    await eventually(lambda: len(post.items) == 5)
    assert await off_loop(dovecot.count, user) == 0
    assert all(conversation.seq == 1 for conversation in post.house.state.conversations.values())


async def test_a_mail_that_another_reader_took_in_between_is_gone(
    dovecot: Dovecot, user: str, box: ImapMailbox
) -> None:
    """Dovecot still shows one such mail, without its text; that is no failure of the mailbox."""
    for number in range(2):
        await off_loop(dovecot.put, user, mail(Subject=f"s{number}"))
    other = ImapMailbox(dovecot.settings(user))
    await other.connect()
    uids = await box.waiting()
    assert await other.waiting() == uids
    for uid in uids:
        await other.done(uid)
    await other.close()
    assert [await box.fetch(uid) for uid in uids] == [None, None]


async def test_read_by_a_person_is_still_work(dovecot: Dovecot, user: str, post: Post, box: ImapMailbox) -> None:
    """Only leaving the inbox counts: people look into shared mailboxes."""
    await off_loop(dovecot.put, user, mail())
    await off_loop(mark_read, dovecot, user)
    await reader(post, box).sweep()
    assert len(post.items) == 1


def mark_read(dovecot: Dovecot, user: str) -> None:
    with dovecot.as_person(user) as client:
        client.select("INBOX")
        client.store("1", "+FLAGS", "\\Seen")


async def test_a_mail_that_makes_intake_fail_is_set_aside_and_the_others_go_on(
    dovecot: Dovecot, user: str, post: Post, box: ImapMailbox
) -> None:
    """Three tries, then the Failed folder and an item that says so: never a loop, never in nobody's sight."""
    await off_loop(dovecot.put, user, mail(Subject="poison"))
    await off_loop(dovecot.put, user, mail(Subject="good"))
    failing = reader(post, box, FailingOn(post.intake, b"poison"))
    for _ in range(4):
        await failing.sweep()
    await eventually(lambda: len(post.items) == 2)
    assert await off_loop(dovecot.count, user, "Failed") == 1
    assert await off_loop(dovecot.count, user) == 0
    found = [content for item in post.items for content in await post.content_of(item.conversation)]
    assert {(content.subject, content.problem) for content in found} == {("poison", "unfetchable"), ("good", "")}


async def test_a_mail_that_came_while_another_was_taken_does_not_wait_for_the_next_look(
    dovecot: Dovecot, user: str, post: Post
) -> None:
    """It was announced among the answers to other commands, and IDLE announces nothing twice."""
    intake = SlowAtFirst(post.intake)
    await dovecot.deliver(user, mail(Subject="first"))
    async with running(reader(post, ImapMailbox(dovecot.settings(user)), intake)):
        await asyncio.wait_for(intake.entered.wait(), 5)
        await dovecot.deliver(user, mail(Subject="second"))
        intake.go_on.set()
        await eventually(lambda: len(post.items) == 2, 10)


def test_a_connection_that_is_lost_as_an_idle_ends_fails_the_mailbox_and_not_the_node(
    dovecot: Dovecot, user: str
) -> None:
    """On uvloop, as nodes run: its transport raises of itself once it is closed."""

    async def wait() -> None:
        mailbox = LostAtPush(dovecot.settings(user))
        await mailbox.connect()
        with pytest.raises(MailboxError):
            await mailbox.wait(5)
        await mailbox.close()

    uvloop.run(wait())


async def test_mail_stays_in_the_inbox_while_the_store_is_away(dovecot: Dovecot, user: str, post: Post) -> None:
    """No receipt, no move: the reader comes back until there is one."""
    await dovecot.deliver(user, mail())
    intake = AwayAtFirst(post.intake, failures=3, count=lambda: dovecot.count(user))
    async with running(reader(post, ImapMailbox(dovecot.settings(user)), intake)):
        await eventually(lambda: off_loop(dovecot.count, user, "Processed"), 10)
    assert intake.seen_in_inbox == [1, 1, 1]
    assert len(post.items) == 1


async def test_a_server_that_cannot_move_or_push_has_its_mail_marked(dovecot: Dovecot, user: str, post: Post) -> None:
    """Marked mail is done with, whatever else a person does to it; a failed one is copied to where people look."""
    mailbox = Plain(dovecot.settings(user))
    await mailbox.connect()
    for subject in ("poison", "good"):
        await off_loop(dovecot.put, user, mail(Subject=subject))
    failing = reader(post, mailbox, FailingOn(post.intake, b"poison"))
    for _ in range(4):
        await failing.sweep()
    assert await mailbox.waiting() == []
    assert (await off_loop(dovecot.count, user), await off_loop(dovecot.count, user, "Failed")) == (2, 1)
    await asyncio.wait_for(mailbox.wait(0.01), 1)
    await mailbox.close()


async def test_a_mail_beyond_the_hard_limit_is_never_fetched(
    dovecot: Dovecot, user: str, post: Post, box: ImapMailbox
) -> None:
    """An item that says so, with the headers; the mail in the Failed folder."""
    await off_loop(dovecot.put, user, mail("x" * 70 + "\n" * 2_000))
    await reader(post, box, bytes_max=1_000).sweep()
    (item,) = await eventually(lambda: post.items)
    (content,) = await post.content_of(item.conversation)
    assert (content.problem, content.subject, content.address) == ("too_large", "My form", "kim@example.org")
    assert await off_loop(dovecot.count, user, "Failed") == 1


async def test_thirty_megabytes(dovecot: Dovecot, user: str, post: Post, box: ImapMailbox) -> None:
    """Taken, said to be too large, kept whole as an attachment; the mail after it is not held up."""
    raw = mail() + (b"x" * 74 + b"\r\n") * 400_000
    assert len(raw) > 30_000_000
    await off_loop(dovecot.put, user, raw)
    await off_loop(dovecot.put, user, mail(Subject="next", sender="jo@example.org"))
    await reader(post, box).sweep()
    await eventually(lambda: len(post.items) == 2)
    content = (await post.content_of(post.items[0].conversation))[0]
    assert content.problem == "too_large"
    assert len(await post.house.domain.blob(content.attachments[0].blob) or b"") == len(raw)


async def test_an_unparsable_mail_is_an_item_with_the_mail_attached(
    dovecot: Dovecot, user: str, post: Post, box: ImapMailbox
) -> None:
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(2_000))
    raw = b"From: kim@example.org\r\nSubject: deep\r\n" + deep
    await off_loop(dovecot.put, user, raw)
    await reader(post, box).sweep()
    (item,) = await eventually(lambda: post.items)
    (content,) = await post.content_of(item.conversation)
    assert (content.problem, content.subject) == ("unparsable", "deep")
    assert await post.house.domain.blob(content.attachments[0].blob) == raw


class Died(BaseException):
    """The process was killed here."""


class DyingBeforeMove(ImapMailbox):
    """A mailbox whose process is killed between the receipt and the move."""

    async def done(self, uid: int) -> None:
        raise Died


class FailingOn:
    """An intake with a defect that one mail meets."""

    def __init__(self, intake: MailIntake, word: bytes) -> None:
        self._intake = intake
        self._word = word

    async def take(self, mailbox: str, raw: bytes, *, rcpt: str) -> Receipt:
        if self._word in raw:
            raise KeyError("a defect")
        return await self._intake.take(mailbox, raw, rcpt=rcpt)

    async def take_headers(self, *arguments: Any, **more: Any) -> Receipt:
        return await self._intake.take_headers(*arguments, **more)


class SlowAtFirst:
    """An intake that waits with its first mail."""

    def __init__(self, intake: MailIntake) -> None:
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()
        self._intake = intake

    async def take(self, mailbox: str, raw: bytes, **how: Any) -> Receipt:
        self.entered.set()
        await self.go_on.wait()
        return await self._intake.take(mailbox, raw, **how)


class LostAtPush(ImapMailbox):
    """A connection that is lost in the moment in which a mail is announced."""

    async def _pushed(self, client: Any, lost: asyncio.Future[None], seconds: float) -> None:
        client.protocol.transport.abort()
        await asyncio.wait({lost})


class AwayAtFirst:
    """An intake whose store is away for the first times."""

    def __init__(self, intake: MailIntake, *, failures: int, count: Callable[[], int]) -> None:
        self._intake = intake
        self._failures = failures
        self._count = count
        self.seen_in_inbox: list[int] = []

    async def take(self, mailbox: str, raw: bytes, *, rcpt: str) -> Receipt:
        if len(self.seen_in_inbox) < self._failures:
            self.seen_in_inbox.append(await off_loop(self._count))
            raise StoreError("away")
        return await self._intake.take(mailbox, raw, rcpt=rcpt)


class Plain(ImapMailbox):
    """A mailbox on a server that has neither MOVE nor IDLE."""

    async def connect(self) -> int:
        uidvalidity = await super().connect()
        self._moves = self._idles = False
        return uidvalidity
