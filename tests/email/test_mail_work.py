"""Where mails go whose conversation was split or merged, in memory and long after."""

from channels.email.reply import Replies
from channels.email.settings import MailboxSettings
from channels.email.threads import issue, sent_key
from router.core import commands as c
from router.core.item import WorkItem
from router.runtime.system import SystemClock
from tests.email.post import HELP, Post, mail
from tests.phone.house import SECRET


async def merged(post: Post) -> tuple[WorkItem, WorkItem]:
    """Two mails of one customer, the second merged into the first, which ann works on."""
    first = await post.take(mail("It leaks.", Message_ID="<one@example.org>"))
    agent = await post.with_agent(first)
    second = await post.take(mail("It still leaks.", Message_ID="<two@example.org>"))
    await post.house.do(c.MergeConversation(item=second.id, into=first.id, agent=agent))
    return first, second


async def test_an_answer_to_either_of_two_merged_mails_comes_to_the_one_that_goes_on(post: Post) -> None:
    first, second = await merged(post)
    assert first.conversation != second.conversation
    again = await post.take(mail("And now?", Message_ID="<three@example.org>", References="<two@example.org>"))
    assert (again.id, again.conversation) == (first.id, first.conversation)
    assert (await post.take(mail("Well?", References="<one@example.org>"))).id == first.id
    assert (await post.take(mail("Hello?", References="<three@example.org>"))).id == first.id


async def test_so_it_does_when_all_of_it_has_left_memory(post: Post) -> None:
    first, second = await merged(post)
    await post.house.close(first.id)
    await post.house.archive()
    assert not post.items
    again = await post.take(mail("Again.", References="<two@example.org>"))
    assert (again.conversation, again.reopens) == (first.conversation, first.id)
    reference = post.house.state.conversations[first.conversation].reference
    assert reference and second.conversation not in post.house.state.conversations


async def test_a_part_is_answered_in_the_customers_thread_and_their_answer_comes_to_the_part(post: Post) -> None:
    item = await post.take(mail("Two things.", Message_ID="<one@example.org>", Subject="Two things"))
    agent = await post.with_agent(item)
    part = c.SplitPart(item="i-part", conversation="c-part", queue="help")
    await post.house.do(c.SplitItem(item=item.id, agent=agent, parts=(part,)))
    taken = post.house.state.items["i-part"]
    if taken.state == "queued":
        await post.house.do(c.CompleteItem(item=item.id, agent=agent, disposition="done"))
    await post.house.accept("i-part")
    delivery = await post.reply(post.house.state.items["i-part"])
    mailbox = MailboxSettings(name="help", address=HELP)
    house = post.house
    replies = Replies(house.domain, house.history, SystemClock(), mailboxes={HELP: mailbox}, secret=SECRET)
    letter = (await replies.outgoing(house.state.deliveries[delivery])).letter
    assert letter.answers.strip("<>") == "one@example.org"
    assert letter.to[1] == "kim@example.org" and "Two things" in letter.subject
    ours = issue(SECRET, delivery, "desk.example")
    again = await post.take(mail("Thanks.", In_Reply_To=ours, References=f"<one@example.org> {ours}"))
    assert again.id == "i-part"


async def test_what_is_answered_to_a_part_that_left_memory_opens_it_again(post: Post) -> None:
    item = await post.take(mail("Two things.", Message_ID="<one@example.org>"))
    agent = await post.with_agent(item)
    part = c.SplitPart(item="i-part", conversation="c-part", queue="help")
    await post.house.do(c.SplitItem(item=item.id, agent=agent, parts=(part,)))
    await post.house.do(c.CompleteItem(item=item.id, agent=agent, disposition="done"))
    await post.house.accept("i-part")
    delivery = await post.reply(post.house.state.items["i-part"])
    await post.house.do(c.StartDelivery(delivery=delivery, attempt=1))
    ended = c.EndDelivery(delivery=delivery, attempt=1, result="sent", thread_keys=(sent_key(SECRET, delivery),))
    await post.house.do(ended)
    await post.house.close("i-part")
    await post.house.archive()
    again = await post.take(mail("Still.", In_Reply_To=issue(SECRET, delivery, "desk.example")))
    assert (again.conversation, again.reopens) == ("c-part", "i-part")
