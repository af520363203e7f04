"""`mail.received`: a mail that an integrator brings goes the same way as one from a mailbox."""

import msgspec

from router.gateway import Content
from tests.email.post import Post
from tests.phone.house import House


def bring(house: House, post: Post) -> None:
    """Mails of events go to the real intake."""
    house.mail = post.intake
    house.intake = house.fresh_intake()


async def test_a_mail_in_parts_becomes_an_item_and_its_answer_joins(post: Post, house: House) -> None:
    bring(house, post)
    data = {"to": "help@desk.example", "from": "Nora <nora@x.example>", "subject": "Été", "text": "Bonjour"}
    first = await house.take("mail.received", data, "e1")
    item = house.state.items[first.refs["item"]]
    assert (item.channel, item.entry_point) == ("email", "mailbox")
    await house.archive()
    (row,) = await house.history.messages(item.conversation)
    (text,) = await house.domain.contents([row["content"]])
    assert msgspec.json.decode(text or b"", type=Content).subject == "Été"


async def test_the_same_event_again_is_the_same_mail(post: Post, house: House) -> None:
    bring(house, post)
    data = {"to": "help@desk.example", "from": "nora@x.example", "text": "Bonjour"}
    receipts = [await house.intake.take(house.event("mail.received", data, "e1"), by="gate") for _ in range(3)]
    assert [receipt.duplicate for receipt in receipts] == [False, True, True]
    assert len(house.state.items) == 1


async def test_overrides_and_attributes_reach_the_item(post: Post, house: House) -> None:
    """Item 12, for mails: only what the mailbox allows."""
    bring(house, post)
    mailbox = msgspec.structs.replace(house.state.entry_points["mailbox"], overrides=("priority",))
    await house.put(mailbox)
    data = {"to": "help@desk.example", "from": "nora@x.example", "text": "Bonjour", "attributes": {"case": 12}}
    outcome = await house.take("mail.received", data | {"priority": 4})
    item = house.state.items[outcome.refs["item"]]
    assert item.priority == 4
    (attributes,) = await house.domain.contents([item.attributes])
    assert msgspec.json.decode(attributes or b"", type=Content).attributes == {"case": 12}
    refused = await house.refused("mail.received", data | {"queue": "expert"})
    assert (refused.code, refused.pointer) == ("override_not_allowed", "/data/queue")
