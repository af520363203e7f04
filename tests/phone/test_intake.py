"""Intake: strict shapes, errors that name the place, and one effect per event."""

import base64
from email import message_from_bytes, policy
from typing import Any

import msgspec
import pytest

from channels.email.intake import UnknownAddress
from channels.entry import Given
from channels.intake import TYPES
from router.gateway import Content, EventRefused, Receipt, StoreError
from tests.phone.house import House


async def test_an_unknown_type_is_refused_with_the_known_ones(house: House) -> None:
    refused = await house.refused("call.offred", {})
    assert (refused.code, refused.pointer) == ("unknown_event_type", "/type")
    assert all(type in refused.detail for type in TYPES)


@pytest.mark.parametrize(
    ("type", "data", "pointer"),
    [
        ("call.offered", None, "/data"),
        ("call.offered", [], "/data"),
        ("call.offered", {"to": "1"}, "/data/call"),
        ("call.offered", {"call": "c", "to": "1", "colour": "red"}, "/data/colour"),
        ("call.offered", {"call": 7, "to": "1"}, "/data/call"),
        ("call.offered", {"call": "c", "to": "1", "skills": {"fr": 9}}, "/data/skills"),
        ("call.offered", {"call": "c", "to": "1", "priority": "high"}, "/data/priority"),
        ("call.offered", {"call": "", "to": "1"}, "/data/call"),
        ("call.offered", {"call": "c" * 300, "to": "1"}, "/data/call"),
        ("call.held", {"call": "c", "held": "yes"}, "/data/held"),
        ("chat.message", {"site": "shop", "from": "nora", "text": "", "id": "1"}, "/data/text"),
        ("mail.received", {"to": "help@desk.example", "raw": "!"}, "/data/raw"),
        ("mail.received", {"to": "help@desk.example", "from": "nora@x.example"}, "/data"),
        ("webhook.received", {"to": "forms"}, "/data/text"),
    ],
)
async def test_a_malformed_event_is_refused_with_its_place(house: House, type: str, data: Any, pointer: str) -> None:
    refused = await house.refused(type, data)
    assert (refused.code, refused.pointer, refused.status) == ("bad_event", pointer, 400)


@pytest.mark.parametrize(
    ("field", "value"), [("specversion", "0.3"), ("id", ""), ("id", "i" * 500), ("source", ""), ("source", "s" * 900)]
)
async def test_a_bad_envelope_is_refused_with_its_field(house: House, field: str, value: str) -> None:
    event = house.event("call.ended", {"call": "c1"})
    setattr(event, field, value)
    with pytest.raises(EventRefused) as refused:
        await house.intake.take(event, by="pbx")
    assert (refused.value.code, refused.value.pointer) == ("bad_event", f"/{field}")


async def test_source_and_id_cannot_be_mistaken_for_one_another(house: House) -> None:
    """`a:b` + `c` is not `a` + `b:c`: neither event swallows the other."""
    for number, (source, id) in enumerate([("a:b", "c"), ("a", "b:c")]):
        event = house.event("call.offered", {"call": f"c{number}", "to": "+3225550001"}, id)
        event.source = source
        assert not (await house.ended(await house.intake.take(event, by="pbx"))).rejection
    assert set(house.state.calls) == {"c0", "c1"}


async def test_a_chat_message_opens_a_conversation_and_the_next_one_joins_it(house: House) -> None:
    said = {"site": "shop", "from": "nora", "text": "Bonjour", "id": "1"}
    first = await house.take("chat.message", said)
    second = await house.take("chat.message", said | {"text": "Encore", "id": "2"})
    assert first.refs == second.refs
    assert house.state.conversations[first.refs["conversation"]].seq == 2


