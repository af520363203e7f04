"""Asking over REST and sockets: who is told, who may answer, what is kept."""

from typing import Any

from queues.category import Code
from queues.team import Membership, Team
from router.core import commands as c
from tests.api.desk import desk
from tests.api.house import House
from tests.core.world import change
from tests.support import eventually


async def led(house: House) -> str:
    """bob leads ann's team; ann works on the mail m1."""
    team = Team(id="first", memberships={"help": Membership()}, leader="bob")
    code = Code(id="permission:refund", kind="permission")
    await house.do(c.ApplyCentre(changes=(change(team, seen=None), change(code))))
    await house.sign_on("ann")
    item = await house.message("m1")
    assert (await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})).status == 200
    return item


async def ask(house: House, item: str) -> str:
    """ann asks for a refund; the question."""
    body = {"code": "refund", "reason": "the train was late", "amount": 12_50}
    answer = await house.call("POST", f"/api/v1/items/{item}/ask", "ann", json=body)
    assert answer.status == 200, answer
    return house.domain.state.items[item].questions[-1].id


async def open_questions(house: House, who: str) -> list[dict[str, Any]]:
    """What this person may answer."""
    answer = await house.call("GET", "/api/v1/questions", who)
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = answer.body["rows"]
    return found


async def test_the_leader_hears_of_it_at_once_and_the_agent_of_the_answer(house: House) -> None:
    item = await led(house)
    async with desk(house, "bob") as bob, desk(house, "ann") as ann:
        assert (await bob.act("presence", state="not_ready", reason="break"))["ok"]
        ack = await ann.act("ask", item=item, code="refund", reason="the train was late", amount=12_50)
        assert ack["ok"], ack
        await eventually(lambda: bob.view["agent"]["asked"] == [item])
        (row,) = await open_questions(house, "bob")
        assert (row["item"], row["text"], row["mine"]) == (item, "the train was late", True)
        assert (row["question"]["code"], row["question"]["amount"]) == ("refund", 12_50)
        question = row["question"]["id"]
        ack = await bob.act("answer", item=item, question=question, answer="approve", note="once")
        assert ack["ok"], ack
        await eventually(lambda: ann.view["items"][item]["questions"][0]["answer"] == "approve")
        await eventually(lambda: bob.view["agent"]["asked"] == [])
        assert ann.view["items"][item]["agent"] == "ann"
    assert await open_questions(house, "bob") == []
    story = (await house.call("GET", f"/api/v1/items/{item}/timeline", "ann")).body["rows"]
    told = [(row["type"], row["text"]) for row in story if "Question" in row["type"]]
    assert told == [("QuestionAsked", "the train was late"), ("QuestionAnswered", "once")]


async def test_who_leads_the_team_sees_its_questions_and_nobody_else_does(house: House) -> None:
    item = await led(house)
    question = await ask(house, item)
    assert [row["mine"] for row in await open_questions(house, "lea")] == [False]
    assert await open_questions(house, "sam") == await open_questions(house, "eve") == []
    body = {"question": question, "answer": "approve"}
    for who in ("sam", "eve", "ann"):
        (await house.call("POST", f"/api/v1/items/{item}/answer", who, json=body)).problem(403, "forbidden")
    assert (await house.call("POST", f"/api/v1/items/{item}/answer", "lea", json=body)).status == 200
    (kept,) = house.domain.state.items[item].questions
    assert (kept.answer, kept.by) == ("approve", "login:lea")


async def test_who_joins_reads_the_item_and_writes_notes(house: House) -> None:
    item = await led(house)
    await house.sign_on("bob")
    answer = await house.call("POST", f"/api/v1/items/{item}/help", "ann", json={"note": "please come"})
    assert answer.status == 200, answer
    (question,) = house.domain.state.items[item].questions
    body = {"question": question.id, "answer": "join"}
    assert (await house.call("POST", f"/api/v1/items/{item}/answer", "bob", json=body)).status == 200
    assert (await house.call("GET", f"/api/v1/items/{item}", "bob")).body["joined"] == ["bob"]
    note = await house.call("POST", f"/api/v1/items/{item}/note", "bob", json={"text": "I am here"})
    assert note.status == 200, note


async def test_an_answer_leaves_its_row_in_the_audit(house: House) -> None:
    item = await led(house)
    question = await ask(house, item)
    body = {"question": question, "answer": "refuse", "note": "no"}
    assert (await house.call("POST", f"/api/v1/items/{item}/answer", "lea", json=body)).status == 200

    async def row() -> Any:
        found = (await house.call("GET", "/api/v1/audit?kind=item", "lea")).body["rows"]
        return found[0] if found else None

    kept = await eventually(row)
    assert (kept["by"], kept["command"]) == ("login:lea", "AnswerQuestion")
    assert (kept["before"][f"question {question}"], kept["after"][f"question {question}"]) == ("", "refuse")
