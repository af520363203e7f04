"""Chat between a browser and an agent, over a real Socket.IO server: nothing is lost, doubled or out of order."""

import asyncio
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
import socketio

from channels.chat import limits
from queues.entry_point import EntryPoint
from router.api import limits as api_limits
from router.core.commands import MarkSeen
from router.core.reference import reference
from tests.chat.conftest import Browser, Server, served
from tests.phone.house import House, second_node
from tests.support import eventually


async def talking(server: Server, browser: Browser) -> str:
    """A conversation that an agent has accepted; its item."""
    await server.house.sign_on("ann")
    await browser.say("Bonjour")
    item = await server.item_of(browser)
    await server.house.accept(item)
    return item


def gap_free(browser: Browser) -> bool:
    return [message["seq"] for message in browser.messages] == list(range(1, len(browser.messages) + 1))


async def test_a_first_message_opens_an_item_and_is_acknowledged_with_its_place(server: Server) -> None:
    async with server.browser(name="Nora") as browser:
        assert browser.all("welcome")[0]["messages"] == []
        assert await browser.say("Bonjour") == 1
        item = server.house.state.items[await server.item_of(browser)]
        assert (item.channel, item.queue, item.entry_point) == ("chat", "help", "shop")
        await eventually(lambda: browser.texts == ["Bonjour"])


async def test_both_sides_talk_and_each_message_comes_once_and_in_order(server: Server) -> None:
    async with server.browser() as browser:
        item = await talking(server, browser)
        for number in range(5):
            await browser.say(f"question {number}")
            await server.house.reply(item, f"answer {number}")
        await eventually(lambda: len(browser.messages) == 11)
        assert gap_free(browser)
        assert browser.texts[1:3] == ["question 0", "answer 0"]
        assert [message["side"] for message in browser.messages][1:3] == ["customer", "agent"]
        assert browser.messages[2]["agent"] == "Ann"


async def test_states_follow_the_item(server: Server) -> None:
    async with server.browser() as browser:
        await browser.say("Bonjour")
        called = {"reference": reference(1)}
        await eventually(lambda: browser.all("state") == [called | {"state": "queued"}])
        await server.house.sign_on("ann")
        item = await server.item_of(browser)
        await server.house.accept(item)
        await eventually(lambda: browser.all("state")[-1] == called | {"state": "with_agent", "agent": "Ann"})
        await server.house.close(item)
        await eventually(lambda: browser.all("state")[-1] == called | {"state": "closed"})


async def test_a_reload_in_the_middle_loses_nothing(server: Server) -> None:
    """F95: what was said while the page was away comes with the welcome, in order."""
    async with server.browser() as browser:
        item = await talking(server, browser)
        await eventually(lambda: browser.last_seq == 1)
        await browser.drop()
        for number in range(3):
            await server.house.reply(item, f"while away {number}")
        await browser.connect()
        assert browser.texts == ["Bonjour", "while away 0", "while away 1", "while away 2"]
        await server.house.reply(item, "here again")
        await eventually(lambda: browser.texts[-1] == "here again")
        assert gap_free(browser)


async def test_a_page_that_forgot_its_place_gets_all_again(server: Server) -> None:
    async with server.browser() as browser:
        item = await talking(server, browser)
        await server.house.reply(item, "answer")
        await eventually(lambda: len(browser.messages) == 2)
        await browser.drop()
        browser.messages.clear()
        await browser.connect()
        assert browser.texts == ["Bonjour", "answer"]


async def test_a_page_that_remembers_what_never_was_gets_all(server: Server) -> None:
    async with server.browser() as browser:
        item = await talking(server, browser)
        await server.house.reply(item, "answer")
        await eventually(lambda: len(browser.messages) == 2)
        await browser.drop()
        browser.messages[-1]["seq"] = 1_000
        await browser.connect()
        assert browser.texts[-2:] == ["Bonjour", "answer"]


