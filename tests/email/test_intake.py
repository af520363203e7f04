"""From a raw mail to its item: which door, which conversation, and exactly one effect."""

from typing import Any

import pytest

from channels.email.intake import UnknownAddress
from channels.email.threads import issue, sent_key
from queues.entry_point import EntryPoint
from queues.rule import Rule, When
from router.core import commands as c
from router.gateway import Traits
from tests.email.post import HELP, Post, mail
from tests.phone.house import SECRET


async def test_a_mail_becomes_an_item_of_its_doors_queue(post: Post) -> None:
    item = await post.take(mail("Bonjour\n"))
    assert (item.channel, item.queue, item.entry_point, item.state) == ("email", "help", "mailbox", "queued")
    (content,) = await post.content_of(item.conversation)
    assert (content.text, content.subject, content.address) == ("Bonjour", "My form", "kim@example.org")
    assert content.raw


async def test_a_mail_taken_twice_has_one_effect(post: Post) -> None:
    """Also after a restart of intake, and with the first receipt lost."""
    raw = mail()
    first = await post.take(raw)
    again = await post.fresh_intake().take("help", raw, rcpt=HELP)
    assert again.duplicate
    assert [item.id for item in post.items] == [first.id]
    assert post.house.state.conversations[first.conversation].seq == 1


async def test_a_mail_that_left_memory_is_still_known(post: Post) -> None:
    """The inbox may hand out a mail again long after its item was closed and archived."""
    raw = mail()
    item = await post.take(raw)
    await post.with_agent(item)
    await post.house.close(item.id)
    await post.house.archive()
    assert not post.items
    assert (await post.intake.take("help", raw, rcpt=HELP)).duplicate
    assert not post.items


async def test_one_mail_in_two_mailboxes_is_two_items(post: Post) -> None:
    """Each mailbox is a door of its own: neither may swallow what the other was sent."""
    await post.house.put(EntryPoint(id="tax_mail", channel="email", address="tax@desk.example", queue="help"))
    raw = mail()
    first, second = await post.take(raw, "help"), await post.take(raw, "tax", rcpt="tax@desk.example")
    assert (first.entry_point, second.entry_point) == ("mailbox", "tax_mail")
    assert first.conversation != second.conversation


async def test_a_plus_token_is_no_other_address(post: Post) -> None:
    assert (await post.take(mail(), rcpt="Help+x7f@Desk.Example")).entry_point == "mailbox"


async def test_an_address_without_a_door_is_refused_or_goes_to_the_default(post: Post) -> None:
    with pytest.raises(UnknownAddress):
        await post.intake.take("help", mail(), rcpt="nobody@desk.example")
    receipt = await post.fresh_intake(default="mailbox").take("help", mail(), rcpt="nobody@desk.example")
    await post.house.ended(receipt)
    assert [item.entry_point for item in post.items] == ["mailbox"]


async def test_a_customers_answer_to_our_mail_lands_in_the_same_conversation(post: Post) -> None:
    item = await post.take(mail())
    await post.with_agent(item)
    delivery = await post.reply(item)
    ours = issue(SECRET, delivery, "desk.example")
    again = await post.take(mail("Thanks", Subject="Anything else", In_Reply_To=ours))
    assert again.id == item.id
    assert post.house.state.conversations[item.conversation].seq == 3


async def test_our_mail_forwarded_to_a_colleague_brings_the_colleague_in(post: Post) -> None:
    """Who has an id that we issued has got our mail."""
    item = await post.take(mail())
    await post.with_agent(item)
    ours = issue(SECRET, await post.reply(item), "desk.example")
    assert (await post.take(mail(sender="boss@example.org", References=ours))).id == item.id


async def test_a_customers_second_mail_on_their_own_first_one_joins_it(post: Post) -> None:
    first = await post.take(mail(Message_ID="<one@example.org>"))
    second = await post.take(mail(References="<one@example.org>", sender="Kim <KIM@example.org>"))
    assert second.id == first.id


async def test_mails_taken_in_the_wrong_order_are_one_thread(post: Post) -> None:
    second = await post.take(mail(Message_ID="<b@example.org>", References="<a@example.org>"))
    first = await post.take(mail(Message_ID="<a@example.org>"))
    assert first.id == second.id


async def test_a_stranger_who_knows_subject_and_message_id_does_not_get_in(post: Post) -> None:
    item = await post.take(mail(Message_ID="<one@example.org>", Subject="My form"))
    other = await post.take(mail(sender="eve@evil.example", Subject="Re: My form", References="<one@example.org>"))
    forged = await post.take(
        mail(sender="eve@evil.example", References=f"<{'dlv_1'}.{'0' * 20}@desk.example>", Subject="Re: My form")
    )
    assert len({item.conversation, other.conversation, forged.conversation}) == 3


async def test_two_customers_with_one_subject_are_two_conversations(post: Post) -> None:
    first, second = await post.take(mail(Message_ID="")), await post.take(mail(Message_ID="", sender="jo@example.org"))
    assert first.conversation != second.conversation


