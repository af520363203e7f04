"""Mails for the tests, and a house that takes them in."""

from email.message import EmailMessage
from itertools import count
from typing import Any

import msgspec

from channels.email.intake import MailIntake, MailParser
from channels.email.parse import Parsed, parse
from router.core import commands as c
from router.core.conversation import Delivery
from router.core.facts import MessageFacts
from router.core.item import WorkItem
from router.gateway import Content
from tests.phone.house import SECRET, House
from tests.support import eventually

HELP = "help@desk.example"
CUSTOMER = "kim@example.org"
_numbers = count(1)


def mail(text: str = "The form does not open.\n", *, sender: str = CUSTOMER, **headers: str) -> bytes:
    """A mail of a customer. Header names with underscores; an empty one leaves it out."""
    given = {
        "From": sender,
        "To": HELP,
        "Subject": "My form",
        "Message-ID": f"<m{next(_numbers)}@example.org>",
        "Date": "Sat, 21 Nov 2026 10:00:00 +0000",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    message = EmailMessage()
    for name, value in given.items():
        if value:
            message[name] = value
    message.set_content(text)
    return message.as_bytes().replace(b"\n", b"\r\n")


class Inline:
    """Parses where it is called."""

    async def parse(self, raw: bytes) -> Parsed:
        return parse(raw)


class Post:
    """A house, its mail intake, and short ways to look at what came of a mail."""

    def __init__(self, house: House, parser: MailParser) -> None:
        self.house = house
        self.parser = parser
        self.intake = self.fresh_intake()

    def fresh_intake(self, **options: Any) -> MailIntake:
        """An intake as after a restart."""
        return MailIntake(self.house.domain, self.house.history, self.parser, secret=SECRET, **options)

    @property
    def items(self) -> list[WorkItem]:
        return list(self.house.state.items.values())

    async def take(self, raw: bytes, mailbox: str = "help", rcpt: str = HELP) -> WorkItem:
        """The item that a mail ends up with."""
        receipt = await self.intake.take(mailbox, raw, rcpt=rcpt)
        outcome = await self.house.ended(receipt)
        assert not outcome.rejection, outcome
        return self.house.state.items[outcome.refs["item"]]

    async def content_of(self, conversation: str) -> list[Content]:
        """The contents of a conversation's messages."""
        await self.house.archive()
        rows = await self.house.history.messages(conversation)
        data = await self.house.domain.contents([row["content"] for row in rows])
        return [msgspec.json.decode(each or b"{}", type=Content) for each in data]

    async def with_agent(self, item: WorkItem) -> str:
        """An agent signs on and takes the item."""
        await self.house.sign_on("ann")
        await self.house.accept(item.id)
        return "ann"

    async def reply(self, item: WorkItem, text: str = "Here it is.", **content: Any) -> str:
        """The agent who has the item answers; the delivery."""
        number = next(_numbers)
        message = MessageFacts(id=f"rm{number}", content=f"rt{number}", size=len(text))
        delivery = f"dlv_{number}"
        command = c.SendReply(item=item.id, agent=item.agent, message=message, delivery=delivery)
        contents = {message.content: msgspec.json.encode(Content(text=text, **content))}
        outcome = await self.house.ended(await self.house.domain.submit(command, contents=contents))
        assert not outcome.rejection, outcome
        return delivery

    async def ended(self, delivery: str, *states: str) -> Delivery:
        """The delivery, once it has come to one of these ends."""
        deliveries = self.house.state.deliveries
        await eventually(lambda: deliveries[delivery].state in (states or ("sent", "failed", "unknown")), 15)
        return deliveries[delivery]