async def test_a_message_whose_answer_was_lost_is_one_message(server: Server) -> None:
    """The browser sends it again after the reconnect, under the same id."""
    async with server.browser() as browser:
        await browser.sio.emit("message", {"id": "m1", "text": "Bonjour"}, namespace="/chat")
        await server.item_of(browser)
        await browser.drop()
        await browser.connect()
        assert await browser.say("Bonjour", "m1") == 1
        assert server.house.state.conversations[browser.conversation].seq == 1
        assert browser.texts == ["Bonjour"]


async def test_the_same_message_five_times_at_once_has_one_place(server: Server) -> None:
    async with server.browser() as browser:
        places = await asyncio.gather(*(browser.say("Bonjour", "m1") for _ in range(5)))
        assert places == [1, 1, 1, 1, 1]


async def test_five_first_messages_at_once_are_one_item(server: Server) -> None:
    """F14."""
    async with server.browser() as browser:
        places = await asyncio.gather(*(browser.say(f"part {number}") for number in range(5)))
        assert sorted(places) == [1, 2, 3, 4, 5]
        assert len(server.house.state.items) == 1
        await eventually(lambda: browser.texts == [f"part {number}" for number in range(5)])


async def test_one_id_with_two_texts_is_refused(server: Server) -> None:
    """What was acknowledged under an id is what stays; the page must not believe that the other text arrived."""
    async with server.browser() as browser, server.browser() as second:
        second.token = browser.token
        await second.drop()
        await second.connect()
        answers = await asyncio.gather(
            browser.ask("message", {"id": "m1", "text": "yes"}), second.ask("message", {"id": "m1", "text": "no"})
        )
        assert sorted(answer["ok"] for answer in answers) == [False, True]
        assert [answer["code"] for answer in answers if not answer["ok"]] == ["id_in_use"]
        later = await browser.ask("message", {"id": "m1", "text": "perhaps"})
        assert later["code"] == "id_in_use"


async def test_an_old_message_is_recognised_after_a_restart_of_the_server(house: House) -> None:
    """The new server was not there when it was said; it is still the same message, and the transcript is whole."""
    async with served(house) as first, first.browser() as browser:
        item = await talking(first, browser)
        await house.reply(item, "answer")
        await eventually(lambda: len(browser.messages) == 2)
    await house.archive()
    async with served(house) as second:
        browser.url = second.url
        async with browser:
            assert await browser.say("Bonjour", "id-Bonjour") == 1
            await house.reply(item, "again")
            await eventually(lambda: browser.texts == ["Bonjour", "answer", "again"])
            browser.messages.clear()
            await browser.drop()
            await browser.connect()
            assert browser.texts == ["Bonjour", "answer", "again"]


async def test_what_the_archive_does_not_have_yet_is_shown_as_soon_as_it_does(house: House) -> None:
    """A server that has just started waits for the archive rather than leave a gap."""
    async with served(house) as first, first.browser() as browser:
        item = await talking(first, browser)
    browser.messages.clear()
    async with served(house) as second:
        browser.url = second.url
        async with browser:
            assert browser.texts == []
            await house.reply(item, "answer")
            await house.archive()
            await eventually(lambda: browser.texts == ["Bonjour", "answer"])
            assert gap_free(browser)


async def test_after_closing_the_old_token_goes_on_with_a_linked_item(server: Server) -> None:
    async with server.browser() as browser:
        item = await talking(server, browser)
        await server.house.close(item)
        await server.house.archive()
        assert browser.conversation not in server.house.state.conversations
        assert await browser.say("Encore une question") == 2
        again = server.house.state.items[await server.item_of(browser)]
        assert (again.reopens, again.reopen_count, again.last_agent) == (item, 1, "ann")
        await eventually(lambda: browser.texts == ["Bonjour", "Encore une question"])


async def test_a_closed_chat_can_still_be_read(server: Server) -> None:
    async with server.browser() as browser:
        item = await talking(server, browser)
        await server.house.close(item)
        await server.house.archive()
        await browser.drop()
        browser.messages.clear()
        await browser.connect()
        assert browser.texts == ["Bonjour"]
        await eventually(lambda: browser.all("state")[-1] == {"state": "closed", "reference": reference(1)})


