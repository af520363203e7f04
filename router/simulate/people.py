"""The people outside: callers and their phone system, correspondents, chatters. They know only what an outsider knows,
repeat what was not acknowledged under the same key, and tell some things twice under another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from router.core import commands as c
from router.gateway import CloudEvent, EventRefused, KeyConflict, Outcome, Receipt, StoreError
from router.simulate import limits
from router.simulate.house import House
from router.simulate.mail_server import MailServer, letter
from router.simulate.node import Node

NUMBER = "+31201234567"
SITE = "shop"

Answered = tuple[Receipt, Outcome | None]


class Person:
    """Somebody who asks things of the house."""

    def __init__(self, house: House, name: str) -> None:
        self.house = house
        self.name = name
        self._sent = 0

    def key(self) -> str:
        """The next idempotency key of this person."""
        self._sent += 1
        return f"{self.name}:{self._sent}"

    async def pause(self, least_s: float, most_s: float) -> None:
        """Let some time pass."""
        await asyncio.sleep(self.house.chance.uniform(least_s, most_s))

    def chance(self, share: float) -> bool:
        """True in this share of the cases."""
        return self.house.chance.random() < share

    async def send(self, command: c.Command, *, contents: dict[str, bytes] | None = None) -> Outcome | None:
        """Send a command until it is acknowledged; how it ended, if that was told."""
        key = self.key()

        async def job(node: Node) -> Answered:
            receipt = await node.domain.submit(command, key=key, by=self.name, contents=contents)
            return receipt, await node.domain.outcome(receipt, limits.OUTCOME_S)

        receipt, outcome = await self._agreed(key, job)
        if receipt is not None:
            self.house.ledger.acknowledged(receipt, command)
        if self.house.happens(limits.AGAIN_SHARE, "again"):
            await self._agreed(key, job)
        return outcome

    async def tell(self, type: str, data: dict[str, Any], *, times: int = 1) -> bool:
        """Tell an event (of the phone system, of a chat window), `times` times under different ids; whether the house
        said that it came to something."""
        surely = False
        for _ in range(times):
            event = CloudEvent(specversion="1.0", id=self.key(), source="sim", type=type, data=data)

            async def job(node: Node, event: CloudEvent = event) -> Answered:
                if not await node.domain.reached(1, limits.OUTCOME_S):
                    raise StoreError("this node has not heard of the centre yet")
                receipt = await node.events.take(event, by="pbx")
                return receipt, await node.domain.outcome(receipt, limits.OUTCOME_S)

            receipt, outcome = await self._agreed(event.id, job)
            surely = surely or receipt is None or (outcome is not None and not outcome.rejection)
        return surely

    async def _agreed(
        self, key: str, job: Callable[[Node], Awaitable[Answered]]
    ) -> tuple[Receipt | None, Outcome | None]:
        """The answer, noted; no receipt when history has it already."""
        ledger = self.house.ledger
        try:
            receipt, outcome = await self.house.insist(job)
        except KeyConflict:
            ledger.wrong("idempotent", f"{key} is said to have been another command")
            return None, None
        except EventRefused as refused:
            if refused.code != "duplicate":
                ledger.wrong("steady", f"{key} was refused: {refused.code}")
            return None, None
        except Exception as error:
            ledger.wrong("steady", f"{key} was answered with {error!r}")
            return None, None
        ledger.acknowledged(receipt)
        if outcome is not None:
            ledger.was_told(receipt.key, outcome)
        return receipt, outcome


class Caller(Person):
    """Somebody who calls now and then. The phone system tells everything, some of it twice, some in another order."""

    def __init__(self, house: House, number: int) -> None:
        super().__init__(house, f"caller{number}")
        self._number = f"+31612340{number:03d}"

    async def play(self) -> None:
        """Call after call, until the world grows calm."""
        calls = 0
        while not self.house.calm:
            await self.pause(0, 15)
            calls += 1
            await self._one(f"{self.name}-{calls}")

    async def _one(self, call: str) -> None:
        calls = self.house.ledger.calls
        offer = {"call": call, "to": NUMBER, "from": self._number}
        twice = 1 + self.chance(limits.TWICE_SHARE)
        if self.chance(limits.OVERTAKEN_SHARE):
            self.house.faults["overtaken"] += 1
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.tell("call.ended", {"call": call}))
                tasks.create_task(self.tell("call.offered", offer))
        else:
            await self.tell("call.offered", offer, times=twice)
            calls[call] = "on"
            await self.pause(1, 20)
            if self.chance(0.1):
                await self.tell("call.held", {"call": call, "held": True})
            if self.chance(limits.CALLBACK_SHARE):
                await self.tell("callback.requested", {"call": call, "to": NUMBER, "number": self._number}, times=twice)
            await self.tell("call.ended", {"call": call}, times=twice)
        calls[call] = "over"
        if self.chance(limits.TWICE_SHARE):
            await self.pause(5, 20)
            await self.tell("call.offered", offer)


class Correspondent(Person):
    """Somebody who writes mail, and answers what they get."""

    def __init__(self, house: House, name: str, server: MailServer) -> None:
        super().__init__(house, name)
        self._server = server
        self._address = f"{name}@example.org"
        self._read = 0
        self._thread: list[str] = []

    async def play(self) -> None:
        """Mail after mail, until the world grows calm."""
        while not self.house.calm:
            await self.pause(0, 15)
            self._write()

    def _write(self) -> None:
        """A mail of its own, or one in the thread: the mail server takes it at once."""
        got = self._server.delivered.get(self._address, [])
        answers = []
        if len(got) > self._read and self.chance(limits.ANSWER_SHARE):
            self._read = len(got)
            answers = [got[-1]]
        elif self._thread and self.chance(0.4):
            answers = self._thread[-2:]
        id = f"<{self.key().replace(':', '.')}@example.org>"
        self._thread.append(id)
        self.house.ledger.mails[id] = self._address
        self._server.put(letter(self._address, id, f"about {id}", answers))


class Chatter(Person):
    """Somebody who chats through an integrator's window: message after message, then they close it."""

    async def play(self) -> None:
        """Chat after chat, until the world grows calm."""
        chats = 0
        while not self.house.calm:
            await self.pause(0, 15)
            chats += 1
            await self._chat(f"{self.name}-{chats}")

    async def _chat(self, chat: str) -> None:
        said = self.house.ledger.chats.setdefault(chat, [])
        for number in range(1, self.house.chance.randint(1, 4) + 1):
            text = {"site": SITE, "from": self.name, "text": f"{chat} {number}", "id": f"{chat}-{number}"}
            await self.tell("chat.message", text | {"conversation": chat}, times=1 + self.chance(0.2))
            said.append(text["text"])
            await self.pause(0.1, 5)
        if self.chance(0.7):
            await self.tell("chat.left", {"conversation": chat})
