"""Asking on the pages: the agent asks, the leader's desk and page ring, the answer comes back."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.web.person import NARROW, Person
from tests.web.place import Place
from tests.web.test_agent import close, holding

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

Arrive = Callable[..., Awaitable[Person]]


async def ask_refund(lea: Person) -> None:
    """The agent at this page asks for a refund of 12.50."""
    await lea.page.get_by_role("button", name="Ask", exact=True).click()
    await lea.press("Ask permission")
    dialog = lea.page.get_by_role("dialog")
    await dialog.get_by_label("What for").select_option("refund")
    await dialog.get_by_label("Why").fill("The lift was broken for a month.")
    await dialog.get_by_label("How much").fill("12,50")
    await dialog.get_by_role("button", name="Ask", exact=True).click()
    await expect(dialog).to_have_count(0)


async def test_a_leader_who_is_an_agent_answers_on_their_desk(arrive: Arrive, place: Place, shots: Path) -> None:
    item = await place.mail("The lift", "I want my money back.", sender="ask@ask.example")
    lea = await holding(arrive, place, item)
    tom = await arrive("tom")
    await place.call("PUT", "/agents/tom/presence", {"state": "not_ready", "reason": "pause"})
    await ask_refund(lea)
    await lea.sees("Asked. You see the answer here as soon as it comes.")
    await expect(tom.page.locator(".asked")).to_contain_text("The lift was broken for a month.")
    await expect(tom.page.locator(".asked")).to_contain_text("12.50")
    await tom.picture(shots / "leader-desk.png")
    assert await tom.axe() == []
    await lea.picture(shots / "asking.png")
    assert await lea.axe() == []
    await tom.page.get_by_label("Your words").fill("Once, with my excuses.")
    await tom.press("Approve")
    await expect(tom.page.locator(".asked")).to_have_count(0)
    await lea.sees("Tom Maes: approved (ask@ask.example)")
    await lea.sees("Once, with my excuses.")
    await lea.picture(shots / "answered.png")
    assert await lea.axe() == []
    await close(lea, place, item)


async def test_who_leads_sees_it_ring_on_their_page_and_advises(arrive: Arrive, place: Place, shots: Path) -> None:
    item = await place.mail("Help", "What now?", sender="help@ask.example")
    lea = await arrive("lea", language="fr")
    await lea.page.get_by_role("button", name="Disponible", exact=True).click()
    await lea.page.locator(".offer").get_by_role("button", name="Accepter").click()
    await place.until(item, state="active", agent="lea")
    await lea.press("Demander")
    await lea.press("Appeler à l’aide")
    dialog = lea.page.get_by_role("dialog")
    await dialog.get_by_label("De quoi il s’agit").fill("Le client crie.")
    await dialog.get_by_role("button", name="Appeler").click()
    leo = await arrive("leo", language="de", size=NARROW, dark=True)
    await expect(leo.page.locator(".asked")).to_contain_text("Le client crie.")
    await expect(leo.page.get_by_role("button", name="Übernehmen")).to_have_count(0)
    await leo.picture(shots / "leader-page-dark.png")
    assert await leo.axe() == []
    words = leo.page.get_by_label("Ihre Worte")
    await words.fill("Parlez lentement.")
    await words.press("Tab")
    await expect(leo.page.get_by_role("button", name="Beraten")).to_be_focused()
    await leo.page.keyboard.press("Enter")
    await expect(leo.page.locator(".asked")).to_have_count(0)
    await lea.sees("leo : conseillé (help@ask.example)")
    await lea.sees("Parlez lentement.")
    await close_in_french(lea, place, item)


async def close_in_french(lea: Person, place: Place, item: str) -> None:
    """The item is closed behind the page's back."""
    await place.call("POST", f"/items/{item}/complete", {"agent": "lea", "disposition": "solved"})
    await place.until(item, state="closed")
    assert lea.faults == []
