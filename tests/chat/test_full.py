"""Too many customers at once: each is told in words, in their language, when the chat tries again."""

from typing import Any

import pytest
import socketio

from channels.chat import limits
from channels.chat.namespace import NAMESPACE
from channels.chat.words import FULL
from tests.chat.conftest import Server


async def turned_away(server: Server, **more: Any) -> dict[str, Any]:
    """What a browser hears that may not connect: the message, and its data."""
    browser = server.browser(**more)
    told: list[dict[str, Any]] = []
    client = socketio.AsyncClient(reconnection=False)
    client.on("connect_error", told.append, namespace=NAMESPACE)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(server.url, transports=["websocket"], namespaces=[NAMESPACE], auth=browser.auth)
    return told[0]


@pytest.mark.parametrize("language", ["de", "en", "fr", "nl"])
async def test_a_full_house_says_so_in_the_visitors_language_and_when_to_come_back(
    server: Server, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr(limits, "SOCKETS_MAX", 0)
    first = await turned_away(server, language=f"{language}-BE")
    assert first["message"] == FULL[language]
    assert first["data"]["code"] == "house_full" and first["data"]["retry_ms"] >= limits.FULL_RETRY_MS
    second = await turned_away(server, language="eo")
    assert second["message"] == FULL["en"]
    assert second["data"]["retry_ms"] != first["data"]["retry_ms"], "not all at the same moment"
    monkeypatch.undo()
    async with server.browser(language=language) as browser:
        assert await browser.say("Bonjour") == 1


async def test_no_more_conversations_begin_than_there_is_room_for_and_those_that_did_go_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONVERSATIONS_MAX", 1)
    async with server.browser() as first, server.browser(language="nl") as second:
        await first.say("Bonjour")
        answer = await second.ask("message", {"id": "1", "text": "Hallo"})
        assert (answer["code"], answer["detail"]) == ("house_full", FULL["nl"])
        assert answer["retry_ms"] >= limits.FULL_RETRY_MS
        assert len(server.house.state.items) == 1, "who was refused left no trace"
        await first.say("still here")
        await first.ask("leave")
        assert (await second.ask("message", {"id": "1", "text": "Hallo"}))["seq"] == 1


async def test_one_network_address_writes_so_fast_only_whoever_writes(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = server.sio.namespace_handlers[NAMESPACE]
    monkeypatch.setattr(namespace._messages_from, "_burst", 2)
    monkeypatch.setattr(namespace._messages_from, "_per_ms", 0.001)
    async with server.browser() as first, server.browser() as second:
        await first.say("one")
        await second.say("two")
        answer = await first.ask("message", {"id": "3", "text": "three"})
        assert answer["code"] == "too_fast" and answer["retry_ms"] > 0


async def test_one_network_address_opens_so_many_chats_a_second_only(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = server.sio.namespace_handlers[NAMESPACE]
    monkeypatch.setattr(namespace._connects, "_burst", 1)
    monkeypatch.setattr(namespace._connects, "_per_ms", 0.001)
    async with server.browser() as first:
        told = await turned_away(server)
        assert told["data"]["code"] == "too_fast" and told["data"]["retry_ms"] > 0
        assert await first.say("Bonjour") == 1
