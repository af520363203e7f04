"""References in mails: they lead customers back into their own conversations, and nobody into anybody else's."""

import msgspec
import pytest

from channels.email.threads import issue
from router.core.item import WorkItem
from router.core.reference import reference
from router.gateway import Content, EventRefused
from tests.email.post import HELP, Post, mail
from tests.email.relay import Relay, listening
from tests.email.test_intake import bounce
from tests.email.test_mail_event import bring
from tests.email.test_outbound import outbound, read, working
from tests.phone.house import SECRET

EVE = "eve@evil.example"


async def closed(post: Post, item: WorkItem, *, archived: bool = True) -> None:
    await post.with_agent(item)
    await post.house.close(item.id)
    if archived:
        await post.house.archive()


def called(post: Post, item: WorkItem) -> str:
    return post.house.state.conversations[item.conversation].reference


async def test_a_customer_who_quotes_it_comes_back_into_their_open_conversation(post: Post) -> None:
    """A new mail, no reply: only the subject says what it is about."""
    item = await post.take(mail())
    again = await post.take(mail("And another thing", Subject=f"About {called(post, item)}"))
    assert again.id == item.id
    assert post.house.state.conversations[item.conversation].seq == 2


@pytest.mark.parametrize("archived", [False, True])
async def test_after_the_end_it_goes_on_as_a_linked_item_under_the_same_reference(post: Post, archived: bool) -> None:
    item = await post.take(mail())
    ours = called(post, item)
    await closed(post, item, archived=archived)
    again = await post.take(mail("Still broken", Subject=f"Fwd: [{ours}] broken"))
    assert (again.conversation, again.reopens, again.reopen_count) == (item.conversation, item.id, 1)
    assert (again.last_agent, again.related) == ("ann", "")
    assert (called(post, again), post.house.state.conversations[again.conversation].seq) == (ours, 2)


@pytest.mark.parametrize("ended", [False, True])
async def test_a_stranger_who_quotes_it_does_not_get_in(post: Post, ended: bool) -> None:
    """References are short and follow from one another: whoever guesses one gets a conversation of their own. The
    agent sees which item it is about."""
    item = await post.take(mail())
    ours = called(post, item)
    if ended:
        await closed(post, item)
    other = await post.take(mail("Let me in", sender=EVE, Subject=f"Re: My form [{ours}]"))
    assert other.conversation != item.conversation
    assert (other.related, other.reopens, called(post, other)) == (item.id, "", reference(2))
    if not ended:
        assert post.house.state.conversations[item.conversation].seq == 1


async def test_what_the_stranger_writes_next_stays_with_the_stranger(post: Post) -> None:
    """Their mail's id became a key of their own conversation, and of no other."""
    item = await post.take(mail())
    subject = f"Re: My form [{called(post, item)}]"
    first = await post.take(mail(sender=EVE, Subject=subject, Message_ID="<evil@evil.example>"))
    second = await post.take(mail(sender=EVE, Subject=subject, References="<evil@evil.example>"))
    assert second.id == first.id
    assert post.house.state.conversations[item.conversation].seq == 1


@pytest.mark.parametrize("ended", [False, True])
async def test_a_forged_sender_cannot_turn_the_answers_aside(post: Post, ended: bool) -> None:
    """From is easily forged, and answers would go to Reply-To: such a mail does not go on with what it quotes."""
    item = await post.take(mail())
    ours = called(post, item)
    if ended:
        await closed(post, item)
    forged = await post.take(mail(Reply_To=EVE, Subject=f"Re: My form [{ours}]"))
    assert forged.conversation != item.conversation
    assert (forged.customer, forged.related) == (item.customer, item.id)


@pytest.mark.parametrize("ended", [False, True])
async def test_one_customer_may_quote_from_each_of_their_addresses(post: Post, ended: bool) -> None:
    """An agent said that both are theirs; before that, the second one was a stranger."""
    item = await post.take(mail())
    subject = f"[{called(post, item)}]"
    if ended:
        await closed(post, item)
    before = await post.take(mail("from work", sender="kim@work.example", Subject=subject))
    assert before.conversation != item.conversation
    await post.house.link("email", "kim@work.example", item.customer)
    after = await post.take(mail("from work again", sender="kim@work.example", Subject=subject))
    assert (after.conversation, after.customer) == (item.conversation, item.customer)


