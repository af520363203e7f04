"""A real server on a small centre, with what happens to it from outside: customers who write."""

import itertools
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from router.bench.house import House
from tests.support import eventually
from tests.web import small_centre
from tests.web.small_centre import MAILBOX, PEOPLE, SITE

_numbers = itertools.count(1)


class Place:
    """The server, and customers."""

    def __init__(self, house: House) -> None:
        self.house = house

    @classmethod
    async def open(cls, folder: Path, password_hash: str, **changes: Any) -> "Place":
        """Start the server with everybody's account and apply the centre."""
        house = await House.start(folder, PEOPLE, password_hash=password_hash)
        await house.apply(small_centre.text(**changes))
        return cls(house)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.house.url

    async def call(self, method: str, path: str, body: Any = None, *, login: str = "admin", status: int = 200) -> Any:
        """One REST call of somebody; the body of the answer."""
        token = self.house.key if login == "key" else self.house.token(login)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Prefer": "wait=5"}
        data = msgspec.json.encode(body) if body is not None else None
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"{self.url}/api/v1{path}", data=data, headers=headers) as answer,
        ):
            content = await answer.read()
            assert answer.status == status, content
            return msgspec.json.decode(content) if content else None

    async def event(self, type: str, data: dict[str, Any]) -> str:
        """An event of the outside world; the item that came of it."""
        event = {"specversion": "1.0", "source": "/tests", "id": f"event-{next(_numbers)}", "type": type, "data": data}
        answer = await self.call("POST", "/events", event, login="key")
        item: str = answer["item"]
        return item

    async def mail(self, subject: str, text: str, sender: str = "ada@customer.example") -> str:
        """A mail comes in; its item."""
        return await self.event("mail.received", {"to": MAILBOX, "from": sender, "subject": subject, "text": text})

    async def chat(self, text: str, visitor: str = "visitor-7") -> str:
        """A customer writes in the chat of our site; the item."""
        number = next(_numbers)
        return await self.event("chat.message", {"site": SITE, "from": visitor, "id": f"m{number}", "text": text})

    async def item(self, item: str) -> dict[str, Any]:
        """An item as it is now."""
        found: dict[str, Any] = await self.call("GET", f"/items/{item}")
        return found

    async def until(self, item: str, **wanted: Any) -> dict[str, Any]:
        """Wait until the item has these values."""

        async def there() -> dict[str, Any] | None:
            found = await self.item(item)
            return found if wanted.items() <= found.items() else None

        found: dict[str, Any] = await eventually(there)
        return found

    async def said(self, item: str) -> list[tuple[str, str]]:
        """What was written in the item's conversation: (side, text)."""
        conversation = (await self.item(item))["conversation"]
        answer = await self.call("GET", f"/conversations/{conversation}/messages")
        return [(row["side"], row.get("text", "")) for row in answer["rows"]]

    async def close(self) -> None:
        """Stop the server."""
        await self.house.stop()
