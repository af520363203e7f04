"""The live part of histories: the latest events of each item and conversation, kept until the archive has them.

The archive is always a moment behind the log. What a reader is shown is the archive's rows and, after its
position, what this node's follower has seen since. Bounded; after a restart the archive alone knows the past.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any, TypeAlias

from aiohttp import web

from router.api import limits
from router.core.events import Event, MessageReceived, ReplySent
from router.core.state import State
from router.gateway import Applied, story_row

_Rows: TypeAlias = deque[tuple[int, Event]]


class Live:
    """A follower's listener that remembers."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, _Rows] = OrderedDict()

    def __call__(self, applied: Applied, state: State) -> None:
        """Keep what the entry says of items and conversations."""
        for position, event in enumerate(applied.entry.events, applied.entry.first):
            item: str = getattr(event, "item", "")
            if item:
                self._keep(item, position, event)
            if isinstance(event, MessageReceived | ReplySent):
                self._keep(event.conversation, position, event)

    def story(self, item: str, after: int) -> list[dict[str, Any]]:
        """What happened to an item after a position, as rows of its timeline."""
        return [story_row(position, event) for position, event in self._since(item, after)]

    def messages(self, conversation: str, after: int) -> list[dict[str, Any]]:
        """The messages of a conversation past sequence number `after`, in order."""
        found = (event for _, event in self._since(conversation, 0))
        return [
            _message(event) for event in found if isinstance(event, MessageReceived | ReplySent) and event.seq > after
        ]

    def _since(self, id: str, after: int) -> Iterator[tuple[int, Event]]:
        return (row for row in self._rows.get(id, ()) if row[0] > after)

    def _keep(self, id: str, position: int, event: Event) -> None:
        rows = self._rows.get(id)
        if rows is None:
            rows = self._rows[id] = deque(maxlen=limits.LIVE_ROWS_MAX)
            if len(self._rows) > limits.LIVE_ITEMS_MAX:
                self._rows.popitem(last=False)
        rows.append((position, event))


def _message(event: MessageReceived | ReplySent) -> dict[str, Any]:
    from_agent = isinstance(event, ReplySent)
    return {
        "seq": event.seq,
        "id": event.message.id,
        "side": "agent" if from_agent else "customer",
        "agent": event.agent if isinstance(event, ReplySent) else "",
        "at_ms": event.at,
        "content": event.message.content,
        "item": event.item,
        "delivery": event.delivery if isinstance(event, ReplySent) else "",
    }


LIVE: web.AppKey[Live] = web.AppKey("live", Live)
