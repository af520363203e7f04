"""History of mail work: what was split or merged, what does not count, and whose a conversation turned out to be."""

from sqlalchemy import select

from router.archive.database import Database
from router.archive.history import SqlHistory
from router.archive.schema import items
from router.core import commands as c
from router.core import events as e
from router.core.reference import reference
from tests.archive.domain import Domain


async def worked(database: Database) -> tuple[Domain, SqlHistory]:
    """ann works on the mail i-a, another one of the same matter was merged into it, and a part was split off."""
    domain = Domain()
    core = domain.core
    core.sign_on("ann")
    core.do(core.message("a", keys=("ka",)))
    core.do(c.AcceptReservation(item="i-a", agent="ann"))
    core.do(core.message("b", keys=("kb",)))
    core.do(c.MergeConversation(item="i-b", into="i-a", agent="ann"))
    part = c.SplitPart(item="i-x", conversation="c-x", queue="expert", note="t-note")
    core.do(c.SplitItem(item="i-a", agent="ann", parts=(part,)))
    core.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    return domain, SqlHistory(database)


async def written(domain: Domain, database: Database) -> None:
    """Everything is in history."""
    await domain.commit()
    await domain.archive(database)


async def test_a_mail_to_a_forgotten_part_finds_the_conversation_that_went_on(database: Database) -> None:
    domain, history = await worked(database)
    domain.core.do(c.Forget(items=("i-a",)))
    await written(domain, database)
    thread = await history.find_thread(("kb",))
    assert thread is not None and (thread.conversation, thread.item) == ("c-a", "i-a")
    kept = await history.conversation("c-a")
    assert kept is not None and (kept["merged"], kept["splits"]) == (["c-b"], ["c-x"])
    part = await history.conversation("c-b")
    assert part is not None and part["merged_into"] == "c-a"
    shown = await history.item("i-b")
    assert shown is not None
    assert (shown["outcome"], shown["counted"], shown["merged_into"]) == ("merged", False, "c-a")


async def test_a_part_is_known_as_such_also_when_its_conversation_goes_on_later(database: Database) -> None:
    domain, history = await worked(database)
    core = domain.core
    core.sign_on("eve")
    core.do(c.AcceptReservation(item="i-x", agent="eve"))
    core.do(c.CompleteItem(item="i-x", agent="eve", disposition="done"))
    core.do(c.Forget(items=("i-x",)))
    known = core.state.meta.reference
    core.do(core.message("later", conversation="c-x", reopens="i-x", reference=reference(known)))
    await written(domain, database)
    kept = await history.conversation("c-x")
    assert kept is not None and kept["split_from"] == "c-a"
    shown = await history.item("i-x")
    assert shown is not None and (shown["split_from"], len(shown["notes"])) == ("i-a", 1)


async def test_undone_it_is_no_part_any_more(database: Database) -> None:
    domain, history = Domain(), SqlHistory(database)
    core = domain.core
    core.sign_on("ann")
    for name in "ab":
        core.do(core.message(name, keys=(f"k{name}",)))
    core.do(c.AcceptReservation(item="i-a", agent="ann"))
    core.do(c.MergeConversation(item="i-b", into="i-a", agent="ann"))
    core.do(c.UnmergeConversation(item="i-b", opens="i-c", agent="ann"))
    await written(domain, database)
    kept = await history.conversation("c-b")
    assert kept is not None and (kept["merged_into"], kept["items"]) == ("", ["i-b", "i-c"])


async def test_the_whole_conversation_moves_to_the_right_customer(database: Database) -> None:
    """Its items of before too, in memory or not; and when the last of them has left memory as well."""
    domain, history = await worked(database)
    core = domain.core
    core.do(c.Forget(items=("i-a",)))
    core.do(core.message("later", conversation="c-a", reopens="i-a", last_seq=1))
    core.do(c.AcceptReservation(item="i-later", agent="ann"))
    core.do(c.LinkCustomer(item="i-later", agent="ann", customer="cust2"))
    await written(domain, database)
    assert await customers(database, "c-a") == {"i-a": "cust2", "i-later": "cust2"}
    core.do(c.CompleteItem(item="i-later", agent="ann", disposition="done"))
    core.do(c.LinkCustomer(item="i-later", agent="ann", customer="cust3"))
    core.do(c.Forget(items=("i-later",)))
    core.do(c.LinkCustomer(item="i-later", agent="ann", customer="cust4", conversation="c-a"))
    await written(domain, database)
    assert await customers(database, "c-a") == {"i-a": "cust4", "i-later": "cust4"}
    kept = await history.conversation("c-a")
    assert kept is not None and kept["customer"] == "cust4"


async def test_a_question_and_its_answer_are_kept_with_the_item(database: Database) -> None:
    domain, history = Domain(), SqlHistory(database)
    core = domain.core
    core.sign_on("ann")
    domain.memory.contents |= {"t-why": b'{"text":"why"}', "t-said": b'{"text":"said"}'}
    core.do(core.message("a"))
    core.do(c.AcceptReservation(item="i-a", agent="ann"))
    core.do(c.AskPermission(item="i-a", agent="ann", question="q", code="refund", note="t-why", amount=5))
    core.do(c.AnswerQuestion(item="i-a", question="q", by="login:leo", answer="approve", note="t-said"))
    await written(domain, database)
    shown = await history.item("i-a")
    assert shown is not None
    (question,) = shown["questions"]
    assert (question["answer"], question["by"], question["amount"]) == ("approve", "login:leo", 5)
    assert await history.contents(["t-why", "t-said"]) == [b'{"text":"why"}', b'{"text":"said"}']
    story = [row["type"] for row in await history.timeline("i-a")]
    assert story[-2:] == [e.QuestionAsked.__name__, e.QuestionAnswered.__name__]


async def customers(database: Database, conversation: str) -> dict[str, str]:
    """Whom the items of a conversation are about."""
    query = select(items.c.id, items.c.customer).where(items.c.conversation == conversation)
    async with database.reading() as connection:
        return {row.id: row.customer for row in await connection.execute(query)}
