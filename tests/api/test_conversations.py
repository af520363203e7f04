"""Conversations over REST: texts beside the log, archived and live messages as one list."""

from sqlalchemy import delete

from router.archive.schema import contents
from router.gateway import Attachment
from tests.api.house import House
from tests.support import eventually


async def test_messages_come_with_their_texts_in_order(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1", "chat", "good morning")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    await house.call("POST", f"/api/v1/items/{item}/reply", "ann", json={"text": "good morning to you"})
    await house.message("m2", "chat", "my question is", conversation="conv-m1")
    answer = await house.call("GET", "/api/v1/conversations/conv-m1/messages", "ann")
    rows = answer.body["rows"]
    assert [(row["seq"], row["side"], row["text"]) for row in rows] == [
        (1, "customer", "good morning"),
        (2, "agent", "good morning to you"),
        (3, "customer", "my question is"),
    ]
    assert rows[1]["agent"] == "ann" and all(row["at_ms"] > 0 for row in rows)
    await house.archiver.drained(house.domain.position)
    again = await house.call("GET", "/api/v1/conversations/conv-m1/messages", "ann")
    assert again.body == answer.body


async def test_messages_are_paged_by_sequence_number(house: House) -> None:
    await house.sign_on("ann")
    await house.message("m0", "chat", "0")
    for number in range(1, 5):
        await house.message(f"m{number}", "chat", str(number), conversation="conv-m0")
    first = (await house.call("GET", "/api/v1/conversations/conv-m0/messages?limit=3", "ann")).body
    assert ([row["text"] for row in first["rows"]], first["next"]) == (["0", "1", "2"], 3)
    rest = (await house.call("GET", "/api/v1/conversations/conv-m0/messages?limit=3&after=3", "ann")).body
    assert ([row["text"] for row in rest["rows"]], rest["next"]) == (["3", "4"], 0)


async def test_an_open_conversation_says_with_whom_it_is(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1")
    body = (await house.call("GET", "/api/v1/conversations/conv-m1", "ann")).body
    assert body["open"] and body["item"] == item
    assert (body["address"], body["name"]) == ("jan@example.org", "Jan")
    (await house.call("GET", "/api/v1/conversations/conv-m1", "eve")).problem(403, "forbidden")


async def test_seen_is_kept_and_typing_is_not(house: House) -> None:
    heard: list[tuple[str, str, bool]] = []
    house.typing.subscribe(lambda conversation, side, on: heard.append((conversation, side, on)))
    await house.sign_on("ann")
    item = await house.message("m1", "chat")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    answer = await house.call("POST", "/api/v1/conversations/conv-m1/seen", "ann", json={"up_to": 1})
    assert answer.status == 200
    assert house.domain.state.conversations["conv-m1"].seen == {"agent": 1}
    answer = await house.call("POST", "/api/v1/conversations/conv-m1/typing", "ann", json={"on": True})
    assert answer.status == 202 and heard == [("conv-m1", "agent", True)]
    for path, body in (("seen", {"up_to": 1}), ("typing", {"on": True})):
        (await house.call("POST", f"/api/v1/conversations/conv-m1/{path}", "eve", json=body)).problem(403, "forbidden")
        (await house.call("POST", f"/api/v1/conversations/none/{path}", "ann", json=body)).problem(
            404, "unknown_conversation"
        )


async def test_an_erased_text_says_so(house: House) -> None:
    await house.sign_on("ann")
    await house.message("m1")
    await house.archiver.drained(house.domain.position)
    async with house.database.writing() as connection:
        await connection.execute(delete(contents))
    house.world.contents.clear()
    rows = (await house.call("GET", "/api/v1/conversations/conv-m1/messages", "ann")).body["rows"]
    assert rows[0].get("erased") is True and "text" not in rows[0]


async def test_a_closed_conversation_is_read_by_whom_it_concerned(house: House) -> None:
    await house.sign_on("ann")
    item = await house.message("m1", text="read me later")
    await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    await house.call("POST", f"/api/v1/items/{item}/complete", "ann", json={"disposition": "solved"})
    await eventually(lambda: item not in house.domain.state.items)
    for who in ("ann", "lea", "root"):
        rows = (await house.call("GET", "/api/v1/conversations/conv-m1/messages", who)).body["rows"]
        assert rows[0]["text"] == "read me later"
    (await house.call("GET", "/api/v1/conversations/conv-m1/messages", "bob")).problem(403, "forbidden")
    (await house.call("POST", "/api/v1/conversations/conv-m1/typing", "ann", json={"on": True})).problem(
        404, "unknown_conversation"
    )


async def test_attachments_and_the_raw_mail_are_downloads_for_those_who_may_read(house: House) -> None:
    await house.sign_on("ann")
    page = await house.domain.put_blob(b"<script>alert(1)</script>")
    mail = await house.domain.put_blob(b"From: x")
    await house.message(
        "m1",
        attachments=(Attachment(name='évil"\r\n.html', type="text/html", size=25, blob=page),),
        raw=mail,
        problem="unreadable",
    )
    (row,) = (await house.call("GET", "/api/v1/conversations/conv-m1/messages", "ann")).body["rows"]
    assert row["problem"] == "unreadable"
    file = await house.call("GET", row["attachments"][0]["path"], "ann")
    assert (file.status, file.body, file.media) == (200, "<script>alert(1)</script>", "application/octet-stream")
    assert file.headers["Content-Disposition"].startswith("attachment;")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert (await house.call("GET", row["raw"], "ann")).body == "From: x"
    (await house.call("GET", row["raw"], "eve")).problem(403, "forbidden")
    for path in ("messages/1/attachments/1", "messages/1/attachments/x", "messages/2/raw", "messages/x/raw"):
        (await house.call("GET", f"/api/v1/conversations/conv-m1/{path}", "ann")).problem(404, "not_found")