async def test_leaving_abandons_what_nobody_accepted(server: Server) -> None:
    async with server.browser() as browser:
        await browser.say("Bonjour")
        item = await server.item_of(browser)
        assert (await browser.ask("leave"))["ok"]
        assert server.house.state.items[item].state == "closed"
        assert (await browser.ask("leave"))["ok"], "leaving twice is leaving"


async def test_a_lost_connection_is_not_leaving(server: Server) -> None:
    async with server.browser() as browser:
        item = await talking(server, browser)
        await browser.drop()
        await server.house.reply(item, "still there?")
        assert server.house.state.items[item].state == "active"
        assert not server.house.state.conversations[browser.conversation].gone


async def test_both_see_typing(server: Server) -> None:
    seen: list[tuple[str, str, bool]] = []
    server.typing.subscribe(lambda conversation, side, on: seen.append((conversation, side, on)))
    async with server.browser() as browser:
        assert (await browser.ask("typing", {"on": True}))["ok"]
        assert seen == [(browser.conversation, "customer", True)]
        await server.typing.typing(browser.conversation, "agent", True)
        await eventually(lambda: browser.all("typing") == [{"on": True}])
        await server.typing.typing(browser.conversation, "agent", False)
        await eventually(lambda: browser.all("typing") == [{"on": True}, {"on": False}])


async def test_both_see_delivery(server: Server) -> None:
    async with server.browser() as browser:
        item = await talking(server, browser)
        await server.house.do(MarkSeen(conversation=browser.conversation, side="agent", up_to=1))
        await eventually(lambda: browser.all("delivered") == [{"up_to": 1}])
        await server.house.reply(item, "answer")
        await eventually(lambda: len(browser.messages) == 2)
        assert (await browser.ask("seen", {"up_to": 2}))["ok"]
        await eventually(lambda: server.house.state.conversations[browser.conversation].seen.get("customer") == 2)


async def test_two_tabs_show_the_same(server: Server) -> None:
    async with server.browser() as first, server.browser() as second:
        second.token = first.token
        await second.drop()
        await second.connect()
        await first.say("Bonjour")
        await eventually(lambda: second.texts == ["Bonjour"])


async def test_markup_is_text(server: Server) -> None:
    """ASVS 1.2.1: nothing is interpreted on the way, and nothing is lost either."""
    text = "<script>alert(1)</script> \u202e & 👩‍👩‍👧"
    async with server.browser() as browser:
        await browser.say(text, "m1")
        await eventually(lambda: browser.texts == [text])