async def test_a_chat_message_repeated_in_another_event_is_one_message(house: House) -> None:
    said = {"site": "shop", "from": "nora", "text": "Bonjour", "id": "1", "conversation": "window-7"}
    outcomes = [await house.take("chat.message", said) for _ in range(3)]
    (conversation,) = {outcome.refs["conversation"] for outcome in outcomes}
    assert house.state.conversations[conversation].seq == 1


async def test_an_integrators_handle_and_our_id_name_the_same_conversation(house: House) -> None:
    said = {"site": "shop", "from": "nora", "text": "Bonjour", "id": "1", "conversation": "window-7"}
    first = await house.take("chat.message", said)
    ours = said | {"id": "2", "conversation": first.refs["conversation"]}
    assert (await house.take("chat.message", ours)).refs == first.refs


async def test_a_handle_belongs_to_the_integrator_who_made_it(house: House) -> None:
    said = {"site": "shop", "from": "nora", "text": "Bonjour", "id": "1", "conversation": "window-7"}
    first = await house.take("chat.message", said, by="one")
    second = await house.take("chat.message", said, by="two")
    assert first.refs["conversation"] != second.refs["conversation"]


async def test_a_closed_conversation_goes_on_with_a_linked_item(house: House) -> None:
    """The story goes on where it stopped, and the new item names the old one and its agent."""
    await house.sign_on("ann")
    said = {"site": "shop", "from": "nora", "text": "Bonjour", "id": "1", "conversation": "window-7"}
    first = await house.take("chat.message", said)
    await house.accept(first.refs["item"])
    await house.close(first.refs["item"])
    await house.archive()
    again = await house.take("chat.message", said | {"id": "2", "text": "Encore"})
    item = house.state.items[again.refs["item"]]
    assert again.refs["conversation"] == first.refs["conversation"]
    assert (item.reopens, item.reopen_count, item.last_agent) == (first.refs["item"], 1, "ann")
    assert house.state.conversations[item.conversation].seq == 2


async def test_a_message_that_history_has_is_refused_as_duplicate(house: House) -> None:
    said = {"site": "shop", "from": "nora", "text": "Bonjour", "id": "1", "conversation": "window-7"}
    await house.take("chat.message", said)
    await house.take("chat.left", {"conversation": "window-7"})
    await house.archive()
    refused = await house.refused("chat.message", said)
    assert (refused.code, refused.status) == ("duplicate", 409)


async def test_leaving_a_chat_by_handle_abandons_it(house: House) -> None:
    said = {"site": "shop", "from": "nora", "text": "Bonjour", "id": "1", "conversation": "window-7"}
    item = (await house.take("chat.message", said)).refs["item"]
    await house.take("chat.left", {"conversation": "window-7"})
    assert house.state.items[item].state == "closed"


async def test_leaving_a_chat_that_nobody_knows_is_rejected_by_the_core(house: House) -> None:
    assert (await house.take("chat.left", {"conversation": "nope"})).rejection == "unknown_conversation"


async def test_a_chat_message_has_a_limit_in_bytes(house: House) -> None:
    said = {"site": "shop", "from": "nora", "id": "1"}
    refused = await house.refused("chat.message", said | {"text": "é" * 8_193})
    assert (refused.code, refused.pointer, refused.status) == ("message_too_long", "/data/text", 413)
    assert not (await house.take("chat.message", said | {"text": "é" * 8_192})).rejection


async def test_a_webhook_text_becomes_an_item_with_its_text_beside_the_log(house: House) -> None:
    outcome = await house.take("webhook.received", {"to": "forms", "text": "Ma demande", "from": "Nora@X.example"})
    item = house.state.items[outcome.refs["item"]]
    assert (item.channel, item.queue) == ("webhook", "help")
    await house.archive()
    rows = await house.history.messages(outcome.refs["conversation"])
    texts = await house.domain.contents([rows[0]["content"]])
    assert msgspec.json.decode(texts[0] or b"", type=Content).text == "Ma demande"


