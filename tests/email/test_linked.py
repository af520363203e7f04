"""Mails of customers whose mailbox an agent has linked: about the right person, and in the same threads as before."""

import pytest

from channels.customer import pseudonym
from tests.email.post import CUSTOMER, Post, mail
from tests.phone.house import SECRET

FIRST = "<first@example.org>"


async def test_a_mail_from_a_linked_mailbox_is_about_its_customer(post: Post) -> None:
    ada = await post.house.link("email", CUSTOMER)
    assert (await post.take(mail())).customer == ada
    assert (await post.take(mail(sender="jo@example.org"))).customer == pseudonym(SECRET, "jo@example.org")


@pytest.mark.parametrize("ended", [False, True])
async def test_a_thread_goes_on_when_the_mailbox_was_linked_in_between(post: Post, ended: bool) -> None:
    """The customer answers their own first mail: in the same conversation, whatever they are called by now."""
    item = await post.take(mail(Message_ID=FIRST))
    if ended:
        await post.with_agent(item)
        await post.house.close(item.id)
        await post.house.archive()
    ada = await post.house.link("email", CUSTOMER)
    again = await post.take(mail(References=FIRST))
    assert again.conversation == item.conversation
    assert again.id != item.id if ended else again.id == item.id
    assert again.customer == (ada if ended else item.customer), "an open item is the agent's to link"


async def test_a_thread_goes_on_when_the_link_was_undone(post: Post) -> None:
    await post.house.link("email", CUSTOMER)
    item = await post.take(mail(Message_ID=FIRST))
    own = pseudonym(SECRET, CUSTOMER)
    await post.house.link("email", CUSTOMER, own)
    assert (await post.take(mail(References=FIRST))).id == item.id
    assert (await post.take(mail(Message_ID="<new@example.org>"))).customer == own


async def test_whose_mailboxes_are_one_customers_does_not_open_threads_to_each_other(post: Post) -> None:
    """A message id is no secret: it still counts only from the mailbox that used it."""
    await post.house.link("email", CUSTOMER)
    await post.house.link("email", "jo@example.org")
    item = await post.take(mail(Message_ID=FIRST))
    other = await post.take(mail(sender="jo@example.org", References=FIRST))
    assert other.customer == item.customer
    assert other.conversation != item.conversation


@pytest.mark.parametrize("ended", [False, True])
async def test_a_quoted_reference_leads_back_although_the_mailbox_was_linked_since(post: Post, ended: bool) -> None:
    """The conversation is that of the customer the mailbox belongs to now."""
    item = await post.take(mail())
    called = post.house.state.conversations[item.conversation].reference
    if ended:
        await post.with_agent(item)
        await post.house.close(item.id)
        await post.house.archive()
    await post.house.link("email", CUSTOMER)
    again = await post.take(mail(Subject=f"About {called}"))
    assert again.conversation == item.conversation


async def test_the_answer_goes_elsewhere_and_the_card_knows_the_sender(post: Post) -> None:
    """`Reply-To` is where to answer; who they are is who sent it."""
    item = await post.take(mail(Reply_To="office@example.org"))
    await post.house.archive()
    card = await post.house.customers.card(item.customer)
    assert card is not None
    assert [(one.kind, one.address) for one in card.addresses] == [("email", CUSTOMER)]
