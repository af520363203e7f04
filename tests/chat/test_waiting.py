"""A visitor who waits hears where they stand and how long it may take: rounded, and no more often than people read."""

from typing import Any

from channels.chat import limits
from channels.chat.screen import Screen, waiting_of
from channels.chat.visitor import Visitor
from router.core.conversation import Conversation

KNOWN = {"position": 3, "low_ms": 31_000, "expected_ms": 95_000, "high_ms": 121_000, "method": "queue_length"}


def test_a_wait_is_told_in_half_minutes_around_the_range() -> None:
    assert waiting_of(KNOWN) == {"position": 3, "low_ms": 30_000, "high_ms": 150_000}
    assert waiting_of(KNOWN | {"low_ms": 0, "high_ms": 0}) == {"position": 3, "low_ms": 0, "high_ms": 30_000}
    assert waiting_of(KNOWN | {"low_ms": None, "high_ms": None}) == {"position": 3}
    assert waiting_of(None) is None


async def test_it_is_told_when_it_changes_and_not_before_some_seconds(monkeypatch: Any) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []
    said = dict(KNOWN)

    async def emit(event: str, data: dict[str, Any]) -> None:
        heard.append((event, data))

    nothing: Any = None
    visitor = Visitor(id="v", site="s", conversation="c")
    screen = Screen(
        nothing, nothing, visitor=visitor, token="", language="", shown=0, emit=emit, expects=lambda item: said
    )
    conversation = Conversation(id="c", channel="chat", item="i")
    screen._state = {"state": "queued"}
    await screen._show_waiting(conversation)
    said["position"] = 2
    await screen._show_waiting(conversation)
    assert heard == [("waiting", {"position": 3, "low_ms": 30_000, "high_ms": 150_000})]
    monkeypatch.setattr(limits, "WAITING_S", 0.0)
    screen._waiting_next = 0.0
    await screen._show_waiting(conversation)
    await screen._show_waiting(conversation)
    assert [data["position"] for _, data in heard] == [3, 2], "what did not change is not said again"
    screen._state = {"state": "with_agent"}
    await screen._show_waiting(conversation)
    screen._state = {"state": "queued"}
    await screen._show_waiting(conversation)
    assert len(heard) == 3, "who is put back into the queue hears it anew"
