"""The customer's test chat, at a browser, against the real server; the agent's side by REST."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.support import eventually
from tests.web.person import NARROW, WIDE, Person
from tests.web.place import Place
from tests.web.small_centre import SITE

pytestmark = [
    pytest.mark.service,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("cleared"),
]

Arrive = Callable[..., Awaitable[Person]]


async def visitor(arrive: Arrive, text: str, **how: object) -> Person:
    """A customer who opened the chat and wrote this."""
    person = await arrive(**how)
    await person.page.goto(f"{person.url}/chat?site={SITE}")
    await person.page.locator("button[type=submit]").click()
    await write(person, text)
    return person


async def write(person: Person, text: str) -> None:
    """Write a message, until it is safe."""
    await person.page.locator("textarea").fill(text)
    await person.page.keyboard.press("Enter")
    await expect(person.page.locator(".said.customer", has_text=text).locator("small").first).to_contain_text("·")


async def item_of(place: Place, person: Person) -> str:
    """The item of what the page calls by its reference."""
    reference = await person.page.locator(".reference").inner_text()

    async def found() -> str:
        rows = (await place.call("GET", "/items?channel=chat&limit=200"))["rows"]
        return next((row["id"] for row in rows if row["reference"] == reference), "")

    return await eventually(found)


async def answered(arrive: Arrive, place: Place, item: str, text: str) -> Person:
    """An agent takes the item and answers."""
    lea = await arrive("lea")
    await lea.press("Ready")
    await place.until(item, state="reserved", agent="lea")
    for what, body in (("accept", {}), ("reply", {"text": text})):
        await place.call("POST", f"/items/{item}/{what}", {"agent": "lea", **body})
    return lea


async def test_a_chat_goes_both_ways_and_on_after_a_reload(arrive: Arrive, place: Place) -> None:
    ada = await visitor(arrive, "My heating is broken.")
    await ada.sees("You are in the queue")
    item = await item_of(place, ada)
    lea = await answered(arrive, place, item, "Since when?")
    await ada.sees("You are talking with Léa Peeters")
    await place.until(item, seen={"customer": 2})
    await ada.page.reload()
    await expect(ada.page.locator(".said")).to_have_count(2)
    await lea.page.locator(".mine li button").first.click()
    await ada.page.locator("textarea").type("Since")
    await lea.sees("The customer is typing")
    await write(ada, "Since Monday.")
    await ada.sees("Seen")
    await lea.page.get_by_label("Reply", exact=True).type("I will")
    await ada.sees("The agent is typing")
    assert [text for _, text in await place.said(item)] == ["My heating is broken.", "Since when?", "Since Monday."]
    await place.call("POST", f"/items/{item}/complete", {"agent": "lea", "disposition": "solved"})
    await ada.sees("This conversation is closed")


async def test_what_is_written_without_a_line_is_sent_once_when_it_is_back(arrive: Arrive, place: Place) -> None:
    ada = await visitor(arrive, "One.")
    item = await item_of(place, ada)
    await ada.context.set_offline(True)
    await ada.sees("The connection is lost")
    await ada.page.locator("textarea").fill("Two.")
    await ada.page.keyboard.press("Enter")
    await ada.sees("being sent …")
    await ada.context.set_offline(False)
    await expect(ada.page.get_by_text("being sent …")).to_have_count(0)
    assert [text for _, text in await place.said(item)] == ["One.", "Two."]


async def test_who_loses_their_agent_is_told_that_they_are_next(arrive: Arrive, place: Place) -> None:
    ada = await visitor(arrive, "Hello?")
    item = await item_of(place, ada)
    await answered(arrive, place, item, "Just a moment.")
    await ada.sees("You are talking with")
    await place.call("PUT", "/agents/lea/presence", {"state": "offline"})
    await ada.sees("You are first in the queue")


async def test_a_closed_queue_turns_away_in_the_customers_language(arrive: Arrive, place: Place) -> None:
    message = {"de": "Wir sind umgezogen.", "fr": "Nous avons déménagé."}
    await place.call("POST", "/queues/housing/close", {"message": message})
    ada = await visitor(arrive, "Bonjour ?", language="fr")
    await ada.sees("Nous avons déménagé.")
    await place.call("POST", "/queues/housing/open")
    await ada.press("Commencer une nouvelle conversation")
    await expect(ada.page.locator("button[type=submit]")).to_have_text("Commencer")


async def test_leaving_ends_it_for_good(arrive: Arrive, place: Place) -> None:
    ada = await visitor(arrive, "Never mind.")
    item = await item_of(place, ada)
    await ada.press("Leave")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    await ada.sees("You have left the conversation.")
    await place.until(item, customer_left=True)
    await ada.page.reload()
    await expect(ada.page.get_by_role("button", name="Begin")).to_be_visible()
    await expect(ada.page.get_by_label("Site")).to_have_count(0)


async def test_a_site_that_is_none_is_told(arrive: Arrive, place: Place) -> None:
    ada = await arrive()
    await ada.page.goto(f"{place.url}/chat?site=nowhere")
    await ada.press("Begin")
    await expect(ada.page.get_by_role("alert")).to_have_text("There is no such chat site.")


@pytest.mark.parametrize(
    ("language", "size", "dark"), [("fr", WIDE, True), ("nl", NARROW, False), ("de", NARROW, True), ("en", WIDE, False)]
)
async def test_everything_fits_in_each_language_and_axe_finds_nothing(
    arrive: Arrive, place: Place, *, shots: Path, language: str, size: tuple[int, int], dark: bool
) -> None:
    ada = await arrive(language=language, size=size, dark=dark)
    await ada.page.goto(f"{place.url}/chat?site={SITE}&site=other")
    assert await ada.axe() == []
    await ada.page.locator("button[type=submit]").click()
    await write(ada, "123")
    await expect(ada.page.locator(".reference")).to_be_visible()
    await ada.picture(shots / "chat.png")
    assert await ada.axe() == []
    assert await ada.page.evaluate("document.documentElement.scrollWidth") == size[0]
