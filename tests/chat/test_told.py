"""What a chat customer is told beside the messages: what it is called, that its agent was lost, that it is closed."""

from typing import Any

import msgspec
import pytest

from router.core import commands as c
from router.core.item import WorkItem
from router.core.reference import reference
from router.gateway import Content
from tests.chat.conftest import Browser, Server
from tests.chat.test_chat import refusal, talking
from tests.phone.house import House
from tests.support import eventually


async def item_of(server: Server, browser: Browser) -> WorkItem:
    return server.house.state.items[await server.item_of(browser)]


async def attributes_of(house: House, item: WorkItem) -> dict[str, Any]:
    (data,) = await house.domain.contents([item.attributes])
    return msgspec.json.decode(data, type=Content).attributes if data else {}


def state(browser: Browser) -> dict[str, Any]:
    """The last state that the page heard."""
    heard: list[dict[str, Any]] = browser.all("state")
    return heard[-1] if heard else {}


async def shown(browser: Browser) -> None:
    """The page shows its message and how far it is."""
    await eventually(lambda: browser.texts and state(browser))


# -- references ---------------------------------------------------------------------------------------------


async def test_a_page_hears_its_reference_once_there_is_a_conversation(server: Server) -> None:
    """Not before: a page that only looks is no conversation. After a reload it comes with the welcome."""
    async with server.browser() as browser:
        assert "reference" not in browser.all("welcome")[0]
        await browser.say("Bonjour")
        await eventually(lambda: state(browser).get("reference") == reference(1))
        await browser.drop()
        await browser.connect()
        assert browser.all("welcome")[-1]["reference"] == reference(1)


async def test_the_reference_of_a_closed_chat_is_still_shown_and_kept_when_it_goes_on(server: Server) -> None:
    async with server.browser() as browser:
        item = await talking(server, browser)
        await server.house.close(item)
        await server.house.archive()
        await browser.drop()
        await browser.connect()
        assert browser.all("welcome")[-1]["reference"] == reference(1)
        await browser.say("Encore")
        assert server.house.state.conversations[browser.conversation].reference == reference(1)


@pytest.mark.parametrize("archived", [False, True])
async def test_a_visitor_who_quotes_a_reference_gets_an_item_beside_it_never_into_it(
    server: Server, archived: bool
) -> None:
    """A browser proves nothing: the agent sees the other item, the visitor sees nothing of it."""
    async with server.browser() as first:
        item = await talking(server, first)
        if archived:
            await server.house.close(item)
            await server.house.archive()
        async with server.browser(reference="618 033 949") as second:
            await second.say("about my other chat")
            beside = await item_of(server, second)
            assert (beside.related, beside.conversation == first.conversation) == (item, False)
            assert server.house.state.conversations[second.conversation].reference == reference(2)
            await eventually(lambda: second.texts == ["about my other chat"])
            assert await attributes_of(server.house, beside) == {}
        assert "about my other chat" not in first.texts


async def test_a_guesser_hears_the_same_for_a_reference_that_is_and_one_that_is_not(server: Server) -> None:
    """The agent sees which one nobody has; the page does not."""
    async with server.browser() as owner:
        await owner.say("Bonjour")
        heard: list[Any] = []
        for quoted in (reference(1), reference(77)):
            async with server.browser(reference=quoted) as guesser:
                acked = await guesser.ask("message", {"id": "m1", "text": "a"})
                await shown(guesser)
                heard.append((acked, [event for event, _ in guesser.heard], sorted(state(guesser))))
                item = await item_of(server, guesser)
                known = quoted == reference(1)
                assert bool(item.related) == known
                expected = {} if known else {"reference_unknown": quoted}
                assert await attributes_of(server.house, item) == expected
        assert heard[0] == heard[1]


async def test_a_misspelt_reference_is_refused_at_once(server: Server) -> None:
    """The visitor can still correct it; which ones exist is not said."""
    assert await refusal(server.browser(reference="618-033-948")) == "bad_reference"


