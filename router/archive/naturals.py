"""Which natural keys history may have: answers "surely not" without asking SQL, as it is for almost every contact.

A query for each contact took more time than all the rest of its intake. The keys are kept in a Bloom filter
(B. H. Bloom, CACM 13(7), 1970): all events up to the one at which this node's state was loaded come from SQL, as soon
as they are archived; every event after it as it is followed, whichever node took the contact. It may say "perhaps" for
a key that was never seen, and SQL is asked; it never says "surely not" for one that was.
"""

import asyncio
import hashlib
from functools import partial
from typing import NoReturn

import structlog
from sqlalchemy import Connection, and_, or_, select

from router.archive import limits
from router.archive.database import Database
from router.archive.schema import archive_position, items, messages
from router.core.events import ItemOpened, MessageReceived, ReplySent
from router.core.state import State
from router.gateway import Applied, StoreError

log = structlog.stdlib.get_logger()

CALL = "call:"
"""What the natural key of a call begins with."""


class Sieve:
    """A Bloom filter of a fixed size. Adding more than it was made for only lets more through."""

    def __init__(self) -> None:
        self._bits = bytearray(limits.SIEVE_BITS // 8)

    def add(self, key: str) -> None:
        """Let this key through from now on."""
        for place in self._places(key):
            self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, key: str) -> bool:
        """Whether the key was perhaps added; False is certain."""
        return all(self._bits[place >> 3] & (1 << (place & 7)) for place in self._places(key))

    def _places(self, key: str) -> list[int]:
        """Two hashes make all (Kirsch and Mitzenmacher, ESA 2006)."""
        drawn = hashlib.blake2b(key.encode(), digest_size=16).digest()
        first, second = int.from_bytes(drawn[:8], "big"), int.from_bytes(drawn[8:], "big") | 1
        return [(first + n * second) % limits.SIEVE_BITS for n in range(limits.SIEVE_HASHES)]


class Naturals:
    """The natural keys of a domain. Until everything is loaded, and after a reset, every key is a "perhaps"."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sieve = Sieve()
        self._whole = False
        self._position = 0
        self._unread = asyncio.Event()

    def perhaps(self, key: str) -> bool:
        """Whether SQL has to be asked for this key."""
        return not self._whole or key in self._sieve

    def follow(self, applied: Applied, state: State) -> None:
        """A listener of the domain, from before its state was loaded: no event may be missed."""
        for event in applied.entry.events:
            if isinstance(event, MessageReceived | ReplySent):
                self._sieve.add(event.message.natural_key)
            elif isinstance(event, ItemOpened) and event.call:
                self._sieve.add(CALL + event.call)

    def reset(self, state: State, position: int) -> None:
        """The domain's state was loaded (anew): events before it may have been missed, and SQL has to be read.

        Not here: whoever loaded it has work to do first.
        """
        self._whole = False
        self._position = position
        self._unread.set()

    async def run(self) -> NoReturn:
        """Load whenever the domain did, and the archive has come as far."""
        while True:
            await self._unread.wait()
            await asyncio.sleep(limits.NATURALS_LOOK_S)  # a writer that has to load the same state goes first
            try:
                if await self._database.ask(_archived) >= self._position:
                    self._unread.clear()
                    await self._load()
                    self._whole = not self._unread.is_set()
                    log.info("naturals_loaded", whole=self._whole)
            except StoreError as error:
                log.warning("naturals_not_loaded", reason=str(error))
                self._unread.set()
                await asyncio.sleep(limits.RETRY_MAX_S)

    async def _load(self) -> None:
        item = ""
        while calls := await self._database.ask(partial(_calls, item)):
            for _, call in calls:
                if call:
                    self._sieve.add(CALL + call)
            item = calls[-1][0]
        place = ("", 0)
        while keys := await self._database.ask(partial(_keys, place)):
            for _, _, key in keys:
                self._sieve.add(key)
            place = keys[-1][:2]


def _archived(sql: Connection) -> int:
    return int(sql.execute(select(archive_position.c.position)).scalar_one())


def _calls(after: str, sql: Connection) -> list[tuple[str, str]]:
    query = select(items.c.id, items.c.call).where(items.c.id > after).order_by(items.c.id)
    return [(row.id, row.call) for row in sql.execute(query.limit(limits.NATURALS_PAGE))]


def _keys(after: tuple[str, int], sql: Connection) -> list[tuple[str, int, str]]:
    conversation, seq = messages.c.conversation, messages.c.seq
    further = or_(conversation > after[0], and_(conversation == after[0], seq > after[1]))
    query = select(conversation, seq, messages.c.natural_key).where(further).order_by(conversation, seq)
    return [(row.conversation, row.seq, row.natural_key) for row in sql.execute(query.limit(limits.NATURALS_PAGE))]