async def test_a_long_webhook_text_goes_to_a_blob(house: House) -> None:
    """Over 64 KiB a content does not lie in Redis."""
    outcome = await house.take("webhook.received", {"to": "forms", "text": "a" * 100_000})
    await house.archive()
    rows = await house.history.messages(outcome.refs["conversation"])
    (data,) = await house.domain.contents([rows[0]["content"]])
    content = msgspec.json.decode(data or b"", type=Content)
    assert content.text == ""
    assert await house.domain.blob(content.text_blob) == b"a" * 100_000


async def test_webhook_texts_without_a_conversation_are_items_of_their_own(house: House) -> None:
    for _ in range(2):
        await house.take("webhook.received", {"to": "forms", "text": "Ma demande", "from": "nora@x.example"})
    assert len(house.state.items) == 2


async def test_a_raw_mail_is_handed_over_as_it_is(house: House) -> None:
    raw = b"From: nora@x.example\r\nSubject: a\r\n\r\n\xff\xfe"
    event = house.event("mail.received", {"to": "help@desk.example", "raw": base64.b64encode(raw).decode()})
    await house.intake.take(event, by="gate")
    assert house.mail.taken == [("event:gate", raw, "help@desk.example")]


async def test_a_mail_in_parts_is_the_same_bytes_at_every_try(house: House) -> None:
    """What recognises a mail is its bytes: a repeated event must not become a second mail."""
    data = {
        "to": "help@desk.example",
        "from": "Nora Ünal <nora@x.example>",
        "subject": "Été",
        "text": "Bonjour",
        "html": "<p>Bonjour</p>",
    }
    for _ in range(2):
        await house.intake.take(house.event("mail.received", data, "e1"), by="gate")
    (_, first, _), (_, second, _) = house.mail.taken
    assert first == second
    mail = message_from_bytes(first, policy=policy.default)
    assert (mail["Subject"], mail.get_body(("html",)).get_content()) == ("Été", "<p>Bonjour</p>\n")  # type: ignore[union-attr]


@pytest.mark.parametrize("sender", ["nora@x.example\r\nBcc: all@x.example", "nora\nora"])
async def test_a_mail_header_cannot_be_injected(house: House, sender: str) -> None:
    """ASVS 1.3.11: a line break in an address is refused, not folded away."""
    data = {"to": "help@desk.example", "from": sender, "text": "Bonjour"}
    assert (await house.refused("mail.received", data)).code == "bad_event"
    assert house.mail.taken == []


async def test_what_an_integrator_says_beside_a_mail_goes_with_it(house: House) -> None:
    """Item 12: overrides, customer and attributes for mails too."""
    beside = {"priority": 4, "customer": "crm-7", "attributes": {"case": 12}}
    await house.intake.take(
        house.event("mail.received", {"to": "help@desk.example", "from": "n@x.example", "text": "a", **beside}), by="g"
    )
    assert house.mail.given == [Given(priority=4, customer="crm-7", attributes={"case": 12})]


async def test_a_mail_to_nobody_is_refused_by_its_address(house: House) -> None:
    class Nobody:
        async def take(self, mailbox: str, raw: bytes, *, rcpt: str, given: Given) -> Receipt:
            raise UnknownAddress

    house.mail = Nobody()
    house.intake = house.fresh_intake()
    refused = await house.refused("mail.received", {"to": "x@desk.example", "from": "n@x.example", "text": "a"})
    assert (refused.code, refused.pointer) == ("unknown_entry_point", "/data/to")


async def test_a_store_that_is_down_promises_nothing(house: House) -> None:
    """No receipt, no effect; the same event later has one."""
    event = house.event("call.offered", {"call": "c1", "to": "+3225550001"}, "e1")
    house.line.broken = {"submit"}
    with pytest.raises(StoreError):
        await house.intake.take(event, by="pbx")
    house.line.broken = set()
    assert not (await house.ended(await house.intake.take(event, by="pbx"))).rejection
    assert len(house.state.items) == 1