@pytest.mark.parametrize(
    ("event", "data", "code"),
    [
        ("message", None, "bad_event"),
        ("message", "Bonjour", "bad_event"),
        ("message", {"text": "Bonjour"}, "bad_event"),
        ("message", {"id": "1", "text": ""}, "bad_event"),
        ("message", {"id": "1", "text": "a", "html": "<b>"}, "bad_event"),
        ("message", {"id": "x" * 65, "text": "a"}, "bad_event"),
        ("message", {"id": "1", "text": "a" * (limits.TEXT_BYTES_MAX + 1)}, "message_too_long"),
        ("message", {"id": "1", "text": "é" * (limits.TEXT_BYTES_MAX // 2 + 1)}, "message_too_long"),
        ("typing", {"on": "yes"}, "bad_event"),
        ("seen", {"up_to": -1}, "bad_event"),
    ],
)
async def test_bad_input_gets_a_stable_code_and_the_chat_goes_on(
    server: Server, event: str, data: Any, code: str
) -> None:
    async with server.browser() as browser:
        answer = await browser.ask(event, data)
        assert (answer["ok"], answer["code"]) == (False, code)
        assert await browser.say("Bonjour") == 1


async def test_the_longest_message_is_taken(server: Server) -> None:
    async with server.browser() as browser:
        text = "a" * limits.TEXT_BYTES_MAX
        await browser.say(text, "m1")
        await eventually(lambda: browser.texts == [text])


async def test_above_two_megabytes_the_connection_closes_and_nobody_else_suffers(server: Server) -> None:
    async with server.browser() as other, server.browser() as browser:
        await browser.sio.emit("message", {"id": "m1", "text": "a" * 2_100_000}, namespace="/chat")
        await eventually(lambda: not browser.sio.connected)
        assert await other.say("Bonjour") == 1
        await browser.connect()
        assert await browser.say("shorter") == 1


async def test_a_flood_is_told_to_slow_down_and_loses_nothing(server: Server) -> None:
    """Refused with when to try again; the same id then goes through."""
    async with server.browser() as browser:
        answers = [
            await browser.ask("message", {"id": f"m{number}", "text": "a"})
            for number in range(limits.RATE_MESSAGES_BURST + 5)
        ]
        refused = [answer for answer in answers if not answer["ok"]]
        assert refused
        assert {answer["code"] for answer in refused} == {"too_fast"}
        assert all(0 < answer["retry_ms"] <= 1_000 for answer in refused)
        assert [answer["seq"] for answer in answers if answer["ok"]] == list(range(1, len(answers) - len(refused) + 1))


async def test_open_conversations_of_one_network_address_are_bounded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ADDRESS_CONVERSATIONS_MAX", 1)
    async with server.browser() as first, server.browser() as second:
        await first.say("Bonjour")
        assert (await second.ask("message", {"id": "1", "text": "a"}))["code"] == "too_many_conversations"
        await first.say("still mine")
        await first.ask("leave")
        assert await second.say("now") == 1


async def test_sockets_of_one_network_address_are_bounded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADDRESS_SOCKETS_MAX", 1)
    async with server.browser():
        assert await refusal(server.browser()) == "too_many_sockets"
    async with server.browser() as later:
        assert later.token


async def refusal(browser: Browser) -> str:
    """The code with which the server refuses to let the browser in."""
    told: list[Any] = []
    browser.sio.on("connect_error", told.append, namespace="/chat")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await browser.sio.connect(
            browser.url,
            transports=["websocket"],
            namespaces=["/chat"],
            auth=browser.auth,
            headers=browser.headers,
        )
    await browser.sio.disconnect()
    return str(told[0]["data"]["code"]) if told and isinstance(told[0], dict) else ""


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        ({"site": "nowhere"}, "unknown_entry_point"),
        ({"token": "forged"}, "bad_token"),
        ({"last_seq": -1}, "bad_event"),
        ({"site": 7}, "bad_event"),
        ({"admin": True}, "bad_event"),
    ],
)
async def test_a_browser_that_says_nonsense_is_refused_with_a_code(
    server: Server, auth: dict[str, Any], code: str
) -> None:
    assert await refusal(server.browser(**auth)) == code


async def test_a_token_of_another_site_is_refused(server: Server) -> None:
    await server.house.put(EntryPoint(id="second", channel="chat", address="second", queue="help"))
    async with server.browser() as browser:
        assert await refusal(server.browser(site="second", token=browser.token)) == "bad_token"


async def test_a_token_cannot_be_changed(server: Server) -> None:
    async with server.browser() as browser:
        payload, _, signature = browser.token.partition(".")
        flipped = payload[:-1] + ("A" if payload[-1] != "A" else "B")
        assert await refusal(server.browser(token=f"{flipped}.{signature}")) == "bad_token"


async def test_a_listed_page_may_chat(server: Server) -> None:
    async with server.browser(site="elsewhere", origin="https://shop.example") as browser:
        assert await browser.say("Bonjour") == 1


async def test_a_page_may_chat_only_where_it_is_listed(server: Server) -> None:
    """The Socket.IO server lets the page in, the site does not."""
    assert await refusal(server.browser(site="shop", origin="https://shop.example")) == "origin_refused"


@pytest.mark.parametrize("site", ["shop", "elsewhere"])
async def test_a_page_of_ours_may_chat_whatever_origins_are_listed(server: Server, site: str) -> None:
    async with server.browser(site=site, origin=server.url) as browser:
        assert browser.token


async def test_the_browsers_language_reaches_the_item(server: Server) -> None:
    async with server.browser(language="nl-BE") as browser:
        await browser.say("Goeiedag")
        item = server.house.state.items[await server.item_of(browser)]
        assert (item.language, item.requirement) == ("nl", (("nl", 1),))


async def test_a_browser_that_stops_reading_is_sent_away(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing piles up for it; it resumes from its last message."""
    async with server.browser() as browser:
        item = await talking(server, browser)
        monkeypatch.setattr(api_limits, "SOCKET_PACKETS_MAX", 0)
        await server.house.reply(item, "answer")
        await eventually(lambda: not browser.sio.connected)
        monkeypatch.undo()
        await browser.connect()
        assert browser.texts == ["Bonjour", "answer"]


async def test_a_store_that_is_down_is_an_honest_answer_and_the_next_try_is_one_message(server: Server) -> None:
    """Acknowledged means safe; the browser keeps the message and sends it again."""
    async with server.browser() as browser:
        server.house.line.broken = {"submit"}
        answer = await browser.ask("message", {"id": "m1", "text": "Bonjour"})
        assert (answer["ok"], answer["code"]) == (False, "unavailable")
        assert answer["retry_ms"]
        server.house.line.broken = set()
        assert await browser.say("Bonjour", "m1") == 1
        await eventually(lambda: browser.texts == ["Bonjour"])


async def test_texts_that_cannot_be_read_for_a_while_come_later_and_in_order(server: Server) -> None:
    async with server.browser() as browser:
        item = await talking(server, browser)
        await eventually(lambda: browser.last_seq == 1)
        server.house.line.broken = {"contents"}
        await server.house.reply(item, "one")
        await server.house.reply(item, "two")
        server.house.line.broken = set()
        await eventually(lambda: browser.texts == ["Bonjour", "one", "two"])


async def test_a_visitor_may_come_back_on_another_node(house: House, tmp_path: Path) -> None:
    """Each node follows the same log: what was said on one is shown on the other, and goes on there."""
    async with (
        second_node(house, tmp_path) as other,
        served(house) as first,
        served(house, other) as second,
        first.browser() as browser,
    ):
        item = await talking(first, browser)
        await house.reply(item, "answer")
        await eventually(lambda: len(browser.messages) == 2)
        await browser.drop()
        browser.url = second.url
        await browser.connect()
        assert await browser.say("again", "m2") == 3
        await house.reply(item, "and again")
        await eventually(lambda: browser.texts == ["Bonjour", "answer", "again", "and again"])


@pytest.mark.parametrize("seed", range(4))
async def test_a_long_talk_over_a_bad_connection_loses_nothing(
    house: House, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I6: both sides talk at once while the page reloads at random; the page ends with all messages, each once."""
    monkeypatch.setattr(limits, "RATE_MESSAGES_BURST", 1_000)
    chance = random.Random(seed)
    async with served(house) as server, server.browser() as browser:
        item = await talking(server, browser)
        said = ["Bonjour"]

        async def agent() -> None:
            for number in range(20):
                await server.house.reply(item, f"answer {number}")
                said.append(f"answer {number}")

        answers = asyncio.create_task(agent())
        for number in range(20):
            text = f"question {number}"
            await browser.say(text, text)
            said.append(text)
            if chance.random() < 0.4:
                await browser.drop()
                await browser.connect()
                assert await browser.say(text, text), "the answer may have been lost: the page sends it again"
        await answers
        await eventually(lambda: len(browser.messages) == len(said))
        assert gap_free(browser)
        assert sorted(browser.texts) == sorted(said)


async def test_no_text_or_name_is_in_the_log(server: Server) -> None:
    """The log of commands and events holds ids and facts only."""
    seen: list[bytes] = []
    server.house.domain.listen(lambda applied, _: seen.append(applied.data))
    async with server.browser(name="Nora Secret") as browser:
        await browser.say("mon numéro national", "Nora's own id")
        log = b"".join(seen)
        assert log
        assert b"Nora" not in log
        assert "mon numéro".encode() not in log
        assert msgspec.json.encode(browser.conversation).strip(b'"') in log
