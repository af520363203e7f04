"""Calling customers back, at a browser: arranged by an agent, done or tried in vain; and an offer that a leader takes
back."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.support import eventually
from tests.web.person import NARROW, Person
from tests.web.place import Place
from tests.web.small_centre import NUMBER
from tests.web.test_agent import close, holding, ready

pytestmark = [
    pytest.mark.service,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("cleared"),
]

Arrive = Callable[..., Awaitable[Person]]
CALLER = "+32 470 00 00 31"


async def callback_of(place: Place, item: str) -> dict[str, Any]:
    """The callback that leads to this item."""

    async def found() -> dict[str, Any] | None:
        rows = (await place.call("GET", "/items?queue=housing&limit=200"))["rows"]
        return next((row for row in rows if row["related"] == item), None)

    row: dict[str, Any] = await eventually(found)
    return row


async def test_a_caller_is_called_back_and_does_not_answer(arrive: Arrive, place: Place, shots: Path) -> None:
    """Where they called from is known. It is offered to the same agent again, who says that nobody answered."""
    item = await place.event("call.offered", {"call": "back-1", "to": NUMBER, "from": CALLER})
    lea = await ready(arrive)
    await lea.page.locator(".offer").get_by_role("button", name="Accept").click()
    await lea.press("Call back")
    dialog = lea.page.get_by_role("dialog")
    await expect(dialog.get_by_label("Number to call")).to_have_value("+32470000031")
    await lea.picture(shots / "soon.png")
    assert await lea.axe() == []
    await dialog.get_by_role("button", name="Arrange the call").click()
    await lea.sees("The call back is arranged.")
    later = await callback_of(place, item)
    assert (later["last_agent"], later["callback"]["windows"]) == ("lea", [])
    await place.event("call.answered", {"call": "back-1", "agent": "lea"})
    await place.event("call.ended", {"call": "back-1"})
    await place.until(item, state="wrapping")
    await close(lea, place, item)
    await expect(lea.page.locator(".offer")).to_contain_text("to be called back")
    await lea.picture(shots / "offer.png")
    await lea.page.locator(".offer").get_by_role("button", name="Accept").click()
    await lea.sees("not tried yet")
    await lea.sees("Call the customer. Keep here what matters.")
    await expect(lea.page.get_by_role("button", name="Call back", exact=True)).to_have_count(0)
    await lea.picture(shots / "to-call.png")
    assert await lea.axe() == []
    await lea.press("Nobody answered")
    await lea.sees("It is tried again later")
    tried = await place.until(later["id"], state="pending", agent="")
    assert tried["callback"]["attempts"] == 1


async def test_a_customer_who_wrote_is_called_back_at_a_time(arrive: Arrive, place: Place, shots: Path) -> None:
    """By whoever is free; the number is asked, since nobody knows it."""
    item = await place.mail("Call me", "Please call me tomorrow.", sender="call@customer.example")
    lea = await holding(arrive, place, item)
    await lea.press("Call back")
    dialog = lea.page.get_by_role("dialog")
    send = dialog.get_by_role("button", name="Arrange the call")
    await expect(send).to_be_disabled()
    await dialog.get_by_label("Number to call").fill(CALLER)
    await dialog.get_by_label("At an agreed time").check()
    await dialog.get_by_label("From").fill("2000-01-01T10:00")
    await dialog.get_by_label("Until").fill("2000-01-01T09:00")
    await expect(send).to_be_disabled()
    day = await lea.page.evaluate("new Date(Date.now() + 86400000).toISOString().slice(0, 10)")
    await dialog.get_by_label("From").fill(f"{day}T10:00")
    await dialog.get_by_label("Until").fill(f"{day}T11:30")
    await dialog.get_by_label("Offer it to me first").uncheck()
    await lea.picture(shots / "window.png")
    assert await lea.axe() == []
    await send.click()
    await lea.sees("The call back is arranged.")
    later = await callback_of(place, item)
    (window,) = later["callback"]["windows"]
    assert window["end_at_ms"] - window["start_at_ms"] == 90 * 60_000
    assert (later["state"], later["last_agent"]) == ("pending", "")
    await close(lea, place, item)


async def test_a_number_that_is_none_is_refused_and_what_was_typed_stays(
    arrive: Arrive, place: Place, shots: Path
) -> None:
    await place.mail("Rappel", "Rappelez-moi.", sender="rappel@customer.example")
    lea = await arrive("lea", language="fr", size=NARROW, dark=True)
    await lea.page.get_by_role("button", name="Disponible", exact=True).click()
    await lea.page.locator(".offer").get_by_role("button", name="Accepter").click()
    await lea.press("Rappeler")
    dialog = lea.page.get_by_role("dialog")
    await dialog.get_by_label("Numéro à appeler").fill("personne")
    await dialog.get_by_label("À un moment convenu").check()
    await dialog.get_by_role("button", name="Convenir du rappel").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("manque ou est fausse")
    await expect(dialog.get_by_label("Numéro à appeler")).to_have_value("personne")
    await lea.picture(shots / "refused-narrow-dark.png")
    assert await lea.axe() == []


async def test_a_leader_takes_an_offer_back(arrive: Arrive, place: Place, shots: Path) -> None:
    """It waits again; what the agent has accepted cannot be taken back so."""
    item = await place.mail("Not for Léa", "Please.", sender="taken@customer.example")
    lea = await ready(arrive)
    await expect(lea.page.locator(".offer")).to_contain_text("taken@customer.example")
    leo = await arrive("leo")
    await leo.page.goto(f"{leo.url}/supervisor#agents/lea")
    reference = (await place.item(item))["reference"]
    back = leo.page.get_by_role("button", name=f"Take back {reference}")
    await expect(back).to_be_visible()
    await leo.picture(shots / "take-back.png")
    assert await leo.axe() == []
    await back.click()
    await expect(lea.page.locator(".offer")).to_have_count(0)
    await expect(back).to_have_count(0)
    await place.until(item, state="queued", agent="")