async def test_what_a_mail_answers_counts_more_than_what_its_subject_says(post: Post) -> None:
    quoted = await post.take(mail())
    item = await post.take(mail(sender="jo@example.org"))
    await post.with_agent(quoted)
    await post.house.accept(item.id)
    ours = issue(SECRET, await post.reply(item), "desk.example")
    answer = mail(sender="jo@example.org", In_Reply_To=ours, Subject=f"as in {called(post, quoted)}")
    assert (await post.take(answer)).id == item.id


@pytest.mark.parametrize("subject", [f"Re: [{reference(99)}]", "[618-033-948]", "Ref 618033948"])
async def test_a_reference_that_nobody_has_is_a_subject_like_any_other(post: Post, subject: str) -> None:
    """It may be somebody else's number: nothing is made of it."""
    item = await post.take(mail(Subject=subject))
    assert (item.related, item.attributes, called(post, item)) == ("", "", reference(1))


async def test_a_bounce_that_names_no_mail_of_ours_is_shown_beside_what_its_subject_quotes(post: Post) -> None:
    item = await post.take(mail())
    subject = f"Subject: Undelivered: Re: My form [{called(post, item)}]".encode()
    lost = bounce("<unknown@mx.example.org>").replace(b"Subject: Undelivered Mail Returned to Sender", subject)
    bounced = await post.take(lost)
    assert (bounced.related, bounced.conversation == item.conversation) == (item.id, False)


async def test_an_answer_from_a_mail_program_that_drops_the_thread_comes_back(post: Post) -> None:
    """In-Reply-To and References are lost; the subject that we sent is enough, however often it goes to and fro."""
    item = await post.take(mail(Subject="Réclamation"))
    await post.with_agent(item)
    async with listening(Relay()) as relay, working(outbound(post, relay.port)):
        for number in range(3):
            await post.ended(await post.reply(item, f"answer {number}"))
            subject = str(read(relay.mails[-1])["Subject"])
            assert subject == f"Re: Réclamation [{called(post, item)}]"
            assert (await post.take(mail(f"question {number}", Subject=f"AW: {subject}"))).id == item.id
            await post.house.archive()


# -- mails that integrators bring ---------------------------------------------------------------------------

BROUGHT = {"to": HELP, "from": "kim@example.org", "subject": "My form", "text": "a"}


async def test_an_integrator_may_say_what_a_mail_quotes(post: Post) -> None:
    """As it was scanned, or read out: any way of writing it. It counts more than the subject."""
    bring(post.house, post)
    item = await post.take(mail())
    other = await post.take(mail(sender="jo@example.org"))
    data = BROUGHT | {"subject": f"[{called(post, other)}]", "reference": called(post, item).replace("-", " ")}
    assert (await post.house.take("mail.received", data)).refs["item"] == item.id


async def test_a_reference_that_nobody_has_is_shown_to_the_agent(post: Post) -> None:
    bring(post.house, post)
    outcome = await post.house.take("mail.received", BROUGHT | {"reference": reference(99), "attributes": {"case": 1}})
    item = post.house.state.items[outcome.refs["item"]]
    (data,) = await post.house.domain.contents([item.attributes])
    attributes = msgspec.json.decode(data or b"{}", type=Content).attributes
    assert attributes == {"case": 1, "reference_unknown": reference(99)}


async def test_a_misspelt_reference_is_the_integrators_to_mend(post: Post) -> None:
    bring(post.house, post)
    with pytest.raises(EventRefused) as refused:
        await post.house.take("mail.received", BROUGHT | {"reference": "618-033-948"})
    assert (refused.value.code, refused.value.pointer, refused.value.status) == (
        "bad_reference",
        "/data/reference",
        422,
    )
    assert post.items == []
