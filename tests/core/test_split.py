"""One mail that is several matters: each gets an item and a conversation of its own."""

from router.core import commands as c
from router.core import events as e
from router.core.facts import MessageFacts
from router.core.reference import reference
from router.core.views import item_view
from tests.core.world import World


def part(name: str, **more: object) -> c.SplitPart:
    """A matter, whose item and conversation are named after it."""
    return c.SplitPart(item=f"i-{name}", conversation=f"c-{name}", **more)  # type: ignore[arg-type]


def worked() -> World:
    """A world in which ann works on the mail i-a."""
    world = World()
    world.sign_on("ann")
    world.do(world.message("a"))
    world.do(c.AcceptReservation(item="i-a", agent="ann"))
    return world


def test_each_matter_is_an_item_in_a_conversation_of_its_own_and_the_mail_stays_with_its_agent() -> None:
    world = worked()
    first = world.item("i-a").first_entered_at
    parts = (part("x", queue="expert"), part("y", requirement=(("nl", 2),), priority=3, note="t-note"))
    world.do(c.SplitItem(item="i-a", agent="ann", parts=parts, seq=1), after=700)
    assert (world.item("i-a").state, world.item("i-a").agent) == ("active", "ann")
    one, other = world.item("i-x"), world.item("i-y")
    assert (one.queue, one.conversation, one.split_from) == ("expert", "c-x", "i-a")
    assert (other.queue, other.requirement, other.priority) == ("help", (("nl", 2),), 3)
    assert one.first_entered_at == other.first_entered_at == first
    source = world.state.conversations["c-a"]
    assert source.splits == ("c-x", "c-y")
    for number, id in enumerate(("c-x", "c-y"), 2):
        conversation = world.state.conversations[id]
        assert (conversation.split_from, conversation.address, conversation.customer) == ("c-a", "addr-a", "cust")
        assert conversation.reference == reference(number)
    assert any(isinstance(event, e.NoteAdded) and event.item == "i-y" for event in world.log)
    world.reload()


def test_a_part_is_as_urgent_as_its_mail_and_keeps_its_place_among_the_others() -> None:
    world = worked()
    due = world.item("i-a").due
    world.do(c.SplitItem(item="i-a", agent="ann", parts=(part("x", queue="expert"), part("y"))), after=60_000)
    assert (world.item("i-x").due, world.item("i-y").due) == (due, due)
    assert world.item("i-x").seq < world.item("i-y").seq


def test_its_category_says_where_a_part_goes_and_what_it_asks() -> None:
    world = worked()
    category = c.Change(
        kind="category",
        id="tax_question",
        record=type(world.state.categories["tax_question"])(
            id="tax_question", queue="expert", requirement=(("tax", 2),)
        ),
    )
    world.do(c.ApplyCentre(changes=(category,)))
    world.do(c.SplitItem(item="i-a", agent="ann", parts=(part("x", category="tax_question"),)))
    item = world.item("i-x")
    assert (item.queue, item.requirement, item.category) == ("expert", (("tax", 2),), "tax_question")


def test_what_the_customer_answers_to_a_part_comes_to_that_part() -> None:
    world = worked()
    world.do(c.SplitItem(item="i-a", agent="ann", parts=(part("x"),)))
    world.do(c.AcceptReservation(item="i-x", agent="ann"))
    reply = MessageFacts(id="r1", content="t-r1", thread_keys=("our-mail",))
    world.do(c.SendReply(item="i-x", agent="ann", message=reply, delivery="d1"))
    world.do(world.message("b", keys=("our-mail",)))
    assert world.state.conversations["c-x"].seq == 2
    assert "i-b" not in world.state.items
    assert world.state.conversations["c-a"].seq == 1


def test_a_part_outlives_its_mail() -> None:
    world = worked()
    world.do(c.SplitItem(item="i-a", agent="ann", parts=(part("x"),)))
    world.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    world.do(c.Forget(items=("i-a",)))
    assert "c-a" not in world.state.conversations
    assert world.state.conversations["c-x"].split_from == "c-a"