async def test_a_page_that_quotes_its_own_reference_is_not_beside_itself(server: Server) -> None:
    async with server.browser() as browser:
        item = await talking(server, browser)
        await server.house.close(item)
        await server.house.archive()
        await browser.drop()
        browser.auth["reference"] = reference(1)
        await browser.connect()
        await browser.say("Encore")
        again = await item_of(server, browser)
        assert (again.conversation, again.reopens, again.related) == (browser.conversation, item, "")


# -- an agent who vanishes ----------------------------------------------------------------------------------


async def test_a_visitor_whose_agent_is_lost_hears_that_they_wait_again_and_comes_first(server: Server) -> None:
    """Before those who came in meanwhile, with the story so far."""
    async with server.browser() as first, server.browser() as second:
        item = await talking(server, first)
        await server.house.reply(item, "One moment")
        await second.say("me too")
        await server.house.do(c.SetPresence(agent="ann", state="offline"))
        called = {"reference": reference(1)}
        await eventually(lambda: state(first) == called | {"state": "queued", "again": True})
        assert state(second) == {"state": "queued", "reference": reference(2)}
        await server.house.sign_on("bob")
        assert (await item_of(server, first)).agent == "bob"
        assert state(first) == called | {"state": "queued", "again": True}, "reserved is waiting still"
        await server.house.accept(item)
        await eventually(lambda: state(first) == called | {"state": "with_agent", "agent": "Bob"})
        await eventually(lambda: first.texts == ["Bonjour", "One moment"])


async def test_after_a_reload_the_page_still_hears_that_its_agent_was_lost(server: Server) -> None:
    async with server.browser() as browser:
        await talking(server, browser)
        await server.house.do(c.SetPresence(agent="ann", state="offline"))
        await browser.drop()
        browser.heard.clear()
        await browser.connect()
        await eventually(lambda: state(browser).get("again") is True)


async def test_a_chat_that_is_handed_on_does_not_wait_again(server: Server) -> None:
    """An escalation is no loss: the page need not excuse anybody."""
    async with server.browser() as browser:
        item = await talking(server, browser)
        await server.house.do(c.TransferItem(item=item, agent="ann", queue="expert"))
        await eventually(lambda: state(browser) == {"state": "queued", "reference": reference(1)})


# -- a closed queue -----------------------------------------------------------------------------------------

SAID = {"fr": "Fermé aujourd'hui.", "nl": "Vandaag gesloten."}


@pytest.mark.parametrize(
    ("language", "message"),
    [("nl-BE", SAID["nl"]), ("fr", SAID["fr"]), ("sv", SAID["fr"]), ("", SAID["fr"])],
)
async def test_a_closed_queue_says_so_in_the_visitors_language_or_its_first(
    server: Server, language: str, message: str
) -> None:
    await server.house.do(c.CloseQueue(queue="help", message=SAID))
    async with server.browser(language=language) as browser:
        await browser.say("Bonjour")
        told = {"state": "closed", "turned_away": True, "message": message, "reference": reference(1)}
        await eventually(lambda: state(browser) == told)
        await server.house.archive()
        await server.typing.typing(browser.conversation, "agent", True)
        await eventually(lambda: browser.all("typing"))
        assert state(browser) == told, "what was said stays on the page when the item has left memory"


async def test_once_the_queue_is_open_again_the_same_page_goes_on_in_the_same_conversation(server: Server) -> None:
    await server.house.do(c.CloseQueue(queue="help"))
    async with server.browser() as browser:
        await browser.say("Bonjour")
        turned_away = {"state": "closed", "turned_away": True, "reference": reference(1)}
        await eventually(lambda: state(browser) == turned_away)
        await server.house.do(c.OpenQueue(queue="help"))
        assert await browser.say("now?") == 2
        await eventually(lambda: state(browser) == {"state": "queued", "reference": reference(1)})
