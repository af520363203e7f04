"""Mail loops: nothing goes out that no agent wrote, so no program's mail is ever answered by one (F72, F88-F94)."""

import pytest

from channels.email.threads import issue
from queues.category import Category
from queues.endpoint import Endpoint
from queues.queue import Queue
from router.core import commands as c
from router.core import events as e
from router.core.effects import effects
from router.core.evolve import evolve
from router.core.state import State
from tests.core.test_walk import Walker
from tests.core.world import World, change
from tests.email.post import CUSTOMER, HELP, Post, mail
from tests.email.relay import Relay, listening
from tests.email.test_intake import bounce
from tests.email.test_outbound import outbound, read, working
from tests.phone.house import SECRET

TAX = "tax@desk.example"


def test_only_what_an_agent_wrote_or_sends_again_goes_out_by_mail() -> None:
    """F72, F88, F94: of all events there are, over random walks. There is no automatic answer, notice or survey that
    could meet another program's."""
    sent: set[type] = set()
    for seed in range(300, 312):
        walker = Walker(seed)
        walker.world.do(c.ApplyCentre(changes=(change(Endpoint(id="hook", url="https://x.example/h")),)))
        walker.walk(400)
        state = State()
        for event in walker.world.log:
            evolve(state, event)
            outboxes = [outbox for outbox, _ in effects(state, event)]
            assert set(outboxes) <= {"email", "webhook"}
            if "email" in outboxes:
                assert isinstance(event, e.ReplySent | e.DeliveryRetried)
                assert event.agent
                sent.add(type(event))
    assert sent == {e.ReplySent, e.DeliveryRetried}


PROGRAMS = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-generated; owner-email=x@example.org"},
    {"Precedence": "bulk"},
    {"Precedence": "auto_reply"},
    {"X_Autoreply": "yes"},
    {"Return_Path": "<>"},
    {"sender": "no-reply@example.org"},
    {"sender": "MAILER-DAEMON@example.org"},
]


async def test_programs_that_answer_each_mail_get_one_answer_at_most(post: Post) -> None:
    """F88, F90: an agent answered once; then every program there is answers that, again and again. Nothing goes out,
    nothing waits for anybody, and it is one conversation."""
    item = await post.take(mail())
    agent = await post.with_agent(item)
    ours = issue(SECRET, await post.reply(item), "desk.example")
    await post.house.do(c.SetPending(item=item.id, agent=agent, reason="customer"))
    for _ in range(3):
        for headers in PROGRAMS:
            assert (await post.take(mail("I am away", In_Reply_To=ours, **headers))).id == item.id
        assert (await post.take(bounce(ours))).id == item.id
    assert (item.state, len(post.items)) == ("pending", 1)
    assert len(post.house.world.outboxes["email"]) == 1
    assert len(post.house.state.deliveries) == 1


async def test_our_own_mail_that_comes_back_wakes_nobody(post: Post) -> None:
    """F89: known by its Message-ID, which only we can make, whoever sent it and whatever its headers say."""
    item = await post.take(mail())
    agent = await post.with_agent(item)
    ours = issue(SECRET, await post.reply(item), "desk.example")
    await post.house.do(c.SetPending(item=item.id, agent=agent, reason="customer"))
    back = [
        await post.take(mail("Here it is.", sender=HELP, Message_ID=ours)),
        await post.take(mail("Here it is.", sender="list@elsewhere.example", Message_ID=ours)),
    ]
    assert {one.id for one in back} == {item.id}
    assert item.state == "pending"


async def test_a_reply_goes_to_the_customer_and_to_nobody_else(post: Post) -> None:
    """F91, F92: not to others who were in To or Cc, least of all to an address of our own."""
    raw = mail(To=f"{HELP}, {TAX}", Cc=f"boss@example.org, {HELP}", Message_ID="<one@example.org>")
    item = await post.take(raw)
    await post.with_agent(item)
    async with listening(Relay()) as relay, working(outbound(post, relay.port)):
        assert (await post.ended(await post.reply(item))).state == "sent"
    assert relay.envelopes == [(HELP, [CUSTOMER])]
    message = read(relay.mails[0])
    assert [address.addr_spec for address in message["To"].addresses] == [CUSTOMER]
    assert message["Cc"] is message["Bcc"] is message["Reply-To"] is None


async def test_a_reply_to_a_form_that_was_mailed_in_our_name_never_goes_to_ourselves(post: Post) -> None:
    """F91: the customer stands in Reply-To, our own address in From."""
    item = await post.take(mail(sender=HELP, Reply_To=f"{HELP}, {CUSTOMER}"))
    await post.with_agent(item)
    async with listening(Relay()) as relay, working(outbound(post, relay.port)):
        assert (await post.ended(await post.reply(item))).state == "sent"
    assert relay.envelopes == [(HELP, [CUSTOMER])]


@pytest.mark.parametrize("length", [1, 2, 5])
def test_queues_that_flow_over_in_a_circle_are_refused(length: int) -> None:
    """F93: what follows from a rule is followed once around, whoever made the circle, and nothing bounces in it."""
    world = World()
    world.do(c.ApplyCentre(changes=tuple(change(Queue(id=f"q{number}")) for number in range(length))))
    closings = [c.CloseQueue(queue=f"q{number}", overflow=f"q{(number + 1) % length}") for number in range(length)]
    refused = [rejection.code for _, rejection in map(world.attempt, closings) if rejection is not None]
    assert refused == ["overflow_loop"]
    world.call("k", queue="q0")
    entries = [event for event in world.log if isinstance(event, e.ItemQueued)]
    assert [entry.queue for entry in entries] == [f"q{length - 1}"]


def test_categories_whose_parents_are_a_circle_are_walked_once_around() -> None:
    """F93: an escalation looks for the nearest parent that names specialists; here none does: the queue's are asked."""
    world = World()
    ring = [Category(id=f"c{number}", parent=f"c{(number + 1) % 3}") for number in range(3)]
    world.do(c.ApplyCentre(changes=tuple(change(category) for category in ring)))
    world.sign_on("ann")
    item = world.call("k")
    world.do(c.AnswerCall(call="k", agent="ann"))
    world.do(c.SetCategory(item=item.id, agent="ann", category="c0"))
    events = world.do(c.EscalateItem(item=item.id, agent="ann", reason="hard", note="n"))
    assert [type(event) for event in events] == [e.ItemEscalated, e.ItemQueued]
    assert item.queue == "expert"