def test_what_cannot_be_split_is_refused() -> None:
    world = worked()
    call = world.call("k", queue="expert")
    split = c.SplitItem(item="i-a", agent="ann", parts=(part("x"),))
    assert world.refuse(c.SplitItem(item="i-a", agent="bob", parts=(part("x"),))) == "not_yours"
    assert world.refuse(c.SplitItem(item=call.id, agent="ann", parts=(part("x"),))) == "wrong_state"
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=())) == "bad_value"
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=(part("x"),), seq=2)) == "bad_value"
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=(part("x"), part("x")))) == "duplicate_id"
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=(part("a"),))) == "duplicate_id"
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=(part("x", queue="no"),))) == "unknown_queue"
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=(part("x", category="no"),))) == "unknown_category"
    unknown = part("x", requirement=(("no", 1),))
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=(unknown,))) == "unknown_skill"
    nothing = part("x", requirement=(("!", 2),))
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=(nothing,))) == "unknown_skill"
    beyond = part("x", requirement=(("fr", 6),))
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=(beyond,))) == "bad_level"
    first = part("x", priority=1 << 70)
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=(first,))) == "bad_value"
    many = tuple(part(f"p{number}") for number in range(21))
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=many)) == "full"
    world.do(split)
    assert world.refuse(split) == "duplicate_id"


def test_a_mail_that_was_answered_waits_for_no_answer_until_the_customer_writes_again() -> None:
    world = worked()
    assert not item_view(world.state, "i-a")["replied"]
    reply = MessageFacts(id="r1", content="t-r1", thread_keys=("our-mail",))
    world.do(c.SendReply(item="i-a", agent="ann", message=reply, delivery="d1"))
    assert item_view(world.state, "i-a")["replied"]
    world.do(c.StartDelivery(delivery="d1", attempt=1))
    world.do(c.EndDelivery(delivery="d1", attempt=1, result="failed", code="550"))
    assert not item_view(world.state, "i-a")["replied"], "the customer has nothing"
    world.do(c.RetryDelivery(delivery="d1", agent="ann"))
    assert item_view(world.state, "i-a")["replied"]
    world.do(world.message("away", keys=("our-mail",), automatic=True))
    assert item_view(world.state, "i-a")["replied"]
    world.do(world.message("b", keys=("our-mail",)))
    assert not item_view(world.state, "i-a")["replied"]


def test_only_mail_is_split() -> None:
    world = World()
    world.sign_on("ann")
    world.do(world.message("a", channel="chat"))
    world.do(c.AcceptReservation(item="i-a", agent="ann"))
    assert world.refuse(c.SplitItem(item="i-a", agent="ann", parts=(part("x"),))) == "wrong_channel"


def test_a_dismissed_item_is_closed_with_its_code_which_says_whether_it_counts() -> None:
    world = worked()
    codes = [("spam", False), ("no_answer_needed", True)]
    from queues.category import Code

    world.do(
        c.ApplyCentre(
            changes=tuple(
                c.Change(kind="code", id=f"closing:{n}", record=Code(id=f"closing:{n}", kind="closing", counts=counts))
                for n, counts in codes
            )
        )
    )
    assert world.refuse(c.DismissItem(item="i-a", agent="ann", code="nonsense")) == "unknown_code"
    assert world.refuse(c.DismissItem(item="i-a", agent="ann", code="")) == "reason_required"
    world.do(c.DismissItem(item="i-a", agent="ann", code="spam"))
    item = world.item("i-a")
    assert (item.state, item.outcome, item.disposition, item.counted) == ("closed", "dismissed", "spam", False)
    world.do(world.message("b"))
    world.do(c.AcceptReservation(item="i-b", agent="ann"))
    world.do(c.DismissItem(item="i-b", agent="ann", code="no_answer_needed"))
    assert world.item("i-b").counted