async def test_an_answer_after_the_end_opens_a_new_item_in_the_old_conversation(post: Post) -> None:
    """Closed, archived and out of memory: history names the conversation, who had it, and how often it came back."""
    item = await post.take(mail(Message_ID="<one@example.org>"))
    agent = await post.with_agent(item)
    delivery = await post.reply(item)
    await post.house.do(c.StartDelivery(delivery=delivery, attempt=1))
    await post.house.do(
        c.EndDelivery(delivery=delivery, attempt=1, result="sent", thread_keys=(sent_key(SECRET, delivery),))
    )
    await post.house.close(item.id)
    await post.house.archive()
    assert not post.items
    again = await post.take(mail("Still broken", In_Reply_To=issue(SECRET, delivery, "desk.example")))
    assert again.conversation == item.conversation
    assert (again.reopens, again.reopen_count, again.last_agent) == (item.id, 1, agent)
    assert post.house.state.conversations[again.conversation].seq == 3


async def test_a_bounce_joins_its_conversation_and_wakes_nobody(post: Post) -> None:
    item = await post.take(mail())
    agent = await post.with_agent(item)
    ours = issue(SECRET, await post.reply(item), "desk.example")
    await post.house.do(c.SetPending(item=item.id, agent=agent, reason="customer"))
    bounced = await post.take(bounce(ours))
    assert (bounced.id, bounced.state) == (item.id, "pending")
    assert post.house.state.conversations[item.conversation].seq == 3


async def test_an_absence_note_wakes_nobody_and_an_answer_does(post: Post) -> None:
    item = await post.take(mail())
    agent = await post.with_agent(item)
    ours = issue(SECRET, await post.reply(item), "desk.example")
    await post.house.do(c.SetPending(item=item.id, agent=agent, reason="customer"))
    assert (await post.take(mail("I am away", Auto_Submitted="auto-replied", In_Reply_To=ours))).state == "pending"
    assert (await post.take(mail("I am back", In_Reply_To=ours))).state != "pending"


async def test_a_form_mailed_in_our_own_name_is_its_senders(post: Post) -> None:
    """A web form writes as help@ and puts the customer into Reply-To: answering ourselves would be a loop."""
    item = await post.take(mail(sender=HELP, Reply_To="kim@example.org"))
    assert item.customer == (await post.take(mail())).customer


async def test_a_huge_mail_is_an_item_that_says_so_with_the_mail_attached(post: Post) -> None:
    raw = mail() + b"x" * 76 * 20_000
    item = await post.house.ended(await post.fresh_intake(bytes_max=1_000_000).take("help", raw, rcpt=HELP))
    (content,) = await post.content_of(item.refs["conversation"])
    assert (content.problem, content.subject, content.text) == ("too_large", "My form", "")
    (attached,) = content.attachments
    assert await post.house.domain.blob(attached.blob) == raw


async def test_long_texts_lie_in_blobs(post: Post) -> None:
    """What lies beside the log in Redis is at most 64 KiB."""
    item = await post.take(mail("é" * 70_000))
    (content,) = await post.content_of(item.conversation)
    assert content.text == ""
    assert (await post.house.domain.blob(content.text_blob) or b"").decode().startswith("éé")


def bounce(ours: str) -> bytes:
    """What a mail server sends when it cannot deliver (RFC 3464)."""
    return (
        b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org\r\nTo: help@desk.example\r\n"
        b"Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\nMessage-ID: <b1@mx.example.org>\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        b"Final-Recipient: rfc822; kim@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: " + ours.encode() + b"\r\nSubject: Re: x\r\n\r\n"
        b"--b--\r\n"
    )


class Seer:
    """Knows that every text is Dutch."""

    async def open(self, hours: Any) -> frozenset[str]:
        return frozenset()

    async def traits(self, customer: str) -> Traits:
        return Traits()

    async def language(self, text: str, among: Any) -> str:
        return "nl"


async def test_a_mail_asks_for_the_language_that_it_is_written_in(post: Post) -> None:
    """Where the mailbox says none; the header, which is that of the program, counts less."""
    await post.house.put(
        EntryPoint(id="mailbox", channel="email", address="help@desk.example", queue="help", overrides=("language",))
    )
    post.intake = post.fresh_intake(insight=Seer())
    item = await post.take(mail("Goedemiddag, ik heb een vraag.\n", Accept_Language="fr"))
    assert (item.language, item.requirement) == ("nl", (("nl", 1),))
    post.intake = post.fresh_intake()
    item = await post.take(mail("?", Accept_Language="fr"))
    assert (item.language, item.requirement) == ("fr", (("fr", 1),))


async def test_rules_look_at_whom_a_mail_is_to_and_what_it_says(post: Post) -> None:
    await post.house.put(
        Rule(id="press", place=1, when=When(to=("*+press@desk.example",)), priority=3, go_on=True),
        Rule(id="forms", place=2, when=When(keywords=("form",), senders=("*@example.org",)), queue="expert"),
    )
    item = await post.take(mail(To="Desk <help+press@desk.example>"))
    assert (item.rules, item.queue, item.priority) == (("press", "forms"), "expert", 3)
