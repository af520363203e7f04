"""The archive of a world: history as plain data, and the worker that keeps it. It stands for SQL and its archiver.

It keeps every entry verbatim, takes the texts out of the store once it has them, trims the store close behind itself,
and lets closed items leave memory. What intake asks of history is answered from what was kept, and from nothing else.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from router.core import events as e
from router.core.commands import Forget
from router.gateway import Gateway, StoreError, Thread
from router.runtime.store import Store
from router.simulate import limits
from router.wire.codec import decode_entry, digest, fingerprint


class Remembered(msgspec.Struct):
    """A conversation as history knows it."""

    thread: Thread
    messages: list[dict[str, Any]] = []


class Archive:
    """What history has: entries, texts, and what was made of them. Written as one transaction, or not at all."""

    def __init__(self) -> None:
        self.position = 0
        self.digest = ""
        self.entries: list[tuple[int, bytes, str]] = []
        self.texts: dict[str, bytes] = {}
        self.closed: dict[str, int] = {}
        """Items that are closed and were not forgotten yet, with when they were closed."""
        self.at = 0
        """The instant of the newest entry."""
        self._conversations: dict[str, Remembered] = {}
        self._threads: dict[str, str] = {}
        self._naturals: dict[str, str] = {}
        self._merged: dict[str, str] = {}
        self._of_item: dict[str, str] = {}
        self._of_delivery: dict[str, str] = {}

    def write(self, after: int, entries: Sequence[tuple[int, bytes, str]], texts: dict[str, bytes]) -> bool:
        """Add entries that follow position `after`. False when somebody else has written meanwhile."""
        if after != self.position:
            return False
        for last, data, sum in entries:
            self.keep(last, data, sum)
        self.texts.update(texts)
        return True

    def keep(self, last: int, data: bytes, sum: str) -> None:
        """One more entry."""
        self.entries.append((last, data, sum))
        self.position, self.digest = last, sum
        entry = decode_entry(data)
        self.at = entry.at
        for event in entry.events:
            self._tell(event)

    def _tell(self, event: e.Event) -> None:
        match event:
            case e.ConversationOpened():
                self._opened(event)
            case e.ItemOpened():
                self._item(event)
            case e.MessageReceived() | e.ReplySent():
                self._message(event)
            case e.DeliveryEnded():
                keys = dict.fromkeys(event.thread_keys, self._of_delivery[event.delivery])
                self._threads.update(keys)
            case e.ReservationAccepted() if event.item in self._of_item:  # a consult is none of the conversation's
                self._change(self._of_item[event.item], last_agent=event.agent)
            case e.ConversationMerged():
                self._merged[event.merged] = event.conversation
            case e.ConversationUnmerged():
                self._merged.pop(event.merged, None)
            case e.ItemClosed():
                self.closed[event.item] = event.at
            case e.ItemsForgotten():
                for item in event.items:
                    self.closed.pop(item, None)
            case _:
                pass

    def _opened(self, event: e.ConversationOpened) -> None:
        thread = Thread(
            conversation=event.conversation,
            item="",
            last_agent="",
            reopen_count=0,
            seq=event.seq,
            customer=event.customer,
            channel=event.channel,
            reference=event.reference,
        )
        before = self._conversations.get(event.conversation)
        self._conversations[event.conversation] = Remembered(thread, before.messages if before else [])

    def _item(self, event: e.ItemOpened) -> None:
        self._of_item[event.item] = event.conversation
        self._change(event.conversation, item=event.item, reopen_count=event.reopen_count)
        if event.call:
            self._naturals.setdefault(f"call:{event.call}", event.conversation)

    def _message(self, event: e.MessageReceived | e.ReplySent) -> None:
        self._change(event.conversation, seq=event.seq)
        self._threads.update(dict.fromkeys(event.message.thread_keys, event.conversation))
        if event.message.natural_key:
            self._naturals[event.message.natural_key] = event.conversation
        if isinstance(event, e.ReplySent) and event.delivery:
            self._of_delivery[event.delivery] = event.conversation
        side = "customer" if isinstance(event, e.MessageReceived) else "agent"
        row = {"seq": event.seq, "side": side, "content": event.message.content}
        self._conversations[event.conversation].messages.append(row)

    def _change(self, conversation: str, **fields: Any) -> None:
        remembered = self._conversations[conversation]
        remembered.thread = msgspec.structs.replace(remembered.thread, **fields)

    # -- what intake asks -----------------------------------------------------------------------------------

    def thread(self, keys: Sequence[str]) -> Thread | None:
        """The conversation that one of these keys belongs to."""
        found = next((self._threads[key] for key in keys if key in self._threads), None)
        return self._going_on(found) if found is not None else None

    def called(self, reference: str) -> Thread | None:
        """The conversation with this reference."""
        known = (kept.thread for kept in self._conversations.values())
        found = next((thread for thread in known if reference and thread.reference == reference), None)
        return self._going_on(found.conversation) if found is not None else None

    def _going_on(self, conversation: str) -> Thread:
        """The thread of the conversation in which this one goes on."""
        while conversation in self._merged:
            conversation = self._merged[conversation]
        return self._conversations[conversation].thread

    def knows(self, item: str) -> bool:
        """Whether an item with this id was opened."""
        return item in self._of_item

    def natural(self, key: str) -> str | None:
        """The conversation that has this natural key."""
        return self._naturals.get(key)

    def messages(self, conversation: str, after: int) -> list[dict[str, Any]]:
        """The messages of a conversation past `after`."""
        remembered = self._conversations.get(conversation)
        return [row for row in remembered.messages if row["seq"] > after] if remembered else []


class SimHistory:
    """The `History` port over the archive, which may be away."""

    def __init__(self, archive: Archive, away: Callable[[], bool]) -> None:
        self._archive = archive
        self._away = away

    async def find_thread(self, thread_keys: Sequence[str]) -> Thread | None:
        """See `History`."""
        return (await self._open()).thread(thread_keys)

    async def find_reference(self, reference: str) -> Thread | None:
        """See `History`."""
        return (await self._open()).called(reference)

    def whose(self, key: str) -> str:
        """Everybody has their own address only."""
        return key

    async def find_natural(self, natural_key: str) -> str | None:
        """See `History`."""
        return (await self._open()).natural(natural_key)

    async def knows(self, item: str) -> bool:
        """See `History`."""
        return (await self._open()).knows(item)

    async def messages(self, conversation: str, after: int = 0) -> list[dict[str, Any]]:
        """See `History`."""
        return (await self._open()).messages(conversation, after)

    async def contents(self, ids: Sequence[str]) -> list[bytes | None]:
        """Texts that have left the store."""
        archive = await self._open()
        return [archive.texts.get(id) for id in ids]

    async def _open(self) -> Archive:
        await asyncio.sleep(0)
        if self._away():
            raise StoreError("the archive is away")
        return self._archive


class Archivist:
    """Keeps the archive: one duty, which two nodes may have at once without harm."""

    def __init__(self, archive: Archive, store: Store, gateway: Gateway, away: Callable[[], bool]) -> None:
        self._archive = archive
        self._store = store
        self._gateway = gateway
        self._away = away
        self._to_drop: list[str] = []
        self._asked: Counter[str] = Counter()
        self._looked_s = 0.0

    async def run(self) -> None:
        """Archive until cancelled. Whatever is away is waited for."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self._step()
                if loop.time() - self._looked_s >= limits.FORGET_PAUSE_S:
                    self._looked_s = loop.time()
                    await self._forget()
            except StoreError:
                await asyncio.sleep(limits.RETRY_S)

    async def _step(self) -> None:
        """One transaction; then what is safe may leave the store."""
        archive = self._archive
        place, sum = archive.position, archive.digest
        found = await self._store.entries(place, 50, limits.FORGET_PAUSE_S)
        after = place
        for last, data, told in found:
            entry = decode_entry(data)
            if entry.first != after + 1 or entry.before != sum or digest(sum, data) != told:
                raise StoreError(f"entry {last} does not follow {after}: read again")
            after, sum = last, told
        ids = [id for _, data, _ in found for id in texts_of(decode_entry(data).events)]
        texts = await self._store.contents(ids)
        if self._away():
            raise StoreError("the archive is away")
        kept = {id: text for id, text in zip(ids, texts, strict=True) if text is not None}
        if archive.write(place, found, kept):
            self._to_drop += ids
        await self._store.drop_contents(self._to_drop)
        self._to_drop.clear()
        await self._store.trim(archive.position - limits.TAIL_EVENTS)

    async def _forget(self) -> None:
        """Closed items that the archive has may leave memory."""
        before = self._archive.at - limits.FORGET_AFTER_MS
        closed = tuple(item for item, at in self._archive.closed.items() if at < before and item not in self._asked)
        if not closed:
            return
        command = Forget(items=closed)
        key = f"forget-{self._archive.position}-{fingerprint(command)}"
        await self._gateway.submit(command, key=key, by="archive")
        self._asked.update(closed)


def texts_of(events: Iterable[e.Event]) -> list[str]:
    """The contents that these events name."""
    found: list[str] = []
    for event in events:
        match event:
            case e.MessageReceived() | e.ReplySent():
                found.append(event.message.content)
            case e.NoteAdded():
                found.append(event.content)
            case e.QuestionAsked() | e.QuestionAnswered() if event.note:
                found.append(event.note)
            case e.ConversationOpened() if event.address:
                found.append(event.address)
            case _:
                pass
    return found
